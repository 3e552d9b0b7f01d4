import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { conflictsOf, execute, getRevisions, newestRevision, requestUndo, revisionOf, undo } from '../journal/requests';
import { createTask, getTask, sendAs } from '../task-requests';
import {
  contentsOfLists,
  createList,
  createLists,
  getList,
  getLists,
  namesOf,
  sendToLists,
  titlesAt,
} from './requests';

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

const patch = (id: string, body: object) => sendToLists(user, 'PATCH', `/${id}`, body);
const put = (id: string, name: string) => sendToLists(user, 'PUT', `/${id}`, { name });
const move = (id: string, body: object) => sendToLists(user, 'PATCH', `/${id}/move`, body);
const remove = (id: string, query = '') => sendToLists(user, 'DELETE', `/${id}${query}`);

/** Every kind of write of a list, each of which is done and undone. */
const writes: [string, (id: string) => Promise<Response>][] = [
  ['creation', () => sendToLists(user, 'POST', '', { name: 'New' })],
  ['creation under an id', () => put(randomUUID(), 'New')],
  ['replacement', (id) => put(id, 'Über')],
  ['change of the name', (id) => patch(id, { name: '"quoted" \\ 🐘' })],
  ['move to the first place', (id) => move(id, { after: null })],
  ['move to the last place', (id) => move(id, {})],
  ['deletion', (id) => remove(id)],
  ['deletion that keeps tasks', (id) => remove(id, '?tasks=keep')],
];

test.each(writes)(
  'undo of the %s of a list restores everything but version and updated_at, and undo of that is redo',
  async (_, write) => {
    const { B } = await createLists(user, 'A', 'B', 'C');
    const before = await contentsOfLists(user);
    const revision = await revisionOf(write(B.id));
    const after = await contentsOfLists(user);
    expect(after).not.toEqual(before);
    const undone = await undo(user, revision);
    expect(undone).toBe(revision + 1);
    expect(await contentsOfLists(user)).toEqual(before);
    const redone = await undo(user, undone);
    expect(await contentsOfLists(user)).toEqual(after);
    await undo(user, redone);
    expect(await contentsOfLists(user)).toEqual(before);
  },
);

test('undo of a rename sets back the name alone, and is a change with a version and a revision of its own', async () => {
  const { A } = await createLists(user, 'A', 'B');
  const revision = await revisionOf(patch(A.id, { name: 'New' }));
  await move(A.id, {});
  const undone = await undo(user, revision);
  expect(await getList(user, A.id)).toMatchObject({ name: 'A', version: 4 });
  expect(await namesOf(user)).toEqual(['B', 'A']);
  expect(await newestRevision(user)).toMatchObject({
    revision: undone,
    via: 'session',
    entries: [{ type: 'list', id: A.id, op: 'updated', version: 4, diff: { name: { from: 'New', to: 'A' } } }],
  });
});

test('undo of the creation and of the deletion of a list say so, and its versions go on', async () => {
  const list = await createList(user);
  const undone = await undo(user, (await newestRevision(user)).revision);
  expect(await newestRevision(user)).toMatchObject({
    entries: [{ type: 'list', id: list.id, op: 'deleted', version: 1, diff: null }],
  });
  await undo(user, undone);
  expect(await newestRevision(user)).toMatchObject({
    entries: [{ type: 'list', id: list.id, op: 'restored', version: 2, diff: null }],
  });
  expect(await getList(user, list.id)).toMatchObject({ ...list, version: 2, updated_at: expect.any(String) });
});

