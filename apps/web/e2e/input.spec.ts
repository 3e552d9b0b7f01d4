import type { Page } from '@playwright/test';
import { expect, test } from './fixtures';
import {
  checkboxOf,
  edit,
  editorOf,
  expectTasks,
  messagesOf,
  newTaskOf,
  openMenu,
  openTasks,
  rowOf,
  searchOf,
  titleOf,
  titlesOf,
} from './task-page';

/** The keyboard alone, a phone, and a narrow window. */

test.describe('with the keyboard alone', () => {
  test('a user can do everything', async ({ newUser }) => {
    const ada = await newUser();
    await ada.call('POST', `/api/${ada.id}/lists`, { name: 'Garden' });
    const page = await openTasks(ada);
    const { keyboard } = page;
    await keyboard.press('n');
    for (const title of ['Third', 'Second', 'First']) {
      await keyboard.type(title);
      await keyboard.press('Enter');
    }
    await expect(titlesOf(page)).toHaveText(['First', 'Second', 'Third']);
    await expect(newTaskOf(page)).toBeFocused();
    await keyboard.press('Escape');
    await keyboard.press('j');
    await expect(checkboxOf(page, 'First')).toBeFocused();
    const outline = await checkboxOf(page, 'First').evaluate((element) => getComputedStyle(element).outlineStyle);
    expect(outline).toBe('solid');
    await keyboard.press('j');
    await expect(checkboxOf(page, 'Second')).toBeFocused();
    await keyboard.press('k');
    await keyboard.press('x');
    await expect(titlesOf(page)).toHaveText(['Second', 'Third']);
    await expect(checkboxOf(page, 'Second')).toBeFocused();

    await keyboard.press('e');
    await expect(editorOf(page).getByLabel('Title')).toBeFocused();
    await keyboard.press('Control+A');
    await keyboard.type('Second, edited');
    await keyboard.press('Control+Enter');
    await expect(checkboxOf(page, 'Second, edited')).toBeFocused();
    const menu = page.getByRole('dialog', { name: 'Second, edited' });
    await keyboard.press('d');
    await expect(menu.getByRole('button', { name: 'Today' })).toBeFocused();
    await keyboard.press('Enter');
    await expect(rowOf(page, 'Second, edited')).toContainText('Today');
    await expect(page.locator(':focus')).toHaveAccessibleName(/Second, edited$/);
    await keyboard.press('p');
    await expect(menu.getByRole('button', { name: 'High' })).toBeFocused();
    await keyboard.press('Enter');
    await expect(rowOf(page, 'Second, edited')).toContainText('High');
    await keyboard.press('l');
    await expect(menu.getByRole('button', { name: 'Inbox' })).toBeFocused();
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    await expect(rowOf(page, 'Second, edited')).toContainText('Garden');
    await expect(menu).toBeHidden();

    await keyboard.press('Delete');
    await expect(titlesOf(page)).toHaveText(['Third']);
    await expect(checkboxOf(page, 'Third')).toBeFocused();
    await keyboard.press('u');
    await expect(titlesOf(page)).toHaveText(['Second, edited', 'Third']);
    await keyboard.press('?');
    await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
    await keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
    await keyboard.press('/');
    await keyboard.type('second');
    await expect(titlesOf(page)).toHaveText(['Second, edited']);
    await keyboard.press('Control+k');
    await keyboard.type('done');
    await keyboard.press('Enter');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Done');
    await expect(titlesOf(page)).toHaveText(['First']);
    const garden = (await ada.call('GET', `/api/${ada.id}/lists`)).body.data[0].id;
    await expectTasks(ada, [
      { title: 'Third' },
      { title: 'Second, edited', priority: 'high', list_id: garden },
      { title: 'First', completed: true },
    ]);
  });

  test('a user can arrange a list', async ({ newUser }) => {
    const ada = await newUser();
    for (const title of ['One', 'Two', 'Three']) await ada.call('POST', '', { title });
    const page = await openTasks(ada, '?view=inbox');
    const before = await titlesOf(page).allTextContents();
    expect([...before].sort()).toEqual(['One', 'Three', 'Two']);
    const [first = '', second = '', third = ''] = before;
    await page.keyboard.press('j');
    await expect(checkboxOf(page, first)).toBeFocused();
    await page.keyboard.press('Alt+ArrowDown');
    await expect(titlesOf(page)).toHaveText([second, first, third]);
    await expect(checkboxOf(page, first)).toBeFocused();
    await page.keyboard.press('Alt+ArrowRight');
    await expect(rowOf(page, second)).toContainText('0/1 sub-tasks');
    await page.keyboard.press('Alt+ArrowLeft');
    await expect(rowOf(page, second)).not.toContainText('sub-tasks');
    await page.keyboard.press('Alt+ArrowUp');
    await expect(titlesOf(page)).toHaveText([first, second, third]);
    await expect
      .poll(async () => {
        const { data } = (await ada.call('GET', '?list=inbox&sort=position')).body;
        return data.map(({ title }: { title: string }) => title);
      })
      .toEqual([first, second, third]);
  });

  test('a user can skip to the tasks, and turn letters off', async ({ newUser }) => {
    const ada = await newUser();
    await ada.call('POST', '', { title: 'One' });
    const page = await openTasks(ada);
    await page.keyboard.press('Tab');
    await expect(page.getByRole('link', { name: 'Skip to tasks' })).toBeFocused();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await expect(checkboxOf(page, 'One')).toBeFocused();
    await page.keyboard.press('?');
    await page.getByLabel('Use single letters as shortcuts').uncheck();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
    await checkboxOf(page, 'One').focus();
    await page.keyboard.press('x');
    await page.keyboard.press('n');
    await expect(checkboxOf(page, 'One')).toBeFocused();
    await expect(checkboxOf(page, 'One')).not.toBeChecked();
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('dialog', { name: 'Go to…' })).toBeVisible();
  });
});

