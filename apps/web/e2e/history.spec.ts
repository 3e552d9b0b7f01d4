import { readFile } from 'node:fs/promises';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, type SignedUpUser, test } from './fixtures';

/** Tests of the pages that read the journal: history and trash, and export and import. */

const entries = (page: Page) => page.getByRole('listitem').filter({ has: page.getByRole('button', { name: /^Undo/ }) });
const headlines = (page: Page) => entries(page).locator('p:first-child');
const undo = (page: Page, headline: string) =>
  entries(page).filter({ hasText: headline }).first().getByRole('button', { name: /^Undo/ }).click();

async function create(user: SignedUpUser, body: object): Promise<{ id: string }> {
  const response = await user.call('POST', '', body);
  expect(response.status).toBe(201);
  return response.body;
}

async function createList(user: SignedUpUser, name: string): Promise<{ id: string }> {
  const response = await user.call('POST', `/api/${user.id}/lists`, { name });
  expect(response.status).toBe(201);
  return response.body;
}

const statuses = async (user: SignedUpUser) =>
  (await user.call('GET', '?sort=created_at')).body.data.map(({ status }: { status: string }) => status);

test.describe('the history', () => {
  test('tells what was changed; an undo takes it back, and its undo is a redo', async ({ newUser }) => {
    const ada = await newUser();
    const milk = await create(ada, { title: 'Milk' });
    await create(ada, { title: 'Oats', parent_id: milk.id });
    await ada.call('PATCH', `/${milk.id}`, { title: 'Buy milk', priority: 'high' });
    await ada.call('PATCH', `/${milk.id}/complete`, { completed: true });
    const page = await ada.open('/history');
    const before = [
      'Completed “Buy milk” and 1 sub-task',
      'Changed title and priority of “Buy milk”',
      'Created “Oats” under “Milk”',
      'Created “Milk”',
    ];
    await expect(headlines(page)).toHaveText(before);
    await expect(page.getByRole('heading', { level: 2 })).toHaveText(/today/i);

    await undo(page, 'Completed');
    await expect(
      page.getByRole('status').filter({ hasText: 'Undone: Completed “Buy milk” and 1 sub-task' }),
    ).toBeVisible();
    await expect(headlines(page)).toHaveText(['Reopened “Buy milk” and 1 sub-task', ...before]);
    expect(await statuses(ada)).toEqual(['todo', 'todo']);
    await undo(page, 'Reopened');
    await expect(headlines(page)).toHaveCount(6);
    await expect(headlines(page).first()).toHaveText('Completed “Buy milk” and 1 sub-task');
    expect(await statuses(ada)).toEqual(['done', 'done']);
  });

  test('says what stands in the way of an undo, and changes nothing', async ({ newUser, pageErrors }) => {
    pageErrors.expected.push(/409/);
    const ada = await newUser();
    const milk = await create(ada, { title: 'Milk' });
    await ada.call('PATCH', `/${milk.id}`, { due_date: '2031-05-04' });
    await ada.call('PATCH', `/${milk.id}`, { due_date: '2031-05-05' });
    const page = await ada.open('/history');
    const entry = entries(page).filter({ hasText: 'Set the due date of “Milk”' });
    await entry.getByRole('button', { name: /^Undo/ }).click();
    await expect(entry.getByRole('alert')).toContainText('“Milk” was changed or deleted since.');
    await expect(entries(page)).toHaveCount(3);
    expect((await ada.call('GET', `/${milk.id}`)).body.due_date).toBe('2031-05-05');
    await expect(entry.getByRole('button', { name: /^Undo/ })).toBeFocused();
  });

  test('a list that was deleted with its tasks comes back as a whole', async ({ newUser }) => {
    const ada = await newUser();
    const garden = await createList(ada, 'Garden');
    const beans = await create(ada, { title: 'Beans', list_id: garden.id });
    await create(ada, { title: 'Seeds', parent_id: beans.id });
    await ada.call('DELETE', `/api/${ada.id}/lists/${garden.id}`);
    const page = await ada.open('/history');
    await undo(page, 'Deleted a list with 2 tasks');
    await expect(headlines(page)).toHaveText([
      'Restored list “Garden” with 2 tasks',
      'Deleted list “Garden” with 2 tasks',
      'Created “Seeds” under “Beans”',
      'Created “Beans” in list “Garden”',
      'Created list “Garden”',
    ]);
    expect((await ada.call('GET', '?sort=created_at')).body.data).toMatchObject([
      { id: beans.id, list_id: garden.id },
      { title: 'Seeds', parent_id: beans.id },
    ]);
  });

  test('the details have each field before and after, and long texts as a whole on request', async ({ newUser }) => {
    const ada = await newUser();
    const milk = await create(ada, { title: 'Milk', description: 'Short', tags: ['a'] });
    const long = `${'Lorem ipsum. '.repeat(100)}The end.`;
    await ada.call('PATCH', `/${milk.id}`, { description: long, tags: ['b', 'c'], status: 'in_progress' });
    const page = await ada.open('/history');
    const entry = entries(page).first();
    await entry.getByText('Details').click();
    await expect(entry.getByRole('definition')).toHaveText([
      /from Short.*to Lorem ipsum\. .*…Show all/s,
      /from To do.*to In progress/s,
      /from #a.*to #b, #c/s,
    ]);
    await expect(entry).not.toContainText('The end.');
    await entry.getByRole('button', { name: 'Show all' }).click();
    await expect(entry).toContainText('The end.');
  });

  test('older changes follow page by page', async ({ newUser }) => {
    const ada = await newUser();
    for (let i = 1; i <= 35; i++) await create(ada, { title: `Task ${i}` });
    const page = await ada.open('/history');
    await expect(entries(page)).toHaveCount(30);
    await page.getByRole('button', { name: 'Show more' }).click();
    await expect(entries(page)).toHaveCount(35);
    await expect(entries(page).nth(30)).toBeFocused();
    await expect(headlines(page).last()).toHaveText('Created “Task 1”');
    await expect(page.getByRole('button', { name: 'Show more' })).toBeHidden();
  });

  test('names that read from right to left do not turn the sentence around', async ({ newUser }) => {
    const ada = await newUser();
    await create(ada, { title: 'شراء الحليب!' });
    const page = await ada.open('/history');
    await expect(headlines(page).first().locator('bdi')).toHaveText('شراء الحليب!');
    await expect(headlines(page).first()).toHaveText('Created “شراء الحليب!”');
    await expect(headlines(page).first()).toHaveCSS('direction', 'ltr');
  });

  test('an outage is shown, and over by itself', async ({ newUser, pageErrors }) => {
    pageErrors.expected.push(/ERR_FAILED|ERR_CONNECTION/);
    const ada = await newUser();
    await create(ada, { title: 'Milk' });
    const page = await ada.context.newPage();
    await page.route('**/api/*/revisions**', (route) => route.abort());
    await page.goto('/history');
    await expect(page.getByRole('alert').filter({ hasText: 'Couldn’t load your history.' })).toContainText(
      'You’re offline.',
    );
    await page.unroute('**/api/*/revisions**');
    await expect(headlines(page)).toHaveText(['Created “Milk”'], { timeout: 20_000 });
  });

  test('without a session, it leads to the sign-in and back', async ({ newUser, pageErrors }) => {
    pageErrors.expected.push(/401/);
    const ada = await newUser();
    const page = await ada.context.newPage();
    await page.route('**/api/auth/token', (route) => route.fulfill({ status: 401, json: { status: 401 } }));
    await page.goto('/history');
    await expect(page.getByRole('alert').filter({ hasText: 'Your session has ended.' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'Sign in' })).toHaveAttribute('href', '/sign-in?next=%2Fhistory');
    await ada.context.clearCookies();
    for (const path of ['/history', '/trash']) {
      await page.goto(path);
      await expect(page).toHaveURL(`/sign-in?next=${encodeURIComponent(path)}`);
    }
  });
});

