import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import {
  contentOf,
  contentsOf,
  deleteTask,
  execute,
  newestRevision,
  requestUndo,
  revisionOf,
  undo,
} from '../journal/requests';
import { createTask, getTask, sendAs } from '../task-requests';
import {
  createList,
  deleteList,
  move,
  outlineOf,
  type Place,
  patch,
  plant,
  put,
  requestMove,
  titlesAt,
  treeProblems,
} from './requests';

/** Undo of what moves tasks, and of what deletes them at their places. */

useApp();

let user: TestUser;
let list: string;
beforeEach(async () => {
  user = await signUp();
  list = await createList(user);
});

type Letter = 'A' | 'B' | 'C' | 'D' | 'E' | 'F';
const plantAll = async (): Promise<Record<Letter, string>> => ({
  ...(await plant<Letter>(user, { A: { B: { C: {} } }, D: {} }, { list_id: list })),
  ...(await plant<Letter>(user, { E: {}, F: {} })),
});

/** Every kind of write that moves a task. */
const writes: [string, (ids: Record<Letter, string>) => Promise<Response>][] = [
  ['move among its siblings', ({ A }) => requestMove(user, A, {})],
  ['move to the first place', ({ D }) => requestMove(user, D, { after: null })],
  ['move to another list', ({ A }) => requestMove(user, A, { list_id: null, after: null })],
  ['move to another parent', ({ A, E }) => requestMove(user, A, { parent_id: E })],
  ['move to the top level', ({ B, A }) => requestMove(user, B, { parent_id: null, after: A })],
  ['change of its list', ({ A }) => patch(user, A, { list_id: null })],
  ['change of its parent', ({ B, D }) => patch(user, B, { parent_id: D })],
  ['replacement elsewhere', ({ B }) => put(user, B, {})],
  ['creation in a list', () => sendAs(user, 'POST', '', { title: 'New', list_id: list })],
  ['creation below a task', ({ C }) => put(user, randomUUID(), { parent_id: C })],
  ['deletion of a sub-task', ({ C }) => deleteTask(user, C)],
  ['deletion of a parent', ({ A }) => deleteTask(user, A)],
  ['deletion of a list', () => deleteList(user, list)],
];

test.each(writes)('undo of a %s restores each place exactly, and undo of that is redo', async (_, write) => {
  const ids = await plantAll();
  const before = [await contentsOf(user), await outlineOf(user)];
  const revision = await revisionOf(write(ids));
  const after = [await contentsOf(user), await outlineOf(user)];
  expect(after).not.toEqual(before);
  const undone = await undo(user, revision);
  expect([await contentsOf(user), await outlineOf(user)]).toEqual(before);
  const redone = await undo(user, undone);
  expect([await contentsOf(user), await outlineOf(user)]).toEqual(after);
  await undo(user, redone);
  expect([await contentsOf(user), await outlineOf(user)]).toEqual(before);
  expect(await treeProblems(user)).toEqual([]);
});

test('undo of a move leaves fields alone that were changed since', async () => {
  const { A } = await plantAll();
  const revision = await revisionOf(requestMove(user, A, { list_id: null }));
  await patch(user, A, { title: 'Renamed' });
  await undo(user, revision);
  expect(await getTask(user, A)).toMatchObject({ title: 'Renamed', list_id: list, version: 4 });
  const { entries } = await newestRevision(user);
  expect(entries[0]).toMatchObject({ id: A, op: 'updated', diff: { list_id: { from: null, to: list } } });
});

