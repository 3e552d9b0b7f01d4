import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { useUnrestrictedDatabase } from '../testing/unrestricted';
import { TaskInput } from './contract';
import * as tasks from './service';

const contextOf = useUnrestrictedDatabase();
const as = (userId: 'ada' | 'bob'): tasks.TaskContext => ({ ...contextOf(userId), maxTasks: 20_000 });

const input = TaskInput.parse({ title: 'Ada’s', tags: ['hers'], due_date: '2026-02-28' });
const everything = { limit: 100, sort: '-created_at' } as const;

async function createAdasTask() {
  return (await tasks.create(as('ada'), input)).body;
}

test('without row-level security, no statement reads or changes a task of another user', async () => {
  const { id } = await createAdasTask();
  const before = await tasks.list(as('ada'), everything);
  const bob = as('bob');
  const attempts = [
    () => tasks.get(bob, id),
    () => tasks.update(bob, id, { title: 'Bob’s' }),
    () => tasks.update(bob, id, { tags: ['his'] }),
    () => tasks.update(bob, id, {}),
    () => tasks.complete(bob, id, undefined),
    () => tasks.update(bob, id, { parent_id: null }),
    () => tasks.move(bob, id, {}),
    () => tasks.move(bob, id, { after: null, list_id: null }),
    () => tasks.remove(bob, id),
  ];
  for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: 'not_found' });
  const filters = { tag: ['hers'], status: ['todo' as const], q: ['ada'], due_before: '2027-01-01' };
  for (const query of [everything, { ...everything, ...filters }]) {
    expect((await tasks.list(bob, query)).body?.data).toEqual([]);
  }
  expect(await tasks.list(as('ada'), everything)).toEqual(before);
});

test('without row-level security, the same task id addresses different tasks for two users', async () => {
  const { id } = await createAdasTask();
  const before = await tasks.get(as('ada'), id);
  const his = TaskInput.parse({ title: 'Bob’s', tags: ['his'] });
  expect(await tasks.replace(as('bob'), id, his)).toMatchObject({ body: { id, user_id: 'bob', version: 1 } });
  expect(await tasks.replace(as('bob'), id, { ...his, tags: [] })).toMatchObject({ body: { tags: [], version: 2 } });
  expect(await tasks.update(as('bob'), id, { title: 'New', tags: ['new'] })).toMatchObject({
    body: { tags: ['new'], version: 3 },
  });
  expect(await tasks.complete(as('bob'), id, true)).toMatchObject({ body: { status: 'done' } });
  expect((await tasks.list(as('bob'), { ...everything, tag: ['hers'] })).body?.data).toEqual([]);
  expect(await tasks.get(as('ada'), id)).toEqual(before);
  await tasks.remove(as('bob'), id);
  expect(await tasks.get(as('ada'), id)).toEqual(before);
});

test('without row-level security, a task is not placed below or after one of another user, nor changed with what is below that', async () => {
  const { id: parent } = await createAdasTask();
  const below = await tasks.create(as('ada'), { ...input, parent_id: parent });
  const { id: sibling } = await createAdasTask();
  const before = await tasks.list(as('ada'), everything);
  const bob = as('bob');
  const { id } = (await tasks.create(bob, TaskInput.parse({ title: 'His' }))).body;
  const attempts = [
    () => tasks.create(bob, TaskInput.parse({ title: 'His', parent_id: parent })),
    () => tasks.replace(bob, id, TaskInput.parse({ title: 'His', parent_id: parent })),
    () => tasks.update(bob, id, { parent_id: parent }),
    () => tasks.move(bob, id, { parent_id: parent }),
    () => tasks.move(bob, id, { after: sibling }),
  ];
  for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: 'validation' });
  // The same ids, in a tree of his own.
  await tasks.replace(bob, parent, TaskInput.parse({ title: 'His' }));
  await tasks.replace(bob, below.body.id, TaskInput.parse({ title: 'His', parent_id: parent }));
  await tasks.update(bob, parent, { status: 'done' });
  expect((await tasks.get(bob, below.body.id)).body).toMatchObject({ completed: true });
  await tasks.move(bob, parent, { parent_id: id });
  await tasks.move(bob, id, { after: null });
  await tasks.remove(bob, id);
  await expect(tasks.get(bob, below.body.id)).rejects.toMatchObject({ code: 'not_found' });
  expect((await tasks.tags(bob)).body.data).not.toContainEqual(expect.objectContaining({ tag: 'hers' }));
  expect((await tasks.list(bob, { ...everything, parent })).body?.data).toEqual([]);
  expect(await tasks.list(as('ada'), everything)).toEqual(before);
});

test('without row-level security, two users can use the same idempotency key', async () => {
  const idempotency = { key: randomUUID(), fingerprint: 'same' };
  const [hers, his] = [
    await tasks.create({ ...as('ada'), idempotency }, input),
    await tasks.create({ ...as('bob'), idempotency }, input),
  ];
  expect(hers).toMatchObject({ body: { user_id: 'ada' } });
  expect(his).toMatchObject({ body: { user_id: 'bob' } });
});