const trashed = (page: Page) => page.getByRole('list', { name: 'Deleted tasks' }).getByRole('listitem');
const trashOf = async (user: SignedUpUser) =>
  (await user.call('GET', `/api/${user.id}/trash`)).body.data.map(
    ({ task }: { task: { title: string } }) => task.title,
  );

test.describe('the trash', () => {
  const fill = async (user: SignedUpUser, ...titles: string[]) => {
    for (const title of titles) await user.call('DELETE', `/${(await create(user, { title })).id}`);
  };

  test('restores a task', async ({ newUser }) => {
    const ada = await newUser();
    await fill(ada, 'Milk', 'Oats');
    const page = await ada.open('/trash');
    await expect(trashed(page)).toContainText(['Oats', 'Milk']);
    await page.getByRole('button', { name: 'Restore “Milk”' }).click();
    await expect(page.getByText('Restored “Milk”.')).toBeFocused();
    await expect(trashed(page)).toContainText(['Oats']);
    expect((await ada.call('GET')).body.data).toMatchObject([{ title: 'Milk' }]);
  });

  test('a task that is not there any more is no error', async ({ newUser, pageErrors }) => {
    pageErrors.expected.push(/404/);
    const ada = await newUser();
    await fill(ada, 'Milk');
    const page = await ada.open('/trash');
    await expect(trashed(page)).toHaveCount(1);
    await ada.call('DELETE', `/api/${ada.id}/trash`);
    await page.getByRole('button', { name: 'Restore “Milk”' }).click();
    await expect(page.getByRole('status').filter({ hasText: '“Milk” isn’t in the trash any more.' })).toBeVisible();
    await expect(trashed(page)).toHaveCount(0);
  });

  test('deletes one task forever, or all, after a confirmation', async ({ newUser }) => {
    const ada = await newUser();
    await fill(ada, 'Milk', 'Oats', 'Rice');
    const page = await ada.open('/trash');
    const ask = page.getByRole('button', { name: 'Delete forever… “Oats”' });
    await ask.click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText(/Delete “.?Oats.?” forever\?/);
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    await expect(ask).toBeFocused();
    expect(await trashOf(ada)).toEqual(['Rice', 'Oats', 'Milk']);
    await ask.click();
    await dialog.getByRole('button', { name: 'Delete forever' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'Deleted “Oats” forever.' })).toBeVisible();
    expect(await trashOf(ada)).toEqual(['Rice', 'Milk']);

    await page.getByRole('button', { name: 'Empty trash…' }).click();
    await expect(dialog).toContainText('Delete all 2 tasks in the trash forever?');
    await dialog.getByRole('button', { name: 'Empty trash' }).click();
    await expect(page.getByText('The trash is empty.')).toBeVisible();
    expect(await trashOf(ada)).toEqual([]);
  });

  test('has pages, and does not claim a number that it does not know', async ({ newUser }) => {
    const ada = await newUser();
    const parent = await create(ada, { title: 'Parent' });
    const operations = Array.from({ length: 59 }, (_, i) => ({
      op: 'replaceTask',
      task_id: `01900000-0000-7000-8000-${String(i).padStart(12, '0')}`,
      body: { title: `Task ${i}`, parent_id: parent.id },
    }));
    expect((await ada.call('POST', `/api/${ada.id}/batch`, { operations })).status).toBe(200);
    await ada.call('DELETE', `/${parent.id}`);
    const page = await ada.open('/trash');
    await expect(trashed(page)).toHaveCount(50);
    await page.getByRole('button', { name: 'Empty trash…' }).click();
    await expect(page.getByRole('dialog')).toContainText('There are more than 50.');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Show more' }).click();
    await expect(trashed(page)).toHaveCount(60);
  });
});

