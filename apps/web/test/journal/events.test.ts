import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, defineStatement, openDriver } from '@taskward/db';
import { engine } from '@taskward/db/testing';
import { beforeEach, expect, test, vi } from 'vitest';
import { getApp } from '../../server/app';
import { fetchFromApp, isDeployed, ORIGIN, send, signUp, type TestUser, useApp } from '../harness';
import { createTask, sendAs } from '../task-requests';
import { getChanges } from './copy';
import { openEvents } from './events';

useApp();

/** A busy machine needs some time to notice that a connection was closed. */
const SOON = { timeout: 10_000 };

let user: TestUser;

beforeEach(async () => {
  user = await signUp();
});

const pathOf = ({ id }: TestUser) => `/api/${id}/events`;
const receive = (headers: Record<string, string> = {}, query = '') =>
  send('GET', pathOf(user) + query, { token: user.token, headers });

test('an event stream sends the position, and then each change as it is made', async () => {
  const { token } = await getChanges(user);
  const response = await receive();
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  });
  const data = JSON.stringify({ changes: [], token, has_more: false, reset: false });
  expect(await response.text()).toBe(`retry: 3000\n\nid: ${token}\nevent: changes\ndata: ${data}\n\n`);

  const events = await openEvents(user);
  const task = await createTask(user);
  expect(await events.next()).toMatchObject({ changes: [{ type: 'task', id: task.id, task }], has_more: false });
  await sendAs(user, 'DELETE', `/${task.id}`);
  expect(await events.next()).toMatchObject({ changes: [{ id: task.id, task: null }] });
  await events.close();
});

test('an event stream begins with what was missed, after since or, first of all, Last-Event-ID', async () => {
  const { token } = await getChanges(user);
  const first = await createTask(user);
  const { token: later } = await getChanges(user, { since: token });
  const second = await createTask(user);
  const idsIn = async (response: Promise<Response>) =>
    [...(await (await response).text()).matchAll(/"type":"task","id":"([^"]+)"/g)].map(([, id]) => id);
  expect(await idsIn(receive({}, `?since=${token}`))).toEqual([first.id, second.id]);
  expect(await idsIn(receive({ 'Last-Event-ID': token }))).toEqual([first.id, second.id]);
  expect(await idsIn(receive({ 'Last-Event-ID': later }, `?since=${token}`))).toEqual([second.id]);
});

test('an event stream after the newest token sends nothing until something changes', async () => {
  const { token } = await getChanges(user);
  const events = await openEvents(user, token);
  let isEarly = true;
  const next = events.next().then((page) => ({ page, isEarly }));
  await sleep(200);
  isEarly = false;
  const task = await createTask(user);
  expect(await next).toMatchObject({ page: { changes: [{ id: task.id }] }, isEarly: false });
  await events.close();
});

test('an event stream sends as many events as a long way to the present needs', async () => {
  const { token } = await getChanges(user);
  // Three of them are longer than one page may be.
  const description = '😀'.repeat(10_000);
  for (let i = 0; i < 60; i++) await createTask(user, { title: 'Long', description });
  const events = await openEvents(user, token);
  const pages = [await events.next(), await events.next(), await events.next()];
  await events.close();
  expect(pages.map((page) => page?.has_more)).toEqual([true, true, false]);
  expect(pages.flatMap((page) => page?.changes)).toHaveLength(60);
});

test.each([
  ['a token that is not valid any more', '?since=9.a1', {}, 410],
  ['the same in Last-Event-ID', '', { 'Last-Event-ID': '9.a1' }, 410],
  ['a malformed token', '?since=x', {}, 422],
  ['the same in Last-Event-ID', '', { 'Last-Event-ID': 'x' }, 422],
  ['an unknown parameter', '?limit=1', {}, 422],
])('an event stream is refused before it begins: %s', async (_, query, headers, status) => {
  const response = await receive(headers, query);
  expect([response.status, response.headers.get('Content-Type')]).toEqual([status, 'application/problem+json']);
});

test('HEAD returns the headers of an event stream, and opens none', async () => {
  const response = await send('HEAD', pathOf(user), { token: user.token });
  expect([response.status, response.headers.get('Content-Type')]).toEqual([200, 'text/event-stream']);
  expect(await response.text()).toBe('');
  if (!isDeployed) expect((await getApp()).streams.count).toBe(0);
});

test('the eleventh event stream of a user is a 429, until one of the others is closed', async () => {
  const open = await Promise.all(Array.from({ length: 10 }, () => openEvents(user)));
  const refused = await receive();
  expect([refused.status, refused.headers.get('Retry-After')]).toEqual([429, '10']);
  // Another user is not affected, and nor are other requests.
  await (await openEvents(await signUp())).close();
  expect((await sendAs(user, 'GET', '')).status).toBe(200);
  await open[0]?.close();
  await vi.waitFor(async () => expect((await receive()).status).toBe(200), SOON);
  for (const events of open) await events.close();
});

test('a change of another user neither appears in an event stream nor wakes it', async () => {
  const other = await signUp();
  const events = await openEvents(user);
  await createTask(other, { title: 'Secret' });
  const reads = isDeployed ? undefined : vi.spyOn((await getApp()).db, 'asUser');
  await createTask(other, { title: 'Secret' });
  if (reads) expect(reads.mock.calls.map(([id]) => id)).not.toContain(user.id);
  reads?.mockRestore();
  const own = await createTask(user);
  expect(await events.next()).toMatchObject({ changes: [{ id: own.id }] });
  await events.close();
});

test.skipIf(engine === 'pglite')('a change made through another process arrives', async () => {
  const task = await createTask(user);
  const events = await openEvents(user);
  const driver = await openDriver(process.env.DATABASE_URL ?? '', { neonEndpoint: process.env.NEON_ENDPOINT });
  const touch = defineStatement<unknown, { id: string }>(`
    with journal as (
      update journals set seq = seq + 1, at = at + interval '1 second' where user_id = :userId returning seq, at
    ) insert into changes (user_id, seq, revision, at, kind, id, operation, version)
    select :userId, seq, seq, at, 'task', :id::uuid, 'updated', 1 from journal`);
  await createDatabase(driver).asUser(user.id, [touch(task)]);
  expect(await events.next()).toMatchObject({ changes: [{ id: task.id, task }] });
  await events.close();
  await driver.close();
});

test('an event stream ends when the account is deleted', async () => {
  const events = await openEvents(user);
  const body = { password: user.password };
  const deleted = await send('POST', '/api/auth/delete-user', {
    headers: { Cookie: user.cookie, Origin: ORIGIN },
    body,
  });
  expect(deleted.status).toBe(200);
  expect(await events.next()).toBeUndefined();
});

test.skipIf(isDeployed)('a thousand event streams that were opened and dropped leave nothing behind', async () => {
  const { streams } = await getApp();
  for (let i = 0; i < 1_000; i++) {
    const controller = new AbortController();
    const headers = { Authorization: `Bearer ${user.token}` };
    const response = await fetchFromApp(pathOf(user), { headers, signal: controller.signal });
    expect(response.status).toBe(200);
    await response.body?.cancel();
  }
  await vi.waitFor(() => expect(streams.count).toBe(0), SOON);
});
