import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { conflictsOf, deleteTask, newestRevision, requestUndo, revisionOf, undo } from '../journal/requests';
import { createTask, getTask, sendAs } from '../task-requests';
import {
  createList,
  DEEPEST,
  type Deepest,
  deleteList,
  insertTasks,
  move,
  outlineOf,
  patch,
  plant,
  put,
  requestMove,
  storedRows,
  treeProblems,
} from './requests';

/** Undo that would leave a tree against the rules, or take away what was added since. */

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

type Letter = 'A' | 'B' | 'C' | 'D';

/** Expects that the revision cannot be undone, and that the attempt changes nothing. */
async function expectConflicts(revision: number, expected: string[]) {
  const before = await storedRows(user);
  expect(await conflictsOf(await requestUndo(user, revision))).toEqual(expected);
  expect(await storedRows(user)).toEqual(before);
}

const sendBatch = (operations: object[]) =>
  sendAs({ ...user, tasks: `/api/${user.id}/batch` }, 'POST', '', { operations });
const createListNow = () => sendBatch([{ op: 'replaceList', list_id: randomUUID(), body: { name: 'List' } }]);

describe('undo of a move', () => {
  test('is refused where the parent to come back to is gone, until it is there again', async () => {
    const { A, B } = await plant<Letter>(user, { A: { B: {} } });
    const revision = await revisionOf(requestMove(user, B, { parent_id: null }));
    const deletion = await revisionOf(deleteTask(user, A));
    await expectConflicts(revision, ['/entries/0 parent_gone']);
    await undo(user, deletion);
    await undo(user, revision);
    expect((await getTask(user, B)).parent_id).toBe(A);
  });

  test('is refused where the list to come back to is gone, until it is there again', async () => {
    const list = await createList(user);
    const { A } = await plant<Letter>(user, { A: { B: {} } }, { list_id: list });
    const revision = await revisionOf(requestMove(user, A, { list_id: null }));
    const deletion = await revisionOf(deleteList(user, list));
    const before = await storedRows(user);
    const conflicts = await conflictsOf(await requestUndo(user, revision));
    expect(conflicts).toEqual(['/entries/0 parent_gone', '/entries/1 parent_gone']);
    expect(await storedRows(user)).toEqual(before);
    await undo(user, deletion);
    await undo(user, revision);
    expect(await outlineOf(user)).toEqual({ [list]: { A: { B: {} } } });
  });

  test('is refused where it would put a task below itself', async () => {
    const { A, B } = await plant<Letter>(user, { A: { B: { C: {} } } });
    const revision = await revisionOf(requestMove(user, B, { parent_id: null }));
    await move(user, A, { parent_id: B });
    await expectConflicts(revision, ['/entries/0 parent_gone']);
    await move(user, A, { parent_id: null });
    await undo(user, revision);
    expect(await outlineOf(user)).toEqual({ inbox: { A: { B: { C: {} } } } });
  });

  test('is refused where it would make a sixth level, from above or from below', async () => {
    const ids = await plant<Deepest>(user, DEEPEST);
    const { A } = await plant<Letter>(user, { A: {}, B: {} });
    const revision = await revisionOf(requestMove(user, ids.e, { parent_id: null }));
    const since = await revisionOf(requestMove(user, ids.a, { parent_id: A }));
    await expectConflicts(revision, ['/entries/0 parent_gone']);
    await undo(user, since);
    const { id } = await createTask(user, { title: 'below', parent_id: ids.e });
    await expectConflicts(revision, ['/entries/0 parent_gone']);
    await deleteTask(user, id);
    await undo(user, revision);
    expect(await treeProblems(user)).toEqual([]);
  });

  test('is refused where more than 1,000 tasks would be below one', async () => {
    const { A, B } = await plant<Letter>(user, { A: { B: { C: {} } } });
    const revision = await revisionOf(requestMove(user, B, { parent_id: null }));
    await insertTasks(user, 999, { parent_id: A });
    await expectConflicts(revision, ['/entries/0 parent_gone']);
    expect((await getTask(user, B)).parent_id).toBeNull();
  });

  test('is refused where the place was changed since', async () => {
    const list = await createList(user);
    const { A, B, C } = await plant<Letter>(user, { A: {}, B: {}, C: {} });
    const revision = await revisionOf(requestMove(user, A, { list_id: list }));
    const among = await revisionOf(requestMove(user, B, { after: C }));
    const since = [
      await revisionOf(requestMove(user, A, { parent_id: C })),
      await revisionOf(requestMove(user, B, { after: null })),
    ];
    await expectConflicts(revision, ['/entries/0 changed']);
    await expectConflicts(among, ['/entries/0 changed']);
    for (const later of since.reverse()) await undo(user, later);
    await undo(user, among);
    await undo(user, revision);
    expect(await outlineOf(user)).toEqual({ inbox: { A: {}, B: {}, C: {} } });
  });

  test('of a subtree to another list is refused where a task was added below it since', async () => {
    const list = await createList(user);
    const { A, B } = await plant<Letter>(user, { A: { B: {} } }, { list_id: list });
    const revision = await revisionOf(requestMove(user, A, { list_id: null }));
    const { id } = await createTask(user, { title: 'since', parent_id: B });
    await expectConflicts(revision, ['/entries/1 in_use']);
    await deleteTask(user, id);
    await undo(user, revision);
    expect(await treeProblems(user)).toEqual([]);
  });

  test('to the top level is refused where its parent is in another list since', async () => {
    const list = await createList(user);
    const { A, B } = await plant<Letter>(user, { A: { B: {} } });
    const revision = await revisionOf(requestMove(user, B, { parent_id: null }));
    const since = await revisionOf(requestMove(user, A, { list_id: list }));
    await expectConflicts(revision, ['/entries/0 parent_gone']);
    await undo(user, since);
    await undo(user, revision);
    expect(await outlineOf(user)).toEqual({ inbox: { A: { B: {} } } });
  });
});

