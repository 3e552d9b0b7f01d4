import type { Task } from '@taskward/api-core';
import { beforeEach, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import {
  contentOf,
  deleteTask,
  execute,
  getTrash,
  newestRevision,
  revisionOf,
  sendBelow,
  trashedIds,
  undo,
} from '../journal/requests';
import { createTask, getTask, sendAs } from '../task-requests';
import {
  createList,
  DEEPEST,
  type Deepest,
  deleteList,
  expectRefused,
  insertTasks,
  move,
  outlineOf,
  patch,
  plant,
  storedRows,
  titlesAt,
  treeProblems,
} from './requests';

/** Where a task comes back to from the trash. */

useApp();

let user: TestUser;
let list: string;
beforeEach(async () => {
  user = await signUp();
  list = await createList(user);
});

type Letter = 'A' | 'B' | 'C' | 'D';

const requestRestore = (id: string) => sendBelow(user, 'POST', `/trash/${id}/restore`);
async function restore(id: string): Promise<Task> {
  const response = await requestRestore(id);
  const text = await response.text();
  expect(response.status, text).toBe(201);
  return JSON.parse(text);
}

test('a task comes back to its place and position where these are as they were', async () => {
  const top = await plant<Letter>(user, { A: {}, B: {}, C: {} }, { list_id: list });
  const below = await plant<Letter>(user, { A: {}, B: {}, C: {} }, { parent_id: top.A });
  for (const [id, place] of [
    [top.B, { list_id: list }],
    [below.B, { parent_id: top.A }],
  ] as const) {
    const before = await getTask(user, id);
    await deleteTask(user, id);
    expect(contentOf(await restore(id))).toEqual(contentOf(before));
    expect(await titlesAt(user, place)).toEqual(['A', 'B', 'C']);
  }
});

test('a deleted parent comes back without what was below it, which follows one by one', async () => {
  const { A, B, C } = await plant<Letter>(user, { A: { B: { C: {} } } }, { list_id: list });
  await deleteTask(user, A);
  for (const id of [A, B, C]) {
    await restore(id);
    expect((await newestRevision(user)).entries.map((entry) => [entry.id, entry.op])).toEqual([[id, 'restored']]);
  }
  expect(await outlineOf(user)).toEqual({ [list]: { A: { B: { C: {} } } } });
});

test('a task whose parent is gone comes to the end of the top level of its list', async () => {
  const { A, B } = await plant<Letter>(user, { A: { B: {} }, C: {} }, { list_id: list });
  await deleteTask(user, A);
  const task = await restore(B);
  expect(task).toMatchObject({ list_id: list, parent_id: null, version: 2 });
  expect(await getTask(user, B)).toEqual(task);
  expect(await titlesAt(user, { list_id: list })).toEqual(['C', 'B']);
});

test('a task whose list is gone comes to the end of the inbox, with its parent or without', async () => {
  const { A, B } = await plant<Letter>(user, { A: { B: {} } }, { list_id: list });
  await plant(user, { C: {} });
  await deleteList(user, list);
  expect(await restore(B)).toMatchObject({ list_id: null, parent_id: null });
  expect(await restore(A)).toMatchObject({ list_id: null, parent_id: null });
  expect(await titlesAt(user)).toEqual(['C', 'B', 'A']);
});

test('a task whose parent is in another list now comes back below it, in that list', async () => {
  const { A, B } = await plant<Letter>(user, { A: { B: {} } }, { list_id: list });
  await deleteTask(user, B);
  await move(user, A, { list_id: null });
  expect(await restore(B)).toMatchObject({ list_id: null, parent_id: A });
  expect(await outlineOf(user)).toEqual({ inbox: { A: { B: {} } } });
});

test('a task whose parent is on the fifth level now comes to the top level of its list', async () => {
  const ids = await plant<Deepest>(user, DEEPEST);
  const { A, B } = await plant<Letter>(user, { A: { B: {} } }, { list_id: list });
  await deleteTask(user, B);
  await move(user, A, { parent_id: ids.c });
  const { id } = await createTask(user, { title: 'X', parent_id: A });
  await deleteTask(user, id);
  expect(await restore(B)).toMatchObject({ list_id: null, parent_id: A });
  await deleteTask(user, B);
  await move(user, A, { parent_id: ids.d });
  expect(await restore(B)).toMatchObject({ list_id: null, parent_id: null });
  expect(await treeProblems(user)).toEqual([]);
});

test('a task whose parent has 1,000 tasks below it now is not put back there', async () => {
  const { A, B, C } = await plant<Letter>(user, { A: { B: { C: {} } } }, { list_id: list });
  await deleteTask(user, C);
  await insertTasks(user, 999, { list_id: list, parent_id: A });
  await requestRestore(C);
  expect(await treeProblems(user)).toEqual([]);
  expect((await getTask(user, B)).parent_id).toBe(A);
});

test('a task whose position is taken now comes to the end of its place', async () => {
  const { B } = await plant<Letter>(user, { A: {}, B: {}, C: {} }, { list_id: list });
  const { position } = await getTask(user, B);
  await deleteTask(user, B);
  await execute(`update tasks set position = '${position}' where user_id = '${user.id}' and title = 'C'`);
  const task = await restore(B);
  expect(task.position > position).toBe(true);
  expect(await titlesAt(user, { list_id: list })).toEqual(['A', 'C', 'B']);
});

test('a restoration is undone and redone as a change of one task, and its place with it', async () => {
  const { A, B } = await plant<Letter>(user, { A: { B: {} } }, { list_id: list });
  await deleteTask(user, A);
  const revision = await revisionOf(requestRestore(B));
  const undone = await undo(user, revision);
  expect(await outlineOf(user)).toEqual({});
  await undo(user, undone);
  expect(await outlineOf(user)).toEqual({ [list]: { B: {} } });
});

test('a deleted subtree can be undone as a whole after one of it was restored and deleted again', async () => {
  const { A, B } = await plant<Letter>(user, { A: { B: { C: {} } } }, { list_id: list });
  const revision = await revisionOf(deleteTask(user, A));
  await restore(B);
  await deleteTask(user, B);
  await undo(user, revision);
  expect(await outlineOf(user)).toEqual({ [list]: { A: { B: { C: {} } } } });
  expect(await trashedIds(user)).toEqual([]);
});

test('the trash shows each task with the place that it was at', async () => {
  const { A, B } = await plant<Letter>(user, { A: { B: {} } }, { list_id: list });
  const before = [await getTask(user, A), await getTask(user, B)];
  await deleteTask(user, A);
  const tasks = (await getTrash(user)).data.map(({ task }) => task);
  expect(tasks.sort((a, b) => (a.title < b.title ? -1 : 1))).toEqual(before);
});

test('a purged sub-task keeps its tree from being undone, and the entries of the others', async () => {
  const { A, B } = await plant<Letter>(user, { A: { B: {} } });
  const revision = await revisionOf(deleteTask(user, A));
  expect((await sendBelow(user, 'DELETE', `/trash/${B}`)).status).toBe(204);
  expect(await trashedIds(user)).toEqual([A]);
  const before = await storedRows(user);
  const response = await sendBelow(user, 'POST', `/revisions/${revision}/undo`);
  expect([response.status, (await response.json()).errors]).toMatchObject([409, [{ code: 'purged' }]]);
  expect(await storedRows(user)).toEqual(before);
  expect(await restore(A)).toMatchObject({ title: 'A' });
});

test('a restored task can be moved, changed and deleted like any other', async () => {
  const { A, B } = await plant<Letter>(user, { A: { B: {} }, C: {} }, { list_id: list });
  await deleteTask(user, A);
  await restore(B);
  await restore(A);
  expect(await move(user, B, { parent_id: A })).toMatchObject({ list_id: list, parent_id: A });
  await patch(user, A, { list_id: null });
  expect(await outlineOf(user)).toEqual({ inbox: { A: { B: {} } }, [list]: { C: {} } });
  await expectRefused(user, () => requestRestore(B), 404);
  expect((await sendAs(user, 'DELETE', `/${A}`)).status).toBe(204);
  expect(await outlineOf(user)).toEqual({ [list]: { C: {} } });
});
