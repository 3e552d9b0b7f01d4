import type { Task } from '@taskward/api-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { getChanges } from '../journal/copy';
import { contentsOf, deleteTask, getRevisions, getTrash, newestRevision, revisionOf, undo } from '../journal/requests';
import { createTask, getPage, getTask, sendAs } from '../task-requests';
import { createList, deleteList, expectRefused, patch, plant, put, requestMove, treeProblems } from './requests';

/** Writes that change what is below a task, too. */

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

type Title = 'top' | 'open' | 'started' | 'done' | 'deep' | 'inner' | 'beside';

/** A tree of three levels with tasks of every status, and a task beside it. */
async function plantWork() {
  const list = await createList(user);
  const ids = await plant<Title>(
    user,
    { top: { open: { inner: {} }, started: {}, done: { deep: {} } }, beside: {} },
    { list_id: list },
  );
  await patch(user, ids.started, { status: 'in_progress' });
  await sendAs(user, 'PATCH', `/${ids.done}/complete`, { completed: true });
  await sendAs(user, 'PATCH', `/${ids.deep}/complete`, { completed: false });
  return { ids, list };
}

const statusesOf = async () =>
  Object.fromEntries((await getPage(user, { limit: '100' })).data.map(({ title, status }) => [title, status]));

/** Expects that undo of a revision restores everything, and undo of that does it again, exactly. */
async function expectUndoable(revision: number, before: unknown[], after: unknown[]) {
  const undone = await undo(user, revision);
  expect(await contentsOf(user)).toEqual(before);
  const redone = await undo(user, undone);
  expect(await contentsOf(user)).toEqual(after);
  await undo(user, redone);
  expect(await contentsOf(user)).toEqual(before);
  expect(await treeProblems(user)).toEqual([]);
}

/** Each way to complete the task at the top. */
const completions: [string, (ids: Record<Title, string>, list: string) => Promise<Response>][] = [
  ['PATCH /complete with true', ({ top }) => sendAs(user, 'PATCH', `/${top}/complete`, { completed: true })],
  ['PATCH /complete without a body', ({ top }) => sendAs(user, 'PATCH', `/${top}/complete`)],
  ['PATCH of the status', ({ top }) => patch(user, top, { status: 'done' })],
  ['PATCH of the status and a tag', ({ top }) => patch(user, top, { status: 'done', tags: ['x'] })],
  ['PUT', ({ top }, list_id) => put(user, top, { title: 'top', status: 'done', list_id })],
];

describe.each(completions)('completing by %s', (_, complete) => {
  test('completes all that is open below the task, and nothing else', async () => {
    const { ids, list } = await plantWork();
    const done = await getTask(user, ids.done);
    const response = await complete(ids, list);
    expect(await response.json()).toMatchObject({ id: ids.top, status: 'done', version: 2 });
    const all = ['top', 'open', 'inner', 'started', 'done', 'deep'].map((title) => [title, 'done']);
    expect(await statusesOf()).toEqual({ ...Object.fromEntries(all), beside: 'todo' });
    expect(await getTask(user, ids.done)).toEqual(done);
    const { completed_at } = await getTask(user, ids.top);
    for (const id of [ids.open, ids.inner, ids.started]) {
      expect(await getTask(user, id)).toMatchObject({ completed: true, completed_at });
    }
  });

  test('is one revision with an entry for each task, is undone by one undo, and all of it is in changes', async () => {
    const { ids, list } = await plantWork();
    const before = await contentsOf(user);
    const { token } = await getChanges(user);
    const previous = await newestRevision(user);
    const revision = await revisionOf(complete(ids, list));
    const after = await contentsOf(user);
    const [newest, second] = (await getRevisions(user)).data;
    expect(second).toEqual(previous);
    expect(newest?.revision).toBe(revision);
    const entries = newest?.entries ?? [];
    expect(entries[0]?.id).toBe(ids.top);
    expect(entries.map(({ id, diff }) => [id, diff?.status])).toEqual(
      expect.arrayContaining([
        [ids.top, { from: 'todo', to: 'done' }],
        [ids.open, { from: 'todo', to: 'done' }],
        [ids.inner, { from: 'todo', to: 'done' }],
        [ids.started, { from: 'in_progress', to: 'done' }],
        [ids.deep, { from: 'todo', to: 'done' }],
      ]),
    );
    const { changes } = await getChanges(user, { since: token });
    expect(entries).toHaveLength(5);
    expect(changes.map(({ id }) => id)).toEqual(entries.map(({ id }) => id));
    for (const change of changes) {
      const task = change.type === 'task' ? change.task : null;
      expect(task).toEqual(await getTask(user, change.id));
      expect(entries.find(({ id }) => id === change.id)?.version).toBe(task?.version);
    }
    await expectUndoable(revision, before, after);
  });
});

