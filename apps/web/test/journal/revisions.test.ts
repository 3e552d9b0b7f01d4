import { randomUUID } from 'node:crypto';
import type { Revision } from '@taskward/api-core';
import { beforeEach, expect, test } from 'vitest';
import { send, signUp, type TestUser, useApp } from '../harness';
import { createTask, sendAs, withQuery } from '../task-requests';
import { deleteTask, execute, getRevisions, newestRevision, revisionOf, sendBelow, undo } from './requests';

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

const patch = (id: string, body: object) => sendAs(user, 'PATCH', `/${id}`, body);

/** Every page, by `next_cursor`, with at most `limit` revisions each. */
async function walk(limit: number, parameters: Record<string, string> = {}): Promise<Revision[][]> {
  const pages: Revision[][] = [];
  let cursor: string | null = null;
  do {
    const page = await getRevisions(user, { ...parameters, limit: String(limit), ...(cursor && { cursor }) });
    pages.push(page.data);
    cursor = page.next_cursor;
  } while (cursor);
  return pages;
}

test('revisions lists each write that changed something, newest first, with the fields that a client can write', async () => {
  const { id } = await createTask(user, { title: 'A' });
  await patch(id, { title: 'Ü', status: 'done', tags: ['b', 'a'], description: 'Ö', due_date: '2026-03-01' });
  await patch(id, { title: 'Ü' });
  await patch(randomUUID(), { title: 'Ü' });
  await sendAs(user, 'PATCH', `/${id}`, { title: 'B' }, { 'If-Match': '"1"' });
  await deleteTask(user, id);
  await sendBelow(user, 'POST', `/trash/${id}/restore`);
  const { data, next_cursor } = await getRevisions(user);
  const entry = (op: string, version: number, diff: object | null = null) => [{ type: 'task', id, op, version, diff }];
  const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(data).toEqual([
    { revision: 4, at, via: 'session', entries: entry('restored', 3) },
    { revision: 3, at, via: 'session', entries: entry('deleted', 2) },
    {
      revision: 2,
      at,
      via: 'session',
      entries: entry('updated', 2, {
        title: { from: 'A', to: 'Ü' },
        description: { from: null, to: 'Ö' },
        status: { from: 'todo', to: 'done' },
        due_date: { from: null, to: '2026-03-01' },
        tags: { from: [], to: ['a', 'b'] },
      }),
    },
    { revision: 1, at, via: 'session', entries: entry('created', 1) },
  ]);
  expect(next_cursor).toBeNull();
  for (const { at } of data) expect(Math.abs(Date.now() - Date.parse(at))).toBeLessThan(600_000);
});

test('a walk through the pages of revisions returns each once, in order, whatever is changed meanwhile', async () => {
  const { id } = await createTask(user);
  for (let i = 1; i < 7; i++) await patch(id, { title: `T${i}` });
  expect((await walk(3)).map((page) => page.map(({ revision }) => revision))).toEqual([[7, 6, 5], [4, 3, 2], [1]]);
  expect((await walk(7)).map((page) => page.length)).toEqual([7]);
  const first = await getRevisions(user, { limit: '3' });
  await patch(id, { title: 'Since' });
  const next = await getRevisions(user, { limit: '3', cursor: first.next_cursor ?? '' });
  expect(next.data.map(({ revision }) => revision)).toEqual([4, 3, 2]);
});

test('the Link header of a page of revisions leads to the next one', async () => {
  const { id } = await createTask(user);
  await patch(id, { title: 'T' });
  const response = await sendBelow(user, 'GET', '/revisions?limit=1');
  const [, next = ''] = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('Link') ?? '') ?? [];
  const following = await send('GET', next, { token: user.token });
  expect((await following.json()).data).toMatchObject([{ revision: 1 }]);
  expect(following.headers.get('Link')).toBeNull();
  expect(following.headers.get('ETag')).toBeNull();
});

test('a revision of several entries is on one page, with all of them in order', async () => {
  const { id } = await createTask(user);
  const other = await createTask(user);
  for (let i = 0; i < 4; i++) await patch([id, other.id][i % 2] ?? '', { title: `T${i}` });
  await patch(id, { title: 'Last' });
  await execute(`update changes set revision = 3, at = (select at from changes where user_id = '${user.id}' and seq = 3)
    where user_id = '${user.id}' and seq in (4, 5, 6)`);
  for (const limit of [1, 2, 3, 4, 50]) {
    const all = (await walk(limit)).flat();
    expect(all.map(({ revision, entries }) => [revision, entries.length])).toEqual([
      [7, 1],
      [3, 4],
      [2, 1],
      [1, 1],
    ]);
    expect(all[1]?.entries.map(({ diff }) => diff?.title?.to)).toEqual(['T0', 'T1', 'T2', 'T3']);
    const ofOne = (await walk(limit, { task: id })).flat();
    expect(ofOne.map(({ revision, entries }) => [revision, entries.map(({ diff }) => diff?.title?.to)])).toEqual([
      [7, ['Last']],
      [3, ['T0', 'T2']],
      [1, [undefined]],
    ]);
  }
});