describe('undo of a creation', () => {
  test('of a task is refused where it has newer tasks below it, until these are elsewhere', async () => {
    const revision = await revisionOf(sendAs(user, 'POST', '', { title: 'A' }));
    const { entries } = await newestRevision(user);
    const A = entries[0]?.id ?? '';
    const { id } = await createTask(user, { title: 'B', parent_id: A });
    await expectConflicts(revision, ['/entries/0 in_use']);
    await move(user, id, { parent_id: null });
    await undo(user, revision);
    expect(await outlineOf(user)).toEqual({ inbox: { B: {} } });
  });

  test('of a task is refused where an older task was moved below it since', async () => {
    const { B } = await plant<Letter>(user, { B: {} });
    const revision = await revisionOf(sendAs(user, 'POST', '', { title: 'A' }));
    const A = (await newestRevision(user)).entries[0]?.id;
    const since = await revisionOf(patch(user, B, { parent_id: A }));
    await expectConflicts(revision, ['/entries/0 in_use']);
    await undo(user, since);
    await undo(user, revision);
    expect(await outlineOf(user)).toEqual({ inbox: { B: {} } });
  });

  test('of a list is refused where it has tasks, until these are elsewhere', async () => {
    const revision = await revisionOf(createListNow());
    const list = (await newestRevision(user)).entries[0]?.id ?? '';
    const { A } = await plant<Letter>(user, { A: { B: {} } }, { list_id: list });
    await expectConflicts(revision, ['/entries/0 in_use']);
    await move(user, A, { list_id: null });
    await undo(user, revision);
    expect(await outlineOf(user)).toEqual({ inbox: { A: { B: {} } } });
  });

  test('of a whole tree takes all of it back, but not what was added to it since', async () => {
    const [A, B, C] = [randomUUID(), randomUUID(), randomUUID()];
    const revision = await revisionOf(
      sendBatch([
        { op: 'replaceTask', task_id: A, body: { title: 'A' } },
        { op: 'replaceTask', task_id: B, body: { title: 'B', parent_id: A } },
        { op: 'replaceTask', task_id: C, body: { title: 'C', parent_id: B } },
      ]),
    );
    const since = await revisionOf(put(user, randomUUID(), { title: 'since', parent_id: B }));
    await expectConflicts(revision, ['/entries/1 in_use']);
    await undo(user, since);
    const undone = await undo(user, revision);
    expect(await outlineOf(user)).toEqual({});
    await undo(user, undone);
    expect(await outlineOf(user)).toEqual({ inbox: { A: { B: { C: {} } } } });
  });
});

