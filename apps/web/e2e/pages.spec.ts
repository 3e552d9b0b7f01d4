import { expect, type SignedUpUser, test, watch } from './fixtures';
import {
  checkboxOf,
  edit,
  editorOf,
  expectTasks,
  goTo,
  newTaskOf,
  openTasks,
  readTasks,
  rowOf,
  searchOf,
  summaryOf,
  titlesOf,
} from './task-page';

/** What the task page shows. */

const VARIED = [
  { title: 'Water the plants', tags: ['home', 'garden'], due_date: '2020-02-29', priority: 'high' },
  { title: 'Write the report', status: 'in_progress', description: 'Two pages.', due_date: '2031-05-04' },
  { title: 'Buy milk', status: 'done', tags: ['home'] },
];

/** Creates tasks one after the other, so that each is newer than the one before. */
async function create(user: SignedUpUser, tasks: readonly object[]): Promise<void> {
  for (const task of tasks) expect((await user.call('POST', '', task)).status).toBe(201);
}

test.describe('the address', () => {
  test('has the view, filters, search and sort, also after reloading and going back', async ({ newUser }) => {
    const ada = await newUser();
    await create(ada, VARIED);
    const page = await openTasks(ada);
    const select = (name: string, label: string) =>
      page.getByRole('main').getByRole('combobox', { name, exact: true }).selectOption(label);
    await expect(titlesOf(page)).toHaveText(['Water the plants', 'Write the report']);
    await page.getByRole('button', { name: 'Filter and sort' }).click();
    await select('Sort', 'Newest');
    await expect(titlesOf(page)).toHaveText(['Write the report', 'Water the plants']);
    await select('Priority', 'High');
    await expect(titlesOf(page)).toHaveText(['Water the plants']);
    await searchOf(page).pressSequentially('rep');
    await expect(page.getByRole('heading', { name: 'No matching tasks' })).toBeVisible();
    await page.getByRole('button', { name: 'Remove Priority: High' }).click();
    await expect(titlesOf(page)).toHaveText(['Write the report']);
    await expect(page).toHaveURL('/tasks?q=rep&sort=newest');

    await page.reload();
    await expect(titlesOf(page)).toHaveText(['Write the report']);
    await expect(searchOf(page)).toHaveValue('rep');
    await page.goBack();
    await expect(page).toHaveURL('/tasks?q=rep&priority=high&sort=newest');
    await expect(page.getByRole('heading', { name: 'No matching tasks' })).toBeVisible();
    // The letters of a search are one step.
    await page.goBack();
    await expect(page).toHaveURL('/tasks?priority=high&sort=newest');
    await expect(searchOf(page)).toHaveValue('');
    await expect(titlesOf(page)).toHaveText(['Water the plants']);
    await page.goForward();
    await expect(searchOf(page)).toHaveValue('rep');
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await rowOf(page, 'Water the plants').getByRole('button', { name: '#home' }).click();
    await expect(titlesOf(page)).toHaveText(['Water the plants']);
    await expect(page).toHaveURL('/tasks?tag=home&sort=newest');
  });

  test('leads to each view and each list', async ({ newUser }) => {
    const ada = await newUser();
    const { body: list } = await ada.call('POST', `/api/${ada.id}/lists`, { name: 'Garden' });
    await create(ada, [...VARIED, { title: 'Sow beans', list_id: list.id }]);
    const views = [
      ['Today', 'today', ['Water the plants']],
      ['Upcoming', 'upcoming', ['Write the report']],
      ['Done', 'done', ['Buy milk']],
      ['Inbox', 'inbox', ['Water the plants', 'Write the report']],
      ['Garden', list.id, ['Sow beans']],
    ] as const;
    const page = await openTasks(ada);
    for (const [name, view, titles] of views) {
      await goTo(page, name);
      await expect(page).toHaveURL(`/tasks?view=${view}`);
      await expect(titlesOf(page)).toHaveCount(titles.length);
      for (const title of titles) await expect(rowOf(page, title)).toBeVisible();
    }
    await goTo(page, 'Inbox');
    await page.locator('summary').click();
    await expect(checkboxOf(page, 'Buy milk')).toBeChecked();
    await page.goBack();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Garden');
  });

  test('with values that do not exist shows what it can', async ({ newUser }) => {
    const ada = await newUser();
    await create(ada, VARIED);
    const page = await openTasks(ada, '?sort=nonsense&priority=urgent');
    await expect(titlesOf(page)).toHaveText(['Water the plants', 'Write the report']);
    await page.goto('/tasks?view=nowhere');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('List not found');
    await goTo(page, 'All tasks');
    await expect(titlesOf(page)).toHaveCount(2);
  });
});

