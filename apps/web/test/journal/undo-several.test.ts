import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { createTask, getPage, getTask, sendAs } from '../task-requests';
import {
  conflictsOf,
  contentsOf,
  deleteTask,
  execute,
  full,
  newestRevision,
  requestUndo,
  revisionOf,
  sendBelow,
  undo,
} from './requests';

/** Undo of revisions of several entries, which are made of those of several requests. */

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

const patch = (id: string, body: object) => sendAs(user, 'PATCH', `/${id}`, body);
const put = (id: string, body: object) => sendAs(user, 'PUT', `/${id}`, body);
const complete = (id: string, body?: object) => sendAs(user, 'PATCH', `/${id}/complete`, body);

/** Makes one revision of those that the writes have made, as if they were one. */
async function mergeRevisions(...revisions: number[]): Promise<number> {
  const [first = 0] = revisions;
  await execute(`update changes c set revision = ${first}, at = (
      select at from changes where user_id = c.user_id and seq = ${first}
    ) where user_id = '${user.id}' and seq in (${revisions})`);
  return first;
}
const merge = async (...writes: (() => Promise<Response>)[]): Promise<number> => {
  const revisions: number[] = [];
  for (const write of writes) revisions.push(await revisionOf(write()));
  return mergeRevisions(...revisions);
};

test('a revision of several entries is undone as a whole, and undo of that is redo', async () => {
  const [a, b, c] = [await createTask(user, full), await createTask(user), await createTask(user, full)];
  const before = await contentsOf(user);
  const revision = await merge(
    () => patch(a.id, { title: 'A', tags: ['x'] }),
    () => deleteTask(user, b.id),
    () => put(randomUUID(), full),
    () => complete(c.id),
  );
  const after = await contentsOf(user);
  const undone = await undo(user, revision);
  expect(await contentsOf(user)).toEqual(before);
  const { entries } = await newestRevision(user);
  expect(entries.map(({ op }) => op)).toEqual(['updated', 'restored', 'deleted', 'updated']);
  expect(entries.map(({ id }) => id)).toMatchObject([a.id, b.id, {}, c.id]);
  await undo(user, undone);
  expect(await contentsOf(user)).toEqual(after);
  const [{ tasks } = {}] = await execute(`select tasks from journals where user_id = '${user.id}'`);
  expect(tasks).toBe(3);
});

test('a revision of several entries counts as a whole for each task: what was changed twice in it is set back to what it was before', async () => {
  const [a, b, c] = [await createTask(user, full), await createTask(user, full), await createTask(user, full)];
  const before = await contentsOf(user);
  const ids = [randomUUID(), randomUUID()] as const;
  const revision = await merge(
    () => patch(a.id, { title: 'A', priority: 'low', tags: ['x'] }),
    () => patch(a.id, { title: 'AA', priority: 'high', description: 'AA' }),
    () => patch(b.id, { title: 'B', description: null }),
    () => deleteTask(user, b.id),
    () => put(ids[0], full),
    () => patch(ids[0], { title: 'New' }),
    () => put(ids[1], full),
    () => deleteTask(user, ids[1]),
    () => patch(c.id, { title: 'C' }),
    () => deleteTask(user, c.id),
    () => put(c.id, { title: 'CC' }),
    () => patch(c.id, { title: 'CCC', tags: ['y'] }),
  );
  const after = await contentsOf(user);
  const undone = await undo(user, revision);
  expect(await contentsOf(user)).toEqual(before);
  expect((await newestRevision(user)).entries).toMatchObject([
    { id: a.id, op: 'updated' },
    { id: b.id, op: 'restored' },
    { id: ids[0], op: 'deleted' },
    { id: c.id, op: 'updated' },
  ]);
  await undo(user, undone);
  expect(await contentsOf(user)).toEqual(after);
});

test('a revision of several entries sets back what a task is searched by, whichever of its entries recorded that', async () => {
  const found = async (q: string) => (await getPage(user, { q })).data.map(({ id }) => id);
  for (const last of [(id: string) => patch(id, { priority: 'low' }), (id: string) => deleteTask(user, id)]) {
    const { id } = await createTask(user, { title: 'aa', description: 'cc' });
    const revision = await merge(
      () => patch(id, { title: 'bb', description: 'dd' }),
      () => patch(id, { title: 'Ü', description: 'Ö' }),
      () => last(id),
    );
    await undo(user, revision);
    expect([await found('aa cc'), await found('bb'), await found('dd'), await found('u')]).toEqual([[id], [], [], []]);
    await deleteTask(user, id);
  }
});

test('a revision of several entries leaves a field alone that has the same value after it as before, whatever it is now', async () => {
  const { id } = await createTask(user, { title: 'A' });
  const revision = await merge(
    () => patch(id, { title: 'Ü', description: 'B' }),
    () => patch(id, { title: 'A' }),
  );
  await patch(id, { title: 'Since' });
  await undo(user, revision);
  expect(await getTask(user, id)).toMatchObject({ title: 'Since', description: null });
});

