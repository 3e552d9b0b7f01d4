import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import * as journal from '../journal/service';
import * as lists from '../lists/service';
import * as tasks from '../tasks/service';
import { useUnrestrictedDatabase } from '../testing/unrestricted';
import { Batch } from './contract';
import * as batch from './service';

const contextOf = useUnrestrictedDatabase();
const as = (userId: 'ada' | 'bob'): tasks.TaskContext => ({ ...contextOf(userId), maxTasks: 20_000 });

const page = { limit: 100 };

/** Everything that the user can read. */
const readAll = async (userId: 'ada' | 'bob') => [
  (await lists.list(as(userId), page)).body?.data,
  (await tasks.list(as(userId), { ...page, sort: 'created_at' })).body?.data,
  (await journal.revisions(as(userId), page)).body,
  (await journal.changes(as(userId), page)).body.changes,
];

const run = (ctx: tasks.TaskContext, ...operations: unknown[]) => batch.run(ctx, Batch.parse({ operations }));

const creation = (list_id: string, task_id: string, child: string) => [
  { op: 'replaceList', list_id, body: { name: 'Hers' } },
  { op: 'replaceTask', task_id, body: { title: 'Hers', list_id, tags: ['own'] } },
  { op: 'replaceTask', task_id: child, body: { title: 'Hers', parent_id: task_id } },
];

/** Every operation of a batch on what there is, the deletions last. */
const changes = (list_id: string, task_id: string) => [
  { op: 'replaceTask', task_id, if_match: '*', body: { title: 'His', list_id } },
  { op: 'updateTask', task_id, body: { title: 'Changed', tags: ['his'] } },
  { op: 'updateTask', task_id, body: { status: 'done' } },
  { op: 'completeTask', task_id, body: { completed: false } },
  { op: 'moveTask', task_id, body: { after: null } },
  { op: 'replaceList', list_id, if_match: '*', body: { name: 'Replaced' } },
  { op: 'updateList', list_id, body: { name: 'Changed' } },
  { op: 'moveList', list_id, body: {} },
  { op: 'deleteTask', task_id },
  { op: 'deleteList', list_id, body: { tasks: 'keep' } },
];

test('without row-level security, no operation of a batch reads or changes what another user has', async () => {
  const [list, task, child] = [randomUUID(), randomUUID(), randomUUID()];
  await run(as('ada'), ...creation(list, task, child));
  const before = await readAll('ada');
  for (const operation of changes(list, task)) {
    const code = 'if_match' in operation ? 'precondition_failed' : 'not_found';
    await expect(run(as('bob'), operation), operation.op).rejects.toMatchObject({ code });
  }
  for (const place of [{ list_id: list }, { parent_id: task }]) {
    const operation = { op: 'replaceTask', task_id: randomUUID(), body: { title: 'His', ...place } };
    await expect(run(as('bob'), operation)).rejects.toMatchObject({ code: 'validation' });
  }
  expect(await readAll('ada')).toEqual(before);
  expect((await journal.changes(as('bob'), page)).body.changes).toEqual([]);
});

test('without row-level security, a batch of the same ids writes the resources of its user, and one revision of theirs', async () => {
  const [list, task, child] = [randomUUID(), randomUUID(), randomUUID()];
  for (const userId of ['ada', 'bob'] as const) await run(as(userId), ...creation(list, task, child));
  const before = await readAll('ada');
  const { body } = await run(as('bob'), ...changes(list, task));
  expect(body.results.map(({ version }) => version)).toEqual([2, 3, 4, 5, 5, 2, 3, 3, null, null]);
  const { data } = (await journal.revisions(as('bob'), page)).body;
  expect(data[0]?.revision).toBe(body.revision);
  expect(await readAll('ada')).toEqual(before);
  await journal.undo(as('bob'), body.revision ?? 0);
  expect((await tasks.get(as('bob'), task)).body).toMatchObject({ title: 'Hers', user_id: 'bob', list_id: list });
  expect(await readAll('ada')).toEqual(before);
});

test('without row-level security, two users can use the same idempotency key for a batch', async () => {
  const idempotency = { key: randomUUID(), fingerprint: 'same' };
  const [list, task, child] = [randomUUID(), randomUUID(), randomUUID()];
  for (const userId of ['ada', 'bob'] as const) {
    const ctx = { ...as(userId), idempotency };
    const first = await run(ctx, ...creation(list, task, child));
    expect(first.replayed).toBeUndefined();
    expect(await run(ctx, ...creation(list, task, child))).toMatchObject({ replayed: true, body: first.body });
  }
});
