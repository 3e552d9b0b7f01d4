import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { contentsOf, execute, requestUndo, undo } from '../journal/requests';
import { createTask, getPage, getTask, sendAs } from '../task-requests';
import { cases, type Ids, prepare } from './operation-cases';
import { allRevisions, createList, getLists, requestBatch, runBatch, sendToLists, versionsOf } from './requests';

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

/** Everything that the user has, with names in place of ids, and without timestamps. */
async function stateOf(owner: TestUser, ids: Ids & { fresh: string }): Promise<string> {
  const names = Object.entries({ ...ids, user: owner.id });
  const all = { lists: await getLists(owner), tasks: (await getPage(owner, { limit: '100', sort: 'title' })).data };
  const text = JSON.stringify(all, (name, value) => (name.endsWith('_at') ? Boolean(value) : value));
  return names.reduce((named, [name, id]) => named.replaceAll(id, name), text);
}

describe.each(cases)('$does', ({ entry, alone, version }) => {
  test('an operation of a batch leaves what it leaves by itself, as one revision that can be undone and redone', async () => {
    const twin = await signUp();
    const [mine, twins] = [await prepare(user), await prepare(twin)].map((ids) => ({ ...ids, fresh: randomUUID() }));
    if (!mine || !twins) throw new Error('Nothing was prepared.');
    const before = await stateOf(user, mine);
    const contents = await contentsOf(user);

    const [path, method, rest, body] = alone(twins);
    const single = await (path === 'tasks' ? sendAs : sendToLists)(twin, method, `/${rest}`, body);
    expect(single.ok).toBe(true);

    const { revision, results } = await runBatch(user, [entry(mine)]);
    expect(results.map((result) => result.version)).toEqual([version]);
    expect(await stateOf(user, mine)).toBe(await stateOf(twin, twins));
    expect(await stateOf(user, mine)).not.toBe(before);
    const [newest] = await allRevisions(user);
    const [twinsNewest] = await allRevisions(twin);
    expect(newest?.revision).toBe(revision);
    const kinds = (entries: { type: string; op: string }[] = []) => entries.map(({ type, op }) => `${type} ${op}`);
    expect(kinds(newest?.entries)).toEqual(kinds(twinsNewest?.entries));

    const after = await contentsOf(user);
    const undone = await undo(user, revision ?? 0);
    expect(await contentsOf(user)).toEqual(contents);
    await undo(user, undone);
    expect(await contentsOf(user)).toEqual(after);
  });
});

test('each operation of a batch sees what those before it did', async () => {
  const [list, task, child] = [randomUUID(), randomUUID(), randomUUID()];
  const results = await versionsOf(user, [
    { op: 'replaceList', list_id: list, body: { name: 'Trip' } },
    { op: 'replaceTask', task_id: task, if_none_match: '*', body: { title: 'Plan', list_id: list } },
    { op: 'replaceTask', task_id: child, body: { title: 'Tickets', parent_id: task } },
    { op: 'updateTask', task_id: child, if_match: 1, body: { priority: 'high' } },
    { op: 'completeTask', task_id: child, if_match: 2 },
    { op: 'completeTask', task_id: child, if_match: 3 },
    { op: 'moveTask', task_id: child, body: { list_id: null } },
    { op: 'deleteTask', task_id: task },
    { op: 'replaceTask', task_id: task, if_none_match: '*', body: { title: 'Plan again', list_id: list } },
    { op: 'moveTask', task_id: child, body: { parent_id: task } },
    { op: 'deleteList', list_id: list, body: { tasks: 'keep' } },
    { op: 'updateTask', task_id: task, if_match: 3, body: { title: 'Planned' } },
  ]);
  // What comes back under an id continues from its last version.
  expect(results).toEqual([1, 1, 1, 2, 3, 4, 5, null, 2, 6, null, 4]);
  expect(await getTask(user, task)).toMatchObject({ title: 'Planned', list_id: null, version: 4 });
  expect(await getTask(user, child)).toMatchObject({ parent_id: task, list_id: null, status: 'todo', version: 7 });
  expect(await getLists(user)).toEqual([]);
});

test('the version of a result is that after its operation, whatever later operations do', async () => {
  const id = randomUUID();
  const entries = ['A', 'B', 'B', 'C'].map((title) => ({ op: 'replaceTask', task_id: id, body: { title } }));
  expect(await versionsOf(user, [...entries, { op: 'deleteTask', task_id: id }])).toEqual([1, 2, 2, 3, null]);
  expect(await contentsOf(user)).toEqual([]);
});

