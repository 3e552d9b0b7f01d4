import type { Page } from '@playwright/test';
import { expect, type SignedUpUser, test } from './fixtures';
import {
  add,
  checkboxOf,
  edit,
  editorOf,
  expectStored,
  expectTasks,
  isBatch,
  newTaskOf,
  openTasks,
  rename,
  rowOf,
  signIn,
  titlesOf,
} from './task-page';

/** Journeys across the end of a token, of a session, of the server, and of a connection: on both databases, too. */

/** The server refuses the token of the next change, as if it were no longer valid. */
async function refuseNextToken(page: Page): Promise<void> {
  await page.route(
    '**/api/*/batch',
    (route) => {
      const { authorization = '' } = route.request().headers();
      return route.continue({ headers: { ...route.request().headers(), authorization: authorization.slice(0, -9) } });
    },
    { times: 1 },
  );
}

test('a token that is refused during a session is renewed without the user noticing', async ({
  newUser,
  pageErrors,
}) => {
  pageErrors.expected.push(/401/);
  const ada = await newUser();
  const page = await openTasks(ada);
  const isSent = page.waitForResponse(isBatch);
  await add(page, 'Before');
  await (await isSent).finished();
  await refuseNextToken(page);
  const statuses: number[] = [];
  page.on('response', (response) => isBatch(response) && statuses.push(response.status()));
  await add(page, 'After');
  await expect.poll(() => statuses).toEqual([401, 200]);
  await expect(page.getByRole('dialog')).toBeHidden();
  await expectTasks(ada, [{ title: 'Before' }, { title: 'After', version: 1 }]);
});

test('a token is renewed before it expires', async ({ newUser }) => {
  const ada = await newUser();
  const page = await ada.context.newPage();
  await page.clock.install();
  await page.goto('/tasks');
  const addAndSend = async (title: string) => {
    const isSent = page.waitForResponse(isBatch);
    await add(page, title);
    expect((await isSent).status()).toBe(200);
  };
  await addAndSend('One');
  let renewals = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/api/auth/token')) renewals += 1;
  });
  await page.clock.fastForward('13:00');
  await addAndSend('Two');
  expect(renewals).toBe(0);
  await page.clock.fastForward('01:30');
  await addAndSend('Three');
  expect(renewals).toBe(1);
});

async function endAllSessions(user: SignedUpUser): Promise<void> {
  const init = { data: {}, headers: { Origin: user.origin } };
  expect((await user.context.request.post('/api/auth/revoke-sessions', init)).status()).toBe(200);
}

test('a session ended elsewhere leads to sign-in and back, and loses no input', async ({
  newUser,
  newContext,
  pageErrors,
}) => {
  pageErrors.expected.push(/401 .*\/batch/, /401 .*\/api\/auth\/token/, /401 .*\/sign-in\/email/);
  const ada = await newUser();
  for (const title of ['One', 'Two']) await ada.call('POST', '', { title });
  const page = await openTasks(ada, '?sort=title');
  await newTaskOf(page).fill('Not added yet');
  await edit(page, 'One');
  await editorOf(page).getByLabel('Description').fill('Half a sent');
  await endAllSessions(ada);

  await refuseNextToken(page);
  await checkboxOf(page, 'Two').click();
  const dialog = page.getByRole('dialog', { name: 'Sign in again' });
  await expect(dialog.getByLabel('Email')).toHaveValue(ada.email);
  for (let press = 0; press < 3; press++) await page.keyboard.press('Escape');
  await signIn(page, { email: ada.email, password: 'not the password' });
  await expect(dialog.getByRole('alert')).toHaveText('Wrong email or password.');
  await signIn(page, ada);
  await expect(dialog).toBeHidden();
  await expectTasks(ada, [
    { title: 'One', version: 1 },
    { title: 'Two', completed: true, version: 2 },
  ]);
  await expect(newTaskOf(page)).toHaveValue('Not added yet');
  await expect(editorOf(page).getByLabel('Description')).toHaveValue('Half a sent');
  await expect(page).toHaveURL('/tasks?sort=title');

  // A browser without a session goes back to the very same view.
  const another = await (await newContext()).newPage();
  await another.goto('/tasks?sort=title');
  await signIn(another, ada);
  await expect(another).toHaveURL('/tasks?sort=title');
  await expect(titlesOf(another)).toHaveText(['One']);
});

