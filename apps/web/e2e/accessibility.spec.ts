import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, type SignedUpUser, test } from './fixtures';
import {
  add,
  checkboxOf,
  edit,
  editorOf,
  expectStored,
  goTo,
  newTaskOf,
  openMenu,
  openTasks,
  searchOf,
  titleOf,
} from './task-page';

/** All pages and states in both themes; those of history, trash and data in `history.spec.ts`, `/docs` in `docs.spec.ts`. */

/** Also with reduced motion, colours take a moment; in a closed `<details>`, for ever. */
async function setColorScheme(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.evaluate(() => new Promise(requestAnimationFrame));
  await page.evaluate(() => {
    for (const animation of document.getAnimations()) animation.finish();
  });
}

async function check(page: Page, what: string): Promise<void> {
  await setColorScheme(page, 'light');
  expect.soft((await new AxeBuilder({ page }).analyze()).violations, what).toEqual([]);
  // All that is different in the dark.
  await setColorScheme(page, 'dark');
  const inTheDark = await new AxeBuilder({ page }).withRules('color-contrast').analyze();
  expect.soft(inTheDark.violations, `${what}, dark`).toEqual([]);
}

/** A list, and one task of each kind. */
async function fill(user: SignedUpUser): Promise<void> {
  const { body: list } = await user.call('POST', `/api/${user.id}/lists`, { name: 'Garden' });
  const { body: trip } = await user.call('POST', '', {
    title: 'Plan a trip',
    due_date: '2031-05-04',
    list_id: list.id,
  });
  const description = 'Every other day. See https://example.com/plants for more.';
  const tasks = [
    { title: 'Water the plants', description, tags: ['home', 'garden'], due_date: '2020-02-29', priority: 'high' },
    { title: 'Write the report', status: 'in_progress', priority: 'medium', tags: ['work'] },
    { title: 'Book a hotel', parent_id: trip.id, priority: 'low' },
    { title: 'Buy milk', status: 'done', list_id: list.id },
  ];
  for (const task of tasks) expect((await user.call('POST', '', task)).status).toBe(201);
}