test('what takes itself off the page leaves the focus beside it', async ({ newUser }) => {
  const ada = await newUser();
  const { body: list } = await ada.call('POST', `/api/${ada.id}/lists`, { name: 'Garden' });
  for (const title of ['One', 'Two']) await ada.call('POST', '', { title, due_date: '2020-02-29', tags: ['home'] });
  const page = await openTasks(ada, '?view=today');
  await (await openMenu(page, 'One')).getByRole('button', { name: 'Next week' }).click();
  await expect(checkboxOf(page, 'Two')).toBeFocused();
  await page.goto('/tasks?tag=home');
  await page.getByRole('button', { name: 'Remove #home' }).click();
  await expect(page.getByRole('button', { name: 'Filter and sort' })).toBeFocused();
  await page.goto(`/tasks?view=${list.id}`);
  await page.getByRole('button', { name: 'Rename or delete Garden' }).click();
  await page.getByRole('button', { name: 'Delete list' }).click();
  await expect(page.locator('#tasks')).toBeFocused();
  await messagesOf(page).getByRole('button', { name: 'Undo' }).click();
  await expect(page.locator('#tasks')).toBeFocused();
  await page.getByRole('button', { name: 'New list' }).click();
  await page.keyboard.type('Work');
  await page.keyboard.press('Enter');
  await expect(newTaskOf(page)).toBeFocused();
  await page.getByRole('searchbox').fill('x');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('Two');
  await page.keyboard.press('Enter');
  await expect(editorOf(page).getByLabel('Title')).toBeFocused();
});

test('a wide sheet of paper has the tasks across', async ({ newUser }) => {
  const ada = await newUser();
  await ada.call('POST', '', { title: 'One' });
  const page = await openTasks(ada);
  await page.emulateMedia({ media: 'print' });
  expect((await page.getByRole('main').boundingBox())?.width).toBeGreaterThan(700);
});

