import type { Page } from '@playwright/test';
import { expect, test } from './fixtures';
import { editorOf, expectStored } from './task-page';

/** What was typed or done is never lost: not by a reload, a closed tab, an outage, or another tab. */

const rowOf = (page: Page, title: string) => page.locator('[data-row]').filter({ hasText: title });

async function add(page: Page, title: string): Promise<void> {
  await page.getByLabel('New task').fill(title);
  await page.getByLabel('New task').press('Enter');
  await expect(page.getByLabel('New task')).toHaveValue('');
}

test.describe('text in an editor', () => {
  const typed = 'A long note';
  const leave: Record<string, (page: Page) => Promise<unknown>> = {
    'Escape closes the editor': (page) => page.keyboard.press('Escape'),
    'a filter hides the task': async (page) => {
      await page.goto('/tasks?tag=other');
      await page.goBack();
    },
    'the page is reloaded': (page) => page.reload(),
    'the user goes to the account': async (page) => {
      await page.goto('/account');
      await page.goBack();
    },
    'the view is changed': async (page) => {
      await page.getByRole('link', { name: /^Today/ }).click();
      await page.goBack();
    },
  };
  for (const [how, act] of Object.entries(leave)) {
    test(`is there again after ${how}`, async ({ newUser }) => {
      const ada = await newUser();
      await ada.call('POST', '', { title: 'Trip' });
      const page = await ada.open();
      await page.getByRole('button', { name: 'Edit Trip' }).click();
      await editorOf(page).getByLabel('Description').fill(typed);
      await act(page);
      // The editor is still open, or the row says that it has changes.
      const hint = page.getByText('Unsaved changes');
      await expect(editorOf(page).or(hint)).toBeVisible();
      if (await hint.isVisible()) await page.getByRole('button', { name: 'Edit Trip' }).click();
      await expect(editorOf(page).getByLabel('Description')).toHaveValue(typed);
      await editorOf(page).getByRole('button', { name: 'Save' }).click();
      await expect.poll(async () => (await ada.call('GET')).body.data[0].description).toBe(typed);
    });
  }

  test('is offered again when the task was deleted elsewhere', async ({ newUser }) => {
    const ada = await newUser();
    const { body: task } = await ada.call('POST', '', { title: 'Trip' });
    const page = await ada.open();
    await page.getByRole('button', { name: 'Edit Trip' }).click();
    await editorOf(page).getByLabel('Description').fill(typed);
    await ada.call('DELETE', `/${task.id}`);
    await expect(page.getByText('You were editing “Trip”. The task was deleted on another device.')).toBeVisible();
    await expect(page.getByText(typed)).toBeVisible();
    await page.getByRole('button', { name: 'Add as a new task' }).click();
    await expect
      .poll(async () => (await ada.call('GET')).body.data)
      .toMatchObject([{ title: 'Trip', description: typed }]);
  });

  test('stays open when the task is completed elsewhere', async ({ newUser }) => {
    const ada = await newUser();
    const { body: task } = await ada.call('POST', '', { title: 'Trip' });
    const page = await ada.open();
    await page.getByRole('button', { name: 'Edit Trip' }).click();
    await editorOf(page).getByLabel('Description').fill(typed);
    await ada.call('PATCH', `/${task.id}/complete`);
    await expect(page.getByText('0 open tasks')).toBeVisible();
    await expect(editorOf(page).getByLabel('Description')).toHaveValue(typed);
    await editorOf(page).getByRole('button', { name: 'Save' }).click();
    await expect
      .poll(async () => (await ada.call('GET')).body.data)
      .toMatchObject([{ description: typed, completed: true }]);
  });

  test('half a title is there again after a reload', async ({ newUser }) => {
    const page = await (await newUser()).open();
    await page.getByLabel('New task').pressSequentially('Half a tit', { delay: 30 });
    await page.reload();
    await expect(page.getByLabel('New task')).toHaveValue('Half a tit');
  });
});

test.describe('deletes', () => {
  for (const how of ['the tab is closed', 'the page is reloaded', 'the user goes to another page']) {
    test(`three deletes are three deletes when ${how} at once`, async ({ newUser }) => {
      const ada = await newUser();
      for (const title of ['One', 'Two', 'Three', 'Four']) await ada.call('POST', '', { title });
      const page = await ada.open();
      for (const title of ['One', 'Two', 'Three']) {
        await page.locator('[data-row]').filter({ hasText: title }).getByRole('checkbox').focus();
        await page.keyboard.press('Delete');
      }
      if (how === 'the tab is closed') await page.close();
      else if (how === 'the page is reloaded') await page.reload();
      else await page.goto('/account');
      // What the closed page could not send any more, the next one does.
      await ada.open();
      await expect.poll(async () => (await ada.call('GET')).body.data.length).toBe(1);
    });
  }
});