test.describe('axe finds no violation, in light and dark mode,', () => {
  test.slow();

  test('in the pages around the tasks', async ({ newUser, newContext, pageErrors }) => {
    pageErrors.expected.push(/404 .*\/nowhere/);
    const stranger = await (await newContext()).newPage();
    const open = ['/', '/sign-in', '/sign-up', '/reset-password', '/reset-password?token=x', '/problems/forbidden'];
    for (const path of [...open, '/nowhere']) {
      await stranger.goto(path);
      await check(stranger, path);
    }
    await stranger.goto('/sign-in');
    await stranger.getByRole('button', { name: 'Sign in' }).click();
    await check(stranger, 'an error at a field');

    const ada = await newUser();
    const { body: task } = await ada.call('POST', '', { title: 'Deleted' });
    await ada.call('DELETE', `/${task.id}`);
    const page = await ada.context.newPage();
    for (const [path, text] of [
      ['/', 'Open your tasks'],
      ['/history', 'Deleted'],
      ['/trash', 'Deleted'],
    ] as const) {
      await page.goto(path);
      await expect(page.getByText(text).first()).toBeVisible();
      await check(page, path);
    }
    await page.goto('/account');
    await page.getByRole('button', { name: 'Get a token' }).click();
    await expect(page.getByText('This device')).toBeVisible();
    await check(page, 'the account');
  });

  test('in the views and their states', async ({ newUser }) => {
    const ada = await newUser();
    const page = await openTasks(ada);
    await expect(page.getByRole('heading', { name: 'No tasks yet' })).toBeVisible();
    await check(page, 'no tasks');
    await fill(ada);
    await expect(titleOf(page, 'Plan a trip')).toBeVisible();
    await check(page, 'all tasks');
    for (const view of ['Today', 'Upcoming', 'Done', 'Inbox', 'Garden']) {
      await goTo(page, view);
      await check(page, view);
    }
    await page.locator('summary').click();
    await check(page, 'done tasks of a list');
    await goTo(page, 'All tasks');
    await page.getByRole('button', { name: '#home' }).click();
    await searchOf(page).fill('plants');
    await page.getByRole('button', { name: 'Filter and sort' }).click();
    await check(page, 'filters');
    await searchOf(page).fill('nothing at all');
    await expect(page.getByRole('heading', { name: 'No matching tasks' })).toBeVisible();
    await check(page, 'nothing found');
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await newTaskOf(page).fill('Call Ada tomorrow !high #home');
    await check(page, 'what was understood');
    await newTaskOf(page).fill('x'.repeat(300));
    await check(page, 'a title that is too long');
    await add(page, 'Short enough');
    await edit(page, 'Water the plants');
    await editorOf(page).getByLabel('Title').fill('Water all plants');
    await check(page, 'the editor and a message');
    await page.keyboard.press('Escape');
    await check(page, 'unsaved changes');
  });

  test('in dialogs', async ({ newUser }) => {
    const ada = await newUser();
    await fill(ada);
    const page = await openTasks(ada);
    const dialog = page.getByRole('dialog');
    const checkDialog = async (name: string) => {
      await expect(dialog).toHaveAccessibleName(name);
      await check(page, name);
      await page.keyboard.press('Escape');
      await expect(dialog).toBeHidden();
    };
    await openMenu(page, 'Water the plants');
    await checkDialog('Water the plants');
    await page.keyboard.press('Control+k');
    await checkDialog('Go to…');
    await page.getByRole('button', { name: 'Shortcuts' }).click();
    await checkDialog('Keyboard shortcuts');
    await page.getByRole('button', { name: 'New list' }).click();
    await checkDialog('New list');
    await goTo(page, 'Garden');
    await page.getByRole('button', { name: 'Rename or delete Garden' }).click();
    await checkDialog('Edit list');
  });

  test('when something is wrong', async ({ newUser, pageErrors }) => {
    pageErrors.possible.push(/412/);
    pageErrors.expected.push(/422/, /ERR_INTERNET_DISCONNECTED/, /401/);
    const ada = await newUser();
    const { body: task } = await ada.call('POST', '', { title: 'Draft' });
    const page = await openTasks(ada);
    await edit(page, 'Draft');
    await editorOf(page).getByLabel('Title').fill('Mine');
    await ada.call('PATCH', `/${task.id}`, { title: 'Theirs' });
    await editorOf(page).getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('dialog', { name: 'This task was changed elsewhere' })).toBeVisible();
    await check(page, 'a conflict');
    await page.getByRole('button', { name: 'Save mine' }).click();
    await expect(page.getByRole('dialog')).toBeHidden();

    const errors = [{ pointer: '/operations/0/body/title', message: 'Not this title.' }];
    const problem = { type: '/problems/validation-error', title: 'Validation error', status: 422, errors };
    const refuse = { status: 422, contentType: 'application/problem+json', json: problem };
    await page.route('**/api/*/batch', (route) => route.fulfill(refuse), { times: 1 });
    await newTaskOf(page).fill('Refused');
    await newTaskOf(page).press('Enter');
    await expect(page.getByText('Not this title.')).toBeVisible();
    await check(page, 'a refused change');

    await expectStored(page);
    await ada.context.setOffline(true);
    await add(page, 'Written offline');
    await expect(page.getByText('You’re offline.')).toBeVisible();
    await check(page, 'offline');
    await ada.context.setOffline(false);
    await expect(page.getByText('You’re offline.')).toBeHidden({ timeout: 20_000 });
    await page.route('**/api/auth/token', (route) => route.fulfill({ status: 401, json: { status: 401 } }));
    await page.route('**/api/*/batch', (route) => route.fulfill({ status: 401, json: { status: 401 } }));
    await checkboxOf(page, 'Written offline').click();
    await expect(page.getByRole('dialog', { name: 'Sign in again' }).getByLabel('Password')).toBeVisible();
    await check(page, 'a session that has ended');
  });

  test.describe('on a phone', () => {
    test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });

    test('in the list, its menu, its editor and the drawer', async ({ newUser }) => {
      const ada = await newUser();
      await fill(ada);
      const page = await openTasks(ada);
      await check(page, 'the list');
      await openMenu(page, 'Water the plants');
      await check(page, 'the menu');
      await page.keyboard.press('Escape');
      await edit(page, 'Water the plants');
      await check(page, 'the editor');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Views and lists' }).tap();
      await expect(page.getByRole('dialog', { name: 'Views and lists' })).toBeVisible();
      await check(page, 'the drawer');
    });
  });
});

test('the theme that was chosen overrides that of the system, in every page', async ({ newUser }) => {
  const ada = await newUser();
  const page = await ada.context.newPage();
  const scheme = () =>
    page.evaluate(() => {
      const { colorScheme, backgroundColor } = getComputedStyle(document.documentElement);
      return [document.documentElement.dataset.theme, colorScheme, backgroundColor];
    });
  for (const [theme, system, background] of [
    ['dark', 'light', 'rgb(19, 21, 23)'],
    ['light', 'dark', 'rgb(247, 247, 245)'],
  ] as const) {
    await ada.context.addCookies([{ name: 'theme', value: theme, url: ada.origin }]);
    await page.emulateMedia({ colorScheme: system });
    for (const path of ['/', '/history', '/trash', '/account', '/problems/forbidden']) {
      await page.goto(path);
      expect(await scheme(), path).toEqual([theme, theme, background]);
    }
  }
});
