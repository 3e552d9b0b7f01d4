import { randomUUID } from 'node:crypto';
import type { Change, List, Task } from '@taskward/api-core';
import { beforeEach, expect, test } from 'vitest';
import { send, signUp, type TestUser, useApp } from '../harness';
import { getChanges, requestChanges } from '../journal/copy';
import { newestRevision, revisionOf, sendBelow, undo } from '../journal/requests';
import { createTask, getPage, sendAs } from '../task-requests';
import { createList, createLists, getList, getLists, insertLists, sendToLists } from './requests';

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

/** What a client has that applies every change: lists and tasks, by type and id. */
type Copy = Map<string, List | Task>;

/** The pages from a token on, or of everything, as a client applies them; calls `between` between each two of them. */
async function synchronize(copy: Copy, token: string | undefined, limit: number, between = async () => {}) {
  const given: Change[] = [];
  let since = token;
  let isReset = false;
  for (;;) {
    const page = await getChanges(user, { limit: String(limit), ...(since !== undefined && { since }) });
    expect(page.changes.length).toBeLessThanOrEqual(limit);
    isReset ||= page.reset;
    given.push(...page.changes);
    for (const change of page.changes) {
      const resource = change.type === 'list' ? change.list : change.task;
      const key = `${change.type} ${change.id}`;
      if (resource) copy.set(key, resource);
      else copy.delete(key);
    }
    since = page.token;
    if (!page.has_more) break;
    await between();
  }
  const keys = new Set(given.map(({ type, id }) => `${type} ${id}`));
  if (isReset) for (const key of copy.keys()) if (!keys.has(key)) copy.delete(key);
  return { token: since, given };
}

/** Everything that the server has, in the same form. */
async function everything(): Promise<Copy> {
  const [lists, tasks] = [await getLists(user, { limit: '100' }), await getPage(user, { limit: '100' })];
  return new Map<string, List | Task>([
    ...lists.data.map((list) => [`list ${list.id}`, list] as const),
    ...tasks.data.map((task) => [`task ${task.id}`, task] as const),
  ]);
}

const sorted = (copy: Copy) => [...copy].sort(([a], [b]) => (a < b ? -1 : 1));

async function expectUpToDate(copy: Copy) {
  expect(sorted(copy)).toStrictEqual(sorted(await everything()));
}

test('changes without a token has lists before tasks, whole, each by id', async () => {
  const lists = Object.values(await createLists(user, 'A', 'B'));
  const tasks = [await createTask(user, { title: 'T', list_id: lists[0]?.id }), await createTask(user)];
  const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
  const { changes, has_more, reset } = await getChanges(user);
  expect(changes).toStrictEqual([
    ...lists.toSorted(byId).map((list) => ({ type: 'list', id: list.id, list })),
    ...tasks.toSorted(byId).map((task) => ({ type: 'task', id: task.id, task })),
  ]);
  expect([has_more, reset]).toEqual([false, true]);
});

test('changes after a token has each list that was written since once, as it is, and null for a deleted one', async () => {
  const { A, B } = await createLists(user, 'A', 'B', 'C');
  const { token } = await getChanges(user);
  await sendToLists(user, 'PATCH', `/${A.id}`, { name: 'New' });
  await sendToLists(user, 'DELETE', `/${B.id}`);
  await sendToLists(user, 'PATCH', `/${A.id}/move`, {});
  await sendToLists(user, 'PATCH', `/${A.id}`, { name: 'New' });
  const D = await createList(user, 'D');
  const { changes, has_more, reset } = await getChanges(user, { since: token });
  expect(changes).toStrictEqual([
    { type: 'list', id: B.id, list: null },
    { type: 'list', id: A.id, list: await getList(user, A.id) },
    { type: 'list', id: D.id, list: D },
  ]);
  expect([has_more, reset]).toEqual([false, false]);
});

test.each([1, 2, 3, 5, 100])(
  'a client that takes pages of %i, while lists and tasks change, ends with exactly what there is',
  async (limit) => {
    const lists = Object.values(await createLists(user, 'A', 'B', 'C', 'D'));
    for (const { id } of lists) await createTask(user, { title: 'T', list_id: id });
    const copy: Copy = new Map();
    let step = 0;
    const steps = [
      () => sendToLists(user, 'PATCH', `/${lists[1]?.id}`, { name: 'New' }),
      () => sendToLists(user, 'DELETE', `/${lists[0]?.id}`),
      () => createTask(user, { title: 'New', list_id: lists[2]?.id }),
      () => sendToLists(user, 'POST', '', { name: 'E' }),
      () => sendToLists(user, 'PATCH', `/${lists[2]?.id}/move`, { after: null }),
      () => sendToLists(user, 'DELETE', `/${lists[3]?.id}?tasks=keep`),
      async () => undo(user, (await newestRevision(user)).revision),
    ];
    const walked = await synchronize(copy, undefined, limit, async () => {
      await steps[step++]?.();
    });
    const { token } = await synchronize(copy, walked.token, limit);
    await expectUpToDate(copy);
    for (const write of steps.slice(step)) await write();
    await synchronize(copy, token, limit);
    await expectUpToDate(copy);
  },
);