test('the search finds words in all tasks, without regard to case and accents', async ({ newUser }) => {
  const ada = await newUser();
  const titles = ['Über den Wolken', 'Vacances d’ÉTÉ', 'МОСКВА', 'Lange Straße'];
  await create(
    ada,
    titles.map((title) => ({ title })),
  );
  await create(ada, [
    { title: 'Buy milk', description: 'Two litres, not skimmed', tags: ['errand'] },
    { title: 'Buy bread', status: 'done' },
  ]);
  const page = await openTasks(ada);
  const finds = [
    ['über', 'Über den Wolken'],
    ['uber', 'Über den Wolken'],
    ['été', 'Vacances d’ÉTÉ'],
    ['москва', 'МОСКВА'],
    ['strasse', 'Lange Straße'],
    ['straße', 'Lange Straße'],
    ['SKIMMED litres', 'Buy milk'],
    ['errand', 'Buy milk'],
    ['#err', 'Buy milk'],
  ] as const;
  for (const [text, title] of finds) {
    await searchOf(page).fill(text);
    await expect(titlesOf(page), text).toHaveText([title]);
  }
  await searchOf(page).fill('bread');
  await expect(summaryOf(page)).toHaveText('1 task');
  await expect(page.getByRole('heading', { name: 'Done 1' })).toBeVisible();
  await expect(titlesOf(page)).toHaveText(['Buy bread']);
  await searchOf(page).fill('');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('All tasks');
});

test('the search finds the same in every view', async ({ newUser }) => {
  const ada = await newUser();
  await create(ada, [{ title: 'Buy milk' }, { title: 'Buy bread', status: 'done' }]);
  const page = await openTasks(ada);
  for (const view of ['All tasks', 'Today', 'Upcoming', 'Done', 'Inbox']) {
    await goTo(page, view);
    await searchOf(page).fill('buy');
    await expect(page.getByRole('heading', { level: 1 }), view).toHaveText('Search');
    await expect(summaryOf(page), view).toHaveText('2 tasks');
    await expect(page.getByRole('heading', { level: 2, name: /Today|Overdue/ }), view).toHaveCount(0);
    await expect(rowOf(page, 'Buy milk'), view).toBeVisible();
    await searchOf(page).fill('');
    await expect(page.getByRole('heading', { level: 1 }), view).toHaveText(view);
  }
});

test.describe('a due date', () => {
  const ZONES = [
    ['Pacific/Kiritimati', 'en-GB', 'Tue, 29 Feb 2028'],
    ['Pacific/Pago_Pago', 'en-US', 'Tue, Feb 29, 2028'],
    ['Europe/Berlin', 'de-DE', 'Di., 29. Feb. 2028'],
  ] as const;

  test("is the same day in every time zone, in the format of the user's locale", async ({
    newUser,
    browser,
    pageErrors,
  }) => {
    const ada = await newUser();
    await create(ada, [{ title: 'Leap', due_date: '2028-02-29' }]);
    for (const [timezoneId, locale, text] of ZONES) {
      const storageState = await ada.context.storageState();
      const context = await browser.newContext({ baseURL: ada.origin, timezoneId, locale, storageState });
      await watch(context, ada.origin, pageErrors.messages);
      const page = await openTasks({ open: (path) => openIn(context, path) });
      await expect(rowOf(page, 'Leap')).toContainText(text);
      await edit(page, 'Leap');
      await expect(editorOf(page).getByLabel('Due date')).toHaveValue('2028-02-29');
      await editorOf(page).getByLabel('Description').fill(locale);
      await editorOf(page).getByRole('button', { name: 'Save' }).click();
      await expectTasks(ada, [{ description: locale, due_date: '2028-02-29' }]);
      await context.close();
    }
  });

  test('of a task for today is the day where the user is', async ({ newUser, browser, pageErrors }) => {
    const ada = await newUser();
    const dates: string[] = [];
    for (const [timezoneId, locale] of ZONES) {
      const storageState = await ada.context.storageState();
      const context = await browser.newContext({ baseURL: ada.origin, timezoneId, locale, storageState });
      await watch(context, ada.origin, pageErrors.messages);
      const page = await openTasks({ open: (path) => openIn(context, path) }, '?view=today');
      await newTaskOf(page).fill(timezoneId);
      await newTaskOf(page).press('Enter');
      // In the form YYYY-MM-DD.
      dates.push(new Intl.DateTimeFormat('en-CA', { timeZone: timezoneId, dateStyle: 'short' }).format(new Date()));
      await expect.poll(async () => (await readTasks(ada)).map(({ due_date }) => due_date)).toEqual(dates);
      await context.close();
    }
  });
});

async function openIn(context: SignedUpUser['context'], path = '/tasks') {
  const page = await context.newPage();
  await page.goto(path);
  return page;
}