test('all operations of a batch are one revision, whose entries have their order, and one undo takes all of it back', async () => {
  const kept = await createTask(user, { title: 'Kept' });
  const [list, task, child] = [randomUUID(), randomUUID(), randomUUID()];
  const before = await contentsOf(user);
  const count = (await allRevisions(user)).length;
  const { revision } = await runBatch(user, [
    { op: 'replaceTask', task_id: task, body: { title: 'Plan' } },
    { op: 'updateTask', task_id: kept.id, body: { title: 'Changed' } },
    { op: 'updateTask', task_id: kept.id, body: { title: 'Changed' } },
    { op: 'replaceList', list_id: list, body: { name: 'Trip' } },
    { op: 'moveTask', task_id: task, body: { list_id: list } },
    { op: 'replaceTask', task_id: child, body: { title: 'Tickets', parent_id: task } },
    { op: 'completeTask', task_id: task, body: { completed: true } },
    { op: 'deleteTask', task_id: kept.id },
  ]);
  const revisions = await allRevisions(user);
  expect(revisions).toHaveLength(count + 1);
  const [newest] = revisions;
  expect(newest?.revision).toBe(revision);
  expect(newest?.entries.map(({ id, op, version }) => [id, op, version])).toEqual([
    [task, 'created', 1],
    [kept.id, 'updated', 2],
    [list, 'created', 1],
    [task, 'updated', 2],
    [child, 'created', 1],
    [task, 'updated', 3],
    [child, 'updated', 2],
    [kept.id, 'deleted', 2],
  ]);
  const moments = await execute(
    `select distinct at from changes where user_id = '${user.id}' and revision = ${revision}`,
  );
  expect(moments).toHaveLength(1);

  const after = await contentsOf(user);
  const undone = await undo(user, revision ?? 0);
  expect(await contentsOf(user)).toEqual(before);
  expect(await getLists(user)).toEqual([]);
  await undo(user, undone);
  expect(await contentsOf(user)).toEqual(after);
  expect((await getLists(user)).map(({ id, name }) => [id, name])).toEqual([[list, 'Trip']]);
});

test('the revision after a batch is another one, and comes after all entries of the batch', async () => {
  const ids = Array.from({ length: 5 }, () => randomUUID());
  const { revision } = await runBatch(
    user,
    ids.map((task_id) => ({ op: 'replaceTask', task_id, body: { title: 'Task' } })),
  );
  const single = await sendAs(user, 'PATCH', `/${ids[0]}`, { title: 'Single' });
  const next = await runBatch(user, [{ op: 'deleteTask', task_id: ids[0] }]);
  const [third, second, first] = await allRevisions(user);
  expect([first?.revision, second?.revision, third?.revision]).toEqual([
    revision,
    Number(single.headers.get('Revision')),
    next.revision,
  ]);
  expect([first, second, third].map((each) => each?.entries.length)).toEqual([5, 1, 1]);
  expect(Number(first?.revision) < Number(second?.revision) && Number(second?.revision) < Number(third?.revision)).toBe(
    true,
  );
  expect(String(first?.at) <= String(second?.at) && String(second?.at) <= String(third?.at)).toBe(true);
});

test('a batch that changes nothing has no revision, and makes none', async () => {
  const task = await createTask(user, { title: 'Same', tags: ['a'] });
  const list = await createList(user, 'Same');
  const revisions = await allRevisions(user);
  const response = await requestBatch(user, [
    { op: 'updateTask', task_id: task.id, body: {} },
    { op: 'replaceTask', task_id: task.id, body: { title: 'Same', tags: ['a'] } },
    { op: 'moveTask', task_id: task.id, body: {} },
    { op: 'completeTask', task_id: task.id, body: { completed: false } },
    { op: 'moveList', list_id: list.id, body: { after: null } },
    { op: 'updateList', list_id: list.id, body: { name: 'Same' } },
  ]);
  expect(response.headers.get('Revision')).toBeNull();
  const ids = [task.id, task.id, task.id, task.id, list.id, list.id];
  expect(await response.json()).toEqual({ revision: null, results: ids.map((id) => ({ id, version: 1 })) });
  expect(await allRevisions(user)).toEqual(revisions);
  expect(await getTask(user, task.id)).toEqual(task);
});

test('the first revision of a user can create a task and delete it: undoing that changes nothing', async () => {
  const id = randomUUID();
  const { results, revision } = await runBatch(user, [
    { op: 'replaceTask', task_id: id, body: { title: 'Short' } },
    { op: 'deleteTask', task_id: id },
  ]);
  expect([results, revision]).toEqual([[1, null].map((version) => ({ id, version })), 1]);
  const response = await requestUndo(user, 1);
  expect([response.status, response.headers.get('Revision'), await response.json()]).toEqual([
    200,
    null,
    { revision: null },
  ]);
  expect(await contentsOf(user)).toEqual([]);
});
