import { randomUUID } from 'node:crypto';
import type { Task, TaskPage } from '@taskward/api-core';
import { expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { send, signUp, type TestUser, useApp } from '../harness';
import { createTask, getPage, requestPage } from '../task-requests';

useApp();

/** Creates that many tasks, and returns them newest first. */
async function createTasks(user: TestUser, count: number): Promise<Task[]> {
  const { db } = await getApp();
  await db.ownerDb.execute(`insert into tasks (user_id, id, title, created_at, updated_at)
    select '${user.id}', gen_random_uuid(), 'Task ' || i, at, at
    from generate_series(1, ${count}) i, lateral (select now() - interval '1 s' + i * interval '1 ms' as at) times`);
  const tasks: Task[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const next: TaskPage = await getPage(user, { limit: '100', ...(cursor && { cursor }) });
    tasks.push(...next.data);
    cursor = next.next_cursor;
  }
  expect(tasks.map(({ title }) => title)).toEqual(Array.from({ length: count }, (_, i) => `Task ${count - i}`));
  return tasks;
}

/** Requests all pages, and calls `between` between each two of them. */
async function walk(user: TestUser, limit: number, between: () => Promise<unknown> = async () => {}): Promise<Task[]> {
  const seen: Task[] = [];
  let { data, next_cursor } = await getPage(user, { limit: `${limit}` });
  seen.push(...data);
  while (next_cursor !== null) {
    expect(data).toHaveLength(limit);
    await between();
    ({ data, next_cursor } = await getPage(user, { limit: `${limit}`, cursor: next_cursor }));
    seen.push(...data);
  }
  return seen;
}

async function cursorOf(user: TestUser, limit = 1): Promise<string> {
  const { next_cursor } = await getPage(user, { limit: `${limit}` });
  expect(next_cursor).toEqual(expect.any(String));
  return next_cursor ?? '';
}

async function expectRefusedCursor(user: TestUser, cursor: string) {
  const response = await requestPage(user, { cursor });
  expect.soft(response.status, cursor).toBe(422);
  const { errors } = await response.json();
  expect.soft(errors, cursor).toMatchObject([{ in: 'query', pointer: '/cursor' }]);
}

test('a user without tasks gets an empty page', async () => {
  expect(await getPage(await signUp())).toStrictEqual({ data: [], next_cursor: null });
});

test('a list returns whole tasks, newest first, and only those of the user', async () => {
  const [ada, bob] = [await signUp(), await signUp()];
  const first = await createTask(ada);
  await createTask(bob);
  const second = await createTask(ada);
  expect(await getPage(ada)).toStrictEqual({ data: [second, first], next_cursor: null });
});

test('changing a task does not move it in the default sort', async () => {
  const user = await signUp();
  const [third, second, first] = await createTasks(user, 3);
  const path = `${user.tasks}/${first?.id}`;
  const changed = await (await send('PATCH', path, { token: user.token, body: { title: 'Bread' } })).json();
  expect((await getPage(user)).data).toStrictEqual([third, second, changed]);
});

test('tasks created under ids of the client are sorted by creation time, not by id', async () => {
  const user = await signUp();
  const ids = ['ffffffff-ffff-4fff-bfff-ffffffffffff', '00000000-0000-4000-8000-000000000000'];
  for (const id of ids) {
    await send('PUT', `${user.tasks}/${id}`, { token: user.token, body: { title: 'Milk' } });
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  expect((await getPage(user)).data.map(({ id }) => id)).toEqual(ids.toReversed());
});

test('a page has 50 tasks by default and at most 100', async () => {
  const user = await signUp();
  const tasks = await createTasks(user, 101);
  const pages = {
    default: await getPage(user),
    one: await getPage(user, { limit: '1' }),
    most: await getPage(user, { limit: '100' }),
  };
  expect(pages.default.data).toStrictEqual(tasks.slice(0, 50));
  expect(pages.one.data).toStrictEqual(tasks.slice(0, 1));
  expect(pages.most.data).toStrictEqual(tasks.slice(0, 100));
  for (const { next_cursor } of Object.values(pages)) expect(next_cursor).toEqual(expect.any(String));

  const rest = await getPage(user, { cursor: pages.default.next_cursor ?? '' });
  expect(rest.data).toStrictEqual(tasks.slice(50, 100));
  const last = await getPage(user, { cursor: rest.next_cursor ?? '' });
  expect(last).toStrictEqual({ data: tasks.slice(100), next_cursor: null });
});

test('a page that ends with the last task has no next_cursor, even if it is full', async () => {
  const user = await signUp();
  const tasks = await createTasks(user, 6);
  expect(await getPage(user, { limit: '6' })).toStrictEqual({ data: tasks, next_cursor: null });
  const cursor = await cursorOf(user, 3);
  expect(await getPage(user, { limit: '3', cursor })).toStrictEqual({ data: tasks.slice(3), next_cursor: null });
});

test('paging returns each task that exists throughout exactly once, while others are created, changed and deleted', async () => {
  const user = await signUp();
  const { token } = user;
  const tasks = await createTasks(user, 120);
  const doomed = new Set<string>();
  let step = 0;
  const seen = await walk(user, 7, async () => {
    step += 1;
    await createTask(user, { title: `New ${step}` });
    await send('PUT', `${user.tasks}/${randomUUID()}`, { token, body: { title: `New ${step}` } });
    // One from the pages so far, one from those to come, and the one of the cursor.
    for (const index of [step, 119 - step, 7 * step - 1]) {
      const id = tasks[index]?.id ?? '';
      if (doomed.has(id)) continue;
      doomed.add(id);
      expect((await send('DELETE', `${user.tasks}/${id}`, { token })).status).toBe(204);
    }
    const remaining = tasks[60 + step];
    if (remaining && !doomed.has(remaining.id))
      await send('PATCH', `${user.tasks}/${remaining.id}/complete`, { token });
  });
  expect(step).toBeGreaterThan(14);
  const ids = seen.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const throughout = tasks.map(({ id }) => id).filter((id) => !doomed.has(id));
  expect(throughout.length).toBeGreaterThan(70);
  expect(ids.filter((id) => !doomed.has(id))).toEqual(throughout);
});

test('pages of any size add up to the same list', async () => {
  const user = await signUp();
  const tasks = await createTasks(user, 12);
  for (const limit of [1, 2, 3, 5, 11, 12, 13]) expect(await walk(user, limit)).toStrictEqual(tasks);
});

test('tasks created in the same millisecond are sorted by id, and paging returns each once', async () => {
  const user = await signUp();
  const ids = (await createTasks(user, 20)).map(({ id }) => id);
  for (let i = 0; i < 10; i++) {
    const id = randomUUID();
    await send('PUT', `${user.tasks}/${id}`, { token: user.token, body: { title: 'Milk' } });
    ids.push(id);
  }
  const { db } = await getApp();
  await db.ownerDb.execute(`update tasks set created_at = '2026-03-01T09:30:00.123Z' where user_id = '${user.id}'`);
  expect((await walk(user, 7)).map(({ id }) => id)).toEqual(ids.toSorted().toReversed());
});

test('a cursor can be used again, with another limit, and after its task was deleted', async () => {
  const user = await signUp();
  const tasks = await createTasks(user, 8);
  const cursor = await cursorOf(user, 3);
  const again = async (limit: string) => (await getPage(user, { limit, cursor })).data;
  expect(await again('2')).toStrictEqual(tasks.slice(3, 5));
  expect(await again('4')).toStrictEqual(tasks.slice(3, 7));
  await send('DELETE', `${user.tasks}/${tasks[2]?.id}`, { token: user.token });
  expect(await again('2')).toStrictEqual(tasks.slice(3, 5));
});

test('a cursor with one changed character returns 422', async () => {
  const user = await signUp();
  await createTasks(user, 2);
  const cursor = await cursorOf(user);
  // The unit tests of cursors change every character; here, that the list verifies cursors.
  for (const i of [0, 20, 22, cursor.length >> 1, cursor.length - 1]) {
    // The neighbour in the alphabet differs in the lowest bits, which a lax decoder drops from the last character.
    const other = cursor[i] === 'A' ? 'B' : 'A';
    const neighbour = String.fromCharCode(cursor.charCodeAt(i) ^ 1);
    for (const damage of [other, neighbour]) {
      await expectRefusedCursor(user, cursor.slice(0, i) + damage + cursor.slice(i + 1));
    }
  }
});

test('a cursor that is truncated, extended, re-encoded or invented returns 422', async () => {
  const user = await signUp();
  await createTasks(user, 2);
  const cursor = await cursorOf(user);
  const bytes = Buffer.from(cursor, 'base64url');
  const position = JSON.stringify([new Date().toISOString(), randomUUID()]);
  const damaged = [
    '',
    ' ',
    'x',
    '=',
    '\0',
    '0',
    'null',
    position,
    Buffer.from(position).toString('base64url'),
    Buffer.concat([bytes.subarray(0, 16), Buffer.from(position)]).toString('base64url'),
    Buffer.concat([Buffer.alloc(16), Buffer.from(position)]).toString('base64url'),
    cursor.slice(1),
    cursor.slice(0, -1),
    cursor.slice(0, 20),
    cursor.slice(0, 22),
    `${cursor}A`,
    `${cursor}AAAA`,
    `${cursor}=`,
    `${cursor} `,
    ` ${cursor}`,
    `${cursor}\n`,
    `${cursor}${cursor}`,
    `${cursor.slice(0, 9)}.${cursor.slice(9)}`,
    cursor.toLowerCase(),
    cursor.toUpperCase(),
    'A'.repeat(10_000),
    '😀',
  ];
  for (const cursor of damaged) await expectRefusedCursor(user, cursor);
});

test('a cursor of another user returns 422, even with equal tasks', async () => {
  const [ada, bob] = [await signUp(), await signUp()];
  await createTasks(ada, 3);
  await createTasks(bob, 3);
  await expectRefusedCursor(bob, await cursorOf(ada));
  await expectRefusedCursor(ada, await cursorOf(bob, 2));
});