test('completing a task that is done completes nothing below it, and makes no revision', async () => {
  const { ids, list } = await plantWork();
  const rows = async () => (await getPage(user)).data.map(({ id, version }) => `${id} ${version}`);
  const before = await rows();
  for (const attempt of [
    () => sendAs(user, 'PATCH', `/${ids.done}/complete`, { completed: true }),
    () => patch(user, ids.done, { status: 'done' }),
    () => put(user, ids.done, { title: 'done', status: 'done', parent_id: ids.top, list_id: list }),
  ]) {
    expect((await attempt()).headers.get('Revision')).toBeNull();
  }
  expect(await rows()).toEqual(before);
});

test.each<[string, (id: string) => Promise<Response>]>([
  ['PATCH /complete with false', (id) => sendAs(user, 'PATCH', `/${id}/complete`, { completed: false })],
  ['PATCH /complete without a body', (id) => sendAs(user, 'PATCH', `/${id}/complete`)],
  ['PATCH of the status', (id) => patch(user, id, { status: 'in_progress' })],
  ['PUT', (id) => put(user, id, {})],
])('reopening by %s reopens the task alone', async (_, reopen) => {
  const ids = await plant<'A' | 'B' | 'C'>(user, { A: { B: { C: {} } } });
  await sendAs(user, 'PATCH', `/${ids.A}/complete`, { completed: true });
  const below = [await getTask(user, ids.B), await getTask(user, ids.C)];
  await reopen(ids.A);
  expect((await getTask(user, ids.A)).completed).toBe(false);
  expect([await getTask(user, ids.B), await getTask(user, ids.C)]).toEqual(below);
  expect((await newestRevision(user)).entries.map(({ id }) => id)).toEqual([ids.A]);
});

test('completing a task in the middle completes what is below it, and nothing above or beside it', async () => {
  const { ids } = await plantWork();
  await sendAs(user, 'PATCH', `/${ids.open}/complete`);
  const { top, beside, deep, inner, open } = await statusesOf();
  expect([top, beside, deep, inner, open]).toEqual(['todo', 'todo', 'todo', 'done', 'done']);
});

test('a completion that is refused or replayed completes nothing below the task', async () => {
  const { ids } = await plantWork();
  const path = `/${ids.top}/complete`;
  await expectRefused(user, () => sendAs(user, 'PATCH', path, undefined, { 'If-Match': '"7"' }), 412);
  const attempt = () => sendAs(user, 'PATCH', path, { completed: true }, { 'Idempotency-Key': 'once' });
  await attempt();
  await sendAs(user, 'PATCH', `/${ids.open}/complete`, { completed: false });
  expect((await attempt()).headers.get('Idempotency-Replayed')).toBe('true');
  expect(await statusesOf()).toMatchObject({ top: 'done', open: 'todo' });
});

test('a PUT that completes and moves a task does both to what is below it, with one new version each', async () => {
  const { ids, list } = await plantWork();
  const versions = async () =>
    Object.fromEntries((await getPage(user)).data.map(({ title, version }) => [title, version]));
  const before = await contentsOf(user);
  const was = await versions();
  const revision = await revisionOf(put(user, ids.top, { title: 'top', status: 'done' }));
  const tasks = (await getPage(user)).data.filter(({ title }) => title !== 'beside');
  expect(tasks.map(({ list_id, status }) => [list_id, status])).toEqual(tasks.map(() => [null, 'done']));
  for (const [title, version] of Object.entries(await versions())) {
    expect(version, title).toBe((was[title] ?? 0) + (title === 'beside' ? 0 : 1));
  }
  expect((await getTask(user, ids.beside)).list_id).toBe(list);
  await expectUndoable(revision, before, await contentsOf(user));
});