test.describe('on a phone', () => {
  test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });

  /** Everything that can be pressed and is smaller than 44 by 44 pixels. Of a title, the whole row is the target. */
  const smallTargets = (page: Page) =>
    page.evaluate(() => {
      const targets = 'a, button, select, summary, input:not([type=checkbox]):not([type=radio]), label:has(input)';
      const dialog = [...document.querySelectorAll('dialog[open]')].at(-1);
      return [...(dialog ?? document).querySelectorAll<HTMLElement>(targets)]
        .filter(
          (element) =>
            element.checkVisibility() &&
            getComputedStyle(element).pointerEvents !== 'none' &&
            !element.matches('p a, .sr-only, [aria-hidden] *, [data-row] [aria-label^="Edit "]'),
        )
        .map((element) => ({ element, box: element.getBoundingClientRect() }))
        .filter(({ box }) => Math.round(box.height) < 44 || Math.round(box.width) < 44)
        .map(({ element, box }) => `${element.textContent || element.ariaLabel}: ${box.width} × ${box.height}`);
    });

  test('a user can do everything by touch', async ({ newUser }) => {
    const ada = await newUser();
    const { body: list } = await ada.call('POST', `/api/${ada.id}/lists`, { name: 'Garden' });
    const page = await openTasks(ada);
    await newTaskOf(page).tap();
    await page.keyboard.type('Water the plants today #home !high');
    await expect(page.getByRole('list', { name: 'Understood' }).getByRole('listitem')).toHaveCount(3);
    await page.getByRole('button', { name: 'Add', exact: true }).tap();
    await expect(rowOf(page, 'Water the plants')).toContainText('#home');
    await page.getByRole('button', { name: 'Views and lists' }).tap();
    const drawer = page.getByRole('dialog', { name: 'Views and lists' });
    await drawer.getByRole('link', { name: 'Garden' }).tap();
    await expect(drawer).toBeHidden();
    await newTaskOf(page).tap();
    await page.keyboard.type('Sow beans');
    await page.keyboard.press('Enter');
    await expect(titlesOf(page)).toHaveText(['Sow beans']);
    await page.getByRole('button', { name: 'Due date, priority, list and more: Sow beans' }).tap();
    await page.getByRole('dialog', { name: 'Sow beans' }).getByRole('button', { name: 'Tomorrow' }).tap();
    await expect(rowOf(page, 'Sow beans')).toContainText('Tomorrow');
    await titleOf(page, 'Sow beans').tap();
    await editorOf(page).getByLabel('Description').tap();
    await page.keyboard.type('Two rows.');
    await editorOf(page).getByRole('button', { name: 'Save' }).tap();
    await expect(rowOf(page, 'Sow beans')).toContainText('Two rows.');
    await checkboxOf(page, 'Sow beans').tap();
    await expect(titleOf(page, 'Sow beans')).toBeHidden();
    await messagesOf(page).getByRole('button', { name: 'Undo' }).tap();
    await expect(checkboxOf(page, 'Sow beans')).not.toBeChecked();
    await searchOf(page).tap();
    await page.keyboard.type('water');
    await expect(titlesOf(page)).toHaveText(['Water the plants']);
    await expectTasks(ada, [
      { title: 'Water the plants', tags: ['home'], priority: 'high' },
      { title: 'Sow beans', description: 'Two rows.', list_id: list.id, completed: false },
    ]);
  });

  test('everything that can be pressed is at least 44 pixels wide and high', async ({ newUser }) => {
    const ada = await newUser();
    await ada.call('POST', `/api/${ada.id}/lists`, { name: 'Garden' });
    const task = { title: 'Water', tags: ['home'], priority: 'high', due_date: '2020-02-29', description: 'Daily.' };
    await ada.call('POST', '', task);
    await ada.call('POST', '', { title: 'Second' });
    const page = await openTasks(ada, '?tag=home');
    const check = async (what: string) => expect.soft(await smallTargets(page), what).toEqual([]);
    await page.getByRole('button', { name: 'Filter and sort' }).tap();
    await check('the list with filters');
    await newTaskOf(page).fill('Call Ada tomorrow #home');
    await check('what was understood');
    await newTaskOf(page).fill('');
    await openMenu(page, 'Water');
    await check('the menu');
    await page.keyboard.press('Escape');
    await edit(page, 'Water');
    await check('the editor');
    await page.keyboard.press('Escape');
    await checkboxOf(page, 'Water').tap();
    await check('a message');
    for (const [name, title] of [
      ['Views and lists', 'Views and lists'],
      ['Shortcuts', 'Keyboard shortcuts'],
    ] as const) {
      await page.getByRole('button', { name }).tap();
      await expect(page.getByRole('dialog', { name: title })).toBeVisible();
      await check(title);
    }
  });
});

