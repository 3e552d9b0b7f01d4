import { randomUUID } from 'node:crypto';
import { expect, test } from './fixtures';
import {
  add,
  checkboxOf,
  edit,
  editorOf,
  expectTasks,
  goTo,
  isBatch,
  openTasks,
  readTasks,
  remove,
  rename,
  rowOf,
  signIn,
  titleOf,
  undo,
} from './task-page';

/** The main user journeys: on the embedded database, and once more on PostgreSQL. */

test('a user signs up, works with a task, signs out and in again, and finds the task unchanged', async ({
  newContext,
}) => {
  const page = await (await newContext()).newPage();
  const grace = { email: `${randomUUID()}@example.com`, password: 'correct horse battery' };
  await page.goto('/');
  await page.getByRole('link', { name: 'Create an account' }).click();
  await page.getByLabel('Name').fill('Grace Hopper');
  await page.getByLabel('Email').fill(grace.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(grace.password);
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByRole('heading', { name: 'No tasks yet' })).toBeVisible();

  await page.getByRole('button', { name: 'New list' }).click();
  await page.getByRole('dialog', { name: 'New list' }).getByLabel('Name').fill('Errands');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Errands');
  await goTo(page, 'All tasks');
  await add(page, 'Buy mlk');
  await edit(page, 'Buy mlk');
  const editor = editorOf(page);
  await editor.getByLabel('Title').fill('Buy milk');
  await editor.getByLabel('Description').fill('Two litres,\nnot skimmed.');
  await editor.getByLabel('Due date').fill('2031-05-04');
  await editor.getByLabel('List').selectOption('Errands');
  await editor.getByLabel('Priority').selectOption('High');
  await editor.getByLabel('Status').selectOption('In progress');
  await editor.getByLabel('Tags').pressSequentially('Shop,home');
  await editor.getByRole('button', { name: 'Save' }).click();
  const facts = ['Two litres', 'In progress', 'Sun, 4 May 2031', 'High', 'Errands', '#home', '#shop'];
  for (const fact of facts) await expect(rowOf(page, 'Buy milk')).toContainText(fact);
  await checkboxOf(page, 'Buy milk').click();
  await expect(page.getByRole('heading', { name: 'All done' })).toBeVisible();

  await add(page, 'A mistake');
  await remove(page, 'A mistake');
  await undo(page);
  await expect(titleOf(page, 'A mistake')).toBeVisible();
  const isDeleted = page.waitForResponse(
    (response) => isBatch(response) && response.request().postData()?.includes('deleteTask') === true,
  );
  await remove(page, 'A mistake');
  expect((await isDeleted).status()).toBe(200);

  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL('/');
  await page.goto('/tasks');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await signIn(page, grace);
  await expect(page.getByRole('heading', { name: 'All done' })).toBeVisible();
  await goTo(page, 'Done');
  await expect(checkboxOf(page, 'Buy milk')).toBeChecked();
  await edit(page, 'Buy milk');
  await expect(editor.getByLabel('Description')).toHaveValue('Two litres,\nnot skimmed.');
  await expect(editor.getByLabel('Due date')).toHaveValue('2031-05-04');
  await expect(editor.getByLabel('List').locator('option:checked')).toHaveText('Errands');
  await expect(editor.getByLabel('Priority')).toHaveValue('high');
  await expect(editor.getByLabel('Status')).toHaveValue('done');
  for (const tag of ['home', 'shop']) await expect(editor.getByText(`#${tag}`, { exact: true })).toBeVisible();
});