test('a day offline, with two reloads and a closed tab, is on the server afterwards: all of it, once, in order', async ({
  newUser,
  pageErrors,
}) => {
  test.slow();
  pageErrors.expected.push(/ERR_INTERNET_DISCONNECTED/);
  const ada = await newUser();
  await ada.call('POST', '', { title: 'Old' });
  const first = await ada.open();
  await expect(rowOf(first, 'Old')).toBeVisible();
  await expectStored(first);
  await ada.context.setOffline(true);
  await add(first, 'Buy seeds tomorrow #garden');
  await first.reload();
  await expect(rowOf(first, 'Buy seeds')).toContainText('#garden');
  await add(first, 'Dig');
  await first.getByRole('checkbox', { name: 'Mark as done: Old' }).click();
  await first.close();

  const second = await ada.open();
  await expect(rowOf(second, 'Buy seeds')).toBeVisible();
  await expect(rowOf(second, 'Old')).toBeHidden();
  await second.getByRole('button', { name: 'Edit Dig' }).click();
  await editorOf(second).getByLabel('Description').fill('Deep');
  await editorOf(second).getByRole('button', { name: 'Save' }).click();
  await add(second, 'A mistake');
  await second.getByRole('button', { name: /more: A mistake/ }).click();
  await second.getByRole('button', { name: 'Delete' }).click();
  await second.reload();
  await expect(rowOf(second, 'Dig')).toContainText('Deep');
  await expect(second.getByText('You’re offline.')).toBeVisible();
  expect((await ada.call('GET')).body.data).toHaveLength(1);

  await ada.context.setOffline(false);
  await expect(second.getByText('You’re offline.')).toBeHidden({ timeout: 20_000 });
  await expect
    .poll(async () => (await ada.call('GET', '?sort=created_at')).body.data)
    .toMatchObject([
      { title: 'Old', completed: true },
      { title: 'Buy seeds', tags: ['garden'] },
      { title: 'Dig', description: 'Deep' },
    ]);
  await expect(second.getByText('Waiting to sync')).toBeHidden();
});

test('two tabs of a browser show the same within moments, and one of them sends for both', async ({ newUser }) => {
  const ada = await newUser();
  const [first, second] = [await ada.open(), await ada.open()];
  await expect(second.getByLabel('New task')).toBeEnabled();
  await add(second, 'From the second');
  await expect(rowOf(first, 'From the second')).toBeVisible({ timeout: 3_000 });
  await first.getByRole('checkbox', { name: 'Mark as done: From the second' }).click();
  await expect(rowOf(second, 'From the second')).toBeHidden({ timeout: 3_000 });
  // The other tab takes over.
  await first.close();
  await add(second, 'After that');
  await expect.poll(async () => (await ada.call('GET')).body.data.length).toBe(2);
  await ada.call('POST', '', { title: 'From a phone' });
  await expect(rowOf(second, 'From a phone')).toBeVisible({ timeout: 5_000 });
});

test('signing out in one tab closes all, and leaves nothing in the browser', async ({ newUser, pageErrors }) => {
  pageErrors.expected.push(/ERR_INTERNET_DISCONNECTED|503/);
  const ada = await newUser();
  const [first, second] = [await ada.open(), await ada.open()];
  await expectStored(second);
  await add(first, 'A secret');
  await expect(rowOf(second, 'A secret')).toBeVisible();
  await expect.poll(async () => (await ada.call('GET')).body.data.length).toBe(1);
  await first.getByRole('button', { name: 'Sign out' }).click();
  await expect(first).toHaveURL('/');
  await expect(second).toHaveURL('/');
  const left = await first.evaluate(async () => ({
    databases: (await indexedDB.databases()).map(({ name }) => name),
    caches: await caches.keys(),
    user: localStorage.getItem('taskward-user'),
  }));
  expect(left).toEqual({ databases: [], caches: [], user: null });
  await second.goto('/tasks');
  await expect(second.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await ada.context.setOffline(true);
  await second.goto('/tasks').catch(() => {});
  await expect(second.getByText('A secret')).toBeHidden();
});

test('signing out with changes that were not sent asks first', async ({ newUser }) => {
  const ada = await newUser();
  const page = await ada.open();
  await expectStored(page);
  await ada.context.setOffline(true);
  await add(page, 'Not sent yet');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('dialog', { name: 'Sign out without saving?' })).toContainText('One change');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await ada.context.setOffline(false);
  await expect.poll(async () => (await ada.call('GET')).body.data.length, { timeout: 20_000 }).toBe(1);
});
