import { randomUUID } from 'node:crypto';
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures';

/** The main user journeys: on the embedded database, and once more on PostgreSQL. */

const taskOf = (page: Page, title: string) => page.getByRole('listitem').filter({ hasText: title });

const editorOf = (page: Page) => page.getByRole('form', { name: /^Edit / });

async function add(page: Page, title: string): Promise<void> {
  await page.getByLabel('New task').fill(title);
  await page.getByLabel('New task').press('Enter');
  await expect(taskOf(page, title)).toBeVisible();
}

/** Does the same, and waits until the API has stored it. */
async function addAndSend(page: Page, title: string): Promise<void> {
  await add(page, title);
  await expect(taskOf(page, title).getByRole('checkbox')).toBeEnabled();
}

test('a user signs up, works with a task, signs out and in again, and finds the task unchanged', async ({
  newContext,
}) => {
  const page = await (await newContext()).newPage();
  const [email, password] = [`${randomUUID()}@example.com`, 'correct horse battery'];
  await page.goto('/');
  await page.getByRole('link', { name: 'Create an account' }).click();
  await page.getByLabel('Name').fill('Grace Hopper');
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Create the account' }).click();
  await expect(page.getByText('Nothing to do yet')).toBeVisible();

  await add(page, 'Buy mlk');
  await page.getByRole('button', { name: 'Edit Buy mlk' }).click();
  await editorOf(page).getByLabel('Title').fill('Buy milk');
  await editorOf(page).getByLabel('Description').fill('Two litres,\nnot skimmed.');
  await editorOf(page).getByLabel('Status').selectOption('In progress');
  await editorOf(page).getByLabel('Priority').selectOption('High');
  await editorOf(page).getByLabel('Due').fill('2031-05-04');
  await editorOf(page).getByLabel('Tags').fill('Shop, home, shop');
  await page.getByRole('button', { name: 'Save' }).click();
  const milk = taskOf(page, 'Buy milk');
  for (const fact of ['Two litres', 'In progress', 'High priority', 'Due Sun, 4 May 2031', '#home', '#shop']) {
    await expect(milk).toContainText(fact);
  }
  await milk.getByRole('checkbox').check();

  await add(page, 'A mistake');
  await page.getByRole('button', { name: 'Delete A mistake' }).click();
  await expect(taskOf(page, 'A mistake')).toBeHidden();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(taskOf(page, 'A mistake')).toBeVisible();
  await page.getByRole('button', { name: 'Delete A mistake' }).click();
  const isDeleted = page.waitForResponse((response) => response.request().method() === 'DELETE');
  await page.getByRole('button', { name: 'Close' }).click();
  expect((await isDeleted).status()).toBe(204);

  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL('/');
  await page.goto('/tasks');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('1 task, 1 done')).toBeVisible();
  await expect(milk.getByRole('checkbox')).toBeChecked();
  await page.getByRole('button', { name: 'Edit Buy milk' }).click();
  await expect(editorOf(page).getByLabel('Description')).toHaveValue('Two litres,\nnot skimmed.');
  await expect(editorOf(page).getByLabel('Due')).toHaveValue('2031-05-04');
  await expect(editorOf(page).getByLabel('Tags')).toHaveValue('home, shop');
});