test('a revision of several entries that changes nothing as a whole is undone without a revision', async () => {
  const { id } = await createTask(user, { title: 'A' });
  const other = randomUUID();
  const revision = await merge(
    () => patch(id, { title: 'B' }),
    () => patch(id, { title: 'A' }),
    () => put(other, full),
    () => deleteTask(user, other),
  );
  const newest = await newestRevision(user);
  const headers = { 'Idempotency-Key': randomUUID() };
  for (const replayed of [null, 'true']) {
    const response = await requestUndo(user, revision, headers);
    expect([response.status, await response.json()]).toEqual([200, { revision: null }]);
    expect(response.headers.get('Revision')).toBeNull();
    expect(response.headers.get('Idempotency-Replayed')).toBe(replayed);
  }
  expect(await newestRevision(user)).toEqual(newest);
  await deleteTask(user, id);
  expect(await (await requestUndo(user, revision)).json()).toEqual({ revision: null });
});

test('a revision of several entries is refused whole, and each conflict names the first entry of its task', async () => {
  const [a, b, c, d] = [await createTask(user), await createTask(user), await createTask(user), await createTask(user)];
  const revision = await merge(
    () => patch(a.id, { title: 'A' }),
    () => patch(b.id, { title: 'B' }),
    () => patch(b.id, { title: 'BB' }),
    () => deleteTask(user, c.id),
    () => deleteTask(user, d.id),
    () => put(randomUUID(), full),
  );
  await patch(b.id, { title: 'Since' });
  await put(c.id, { title: 'Since' });
  await sendBelow(user, 'DELETE', `/trash/${d.id}`);
  const before = await contentsOf(user);
  const response = await requestUndo(user, revision);
  expect(await conflictsOf(response)).toEqual(['/entries/1 changed', '/entries/3 taken', '/entries/4 purged']);
  expect(await contentsOf(user)).toEqual(before);
});

test('a revision of several entries is not found where its first entry is gone', async () => {
  const { id } = await createTask(user);
  const revision = await merge(
    () => patch(id, { title: 'A' }),
    () => patch(id, { title: 'B' }),
  );
  await execute(`delete from changes where user_id = '${user.id}' and seq = ${revision}`);
  expect((await requestUndo(user, revision)).status).toBe(404);
});

test('a revision of several entries is not found by the number of another of its entries', async () => {
  const { id } = await createTask(user);
  const revision = await merge(
    () => patch(id, { title: 'A' }),
    () => patch(id, { title: 'B' }),
  );
  expect((await requestUndo(user, revision + 1)).status).toBe(404);
});

/** Sets how many tasks the journal counts. */
const setCount = (tasks: number) => execute(`update journals set tasks = ${tasks} where user_id = '${user.id}'`);

test('a user at the limit can undo what adds no task', async () => {
  const [a, b] = [await createTask(user), await createTask(user)];
  const change = await revisionOf(patch(a.id, { title: 'A' }));
  const creation = await revisionOf(put(randomUUID(), full));
  const exchange = await merge(
    () => deleteTask(user, b.id),
    () => put(randomUUID(), full),
  );
  await setCount(10_000_000);
  for (const revision of [change, exchange, creation]) await undo(user, revision);
});

test('undo of several deletions needs room for all of them', async () => {
  const [a, b] = [await createTask(user), await createTask(user)];
  const revision = await merge(
    () => deleteTask(user, a.id),
    () => deleteTask(user, b.id),
  );
  // The most tasks that a user may have.
  let [max, tooMany] = [0, 10_000_000];
  while (max + 1 < tooMany) {
    const count = Math.floor((max + tooMany) / 2);
    await setCount(count - 1);
    const { status } = await sendAs(user, 'POST', '', { title: 'Probe' });
    if (status === 201) max = count;
    else tooMany = count;
  }
  await setCount(max - 1);
  expect((await requestUndo(user, revision)).status).toBe(409);
  await setCount(max - 2);
  await undo(user, revision);
});

test('a task that a revision created and deleted is left alone, whatever has its id now', async () => {
  const id = randomUUID();
  const revision = await merge(
    () => put(id, { title: 'A' }),
    () => deleteTask(user, id),
  );
  await put(id, { title: 'B' });
  expect(await (await requestUndo(user, revision)).json()).toEqual({ revision: null });
  expect(await getTask(user, id)).toMatchObject({ title: 'B' });
});

test('the creation of a task that the same revision changed can be undone without its differences', async () => {
  const id = randomUUID();
  const revision = await merge(
    () => put(id, { title: 'A' }),
    () => patch(id, { title: 'B' }),
  );
  await execute(`update changes set diff = null where user_id = '${user.id}'`);
  await undo(user, revision);
  expect(await contentsOf(user)).toEqual([]);
});