/** The lists and tasks of a user without what belongs to the account: users, times and versions. */
async function contentsOf(user: SignedUpUser) {
  const { body } = await user.call('GET', `/api/${user.id}/changes?limit=500`);
  expect(body.has_more).toBe(false);
  type Resource = Record<string, unknown> & { parent_id?: string; list_id?: string; position: string };
  const all: { id: string; type: string; place: string; position: string; fields: object }[] = body.changes.map(
    ({ type, id, task, list }: { type: string; id: string; task?: Resource; list?: Resource }) => {
      const {
        user_id: _1,
        version: _2,
        created_at: _3,
        updated_at: _4,
        completed_at: _5,
        position = '',
        ...fields
      } = task ?? list ?? { position: '' };
      return { id, type, position, fields, place: String(fields.parent_id ?? fields.list_id ?? type) };
    },
  );
  // Positions are the server's: what counts is the order at each place.
  return all
    .sort((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : a.position < b.position ? -1 : 1))
    .map(({ position: _, ...rest }) => rest);
}

async function exportFrom(page: Page, format: 'JSON' | 'CSV') {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: `Export ${format}` }).click(),
  ]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
}

const choose = (page: Page, text: string, name = 'tasks.json') =>
  page.getByLabel('JSON file').setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(text) });

test.describe('export and import', () => {
  /** Lists, sub-tasks on several levels, an order by hand, and text that is not plain. */
  async function plant(user: SignedUpUser): Promise<void> {
    const [garden, home] = [await createList(user, 'Garden'), await createList(user, '=Home 🐘')];
    const beans = await create(user, { title: 'Beans', list_id: garden.id, tags: ['a', 'b'], priority: 'high' });
    const seeds = await create(user, { title: 'Seeds', parent_id: beans.id, description: 'Two\nlines, "quoted"' });
    await create(user, { title: 'Deeper', parent_id: seeds.id, status: 'in_progress', due_date: '2028-02-29' });
    await create(user, { title: 'Water', parent_id: beans.id });
    const last = await create(user, { title: '=1+1', list_id: home.id, status: 'done' });
    await create(user, { title: 'شراء', list_id: home.id });
    const first = await create(user, { title: 'In the inbox' });
    await create(user, { title: 'Also there' });
    await user.call('PATCH', `/${last.id}/move`, {});
    await user.call('PATCH', `/${first.id}/move`, {});
    await user.call('PATCH', `/api/${user.id}/lists/${garden.id}/move`, {});
  }

  test('an export that another account imports makes the same tasks and lists there, once', async ({ newUser }) => {
    const [ada, bob] = [await newUser(), await newUser()];
    await plant(ada);
    await create(bob, { title: 'Of Bob' });
    const { name, text } = await exportFrom(await ada.open('/account'), 'JSON');
    expect(name).toMatch(/^taskward-\d{4}-\d\d-\d\d\.json$/);
    expect(text).not.toContain(ada.id);
    const page = await bob.open('/account');
    await choose(page, text);
    await expect(page.getByText('This file has 2 lists and 8 tasks.')).toBeFocused();
    await page.getByRole('button', { name: 'Import 2 lists and 8 tasks' }).click();
    await expect(page.getByText('Import finished: 10 items added.')).toBeVisible();
    const imported = (await contentsOf(bob)).filter(({ fields }) => !JSON.stringify(fields).includes('Of Bob'));
    expect(imported).toEqual(await contentsOf(ada));

    const before = (await bob.call('GET', `/api/${bob.id}/revisions`)).body;
    await choose(page, text, 'again.json');
    await expect(page.getByText('All of it exists already.')).toBeVisible();
    await expect(page.getByRole('button', { name: /^Import / })).toBeHidden();
    expect((await bob.call('GET', `/api/${bob.id}/revisions`)).body).toEqual(before);
  });

  test('an import leaves what exists as it is, and can be undone', async ({ newUser }) => {
    const ada = await newUser();
    await plant(ada);
    const page = await ada.open('/account');
    const { text } = await exportFrom(page, 'JSON');
    const { data } = (await ada.call('GET', '?sort=title')).body;
    const [beans] = data.filter(({ title }: { title: string }) => title === 'Beans');
    const [water] = data.filter(({ title }: { title: string }) => title === 'Water');
    await ada.call('PATCH', `/${beans.id}`, { title: 'Beans, changed' });
    await ada.call('DELETE', `/${water.id}`);
    await choose(page, text);
    await expect(page.getByText('2 lists and 7 tasks already exist and stay as they are.')).toBeVisible();
    await page.getByRole('button', { name: 'Import 1 task' }).click();
    await expect(page.getByText('Import finished: 1 item added.')).toBeVisible();
    expect((await ada.call('GET', `/${beans.id}`)).body.title).toBe('Beans, changed');
    expect((await ada.call('GET', `/${water.id}`)).body.parent_id).toBe(beans.id);
    await page.goto('/history');
    await undo(page, 'Created “Water” under “Beans, changed”');
    await expect(headlines(page).first()).toHaveText('Deleted “Water”');
  });

  test('CSV has a row for each task, and no formulas', async ({ newUser }) => {
    const ada = await newUser();
    await plant(ada);
    const page = await ada.open('/account');
    const { name, text } = await exportFrom(page, 'CSV');
    expect(name).toMatch(/^taskward-\d{4}-\d\d-\d\d\.csv$/);
    expect(text.startsWith('\uFEFFid,title,description,')).toBe(true);
    expect(text.match(/\r\n/g)).toHaveLength(9);
    expect(text).toContain(`,"'=1+1",`);
    expect(text).toContain(`,"'=Home 🐘",`);
    expect(text).toContain('"Two\nlines, ""quoted"""');
    await expect(page.getByText(/Exported 2 lists and 8 tasks to taskward-.*\.csv\./)).toBeVisible();
  });

  test('a file that cannot be imported is refused with the place of each error', async ({ newUser }) => {
    const page = await (await newUser()).open('/account');
    const alert = page.getByRole('alert').filter({ hasText: 'This file can’t be imported.' });
    await choose(page, '{"format"');
    await expect(alert).toContainText('The file isn’t valid JSON');
    await choose(page, '{}');
    await expect(alert).toContainText('The file isn’t an export of Taskward');
    await choose(page, JSON.stringify({ format: 'taskward', version: 1, lists: [], tasks: [{ id: 1, title: '' }] }));
    await expect(alert.getByRole('listitem')).toHaveText([
      'tasks[0].id must be a UUID.',
      'tasks[0].title must have a visible character.',
    ]);
  });

  const file = (count: number) =>
    JSON.stringify({
      format: 'taskward',
      version: 1,
      lists: [],
      tasks: Array.from({ length: count }, (_, i) => ({
        id: `01900000-0000-7000-8000-${String(i).padStart(12, '0')}`,
        title: `Task ${i}`,
      })),
    });

  test('an import waits where the API asks for that', async ({ newUser, pageErrors }) => {
    pageErrors.expected.push(/429/);
    const ada = await newUser();
    const page = await ada.open('/account');
    await choose(page, file(150));
    await page.route(
      '**/api/*/batch',
      (route) =>
        route.fulfill({
          status: 429,
          headers: { 'Retry-After': '2' },
          contentType: 'application/problem+json',
          body: '{}',
        }),
      { times: 1 },
    );
    await page.getByRole('button', { name: 'Import 150 tasks' }).click();
    await expect(page.getByText('Too many requests in a short time.')).toBeVisible();
    await expect(page.getByText('Import finished: 150 items added.')).toBeVisible({ timeout: 15_000 });
    expect((await ada.call('GET', '?sort=created_at&limit=1')).body.data).toMatchObject([{ title: 'Task 0' }]);
  });

  test('an import that the API refuses stops with the task, and adds the rest later', async ({
    newUser,
    pageErrors,
  }) => {
    pageErrors.expected.push(/409/);
    const ada = await newUser();
    const page = await ada.open('/account');
    await choose(page, file(150));
    const errors = [
      {
        in: 'body',
        pointer: '/operations/7',
        code: 'conflict',
        message: 'You have as many tasks as one user may have.',
      },
    ];
    const refusal = { status: 409, contentType: 'application/problem+json', body: JSON.stringify({ errors }) };
    let batches = 0;
    await page.route('**/api/*/batch', (route) => (++batches === 2 ? route.fulfill(refusal) : route.continue()));
    await page.getByRole('button', { name: 'Import 150 tasks' }).click();
    const alert = page.getByRole('alert').filter({ hasText: 'Import stopped after 100 of 150.' });
    await expect(alert).toContainText('“Task 107”: You have as many tasks as one user may have.');
    await alert.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByText('100 tasks already exist and stay as they are.')).toBeVisible();
    await page.getByRole('button', { name: 'Import 50 tasks' }).click();
    await expect(page.getByText('Import finished: 50 items added.')).toBeVisible();
  });
});