test("two users see nothing of each other's tasks, by URL or API", async ({ newUser, pageErrors }) => {
  pageErrors.expected.push(/404 .*\/tasks\//);
  const [ada, bob] = [await newUser(), await newUser()];
  const { body: secret } = await ada.call('POST', '', { title: 'A secret of Ada' });
  const page = await bob.open(`/tasks?q=secret`);
  await expect(page.getByText('No task matches')).toBeVisible();
  await page.goto(`/tasks/${secret.id}`);
  await expect(page.getByText('There is no such page')).toBeVisible();

  expect((await bob.call('GET', `/${secret.id}`)).status).toBe(404);
  expect((await bob.call('GET', `/api/${ada.id}/tasks`)).status).toBe(403);
  expect((await bob.call('DELETE', `/api/${ada.id}/tasks/${secret.id}`)).status).toBe(403);
  expect((await bob.context.request.get(`/api/${ada.id}/tasks`)).status()).toBe(401);
  expect((await ada.call('GET', `/${secret.id}`)).body).toEqual(secret);
});

test('two tabs that edit the same version overwrite nothing until the user chooses', async ({
  newUser,
  pageErrors,
}) => {
  pageErrors.expected.push(/412/);
  const ada = await newUser();
  const { body: task } = await ada.call('POST', '', { title: 'Draft' });
  const [first, second] = [await ada.open(), await ada.open()];
  const rename = async (page: Page, from: string, to: string) => {
    await page.getByRole('button', { name: `Edit ${from}` }).click();
    await editorOf(page).getByLabel('Title').fill(to);
    await editorOf(page).getByLabel('Title').press('Enter');
  };

  // The second tab has the editor open while the first one saves.
  await second.getByRole('button', { name: 'Edit Draft' }).click();
  await rename(first, 'Draft', 'From the first tab');
  await expect.poll(async () => (await ada.call('GET', `/${task.id}`)).body.version).toBe(2);
  await editorOf(second).getByLabel('Title').fill('From the second tab');
  await editorOf(second).getByLabel('Priority').selectOption('High');
  await second.getByRole('button', { name: 'Save' }).click();
  const dialog = second.getByRole('dialog', { name: 'This task was changed elsewhere' });
  await expect(dialog.getByRole('row', { name: 'Title' })).toHaveText('TitleFrom the second tabFrom the first tab');
  await expect(dialog.getByRole('row', { name: 'Priority' })).toHaveText('PriorityHighNo priority');
  expect((await ada.call('GET', `/${task.id}`)).body).toMatchObject({ title: 'From the first tab', priority: 'none' });
  await dialog.getByRole('button', { name: 'Save mine' }).click();
  await expect(taskOf(second, 'From the second tab')).toContainText('High priority');
  await expect.poll(async () => (await ada.call('GET', `/${task.id}`)).body.title).toBe('From the second tab');

  // The first tab still edits its own version; this time it discards its changes.
  await first.getByRole('button', { name: 'Delete From the first tab' }).click();
  await first.getByRole('button', { name: 'Close' }).click();
  await first.getByRole('button', { name: 'Keep the task' }).click();
  await expect(taskOf(first, 'From the second tab')).toBeVisible();
  expect((await ada.call('GET', `/${task.id}`)).body).toMatchObject({ title: 'From the second tab', version: 3 });
});

test('a token that is refused during a session is renewed without the user noticing', async ({
  newUser,
  pageErrors,
}) => {
  pageErrors.expected.push(/401/);
  const ada = await newUser();
  const page = await ada.open();
  await addAndSend(page, 'Before');
  // The server refuses it because the token is no longer valid.
  await page.route(
    '**/api/*/tasks',
    (route) => {
      const { authorization = '' } = route.request().headers();
      return route.continue({ headers: { ...route.request().headers(), authorization: authorization.slice(0, -9) } });
    },
    { times: 1 },
  );
  const statuses: number[] = [];
  page.on('response', (response) => response.url().endsWith('/tasks') && statuses.push(response.status()));
  await add(page, 'After');
  await expect.poll(() => statuses).toEqual([401, 201]);
  await expect(page.getByRole('dialog')).toBeHidden();
});

test('a token is renewed before it expires', async ({ newUser }) => {
  const ada = await newUser();
  const page = await ada.context.newPage();
  await page.clock.install();
  await page.goto('/tasks');
  await expect(page.getByText('Nothing to do yet')).toBeVisible();
  let renewals = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/api/auth/token')) renewals += 1;
  });
  await addAndSend(page, 'One');
  await page.clock.fastForward('13:00');
  await addAndSend(page, 'Two');
  expect(renewals).toBe(0);
  await page.clock.fastForward('01:30');
  await addAndSend(page, 'Three');
  expect(renewals).toBe(1);
});

