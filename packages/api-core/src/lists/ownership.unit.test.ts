import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { TaskInput } from '../tasks/contract';
import * as tasks from '../tasks/service';
import { useUnrestrictedDatabase } from '../testing/unrestricted';
import * as lists from './service';

const contextOf = useUnrestrictedDatabase();
const as = (userId: 'ada' | 'bob'): tasks.TaskContext => ({ ...contextOf(userId), maxTasks: 20_000 });

const page = { limit: 100 };

/** Everything that the user can read. */
const readAll = async (userId: 'ada' | 'bob') => [
  (await lists.list(as(userId), page)).body?.data,
  (await tasks.list(as(userId), { ...page, sort: 'created_at' })).body?.data,
];

/** A list of the user under an id, with a task that has one below it; the next lists of each stand at the same position. */
async function fill(userId: 'ada' | 'bob', id: string, child: string) {
  const ctx = as(userId);
  await lists.replace(ctx, id, { name: userId });
  await tasks.replace(ctx, id, TaskInput.parse({ title: userId, list_id: id, tags: ['own'] }));
  await tasks.replace(ctx, child, TaskInput.parse({ title: userId, parent_id: id }));
}

test('without row-level security, no statement reads or changes a list of another user', async () => {
  const [a, b] = [
    (await lists.create(as('ada'), { name: 'Hers' })).body,
    (await lists.create(as('ada'), { name: 'Also hers' })).body,
  ];
  const before = await readAll('ada');
  const bob = as('bob');
  const attempts = [
    () => lists.get(bob, a.id),
    () => lists.update(bob, a.id, { name: 'His' }),
    () => lists.update(bob, a.id, {}),
    () => lists.move(bob, a.id, {}),
    () => lists.move(bob, b.id, { after: null }),
    () => lists.remove(bob, a.id, { tasks: 'delete' }),
    () => lists.remove(bob, a.id, { tasks: 'keep' }),
  ];
  for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: 'not_found' });
  expect((await lists.list(bob, page)).body?.data).toEqual([]);
  const { id } = (await lists.create(bob, { name: 'His' })).body;
  await expect(lists.move(bob, id, { after: a.id })).rejects.toMatchObject({ code: 'validation' });
  expect(await readAll('ada')).toEqual(before);
});

test('without row-level security, the same list id addresses different lists for two users, with tasks of their own', async () => {
  const [id, child] = [randomUUID(), randomUUID()];
  for (const userId of ['ada', 'bob'] as const) await fill(userId, id, child);
  const before = await readAll('ada');
  const bob = as('bob');
  expect((await lists.update(bob, id, { name: 'New' })).body).toMatchObject({ user_id: 'bob', version: 2 });
  await lists.move(bob, id, { after: null });
  await lists.move(bob, id, {});
  await lists.remove(bob, id, { tasks: 'keep' });
  expect((await tasks.get(bob, child)).body).toMatchObject({ list_id: null, parent_id: id, title: 'bob' });
  await lists.replace(bob, id, { name: 'Again' });
  await tasks.move(bob, id, { list_id: id });
  await lists.remove(bob, id, { tasks: 'delete' });
  await expect(tasks.get(bob, child)).rejects.toMatchObject({ code: 'not_found' });
  expect(await readAll('ada')).toEqual(before);
});

test("without row-level security, lists are placed among the user's own alone, and count for that user alone", async () => {
  const [hers, his] = [
    (await lists.create(as('ada'), { name: 'Last' })).body,
    (await lists.create(as('bob'), { name: 'Last' })).body,
  ];
  for (const userId of ['ada', 'bob'] as const) {
    const ordered = (await lists.list(as(userId), page)).body?.data ?? [];
    expect(ordered.map(({ user_id }) => user_id)).toEqual(ordered.map(() => userId));
    expect(ordered.at(-1)?.id).toBe(userId === 'ada' ? hers.id : his.id);
  }
  const before = await readAll('ada');
  expect((await lists.move(as('bob'), his.id, { after: null })).body.id).toBe(his.id);
  const [first] = (await lists.list(as('bob'), page)).body?.data ?? [];
  expect(first?.id).toBe(his.id);
  expect(await readAll('ada')).toEqual(before);
});

test('without row-level security, two users can use the same idempotency key for a list', async () => {
  const idempotency = { key: randomUUID(), fingerprint: 'same' };
  for (const userId of ['ada', 'bob'] as const) {
    const created = await lists.create({ ...as(userId), idempotency }, { name: 'New' });
    expect(created).toMatchObject({ replayed: false, body: { user_id: userId } });
  }
});
