import { expect, test } from './fixtures';
import {
  add,
  checkboxOf,
  edit,
  editorOf,
  expectTasks,
  isBatch,
  messagesOf,
  newTaskOf,
  openMenu,
  openTasks,
  readTasks,
  remove,
  rowOf,
  titleOf,
  titlesOf,
  undo,
} from './task-page';

/** Taking changes back. */

test('a change can be undone by its message and by the keyboard', async ({ newUser }) => {
  const ada = await newUser();
  for (const title of ['One', 'Two', 'Three']) await ada.call('POST', '', { title });
  const page = await openTasks(ada);
  await (await openMenu(page, 'One')).getByRole('button', { name: 'High' }).click();
  await expect(rowOf(page, 'One')).toContainText('High');
  await expect(messagesOf(page)).toContainText('Changed priority of “One”');
  await remove(page, 'Two');
  await expect.poll(() => readTasks(ada)).toHaveLength(2);
  await page.keyboard.press('Control+z');
  await expect(titleOf(page, 'Two')).toBeVisible();
  await page.keyboard.press('Control+z');
  await expect(rowOf(page, 'One')).not.toContainText('High');
  await expectTasks(ada, [{ title: 'One', priority: 'none' }, { title: 'Two' }, { title: 'Three' }]);

  for (const title of ['One', 'Two', 'Three']) await checkboxOf(page, title).click();
  await expect(messagesOf(page)).toContainText('Completed 3 tasks');
  await expectTasks(ada, [{ completed: true }, { completed: true }, { completed: true }]);
  await undo(page);
  await expect(titlesOf(page)).toHaveCount(3);
  await expectTasks(ada, [{ completed: false }, { completed: false }, { completed: false }]);
});

test('what was undone can be redone', async ({ newUser }) => {
  const ada = await newUser();
  await ada.call('POST', '', { title: 'One' });
  const page = await openTasks(ada);
  await checkboxOf(page, 'One').click();
  await expectTasks(ada, [{ completed: true }]);
  await page.keyboard.press('Control+z');
  await expectTasks(ada, [{ completed: false }]);
  await page.keyboard.press('Control+Shift+z');
  await expect(messagesOf(page)).toContainText('Redone: Completed “One”');
  await expectTasks(ada, [{ completed: true }]);
  await page.keyboard.press('Control+z');
  await expectTasks(ada, [{ completed: false }]);
  await page.keyboard.press('Control+y');
  await expectTasks(ada, [{ completed: true }]);
  await page.keyboard.press('Control+y');
  await expect(messagesOf(page)).toContainText('Nothing to redo.');
});

test('of tasks that were added one by one, a message takes back the last', async ({ newUser }) => {
  const ada = await newUser();
  const page = await openTasks(ada);
  for (const title of ['One', 'Two', 'Three']) await add(page, title);
  await undo(page);
  await expect(titlesOf(page)).toHaveText(['Two', 'One']);
  await expectTasks(ada, [{ title: 'One' }, { title: 'Two' }]);
  // In the empty line that adds tasks, there is no typing to undo.
  await newTaskOf(page).press('Control+z');
  await expectTasks(ada, [{ title: 'One' }]);
});

test('completing a task says that its sub-tasks are completed, too', async ({ newUser }) => {
  const ada = await newUser();
  const { body: trip } = await ada.call('POST', '', { title: 'Trip' });
  const { body: hotel } = await ada.call('POST', '', { title: 'Hotel', parent_id: trip.id });
  await ada.call('POST', '', { title: 'Call', parent_id: hotel.id });
  await ada.call('POST', '', { title: 'Train', parent_id: trip.id, status: 'done' });
  const page = await openTasks(ada);
  await checkboxOf(page, 'Trip').click();
  await expect(messagesOf(page)).toContainText('Completed “Trip” and 2 sub-tasks');
});

test('a change can be undone also if it was merged with one from elsewhere', async ({ newUser, pageErrors }) => {
  pageErrors.expected.push(/412/);
  const ada = await newUser();
  const { body: task } = await ada.call('POST', '', { title: 'Draft' });
  const page = await openTasks(ada);
  await edit(page, 'Draft');
  await editorOf(page).getByLabel('Priority').selectOption('High');
  const rename = () => ada.call('PATCH', `/${task.id}`, { title: 'Renamed' });
  await page.route('**/api/*/batch', (route) => rename().then(() => route.continue()), { times: 1 });
  await editorOf(page).getByRole('button', { name: 'Save' }).click();
  await expectTasks(ada, [{ title: 'Renamed', priority: 'high' }]);
  await expect(rowOf(page, 'Renamed')).toContainText('High');
  await undo(page);
  await expectTasks(ada, [{ title: 'Renamed', priority: 'none' }]);
  await expect(rowOf(page, 'Renamed')).not.toContainText('High');
});

test('a change can be undone also if the event stream was faster than the response', async ({ newUser }) => {
  const ada = await newUser();
  await ada.call('POST', '', { title: 'One' });
  const page = await openTasks(ada);
  await page.route(
    '**/api/*/batch',
    async (route) => {
      const response = await route.fetch();
      // The response is late on purpose.
      await page.waitForTimeout(1_000);
      await route.fulfill({ response });
    },
    { times: 1 },
  );
  const isSent = page.waitForResponse(isBatch);
  await checkboxOf(page, 'One').click();
  await (await isSent).finished();
  await undo(page);
  await expectTasks(ada, [{ title: 'One', completed: false }]);
  await expect(titlesOf(page)).toHaveText(['One']);
});
