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

test('without row-level security, two users can use the same idempotency key', async () => {
  const idempotency = { key: randomUUID(), fingerprint: 'same' };
  const [hers, his] = [
    await tasks.create({ ...as('ada'), idempotency }, input),
    await tasks.create({ ...as('bob'), idempotency }, input),
  ];
  expect(hers).toMatchObject({ body: { user_id: 'ada' } });
  expect(his).toMatchObject({ body: { user_id: 'bob' } });
});