test('changes gives 500 lists in one page where the limit allows it, and the rest after it', async () => {
  await createList(user);
  await insertLists(user, 499);
  const task = await createTask(user);
  const first = await getChanges(user, { limit: '500' });
  expect([first.changes.length, first.has_more]).toEqual([500, true]);
  expect(new Set(first.changes.map(({ type }) => type))).toEqual(new Set(['list']));
  const last = await getChanges(user, { limit: '500', since: first.token });
  expect(last.changes).toStrictEqual([{ type: 'task', id: task.id, task }]);
  expect(last.has_more).toBe(false);
});

test("a token on the way through another user's lists is refused, also with the same ids", async () => {
  const { A } = await createLists(user, 'A', 'B');
  const { token, has_more } = await getChanges(user, { limit: '1' });
  expect(has_more).toBe(true);
  const other = await signUp();
  await sendToLists(other, 'PUT', `/${A.id}`, { name: 'A' });
  expect((await requestChanges(other, { since: token })).status).toBe(410);
});

test('the stream of changes begins with a list that was written after its token', async () => {
  const { token } = await getChanges(user);
  const list = await createList(user);
  const response = await send('GET', `/api/${user.id}/events?since=${token}`, { token: user.token });
  expect((await response.json()).changes).toStrictEqual([{ type: 'list', id: list.id, list }]);
});

test('revisions lists the writes of lists, with the name as the difference', async () => {
  const { id } = await createList(user, 'A');
  await sendToLists(user, 'PATCH', `/${id}`, { name: 'B' });
  await sendToLists(user, 'PATCH', `/${id}`, { name: 'B' });
  await sendToLists(user, 'PATCH', `/${id}`, { name: 'C' }, { 'If-Match': '"1"' });
  await sendToLists(user, 'DELETE', `/${id}`);
  await sendToLists(user, 'PUT', `/${id}`, { name: 'C' });
  const { data } = await (await sendBelow(user, 'GET', '/revisions')).json();
  const entry = (op: string, version: number, diff: object | null = null) => [{ type: 'list', id, op, version, diff }];
  const at = expect.any(String);
  expect(data).toStrictEqual([
    { revision: 4, at, via: 'session', entries: entry('created', 3) },
    { revision: 3, at, via: 'session', entries: entry('deleted', 2) },
    { revision: 2, at, via: 'session', entries: entry('updated', 2, { name: { from: 'A', to: 'B' } }) },
    { revision: 1, at, via: 'session', entries: entry('created', 1) },
  ]);
});

test('the trash has no lists, and a list is not restored or purged as a task', async () => {
  const { id } = await createList(user);
  const revision = await revisionOf(sendToLists(user, 'DELETE', `/${id}`));
  expect((await (await sendBelow(user, 'GET', '/trash')).json()).data).toEqual([]);
  expect((await sendBelow(user, 'POST', `/trash/${id}/restore`)).status).toBe(404);
  expect((await sendBelow(user, 'DELETE', `/trash/${id}`)).status).toBe(404);
  expect((await sendBelow(user, 'DELETE', '/trash')).status).toBe(204);
  await undo(user, revision);
  expect(await getList(user, id)).toMatchObject({ name: 'Garden' });
});

test('emptying the trash after a list was deleted with its tasks purges these: the deletion cannot be undone', async () => {
  const { id } = await createList(user);
  const task = await createTask(user, { title: 'T', list_id: id });
  const revision = await revisionOf(sendToLists(user, 'DELETE', `/${id}`));
  expect((await sendBelow(user, 'DELETE', `/trash/${task.id}`)).status).toBe(204);
  const response = await sendBelow(user, 'POST', `/revisions/${revision}/undo`);
  expect(response.status).toBe(409);
  expect((await response.json()).errors).toMatchObject([{ code: 'purged' }]);
  expect((await getLists(user)).data).toEqual([]);
  expect((await sendAs(user, 'GET', `/${randomUUID()}`)).status).toBe(404);
});
