import type { Page, Route } from '@playwright/test';
import { expect, test } from './fixtures';
import {
  add,
  checkboxOf,
  edit,
  editorOf,
  expectTasks,
  goTo,
  isBatch,
  messagesOf,
  newTaskOf,
  openMenu,
  openTasks,
  readTasks,
  remove,
  rename,
  rowOf,
  searchOf,
  titleOf,
  titlesOf,
} from './task-page';

/** Changing tasks. */

const BATCH = '**/api/*/batch';

/** Holds all changes back, on their way to the API, until the returned function is called. */
async function holdChanges(page: Page): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(BATCH, async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

/** The API refuses the next change. */
async function refuseNext(page: Page, field: string, message: string): Promise<void> {
  const errors = [{ pointer: `/operations/0/body/${field}`, message }];
  const json = { type: '/problems/validation-error', title: 'Validation error', status: 422, detail: message, errors };
  const refuse = (route: Route) => route.fulfill({ status: 422, contentType: 'application/problem+json', json });
  await page.route(BATCH, refuse, { times: 1 });
}

const refusalsOf = (page: Page) => page.getByRole('list', { name: 'What couldn’t be saved' });

test.describe('a change', () => {
  test('shows at once on a slow network', async ({ newUser }) => {
    const ada = await newUser();
    await ada.call('POST', '', { title: 'Slow' });
    const page = await openTasks(ada);
    const release = await holdChanges(page);
    await checkboxOf(page, 'Slow').click();
    await add(page, 'Slower');
    await rename(page, 'Slower', 'Slowest');
    await expect(titlesOf(page)).toHaveText(['Slowest']);
    await expect(page.getByText('Waiting to sync')).toBeHidden();
    await expectTasks(ada, [{ title: 'Slow', completed: false }]);
    expect(await readTasks(ada)).toHaveLength(1);
    release();
    await expectTasks(ada, [{ title: 'Slow', completed: true }, { title: 'Slowest' }]);
    await page.reload();
    await expect(titlesOf(page)).toHaveText(['Slowest']);
  });

  test('that the API refuses is reverted, and its text can be corrected', async ({ newUser, pageErrors }) => {
    pageErrors.expected.push(/422/);
    const ada = await newUser();
    await ada.call('POST', '', { title: 'Fine' });
    const page = await openTasks(ada);
    await refuseNext(page, 'title', 'Not this title.');
    await newTaskOf(page).fill('Refused');
    await newTaskOf(page).press('Enter');
    await expect(refusalsOf(page)).toContainText('Couldn’t save: Added “Refused”. Not this title.');
    await expect(titlesOf(page)).toHaveText(['Fine']);
    await refusalsOf(page).getByRole('button', { name: 'Edit' }).click();
    await expect(refusalsOf(page)).toBeHidden();
    await expect(newTaskOf(page)).toBeFocused();
    await expect(newTaskOf(page)).toHaveValue('Refused');
    await newTaskOf(page).fill('');

    await refuseNext(page, 'title', 'Not this one.');
    await edit(page, 'Fine');
    await editorOf(page).getByLabel('Title').fill('Finer');
    await page.keyboard.press('Enter');
    await expect(refusalsOf(page)).toContainText('Not this one.');
    await expect(titlesOf(page)).toHaveText(['Fine']);
    await refusalsOf(page).getByRole('button', { name: 'Edit' }).click();
    const title = editorOf(page).getByLabel('Title');
    await expect(title).toHaveValue('Finer');
    await expect(title).toHaveAccessibleDescription('Not this one.');
    await expect(title).toBeFocused();
    await title.fill('Finest');
    await title.press('Enter');
    await expectTasks(ada, [{ title: 'Finest', version: 2 }]);
  });

  test('of a title that is too long is not sent', async ({ newUser }) => {
    const ada = await newUser();
    const page = await openTasks(ada);
    let batches = 0;
    page.on('request', (request) => {
      if (isBatch(request)) batches++;
    });
    await newTaskOf(page).fill('x'.repeat(256));
    await expect(newTaskOf(page)).toHaveAccessibleDescription(
      'Titles can have up to 255 characters. This one has 256.',
    );
    await newTaskOf(page).press('Enter');
    await expect(newTaskOf(page)).toHaveValue('x'.repeat(256));
    expect(batches).toBe(0);
    await add(page, 'x'.repeat(255));
    await edit(page, 'x'.repeat(255));
    await page.keyboard.press('End');
    await page.keyboard.type('y');
    await expect(editorOf(page).getByLabel('Title')).toHaveValue('x'.repeat(255));
  });

  test('of a task that was deleted meanwhile can be added as a new task', async ({ newUser, pageErrors }) => {
    pageErrors.expected.push(/404/);
    const ada = await newUser();
    const { body: task } = await ada.call('POST', '', { title: 'Bread', priority: 'high' });
    const page = await openTasks(ada);
    const release = await holdChanges(page);
    await rename(page, 'Bread', 'Bread and butter');
    expect((await ada.call('DELETE', `/${task.id}`)).status).toBe(204);
    release();
    await expect(refusalsOf(page)).toContainText('The task was deleted on another device.');
    await refusalsOf(page).getByRole('button', { name: 'Add as a new task' }).click();
    await expect(refusalsOf(page)).toBeHidden();
    await expect(titlesOf(page)).toHaveText(['Bread and butter']);
    await expectTasks(ada, [{ title: 'Bread and butter', version: 1 }]);
  });

  test('that was not sent when the page was closed is sent once by the next page', async ({ newUser }) => {
    const ada = await newUser();
    for (const title of ['Rename', 'Complete', 'Delete']) await ada.call('POST', '', { title });
    const page = await openTasks(ada);
    // They never reach the API.
    await holdChanges(page);
    await rename(page, 'Rename', 'Renamed');
    await checkboxOf(page, 'Complete').click();
    await add(page, 'Create');
    await remove(page, 'Delete');
    expect((await readTasks(ada)).map(({ version }) => version)).toEqual([1, 1, 1]);
    await page.close();
    const next = await openTasks(ada);
    const tasks = [
      { title: 'Renamed', version: 2 },
      { title: 'Complete', completed: true, version: 2 },
      { title: 'Create', version: 1 },
    ];
    await expectTasks(ada, tasks);
    await expect(titlesOf(next)).toHaveText(['Create', 'Renamed']);
  });
});

test.describe('the menu of a task', () => {
  test('sets a date when asked to, and moves only where the user sees the order', async ({ newUser }) => {
    const ada = await newUser();
    const { body: list } = await ada.call('POST', `/api/${ada.id}/lists`, { name: 'Garden' });
    for (const title of ['Dig', 'Sow']) await ada.call('POST', '', { title, list_id: list.id });
    const page = await openTasks(ada);
    let menu = await openMenu(page, 'Dig');
    await expect(menu.getByRole('button', { name: 'Make a sub-task' })).toBeHidden();
    await menu.getByLabel('Another date').fill('2031-05-04');
    await expectTasks(ada, [{ due_date: null }, { due_date: null }]);
    await menu.getByRole('button', { name: 'Set date' }).click();
    await expect(menu).toBeHidden();
    await expectTasks(ada, [{ due_date: '2031-05-04' }, { due_date: null }]);
    await goTo(page, 'Garden');
    menu = await openMenu(page, 'Sow');
    await menu.getByRole('button', { name: 'Make a sub-task' }).click();
    await expect(rowOf(page, 'Dig')).toContainText('0/1 sub-tasks');
    menu = await openMenu(page, 'Sow');
    await menu.getByRole('button', { name: 'Inbox' }).click();
    await expect(messagesOf(page)).toContainText('Moved “Sow” to “Inbox”');
    await expectTasks(ada, [{ list_id: list.id }, { list_id: null, parent_id: null }]);
  });

  test('adds a sub-task in the line that adds tasks, until the user goes elsewhere', async ({ newUser }) => {
    const ada = await newUser();
    await ada.call('POST', `/api/${ada.id}/lists`, { name: 'Garden' });
    const { body: trip } = await ada.call('POST', '', { title: 'Trip' });
    const page = await openTasks(ada, '?view=inbox');
    await (await openMenu(page, 'Trip')).getByRole('button', { name: 'Add a sub-task' }).click();
    await page.keyboard.type('Exit visa');
    await page.keyboard.press('Enter');
    await expectTasks(ada, [{ title: 'Trip' }, { title: 'Exit visa', parent_id: trip.id }]);
    await goTo(page, 'Garden');
    await add(page, 'Butter');
    await expectTasks(ada, [{ title: 'Trip' }, { title: 'Exit visa' }, { title: 'Butter', parent_id: null }]);
  });
});

test('a task that is added under filters matches them', async ({ newUser }) => {
  const ada = await newUser();
  const page = await openTasks(ada, '?tag=trip&priority=medium');
  await newTaskOf(page).fill('Pack #bags');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(newTaskOf(page)).toBeFocused();
  await expect(rowOf(page, 'Pack')).toContainText('#trip');
  await expectTasks(ada, [{ title: 'Pack', tags: ['bags', 'trip'], priority: 'medium' }]);
});

test.describe('the editor', () => {
  test('has the links of a text, in full', async ({ newUser }) => {
    const ada = await newUser();
    const description = `${'A long text.\n'.repeat(5)}See https://example.com/b=(x), or (www.example.org).`;
    await ada.call('POST', '', { title: 'Read', description });
    const page = await openTasks(ada);
    await edit(page, 'Read');
    const links = page.getByRole('list', { name: 'Links' }).getByRole('link');
    await expect(links).toHaveText(['https://example.com/b=(x)', 'www.example.org']);
    await expect(links.last()).toHaveAttribute('href', 'https://www.example.org');
  });

  test('keeps what was typed: closed, after reloading, and under another view', async ({ newUser }) => {
    const ada = await newUser();
    await ada.call('POST', '', { title: 'Draft', tags: ['home'] });
    const page = await openTasks(ada);
    page.on('dialog', (dialog) => expect(dialog.type()).toBe('nothing is asked'));
    await newTaskOf(page).fill('Not added yet');
    await edit(page, 'Draft');
    await editorOf(page).getByLabel('Title').fill('Draft, second');
    await editorOf(page).getByLabel('Description').fill('Two lines,\nof which this is the second.');
    await editorOf(page).getByLabel('Priority').selectOption('High');
    await editorOf(page).getByRole('button', { name: 'Remove #home' }).click();
    await editorOf(page).getByRole('button', { name: 'Close' }).click();
    await expect(checkboxOf(page, 'Draft')).toBeFocused();
    await expect(rowOf(page, 'Draft')).toContainText('Unsaved changes');
    await page.reload();
    await expect(rowOf(page, 'Draft')).toContainText('Unsaved changes');
    await expect(newTaskOf(page)).toHaveValue('Not added yet');
    await edit(page, 'Draft');
    await goTo(page, 'Today');
    await goTo(page, 'All tasks');
    await expect(editorOf(page).getByLabel('Title')).toHaveValue('Draft, second');
    await expect(editorOf(page).getByLabel('Description')).toHaveValue('Two lines,\nof which this is the second.');
    expect((await readTasks(ada))[0]).toMatchObject({ title: 'Draft', version: 1 });
    await editorOf(page).getByRole('button', { name: 'Save' }).click();
    await expectTasks(ada, [{ title: 'Draft, second', priority: 'high', tags: [], version: 2 }]);

    await edit(page, 'Draft, second');
    await editorOf(page).getByLabel('Title').fill('Given up');
    await editorOf(page).getByRole('button', { name: 'Discard changes' }).click();
    await expect(rowOf(page, 'Draft, second')).not.toContainText('Unsaved changes');
    await edit(page, 'Draft, second');
    await expect(editorOf(page).getByLabel('Title')).toHaveValue('Draft, second');
  });

  test('keeps the focus when a tag is removed', async ({ newUser }) => {
    const ada = await newUser();
    await ada.call('POST', '', { title: 'Draft', tags: ['garden', 'home'] });
    const page = await openTasks(ada);
    await edit(page, 'Draft');
    await editorOf(page).getByRole('button', { name: 'Remove #garden' }).press('Enter');
    await expect(editorOf(page).locator(':focus')).toHaveCount(1);
    await page.keyboard.press('Escape');
    await expect(checkboxOf(page, 'Draft')).toBeFocused();
  });

  test('does not take the focus from the search, which hides and shows its task', async ({ newUser }) => {
    const ada = await newUser();
    await ada.call('POST', '', { title: 'Draft' });
    const page = await openTasks(ada);
    await edit(page, 'Draft');
    await searchOf(page).fill('nothing');
    await expect(page.getByRole('heading', { name: 'No matching tasks' })).toBeVisible();
    await searchOf(page).fill('');
    await expect(editorOf(page)).toBeVisible();
    await expect(searchOf(page)).toBeFocused();
  });

  test('leaves Escape, Enter and Ctrl+Enter to an input method that is composing', async ({ newUser }) => {
    const ada = await newUser();
    await ada.call('POST', '', { title: 'Draft' });
    const page = await openTasks(ada);
    const devtools = await ada.context.newCDPSession(page);
    const compose = async (field: ReturnType<typeof newTaskOf>) => {
      await devtools.send('Input.imeSetComposition', { text: 'にほn', selectionStart: 3, selectionEnd: 3 });
      await expect(field).toHaveValue(/にほn/);
      for (const init of [{ key: 'Escape' }, { key: 'Enter', ctrlKey: true }, { key: 'Enter', metaKey: true }]) {
        const event = { ...init, isComposing: true, bubbles: true, cancelable: true };
        await field.evaluate((input, event) => input.dispatchEvent(new KeyboardEvent('keydown', event)), event);
        await expect(field).toBeFocused();
      }
      await devtools.send('Input.insertText', { text: '日本' });
    };
    await newTaskOf(page).focus();
    await compose(newTaskOf(page));
    await page.keyboard.press('Enter');
    await expect(titleOf(page, '日本')).toBeVisible();
    await edit(page, 'Draft');
    await page.keyboard.press('End');
    await compose(editorOf(page).getByLabel('Title'));
    expect((await readTasks(ada))[0]).toMatchObject({ version: 1 });
    await page.keyboard.press('Control+Enter');
    await expect.poll(async () => (await readTasks(ada))[0]?.title).toBe('Draft日本');
  });
});
