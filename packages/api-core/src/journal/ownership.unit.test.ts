import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import * as lists from '../lists/service';
import { TaskInput } from '../tasks/contract';
import * as tasks from '../tasks/service';
import { useUnrestrictedDatabase } from '../testing/unrestricted';
import * as journal from './service';

const contextOf = useUnrestrictedDatabase();
const as = (userId: 'ada' | 'bob'): tasks.TaskContext => ({ ...contextOf(userId), maxTasks: 20_000 });

const input = TaskInput.parse({ title: 'Ada’s', tags: ['hers'], due_date: '2026-02-28' });
const page = { limit: 100 };

/** Everything that Ada can read. */
async function readAll() {
  const ada = as('ada');
  return [
    await tasks.list(ada, { ...page, sort: 'created_at' }),
    await journal.revisions(ada, page),
    await journal.trash(ada, page),
    await journal.changes(ada, page),
  ];
}

const revisionOf = async (write: Promise<{ revision?: number | undefined }>) => (await write).revision ?? 0;

test('without row-level security, no statement reads or changes what another user has done', async () => {
  const ada = as('ada');
  const bob = as('bob');
  const [created, changed, deleted] = [
    (await tasks.create(ada, input)).body,
    (await tasks.create(ada, input)).body,
    (await tasks.create({ ...ada, idempotency: { key: randomUUID(), fingerprint: '' } }, input)).body,
  ];
  const revisions = [
    await revisionOf(tasks.update(ada, changed.id, { title: 'New', tags: [] })),
    await revisionOf(tasks.remove(ada, deleted.id)),
    await revisionOf(tasks.create(ada, input)),
  ];
  const before = await readAll();
  const attempts = [
    ...revisions.map((revision) => () => journal.undo(bob, revision)),
    () => journal.restore(bob, deleted.id),
    () => journal.purge(bob, deleted.id),
  ];
  for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: 'not_found' });
  await journal.emptyTrash(bob);
  expect((await journal.trash(bob, page)).body.data).toEqual([]);
  for (const query of [page, ...[created, changed, deleted].map(({ id }) => ({ ...page, task: id }))]) {
    expect((await journal.revisions(bob, query)).body.data).toEqual([]);
  }
  expect((await journal.changes(bob, page)).body.changes).toEqual([]);
  expect(await readAll()).toEqual(before);
});

test('without row-level security, the same task id and the same revisions are different ones for two users', async () => {
  const id = randomUUID();
  for (const user of ['ada', 'bob'] as const) {
    const ctx = as(user);
    await tasks.replace(ctx, id, { ...input, title: user });
    await tasks.update(ctx, id, { title: 'Secret', tags: [user] });
  }
  const bob = as('bob');
  await tasks.remove(as('ada'), id);
  const before = await readAll();
  const { data } = (await journal.revisions(bob, { ...page, task: id })).body;
  await journal.undo(bob, data[0]?.revision ?? 0);
  expect((await tasks.get(bob, id)).body).toMatchObject({ title: 'bob', tags: ['hers'], version: 3 });
  await journal.undo(bob, data[1]?.revision ?? 0);
  expect(await readAll()).toEqual(before);
  expect((await journal.restore(bob, id)).body).toMatchObject({ title: 'bob', tags: ['hers'], version: 4 });
  await tasks.remove(bob, id);
  await journal.purge(bob, id);
  expect(await readAll()).toEqual(before);
  expect((await journal.restore(as('ada'), id)).body).toMatchObject({ title: 'Secret', tags: ['ada'], version: 3 });
});

test('without row-level security, a list with tasks is deleted, undone and restored without those that another user has under the same ids', async () => {
  const [list, parent, child] = [randomUUID(), randomUUID(), randomUUID()];
  for (const user of ['ada', 'bob'] as const) {
    const ctx = as(user);
    await lists.replace(ctx, list, { name: user });
    await tasks.replace(ctx, parent, TaskInput.parse({ title: user, list_id: list }));
    await tasks.replace(ctx, child, TaskInput.parse({ title: user, parent_id: parent }));
  }
  const [ada, bob] = [as('ada'), as('bob')];
  const before = [...(await readAll()), await lists.list(ada, page)];
  for (const kept of ['delete', 'keep'] as const) {
    await journal.undo(bob, await revisionOf(lists.remove(bob, list, { tasks: kept })));
    expect((await tasks.get(bob, child)).body).toMatchObject({ title: 'bob', list_id: list, parent_id: parent });
  }
  // What Ada has under these ids is no place for a task of Bob.
  await lists.remove(bob, list, { tasks: 'delete' });
  expect((await journal.restore(bob, child)).body).toMatchObject({ list_id: null, parent_id: null });
  expect((await lists.list(bob, page)).body?.data).toEqual([]);
  expect([...(await readAll()), await lists.list(ada, page)]).toEqual(before);
});
