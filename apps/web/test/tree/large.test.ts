import { performance } from 'node:perf_hooks';
import { engine } from '@taskward/db/testing';
import { expect, test } from 'vitest';
import { ORIGIN, send, signUp, type TestUser, useApp } from '../harness';
import { execute, requestUndo, revisionOf } from '../journal/requests';
import { createList, deleteList, insertTasks, plant, treeProblems } from './requests';

/**
 * Lists and accounts with many tasks. `LARGE_LIST=10000` makes the list as large as one may be that is deleted at once, which
 * a busy machine does not undo in time. `SHOW_TIMES=1` prints how long it took.
 */

useApp();

const LIST_SIZE = Number(process.env.LARGE_LIST ?? 3_000);

const QUERY_TIMEOUT_MS = 10_000;

async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  const ms = Math.round(performance.now() - started);
  if (process.env.SHOW_TIMES) console.log(`${name}: ${ms} ms`);
  // The embedded database has no such timeout.
  if (engine !== 'pglite') expect(ms, name).toBeLessThan(QUERY_TIMEOUT_MS);
  return result;
}

const countOf = async ({ id }: TestUser, table = 'tasks') =>
  (await execute(`select count(*)::int as n from ${table} where user_id = '${id}'`))[0]?.n;

/** Fills a list with a tree: half at the top level, the rest on the levels below, none with more than 1,000 below it. */
async function fill(user: TestUser, list_id: string, count: number): Promise<void> {
  const parents = Math.ceil(count / 2 / 900);
  const outline = Object.fromEntries(Array.from({ length: parents }, (_, i) => [`top ${i}`, { [`below ${i}`]: {} }]));
  const ids: Record<string, string> = await plant(user, outline, { list_id });
  const each = Math.floor(count / 2 / parents);
  for (let i = 0; i < parents; i++) {
    await insertTasks(user, Math.floor(each / 2), { list_id, parent_id: ids[`top ${i}`] ?? null });
    await insertTasks(user, Math.ceil(each / 2), { list_id, parent_id: ids[`below ${i}`] ?? null });
  }
  await insertTasks(user, count - parents * (each + 2), { list_id });
  await execute('analyze tasks');
}

const snapshot = ({ id }: TestUser) =>
  execute(`select count(*)::int as tasks, md5(string_agg(concat_ws(' ', id, title, list_id, parent_id, position, created_at), '|' order by id))
    as content from tasks where user_id = '${id}'`);

test('a list of thousands of tasks is deleted at once, one undo restores all of them, and another one deletes them again', async () => {
  const user = await signUp();
  const list = await createList(user);
  await fill(user, list, LIST_SIZE);
  expect(await treeProblems(user)).toEqual([]);
  const before = await snapshot(user);
  const revision = await timed(`deleting a list of ${LIST_SIZE} tasks`, () => revisionOf(deleteList(user, list)));
  expect(await countOf(user)).toBe(0);
  const response = await timed('undoing it', () => requestUndo(user, revision));
  expect(response.status).toBe(200);
  expect(await snapshot(user)).toEqual(before);
  const { revision: undone } = await response.json();
  expect((await timed('undoing that', () => requestUndo(user, undone))).status).toBe(200);
  expect(await countOf(user)).toBe(0);
}, 120_000);

test('a list of more than 10,000 tasks is a 409 to delete, and keeps all of them', async () => {
  const user = await signUp();
  const list = await createList(user);
  await fill(user, list, 10_001);
  for (const query of ['', '?tasks=keep']) {
    const path = `/api/${user.id}/lists/${list}${query}`;
    const response = await timed(`refusing to delete 10,001 tasks${query}`, () =>
      send('DELETE', path, { token: user.token }),
    );
    expect([response.status, (await response.json()).type]).toEqual([409, '/problems/conflict']);
  }
  expect(await countOf(user)).toBe(10_001);
}, 120_000);

test('an account with 20,000 tasks in lists is deleted with all of them', async () => {
  const user = await signUp();
  for (let i = 0; i < 4; i++) await fill(user, await createList(user), 5_000);
  expect(await countOf(user)).toBe(20_000);
  const headers = { Cookie: user.cookie, Origin: ORIGIN };
  const response = await timed('deleting an account with 20,000 tasks', () =>
    send('POST', '/api/auth/delete-user', { headers, body: { password: user.password } }),
  );
  expect(response.status).toBe(200);
  for (const table of ['tasks', 'lists', 'changes', 'journals']) expect(await countOf(user, table), table).toBe(0);
}, 120_000);