test.describe('in a window of 320 pixels', () => {
  test.use({ viewport: { width: 320, height: 640 } });

  const LONG = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft';

  const expectNoSidewaysScroll = async (page: Page, what: string) => {
    const width = await page.evaluate(() => {
      const dialogs = [...document.querySelectorAll('dialog[open]')].map(({ scrollWidth, clientWidth }) =>
        scrollWidth > clientWidth ? scrollWidth : 0,
      );
      return Math.max(document.documentElement.scrollWidth, ...dialogs);
    });
    expect.soft(width, what).toBeLessThanOrEqual(320);
  };

  test('no page scrolls sideways', async ({ newUser, newContext, pageErrors }) => {
    test.slow();
    pageErrors.expected.push(/404 .*\/nowhere/);
    const stranger = await (await newContext()).newPage();
    const open = ['/', '/sign-in', '/sign-up', '/reset-password', '/reset-password?token=x', '/problems/forbidden'];
    for (const path of [...open, '/nowhere', '/docs']) {
      await stranger.goto(path);
      await expectNoSidewaysScroll(stranger, path);
    }
    const ada = await newUser();
    const { body: list } = await ada.call('POST', `/api/${ada.id}/lists`, { name: LONG });
    const { body: task } = await ada.call('POST', '', { title: LONG, tags: [LONG.slice(0, 50)], list_id: list.id });
    await ada.call('PATCH', `/${task.id}`, { description: LONG, priority: 'high', due_date: '2031-05-04' });
    const { body: deleted } = await ada.call('POST', '', { title: `${LONG}2` });
    await ada.call('DELETE', `/${deleted.id}`);
    const page = await ada.context.newPage();
    for (const [path, text] of [
      ['/history', LONG],
      ['/trash', LONG],
      ['/account', 'This device'],
    ] as const) {
      await page.goto(path);
      await expect(page.getByText(text).first()).toBeVisible();
      await expectNoSidewaysScroll(page, path);
    }
    await page.close();

    const tasks = await openTasks(ada, `?tag=${LONG.slice(0, 50).toLowerCase()}`);
    await tasks.getByRole('button', { name: 'Filter and sort' }).click();
    await newTaskOf(tasks).fill(`${LONG}3 tomorrow !high #${LONG.slice(0, 50)}`);
    await expectNoSidewaysScroll(tasks, 'the list');
    await tasks.keyboard.press('Enter');
    await expect(messagesOf(tasks).getByRole('button', { name: 'Undo' })).toBeVisible();
    await expectNoSidewaysScroll(tasks, 'a message');
    await messagesOf(tasks).getByRole('button', { name: 'Close' }).click();
    await edit(tasks, LONG);
    await expectNoSidewaysScroll(tasks, 'the editor');
    await tasks.keyboard.press('Escape');
    await openMenu(tasks, LONG);
    await expectNoSidewaysScroll(tasks, 'the menu');
    await tasks.keyboard.press('Escape');
    await tasks.keyboard.press('Control+k');
    await expect(tasks.getByRole('dialog', { name: 'Go to…' })).toBeVisible();
    await expectNoSidewaysScroll(tasks, 'the palette');
    await tasks.keyboard.press('Escape');
    await tasks.getByRole('button', { name: 'Views and lists' }).click();
    await expectNoSidewaysScroll(tasks, 'the drawer');
    await tasks.getByRole('dialog').getByRole('link', { name: LONG }).click();
    await expectNoSidewaysScroll(tasks, 'a list');
    await tasks.getByRole('button', { name: /^Rename or delete/ }).click();
    await expectNoSidewaysScroll(tasks, 'the dialog of a list');
  });
});