test("two users see nothing of each other's tasks, by URL or API", async ({ newUser, pageErrors }) => {
  pageErrors.expected.push(/404 .*\/tasks\//);
  const [ada, bob] = [await newUser(), await newUser()];
  const { body: list } = await ada.call('POST', `/api/${ada.id}/lists`, { name: 'Secrets' });
  const { body: secret } = await ada.call('POST', '', { title: 'A secret of Ada', list_id: list.id });
  const page = await openTasks(bob, '?q=secret');
  await expect(page.getByRole('heading', { name: 'No matching tasks' })).toBeVisible();
  await page.goto(`/tasks?view=${list.id}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('List not found');
  await page.goto(`/tasks/${secret.id}`);
  await expect(page.getByRole('heading', { name: 'Page not found' })).toBeVisible();

  expect((await bob.call('GET', `/${secret.id}`)).status).toBe(404);
  expect((await bob.call('GET', `/api/${ada.id}/tasks`)).status).toBe(403);
  expect((await bob.call('GET', `/api/${ada.id}/changes`)).status).toBe(403);
  expect((await bob.call('DELETE', `/api/${ada.id}/tasks/${secret.id}`)).status).toBe(403);
  expect((await bob.context.request.get(`/api/${ada.id}/tasks`)).status()).toBe(401);
  expect((await ada.call('GET', `/${secret.id}`)).body).toEqual(secret);
});

test.describe('two tabs', () => {
  test('converge, also with another device', async ({ newUser }) => {
    const ada = await newUser();
    const [first, second] = [await openTasks(ada), await openTasks(ada)];
    await add(first, 'From the first');
    await add(second, 'From the second');
    const { body: task } = await ada.call('POST', '', { title: 'From elsewhere' });
    for (const page of [first, second]) {
      for (const title of ['From the first', 'From the second', 'From elsewhere'])
        await expect(titleOf(page, title)).toBeVisible();
    }
    await checkboxOf(first, 'From the second').click();
    await expect(titleOf(second, 'From the second')).toBeHidden();
    await ada.call('DELETE', `/${task.id}`);
    for (const page of [first, second]) await expect(titleOf(page, 'From elsewhere')).toBeHidden();
    // Whichever of them sends the changes: the other one goes on.
    await first.close();
    await rename(second, 'From the first', 'Renamed by the second');
    await expectTasks(ada, [
      { title: 'Renamed by the second', completed: false },
      { title: 'From the second', completed: true },
    ]);
  });

  test('that change the same field of the same version overwrite nothing until the user chooses', async ({
    newUser,
    pageErrors,
  }) => {
    pageErrors.possible.push(/412/);
    const ada = await newUser();
    for (const title of ['Keep', 'Save', 'Back', 'Escape']) await ada.call('POST', '', { title });
    const [first, second] = [await openTasks(ada), await openTasks(ada)];
    const dialog = second.getByRole('dialog', { name: 'This task was changed elsewhere' });
    const titles = async () => (await readTasks(ada)).map(({ title, priority }) => [title, priority]);

    /** The second tab has the editor open while the first one saves. */
    const conflict = async (title: string) => {
      await edit(second, title);
      await editorOf(second).getByLabel('Title').fill(`${title}: mine`);
      await editorOf(second).getByLabel('Priority').selectOption('High');
      await rename(first, title, `${title}: theirs`);
      await expect.poll(titles).toContainEqual([`${title}: theirs`, 'none']);
      await editorOf(second).getByRole('button', { name: 'Save' }).click();
      await expect(dialog.getByText(`${title}: mine`)).toBeVisible();
      await expect(dialog.getByText(`${title}: theirs`)).toBeVisible();
      expect(await titles()).toContainEqual([`${title}: theirs`, 'none']);
    };

    await conflict('Keep');
    await dialog.getByRole('button', { name: 'Keep theirs' }).click();
    await expect(dialog).toBeHidden();
    await expect.poll(titles).toContainEqual(['Keep: theirs', 'high']);

    await conflict('Save');
    await dialog.getByRole('button', { name: 'Save mine' }).click();
    await expect(titleOf(first, 'Save: mine')).toBeVisible();
    await expect.poll(titles).toContainEqual(['Save: mine', 'high']);

    for (const title of ['Back', 'Escape']) {
      await conflict(title);
      if (title === 'Escape') await second.keyboard.press('Escape');
      else await dialog.getByRole('button', { name: 'Back to editing' }).click();
      await expect(dialog).toBeHidden();
      await expect(editorOf(second).getByLabel('Title')).toHaveValue(`${title}: mine`);
      await expect(editorOf(second).getByLabel('Priority')).toHaveValue('high');
      expect(await titles()).toContainEqual([`${title}: theirs`, 'none']);
      // The user has seen the other version: saving is the choice.
      await editorOf(second).getByRole('button', { name: 'Save' }).click();
      await expect.poll(titles).toContainEqual([`${title}: mine`, 'high']);
      await expect(dialog).toBeHidden();
    }
  });

  test('that change different fields of the same version are merged without a question', async ({
    newUser,
    pageErrors,
  }) => {
    pageErrors.possible.push(/412/);
    const ada = await newUser();
    await ada.call('POST', '', { title: 'Draft' });
    const [first, second] = [await openTasks(ada), await openTasks(ada)];
    await edit(second, 'Draft');
    await editorOf(second).getByLabel('Description').fill('Written in the second tab');
    await editorOf(second).getByLabel('Priority').selectOption('High');
    await rename(first, 'Draft', 'Renamed');
    await expectTasks(ada, [{ title: 'Renamed', version: 2 }]);
    await editorOf(second).getByRole('button', { name: 'Save' }).click();
    const merged = { title: 'Renamed', description: 'Written in the second tab', priority: 'high', version: 3 };
    await expectTasks(ada, [merged]);
    for (const page of [first, second]) await expect(rowOf(page, 'Renamed')).toContainText('Written in the second tab');
    await expect(second.getByRole('dialog')).toBeHidden();
  });
});