test('a session ended elsewhere leads to sign-in and back, and loses no input', async ({ newUser, pageErrors }) => {
  pageErrors.expected.push(/401 .*\/api\/auth\/token/);
  const ada = await newUser();
  const page = await ada.context.newPage();
  await page.clock.install();
  await page.goto('/tasks?sort=title');
  await add(page, 'Before');
  const endAllSessions = async () => {
    const response = await ada.context.request.post('/api/auth/revoke-sessions', {
      data: {},
      headers: { Origin: ada.origin },
    });
    expect(response.status()).toBe(200);
  };
  await endAllSessions();

  // In the open page, after its token has expired: the change is pending.
  await page.clock.fastForward('15:00');
  await add(page, 'Meanwhile');
  const dialog = page.getByRole('dialog', { name: 'Sign in again' });
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await expect(dialog.getByLabel('Password')).toBeFocused();
  await dialog.getByLabel('Password').fill('not the password');
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  pageErrors.expected.push(/401 .*\/sign-in\/email/);
  await expect(dialog.getByRole('alert')).toHaveText('Invalid email or password');
  await dialog.getByLabel('Password').fill(ada.password);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await expect(dialog).toBeHidden();
  await page.reload();
  await expect(taskOf(page, 'Meanwhile')).toBeVisible();

  // On opening a page: back to the very same view.
  await endAllSessions();
  await page.reload();
  await page.getByLabel('Email').fill(ada.email);
  await page.getByLabel('Password').fill(ada.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL('/tasks?sort=title');
  await expect(page.getByText('2 tasks')).toBeVisible();
});

test('changes made while the server is down are shown as pending, and sent once when it is back', async ({
  newUser,
  server,
  pageErrors,
}) => {
  pageErrors.expected.push(/ERR_CONNECTION_REFUSED/);
  const ada = await newUser();
  const { body: task } = await ada.call('POST', '', { title: 'Existing' });
  const page = await ada.open();
  await expect(taskOf(page, 'Existing')).toBeVisible();
  const keys: (string | undefined)[] = [];
  page.on('request', (request) => request.method() === 'POST' && keys.push(request.headers()['idempotency-key']));

  await server.stop();
  await add(page, 'Written during the outage');
  await expect(page.getByText('The server cannot be reached.')).toBeVisible();
  await taskOf(page, 'Existing').getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Edit Existing' }).click();
  await editorOf(page).getByLabel('Title').fill('Existing, and renamed');
  await editorOf(page).getByLabel('Title').press('Enter');
  await expect(page.getByText('3 changes are kept')).toBeVisible();
  await expect(taskOf(page, 'Existing, and renamed')).toContainText('Not sent yet');

  await page.getByRole('button', { name: 'Try now' }).click();
  await expect(page.getByText('The server cannot be reached.')).toBeVisible();

  await server.start();
  await expect(page.getByText('The server cannot be reached.')).toBeHidden({ timeout: 20_000 });
  const arrived = [
    { title: 'Written during the outage', version: 1 },
    { id: task.id, title: 'Existing, and renamed', status: 'done', version: 3 },
  ];
  await expect(async () => expect((await ada.call('GET')).body.data).toMatchObject(arrived)).toPass({ timeout: 7_000 });
  expect(keys.length).toBeGreaterThan(1);
  expect(new Set(keys).size).toBe(1);
});

test('a request whose response is lost is retried, and has its effect once', async ({ newUser, pageErrors }) => {
  pageErrors.expected.push(/ERR_FAILED|ERR_CONNECTION/);
  const ada = await newUser();
  const page = await ada.open();
  await expect(page.getByText('Nothing to do yet')).toBeVisible();
  await page.route(
    '**/api/*/tasks',
    async (route) => {
      await route.fetch();
      await route.abort();
    },
    { times: 1 },
  );
  await add(page, 'Once');
  await expect(taskOf(page, 'Once').getByRole('checkbox')).toBeEnabled();
  expect((await ada.call('GET')).body.data).toMatchObject([{ title: 'Once', version: 1 }]);
});