describe('undo of a deletion', () => {
  test('of a sub-task is refused where its parent is gone, until that is there again', async () => {
    const { A, C } = await plant<Letter>(user, { A: { B: { C: {} } } });
    const revision = await revisionOf(deleteTask(user, C));
    const since = await revisionOf(deleteTask(user, A));
    await expectConflicts(revision, ['/entries/0 parent_gone']);
    await undo(user, since);
    await undo(user, revision);
    expect(await outlineOf(user)).toEqual({ inbox: { A: { B: { C: {} } } } });
  });

  test('of a task is refused where its list is gone, and names each task of it', async () => {
    const list = await createList(user);
    const { A } = await plant<Letter>(user, { A: { B: {} } }, { list_id: list });
    const revision = await revisionOf(deleteTask(user, A));
    const since = await revisionOf(deleteList(user, list));
    await expectConflicts(revision, ['/entries/0 parent_gone', '/entries/1 parent_gone']);
    await undo(user, since);
    await undo(user, revision);
    expect(await outlineOf(user)).toEqual({ [list]: { A: { B: {} } } });
  });

  test('of a sub-task is refused where its parent is in another list since', async () => {
    const list = await createList(user);
    const { A, B } = await plant<Letter>(user, { A: { B: {} } });
    const revision = await revisionOf(deleteTask(user, B));
    await move(user, A, { list_id: list });
    await expectConflicts(revision, ['/entries/0 parent_gone']);
  });

  test('of a sub-task is refused where its parent is on the fifth level since', async () => {
    const ids = await plant<Deepest>(user, DEEPEST);
    const { A, B } = await plant<Letter>(user, { A: { B: {} } });
    const revision = await revisionOf(deleteTask(user, B));
    await move(user, A, { parent_id: ids.d });
    await expectConflicts(revision, ['/entries/0 parent_gone']);
    await move(user, A, { parent_id: ids.c });
    await undo(user, revision);
    expect(await treeProblems(user)).toEqual([]);
  });

  test('of a subtree is refused where one of its ids is taken, and points to its entry', async () => {
    const { A, B } = await plant<Letter>(user, { A: { B: { C: {} } } });
    const revision = await revisionOf(deleteTask(user, A));
    const { entries } = await newestRevision(user);
    await put(user, B, {});
    await expectConflicts(revision, [`/entries/${entries.findIndex(({ id }) => id === B)} taken`]);
  });
});

test('undo of a completion of a subtree is refused where a task below was reopened since, and points to its entry', async () => {
  const { A, C } = await plant<Letter>(user, { A: { B: { C: {} }, D: {} } });
  const revision = await revisionOf(sendAs(user, 'PATCH', `/${A}/complete`));
  const { entries } = await newestRevision(user);
  const since = await revisionOf(sendAs(user, 'PATCH', `/${C}/complete`));
  await expectConflicts(revision, [`/entries/${entries.findIndex(({ id }) => id === C)} changed`]);
  await undo(user, since);
  await undo(user, revision);
});

test('undo of a batch of moves names each place that is gone by the first entry of its task', async () => {
  const { A, B, C, D } = await plant<Letter>(user, { A: { B: {} }, C: { D: {} } });
  const toTop = (task_id: string) => ({ op: 'moveTask', task_id, body: { parent_id: null, after: null } });
  const { id } = await createTask(user, { title: 'free' });
  const revision = await revisionOf(sendBatch([toTop(id), toTop(D), toTop(B), toTop(D)]));
  for (const parent of [A, C]) await deleteTask(user, parent);
  await expectConflicts(revision, ['/entries/1 parent_gone', '/entries/2 parent_gone']);
});