test('revisions of one task are those that changed it, and none for an id that is not the user’s', async () => {
  const [a, b] = [await createTask(user), await createTask(user)];
  const other = await createTask(await signUp());
  await patch(a.id, { title: 'A' });
  await patch(b.id, { title: 'B' });
  await deleteTask(user, a.id);
  const revisionsOf = async (task: string) => (await getRevisions(user, { task })).data.map(({ revision }) => revision);
  expect(await revisionsOf(a.id)).toEqual([5, 3, 1]);
  expect(await revisionsOf(a.id.toUpperCase())).toEqual([5, 3, 1]);
  expect(await revisionsOf(b.id)).toEqual([4, 2]);
  for (const id of [other.id, randomUUID(), '00000000-0000-0000-0000-000000000000']) {
    expect(await revisionsOf(id)).toEqual([]);
  }
  expect((await walk(2, { task: a.id })).map((page) => page.length)).toEqual([2, 1]);
});

test('a cursor of revisions belongs to its user and its task', async () => {
  const { id } = await createTask(user);
  await patch(id, { title: 'T' });
  const bob = await signUp();
  const cursor = (await getRevisions(user, { limit: '1' })).next_cursor ?? '';
  const ofTask = (await getRevisions(user, { limit: '1', task: id })).next_cursor ?? '';
  const refused = [
    sendBelow(bob, 'GET', withQuery('/revisions', { cursor })),
    sendBelow(user, 'GET', withQuery('/revisions', { cursor, task: id })),
    sendBelow(user, 'GET', withQuery('/revisions', { cursor: ofTask })),
    sendBelow(user, 'GET', withQuery('/revisions', { cursor: ofTask, task: randomUUID() })),
    sendBelow(user, 'GET', withQuery('/revisions', { cursor: `${cursor}x` })),
    sendBelow(user, 'GET', withQuery('/trash', { cursor })),
  ];
  for (const response of await Promise.all(refused)) expect(response.status).toBe(422);
});

test('revisions do not show what is older than 30 days, nor the first entry of a migrated user', async () => {
  const { id } = await createTask(user);
  for (const title of ['A', 'B', 'C']) await patch(id, { title });
  await execute(`update changes set kind = 'start', operation = 'started' where user_id = '${user.id}' and seq = 1`);
  const age = (seq: number, days: string) =>
    execute(`update changes set at = now() - interval '${days}' where user_id = '${user.id}' and seq = ${seq}`);
  await age(2, '30 days');
  await age(3, '29 days 23 hours 59 minutes');
  for (const parameters of [{}, { task: id }]) {
    expect((await walk(2, parameters)).flat().map(({ revision }) => revision)).toEqual([4, 3]);
  }
  await execute(`delete from changes where user_id = '${user.id}' and seq < 3`);
  expect((await walk(1)).flat().map(({ revision }) => revision)).toEqual([4, 3]);
});

test('a revision that lost its first entry is not shown', async () => {
  const { id } = await createTask(user);
  for (const title of ['A', 'B', 'C']) await patch(id, { title });
  await execute(`update changes set revision = 2 where user_id = '${user.id}' and seq = 3`);
  await execute(`delete from changes where user_id = '${user.id}' and seq <= 2`);
  expect((await walk(50)).flat().map(({ revision }) => revision)).toEqual([4]);
});

test('a page of revisions ends with the one that passes 1 MiB', async () => {
  const { id } = await createTask(user);
  const bytes = 40_000;
  for (let i = 0; i < 20; i++) await patch(id, { description: String.fromCodePoint(0x1f400 + i).repeat(bytes / 4) });
  const pages = await walk(100);
  expect(pages.flat().map(({ revision }) => revision)).toEqual(Array.from({ length: 21 }, (_, i) => 21 - i));
  // Each holds two descriptions, but for the first change.
  expect(pages.map((page) => page.length)).toEqual([14, 7]);
  const [first = []] = pages;
  const size = (page: unknown) => Buffer.byteLength(JSON.stringify(page));
  expect(size(first)).toBeGreaterThan(2 ** 20);
  expect(size(first.slice(0, -1))).toBeLessThan(2 ** 20);
  expect((await walk(14)).map((page) => page.length)).toEqual([14, 7]);
  expect((await walk(3)).map((page) => page.length)).toEqual([3, 3, 3, 3, 3, 3, 3]);
});

test('an undo is a revision that says what it did', async () => {
  const { id } = await createTask(user, { title: 'A' });
  await undo(user, await revisionOf(sendAs(user, 'PATCH', `/${id}/complete`)));
  const { entries } = await newestRevision(user);
  expect(entries).toEqual([
    { type: 'task', id, op: 'updated', version: 3, diff: { status: { from: 'done', to: 'todo' } } },
  ]);
});

test.each(['0', '101', '1.5', 'x', ''])('revisions refuse the limit %j', async (limit) => {
  for (const path of ['/revisions', '/trash']) {
    expect((await sendBelow(user, 'GET', withQuery(path, { limit }))).status).toBe(422);
  }
});

test.each(['x', '', '0198c0de-0000-7000-8000-00000000000'])('revisions refuse the task %j', async (task) => {
  expect((await sendBelow(user, 'GET', withQuery('/revisions', { task }))).status).toBe(422);
});
