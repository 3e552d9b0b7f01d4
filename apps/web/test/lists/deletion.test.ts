import { randomUUID } from 'node:crypto';
import type { List, Task } from '@taskward/api-core';
import { beforeEach, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { contentsOf, getRevisions, newestRevision, revisionOf, sendBelow, trashedIds, undo } from '../journal/requests';
import { createTask, getTask, sendAs } from '../task-requests';
import { contentsOfLists, createList, createLists, getList, namesOf, sendToLists, tasksAt, titlesAt } from './requests';

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

const remove = (id: string, query = '') => sendToLists(user, 'DELETE', `/${id}${query}`);
const contents = async () => [await contentsOfLists(user), await contentsOf(user)];

interface Filled {
  readonly list: List;
  /** In this order in the list, `A1` and `A2` below `A`, and `A11` below `A1`. */
  readonly tasks: Readonly<Record<'B' | 'A' | 'C' | 'A2' | 'A1' | 'A11', Task>>;
}

/** A list of three tasks, one of which has sub-tasks, beside another list and the inbox, which have a task each. */
async function fillList(): Promise<Filled> {
  const { list, other } = await createLists(user, 'list', 'other');
  await createTask(user, { title: 'Other', list_id: other.id });
  await createTask(user, { title: 'Inbox' });
  const add = (title: string, more: object) => createTask(user, { title, ...more });
  const A = await add('A', { list_id: list.id, tags: ['a', 'ß'], description: 'Über' });
  const B = await add('B', { list_id: list.id, status: 'done' });
  const C = await add('C', { list_id: list.id });
  const A1 = await add('A1', { parent_id: A.id });
  const A2 = await add('A2', { parent_id: A.id });
  const A11 = await add('A11', { parent_id: A1.id });
  await sendAs(user, 'PATCH', `/${B.id}/move`, { after: null });
  await sendAs(user, 'PATCH', `/${A2.id}/move`, { after: null });
  expect(await titlesAt(user, { list: list.id })).toEqual(['B', 'A', 'C']);
  return { list, tasks: { A, B, C, A1, A2, A11 } };
}

test('DELETE of a list deletes its tasks and their sub-tasks as one revision, and no others', async () => {
  const { list, tasks } = await fillList();
  const ids = Object.values(tasks).map(({ id }) => id);
  const before = await newestRevision(user);
  const revision = await revisionOf(remove(list.id));
  expect(revision).toBe(before.revision + 1);
  const newest = await newestRevision(user);
  expect(newest.revision).toBe(revision);
  expect(newest.entries.map(({ type, id, op }) => `${type} ${id} ${op}`).sort()).toEqual(
    [...ids.map((id) => `task ${id} deleted`), `list ${list.id} deleted`].sort(),
  );
  for (const id of ids) expect((await sendAs(user, 'GET', `/${id}`)).status).toBe(404);
  expect(await namesOf(user)).toEqual(['other']);
  expect((await contentsOf(user)).length).toBe(2);
  expect((await trashedIds(user)).sort()).toEqual(ids.sort());
});

test('one undo takes back the deletion of a list with all of its tasks, each at its place, and undo of that is redo', async () => {
  const { list, tasks } = await fillList();
  const before = await contents();
  const revision = await revisionOf(remove(list.id));
  const after = await contents();
  const undone = await undo(user, revision);
  expect(await contents()).toEqual(before);
  expect(await titlesAt(user, { list: list.id })).toEqual(['B', 'A', 'C']);
  expect(await titlesAt(user, { parent: tasks.A.id })).toEqual(['A2', 'A1']);
  expect(await getList(user, list.id)).toMatchObject({ version: list.version + 1 });
  expect(await trashedIds(user)).toEqual([]);
  const redone = await undo(user, undone);
  expect(await contents()).toEqual(after);
  await undo(user, redone);
  expect(await contents()).toEqual(before);
});

test('DELETE of a list with tasks=keep moves its tasks to the end of the inbox, in their order, and their sub-tasks stay below them', async () => {
  const { list, tasks } = await fillList();
  const revision = await revisionOf(remove(list.id, '?tasks=keep'));
  expect(await namesOf(user)).toEqual(['other']);
  expect(await titlesAt(user, { list: 'inbox' })).toEqual(['Inbox', 'B', 'A', 'C']);
  expect(await titlesAt(user, { parent: tasks.A.id })).toEqual(['A2', 'A1']);
  expect(await titlesAt(user, { parent: tasks.A1.id })).toEqual(['A11']);
  for (const { id, ...task } of Object.values(tasks)) {
    const kept = await getTask(user, id);
    const { list_id, position, version, updated_at } = kept;
    expect(kept).toStrictEqual({ ...task, id, list_id, position, version, updated_at });
    expect(list_id).toBeNull();
  }
  const { data } = await getRevisions(user, { limit: '1' });
  expect(data[0]?.revision).toBe(revision);
  const entries = data[0]?.entries ?? [];
  expect(entries.map(({ type, id, op }) => `${type} ${id} ${op}`).sort()).toEqual(
    [...Object.values(tasks).map(({ id }) => `task ${id} updated`), `list ${list.id} deleted`].sort(),
  );
  for (const { type, diff } of entries) {
    expect(diff).toEqual(type === 'list' ? null : { list_id: { from: list.id, to: null } });
  }
  expect(await trashedIds(user)).toEqual([]);
});

test('one undo takes back the deletion of a list with tasks=keep: each task stands in it again, where it stood', async () => {
  const { list, tasks } = await fillList();
  const before = await contents();
  const revision = await revisionOf(remove(list.id, '?tasks=keep'));
  const after = await contents();
  const undone = await undo(user, revision);
  expect(await contents()).toEqual(before);
  expect(await titlesAt(user, { list: list.id })).toEqual(['B', 'A', 'C']);
  expect(await titlesAt(user, { parent: tasks.A.id })).toEqual(['A2', 'A1']);
  const redone = await undo(user, undone);
  expect(await contents()).toEqual(after);
  await undo(user, redone);
  expect(await contents()).toEqual(before);
});

test('tasks that are kept have positions of their own in an inbox that has the same ones, and in an empty one', async () => {
  for (const inbox of [3, 0]) {
    user = await signUp();
    const { id } = await createList(user);
    for (const title of ['A', 'B', 'C']) await createTask(user, { title, list_id: id });
    for (let i = 0; i < inbox; i++) await createTask(user, { title: `Inbox ${i}` });
    expect((await remove(id, '?tasks=keep')).status).toBe(204);
    const tasks = await tasksAt(user, { list: 'inbox' });
    expect(tasks.map(({ title }) => title).slice(inbox)).toEqual(['A', 'B', 'C']);
    expect(new Set(tasks.map(({ position }) => position)).size).toBe(inbox + 3);
    const last = await createTask(user, { title: 'Last' });
    expect((await tasksAt(user, { list: 'inbox' })).at(-1)).toStrictEqual(last);
  }
});

test('tasks that are kept come after a task of the inbox that was moved between two others', async () => {
  const { id } = await createList(user);
  await createTask(user, { title: 'A', list_id: id });
  const [first, , third] = [
    await createTask(user, { title: '1' }),
    await createTask(user, { title: '2' }),
    await createTask(user, { title: '3' }),
  ];
  await sendAs(user, 'PATCH', `/${third.id}/move`, { after: first.id });
  await remove(id, '?tasks=keep');
  expect(await titlesAt(user, { list: 'inbox' })).toEqual(['1', '3', '2', 'A']);
});

test.each(['', '?tasks=delete', '?tasks=keep'])(
  'DELETE of an empty list%s is a revision of one entry',
  async (query) => {
    const { id, version } = await createList(user);
    const revision = await revisionOf(remove(id, query));
    expect(await newestRevision(user)).toMatchObject({
      revision,
      entries: [{ type: 'list', id, op: 'deleted', version, diff: null }],
    });
  },
);

test('a deletion of a list that is refused deletes none of its tasks', async () => {
  const { list } = await fillList();
  const before = [await contents(), await getRevisions(user)];
  for (const query of ['', '?tasks=keep']) {
    const response = await sendToLists(user, 'DELETE', `/${list.id}${query}`, undefined, { 'If-Match': '"7"' });
    expect(response.status).toBe(412);
    expect((await remove(randomUUID(), query)).status).toBe(404);
  }
  expect([await contents(), await getRevisions(user)]).toEqual(before);
});

test('a task of a deleted list is restored from the trash by itself to the inbox, and to the list once that is back', async () => {
  const { list, tasks } = await fillList();
  expect((await remove(list.id)).status).toBe(204);
  const restore = (id: string) => sendBelow(user, 'POST', `/trash/${id}/restore`);
  expect((await restore(tasks.C.id)).status).toBe(201);
  expect(await getTask(user, tasks.C.id)).toMatchObject({ list_id: null, title: 'C' });
  await sendAs(user, 'DELETE', `/${tasks.C.id}`);
  expect((await sendToLists(user, 'PUT', `/${list.id}`, { name: 'Again' })).status).toBe(201);
  expect((await restore(tasks.B.id)).status).toBe(201);
  expect(await getTask(user, tasks.B.id)).toMatchObject({ list_id: list.id, status: 'done' });
});

test('a task is not created in a list that was deleted', async () => {
  const { id } = await createList(user);
  await remove(id);
  const response = await sendAs(user, 'POST', '', { title: 'Late', list_id: id });
  expect(response.status).toBe(422);
  expect((await response.json()).errors).toMatchObject([{ in: 'body', pointer: '/list_id', code: 'no_list' }]);
});

test.each(['', '?tasks=keep'])(
  'of tasks created in a list while it is deleted%s, none is left in a list that does not exist',
  async (query) => {
    const { id } = await createList(user);
    const creations = Array.from({ length: 10 }, (_, i) => sendAs(user, 'POST', '', { title: `T${i}`, list_id: id }));
    const [deleted, ...created] = await Promise.all([remove(id, query), ...creations]);
    expect(deleted.status).toBe(204);
    for (const { status } of created) expect([201, 422]).toContain(status);
    const left = created.filter(({ status }) => status === 201).length;
    const tasks = await tasksAt(user, { list: 'inbox' });
    expect(tasks).toHaveLength(query ? left : 0);
    expect(await namesOf(user)).toEqual([]);
  },
);