describe('where the position of a task is taken since', () => {
  /** Moves the second one of three tasks away, gives its position to another one, and returns the revision of the move. */
  async function takePosition(ids: Record<string, string>, place: Place, away: () => Promise<Response>) {
    const { position } = await getTask(user, ids.b ?? '');
    const revision = await revisionOf(away());
    const { id } = await createTask(user, { title: 'x', ...place });
    await execute(`update tasks set position = '${position}' where user_id = '${user.id}' and id = '${id}'`);
    expect(await titlesAt(user, place)).toEqual(['a', 'x', 'c']);
    return { revision, position };
  }
  const three = { a: {}, b: {}, c: {} };

  test('undo of its deletion puts it right after the one that has its position now', async () => {
    const ids = await plant(user, three);
    const { position, revision } = await takePosition(ids, {}, () => deleteTask(user, ids.b ?? ''));
    await undo(user, revision);
    expect(await titlesAt(user)).toEqual(['a', 'x', 'b', 'c']);
    expect((await getTask(user, ids.b ?? '')).position).not.toBe(position);
    expect(await treeProblems(user)).toEqual([]);
  });

  test('undo of a move puts it right after the one that has its position now', async () => {
    const { id: parent_id } = await createTask(user, { title: 'Parent' });
    const ids = await plant(user, three, { parent_id });
    const away = () => requestMove(user, ids.b ?? '', { parent_id: null });
    const { revision } = await takePosition(ids, { parent_id }, away);
    await undo(user, revision);
    expect(await titlesAt(user, { parent_id })).toEqual(['a', 'x', 'b', 'c']);
    expect(await treeProblems(user)).toEqual([]);
  });

  test('undo of a move among siblings puts it right after the one that has its position now', async () => {
    const ids = await plant(user, three);
    const { position } = await getTask(user, ids.a ?? '');
    const revision = await revisionOf(requestMove(user, ids.a ?? '', {}));
    await execute(`update tasks set position = '${position}' where user_id = '${user.id}' and title = 'b'`);
    await undo(user, revision);
    expect(await titlesAt(user)).toEqual(['b', 'a', 'c']);
  });

  test('undo puts a task last where there is no room between the others', async () => {
    const ids = await plant(user, three);
    const { position, revision } = await takePosition(ids, {}, () => deleteTask(user, ids.b ?? ''));
    const next = `${position}${'0'.repeat(49)}1`;
    await execute(`update tasks set position = '${next}' where user_id = '${user.id}' and title = 'c'`);
    await undo(user, revision);
    expect(await titlesAt(user)).toEqual(['a', 'x', 'c', 'b']);
    expect(await treeProblems(user)).toEqual([]);
  });

  test('undo of the deletion of several tasks gives each a position of its own', async () => {
    const { id: parent_id } = await createTask(user, { title: 'Parent' });
    const ids = await plant(user, { a: {}, b: {}, c: {}, d: {} }, { parent_id });
    const positions = await Promise.all(Object.values(ids).map(async (id) => (await getTask(user, id)).position));
    const revision = await revisionOf(sendBatch(Object.values(ids).map((task_id) => ({ op: 'deleteTask', task_id }))));
    await plant(user, { x: {}, y: {}, z: {} }, { parent_id });
    for (const [i, title] of ['x', 'y', 'z'].entries()) {
      await execute(
        `update tasks set position = '${positions[i]}' where user_id = '${user.id}' and title = '${title}'`,
      );
    }
    await undo(user, revision);
    expect(await titlesAt(user, { parent_id })).toEqual(['x', 'a', 'y', 'b', 'z', 'c', 'd']);
    expect(await treeProblems(user)).toEqual([]);
  });

  test('undo lets two tasks exchange their positions', async () => {
    const ids = await plant(user, three);
    const before = await contentsOf(user);
    const operation = (task_id: string | undefined, body: object) => ({ op: 'moveTask', task_id, body });
    const revision = await revisionOf(
      sendBatch([operation(ids.a, { after: ids.b }), operation(ids.c, { after: null }), operation(ids.b, {})]),
    );
    expect(await titlesAt(user)).toEqual(['c', 'a', 'b']);
    const undone = await undo(user, revision);
    expect(await contentsOf(user)).toEqual(before);
    await undo(user, undone);
    expect(await titlesAt(user)).toEqual(['c', 'a', 'b']);
  });
});

const sendBatch = (operations: object[]) =>
  sendAs({ ...user, tasks: `/api/${user.id}/batch` }, 'POST', '', { operations });

describe('the deletion of a task from before there were places', () => {
  /** Deletes a task, and takes its place out of what the journal has of it. */
  async function deleteWithoutPlace(title: string): Promise<{ id: string; revision: number }> {
    const { id } = await createTask(user, { title, tags: ['x'] });
    const revision = await revisionOf(deleteTask(user, id));
    await execute(`update changes set diff = (diff::jsonb - 'position' - 'list_id' - 'parent_id')::json
      where user_id = '${user.id}' and seq = ${revision}`);
    return { id, revision };
  }

  test('can be undone and redone: the task comes to the end of the inbox', async () => {
    await plant(user, { a: {}, b: {} });
    const [first, second] = [await deleteWithoutPlace('old'), await deleteWithoutPlace('older')];
    await plant(user, { c: {} });
    const undone = await undo(user, first.revision);
    await undo(user, second.revision);
    expect(await titlesAt(user)).toEqual(['a', 'b', 'c', 'old', 'older']);
    const task = await getTask(user, first.id);
    expect(task).toMatchObject({ title: 'old', tags: ['x'], list_id: null, parent_id: null, version: 2 });
    const redone = await undo(user, undone);
    await undo(user, redone);
    expect(contentOf(await getTask(user, first.id))).toEqual(contentOf(task));
    expect(await treeProblems(user)).toEqual([]);
  });

  test('can be undone in an inbox that is empty', async () => {
    const { id, revision } = await deleteWithoutPlace('old');
    await undo(user, revision);
    expect(await getTask(user, id)).toMatchObject({ position: expect.stringMatching(/^\d{10}$/) });
  });

  test('can be taken back from the trash: the task comes to the end of the inbox', async () => {
    await plant(user, { a: {}, b: {} });
    const { id } = await deleteWithoutPlace('old');
    const response = await sendAs({ ...user, tasks: `/api/${user.id}/trash` }, 'POST', `/${id}/restore`);
    expect([response.status, (await response.json()).list_id]).toEqual([201, null]);
    expect(await titlesAt(user)).toEqual(['a', 'b', 'old']);
  });
});

test('an undo with an Idempotency-Key that moves tasks back is replayed, and moves nothing again', async () => {
  const { A, F } = await plantAll();
  const revision = await revisionOf(requestMove(user, A, { parent_id: F }));
  const headers = { 'Idempotency-Key': 'once' };
  const first = await requestUndo(user, revision, headers);
  await move(user, A, { list_id: null });
  const second = await requestUndo(user, revision, headers);
  expect([second.status, second.headers.get('Idempotency-Replayed')]).toEqual([200, 'true']);
  expect(await second.json()).toEqual(await first.json());
  expect(await titlesAt(user)).toEqual(['E', 'F', 'A']);
});