test('changes made while the server is down wait, and are sent once and in order when it is back', async ({
  newUser,
  server,
  pageErrors,
}) => {
  pageErrors.expected.push(/ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING)/);
  const ada = await newUser();
  const { body: task } = await ada.call('POST', '', { title: 'Existing' });
  const page = await openTasks(ada);
  const keys: string[] = [];
  page.on('request', (request) => isBatch(request) && keys.push(request.headers()['idempotency-key'] ?? ''));
  const banner = page.getByText('You’re offline.');

  await expectStored(page);
  await server.stop();
  await add(page, 'Written during the outage');
  await expect(banner).toBeVisible();
  await rename(page, 'Existing', 'Existing, and renamed');
  for (const title of ['Written during the outage', 'Existing, and renamed'])
    await expect(rowOf(page, title)).toContainText('Waiting to sync');
  await checkboxOf(page, 'Existing, and renamed').click();
  await expect(page.getByText('3 changes waiting to sync')).toBeVisible();
  await page.getByRole('button', { name: 'Retry' }).click();
  await expect(banner).toBeVisible();

  await server.start();
  await expect(banner).toBeHidden({ timeout: 20_000 });
  await expectTasks(ada, [
    { id: task.id, title: 'Existing, and renamed', completed: true, version: 3 },
    { title: 'Written during the outage', version: 1 },
  ]);
  await expect(rowOf(page, 'Written during the outage')).not.toContainText('Waiting to sync');
  // The first one was tried before as well.
  expect(new Set(keys).size).toBe(3);
});

test('a request whose response is lost is retried, and has its effect once', async ({ newUser, pageErrors }) => {
  pageErrors.expected.push(/ERR_FAILED|ERR_CONNECTION/);
  const ada = await newUser();
  const page = await openTasks(ada);
  const keys: string[] = [];
  await page.route('**/api/*/batch', async (route) => {
    keys.push(route.request().headers()['idempotency-key'] ?? '');
    if (keys.length > 1) return route.continue();
    await route.fetch();
    await route.abort();
  });
  await add(page, 'Once');
  await expect.poll(() => keys.length).toBe(2);
  expect(keys[1]).toBe(keys[0]);
  await expect(page.getByText('You’re offline.')).toBeHidden();
  await expect(titlesOf(page)).toHaveText(['Once']);
  await expectTasks(ada, [{ title: 'Once', version: 1 }]);
});

test('changes that the server cannot take now wait, and are sent once when it can', async ({ newUser, pageErrors }) => {
  pageErrors.expected.push(/503 .*\/batch/);
  const ada = await newUser();
  const page = await openTasks(ada);
  const json = { type: '/problems/unavailable', title: 'Service unavailable', status: 503 };
  const refuse = { status: 503, contentType: 'application/problem+json', headers: { 'Retry-After': '1' }, json };
  const busy = '**/api/{health/ready,*/batch}';
  await page.route(busy, (route) => route.fulfill(refuse));
  await add(page, 'One');
  await expect(page.getByText('We can’t save right now.')).toBeVisible();
  await add(page, 'Two');
  await expect(rowOf(page, 'Two')).toContainText('Waiting to sync');
  await page.unroute(busy);
  await expect(page.getByText('We can’t save right now.')).toBeHidden({ timeout: 20_000 });
  await expectTasks(ada, [
    { title: 'One', version: 1 },
    { title: 'Two', version: 1 },
  ]);
});