describe('deleting a task', () => {
  test('deletes all that is below it and nothing else, as one revision, which one undo undoes', async () => {
    const { ids } = await plantWork();
    await patch(user, ids.inner, { tags: ['x'], description: 'Long' });
    const before = await contentsOf(user);
    const all = (await getPage(user)).data;
    const { token } = await getChanges(user);
    const revision = await revisionOf(deleteTask(user, ids.top));
    const after = await contentsOf(user);
    expect((await getPage(user)).data.map(({ id }) => id)).toEqual([ids.beside]);
    const { entries } = await newestRevision(user);
    const versions = new Map(all.map(({ id, version }) => [id, version]));
    expect(entries[0]?.id).toBe(ids.top);
    expect(new Set(entries.map(({ id }) => id))).toEqual(
      new Set(all.map(({ id }) => id).filter((id) => id !== ids.beside)),
    );
    for (const { diff, id, op, version } of entries)
      expect([op, version, diff]).toEqual(['deleted', versions.get(id), null]);
    const { changes } = await getChanges(user, { since: token });
    expect(changes).toEqual(entries.map(({ id }) => ({ type: 'task', id, task: null })));
    const trash = (await getTrash(user)).data;
    expect(trash.map(({ revision: of }) => of)).toEqual(entries.map(() => revision));
    const find = (id: string) => all.find((task: Task) => task.id === id);
    expect(trash.map(({ task }) => task)).toEqual(entries.map(({ id }) => find(id)).reverse());
    await expectUndoable(revision, before, after);
    for (const { id } of entries) expect((await getTask(user, id)).version).toBeGreaterThan(versions.get(id) ?? 0);
  });

  test('that is refused deletes nothing below it', async () => {
    const { ids } = await plantWork();
    await expectRefused(user, () => sendAs(user, 'DELETE', `/${ids.top}`, undefined, { 'If-Match': '"7"' }), 412);
  });

  test('gives back its place: what is created there comes after what is left', async () => {
    const { A } = await plant<'A'>(user, { A: {}, B: {} });
    await deleteTask(user, A);
    await createTask(user, { title: 'C' });
    expect((await getPage(user, { list: 'inbox', sort: 'position' })).data.map(({ title }) => title)).toEqual([
      'B',
      'C',
    ]);
  });
});

test('deleting a list deletes its tasks on all levels as one revision, which one undo undoes', async () => {
  const { ids, list } = await plantWork();
  await plant(user, { inbox: { below: {} } });
  const before = await contentsOf(user);
  const { token } = await getChanges(user);
  const revision = await revisionOf(deleteList(user, list));
  const after = await contentsOf(user);
  expect(after).toHaveLength(2);
  const { entries } = await newestRevision(user);
  expect(entries.map(({ id, op }) => `${id} ${op}`).sort()).toEqual(
    [...Object.values(ids), list].map((id) => `${id} deleted`).sort(),
  );
  const { changes } = await getChanges(user, { since: token });
  expect(changes.map(({ id }) => id)).toEqual(entries.map(({ id }) => id));
  await expectUndoable(revision, before, after);
});

test('moving a subtree to another list is one revision, which one undo undoes, and all of it is in changes', async () => {
  const { ids } = await plantWork();
  const other = await createList(user);
  const before = await contentsOf(user);
  const { token } = await getChanges(user);
  const revision = await revisionOf(requestMove(user, ids.top, { list_id: other }));
  const after = await contentsOf(user);
  const { changes } = await getChanges(user, { since: token });
  expect(changes.map(({ type, ...change }) => 'task' in change && [type, change.task?.list_id])).toEqual(
    Array(6).fill(['task', other]),
  );
  await expectUndoable(revision, before, after);
});