describe('an undo that would overwrite something', () => {
  /** Expects that the revision cannot be undone, and that the attempt changes nothing. */
  async function expectConflicts(revision: number, expected: string[]) {
    const before = [await getLists(user), await getRevisions(user)];
    expect(await conflictsOf(await requestUndo(user, revision))).toEqual(expected);
    expect([await getLists(user), await getRevisions(user)]).toEqual(before);
  }

  test('of a rename is refused where the list was renamed since, until it has that name again', async () => {
    const { id } = await createList(user, 'A');
    const revision = await revisionOf(patch(id, { name: 'B' }));
    await patch(id, { name: 'C' });
    await expectConflicts(revision, ['/entries/0 changed']);
    await patch(id, { name: 'B' });
    await undo(user, revision);
    expect(await namesOf(user)).toEqual(['A']);
  });

  test('of a rename or a move is refused where the list was deleted since, until it is back', async () => {
    const { A } = await createLists(user, 'A', 'B');
    const rename = await revisionOf(patch(A.id, { name: 'New' }));
    const moved = await revisionOf(move(A.id, {}));
    const deletion = await revisionOf(remove(A.id));
    await expectConflicts(rename, ['/entries/0 changed']);
    await expectConflicts(moved, ['/entries/0 changed']);
    await undo(user, deletion);
    await undo(user, rename);
    await undo(user, moved);
    expect(await namesOf(user)).toEqual(['A', 'B']);
  });

  test('of a move is refused where the list was moved since', async () => {
    const { A } = await createLists(user, 'A', 'B', 'C');
    const revision = await revisionOf(move(A.id, {}));
    const since = await revisionOf(move(A.id, { after: null }));
    await expectConflicts(revision, ['/entries/0 changed']);
    await undo(user, since);
    await undo(user, revision);
    expect(await namesOf(user)).toEqual(['A', 'B', 'C']);
  });

  test('of a creation is refused where the list was renamed or moved since, until that is undone', async () => {
    const id = randomUUID();
    const revision = await revisionOf(put(id, 'A'));
    await createList(user, 'B');
    for (const write of [() => patch(id, { name: 'New' }), () => move(id, {})]) {
      const change = await revisionOf(write());
      await expectConflicts(revision, ['/entries/0 changed']);
      await undo(user, change);
    }
    await undo(user, revision);
    expect(await namesOf(user)).toEqual(['B']);
  });

  test('of a creation is refused where there are tasks in the list, until they are moved or deleted', async () => {
    const id = randomUUID();
    const revision = await revisionOf(put(id, 'A'));
    const task = await createTask(user, { title: 'T', list_id: id });
    await expectConflicts(revision, ['/entries/0 in_use']);
    await sendAs(user, 'PATCH', `/${task.id}/move`, { list_id: null });
    await undo(user, revision);
    expect(await namesOf(user)).toEqual([]);
    expect(await getTask(user, task.id)).toMatchObject({ title: 'T', list_id: null });
  });

  test('of a deletion is refused where the id is in use again', async () => {
    const { id } = await createList(user, 'A');
    const revision = await revisionOf(remove(id));
    const creation = await revisionOf(put(id, 'Another'));
    await expectConflicts(revision, ['/entries/0 taken']);
    await undo(user, creation);
    await undo(user, revision);
    expect(await getList(user, id)).toMatchObject({ name: 'A', version: 3 });
  });

  test('of a deletion that kept the tasks is refused where one of them was moved since, until it is back', async () => {
    const { A, B } = await createLists(user, 'A', 'B');
    const task = await createTask(user, { title: 'T', list_id: A.id });
    const revision = await revisionOf(remove(A.id, '?tasks=keep'));
    const moved = await revisionOf(sendAs(user, 'PATCH', `/${task.id}/move`, { list_id: B.id }));
    const { entries } = (await getRevisions(user, { limit: '2' })).data[1] ?? { entries: [] };
    const at = entries.findIndex(({ id }) => id === task.id);
    await expectConflicts(revision, [`/entries/${at} changed`]);
    await undo(user, moved);
    await undo(user, revision);
    expect(await titlesAt(user, { list: A.id })).toEqual(['T']);
  });

  test('of a task that moves it back is refused where its list was deleted since: parent_gone', async () => {
    const { A, B } = await createLists(user, 'A', 'B');
    const task = await createTask(user, { title: 'T', list_id: A.id });
    const moved = await revisionOf(sendAs(user, 'PATCH', `/${task.id}/move`, { list_id: B.id }));
    await remove(A.id);
    await expectConflicts(moved, ['/entries/0 parent_gone']);
    await sendToLists(user, 'PUT', `/${A.id}`, { name: 'Again' });
    await undo(user, moved);
    expect(await titlesAt(user, { list: A.id })).toEqual(['T']);
  });

  test('is refused the second time', async () => {
    const { id } = await createList(user, 'A');
    const revisions = [await revisionOf(patch(id, { name: 'B' })), await revisionOf(remove(id))].reverse();
    for (const revision of revisions) await undo(user, revision);
    await expectConflicts(revisions[0] ?? 0, ['/entries/0 taken']);
    await expectConflicts(revisions[1] ?? 0, ['/entries/0 changed']);
  });
});

test('a list that comes back where another one stands now comes right after that one', async () => {
  const { B } = await createLists(user, 'A', 'B', 'C');
  const deletion = await revisionOf(remove(B.id));
  const D = await createList(user, 'D');
  await execute(`update lists set position = '${B.position}' where id = '${D.id}'`);
  await undo(user, deletion);
  const { data } = await getLists(user);
  expect(data.map(({ name }) => name)).toEqual(['A', 'D', 'B', 'C']);
  expect(new Set(data.map(({ position }) => position)).size).toBe(4);
});

test('lists that are undone at once with others that are created and moved have a position each', async () => {
  const { A, B, C } = await createLists(user, 'A', 'B', 'C');
  const revisions: number[] = [];
  for (const { id } of [A, B, C]) revisions.push(await revisionOf(remove(id)));
  const responses = await Promise.all([
    ...revisions.map((revision) => requestUndo(user, revision)),
    ...['D', 'E'].map((name) => sendToLists(user, 'POST', '', { name })),
  ]);
  for (const { ok } of responses) expect(ok).toBe(true);
  const { data } = await getLists(user);
  expect(data.map(({ name }) => name).sort()).toEqual(['A', 'B', 'C', 'D', 'E']);
  expect(new Set(data.map(({ position }) => position)).size).toBe(5);
});