test('the pages fit a width of 320 pixels', async ({ newUser }) => {
  const ada = await newUser();
  const milk = await create(ada, { title: 'x'.repeat(255), description: 'y'.repeat(1_000) });
  await ada.call('PATCH', `/${milk.id}`, { description: 'z'.repeat(1_000), tags: ['w'.repeat(50)] });
  await ada.call('DELETE', `/${(await create(ada, { title: 'x'.repeat(255) })).id}`);
  const page = await ada.context.newPage();
  await page.setViewportSize({ width: 320, height: 640 });
  for (const path of ['/history', '/trash', '/account']) {
    await page.goto(path);
    if (path === '/history') await page.getByText('Details').first().click();
    if (path === '/trash') await expect(trashed(page)).toHaveCount(1);
    expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBe(320);
  }
});

test('axe finds no violation in the history, the trash, export and import, in light and dark mode', async ({
  newUser,
  pageErrors,
}) => {
  test.slow();
  pageErrors.expected.push(/409/);
  const ada = await newUser();
  const milk = await create(ada, { title: 'Milk', description: 'One' });
  await ada.call('PATCH', `/${milk.id}`, { title: 'Buy milk', description: 'Two', due_date: '2031-05-04' });
  await ada.call('PATCH', `/${milk.id}`, { title: 'Buy more milk' });
  for (const title of ['Oats', 'Rice']) await ada.call('DELETE', `/${(await create(ada, { title })).id}`);
  const page = await ada.context.newPage();
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const check = async (what: string) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect((await new AxeBuilder({ page }).analyze()).violations, `${what}, ${colorScheme}`).toEqual([]);
    }
  };
  await page.goto('/history');
  const entry = entries(page).filter({ hasText: 'Changed title' });
  await entry.getByText('Details').click();
  await entry.getByRole('button', { name: /^Undo/ }).click();
  await expect(entry.getByRole('alert')).toContainText('was changed');
  await undo(page, 'Renamed');
  await expect(page.getByText('Undone: ')).toBeVisible();
  await check('history');
  await page.goto('/trash');
  await page.getByRole('button', { name: 'Restore “Oats”' }).click();
  await expect(page.getByText('Restored “Oats”')).toBeVisible();
  await check('trash');
  await page.getByRole('button', { name: 'Empty trash…' }).click();
  await check('a confirmation');
  await page.goto('/account');
  await choose(page, '{}');
  await expect(page.getByText('This file can’t be imported.')).toBeVisible();
  await check('a broken file');
  const task = { id: '01900000-0000-7000-8000-000000000000', title: 'New' };
  await choose(page, JSON.stringify({ format: 'taskward', version: 1, lists: [], tasks: [task] }));
  await expect(page.getByText('This file has 1 task.')).toBeVisible();
  await check('an import');
});
