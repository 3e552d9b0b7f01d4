import { randomUUID } from 'node:crypto';
import type { Task, TaskInput } from '@taskward/api-core';
import { expect, test } from 'vitest';
import { send, signUp, type TestUser, useApp } from '../harness';
import { createTask, getTask, sendAs } from '../task-requests';

useApp();

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

const full: TaskInput = {
  title: 'Plan the trip',
  description: 'Tickets\nand a place to stay',
  status: 'in_progress',
  priority: 'high',
  due_date: '2026-07-01',
  tags: ['home', 'travel'],
  list_id: null,
  parent_id: null,
};
const defaults: Omit<TaskInput, 'title'> = {
  description: null,
  status: 'todo',
  priority: 'none',
  due_date: null,
  tags: [],
  list_id: null,
  parent_id: null,
};

/** The read-only fields of a new task of this user. */
const readOnlyFields = (user: TestUser) => ({
  id: expect.any(String),
  user_id: user.id,
  completed: false,
  position: expect.stringMatching(/^\d{10}$/),
  completed_at: null,
  created_at: expect.stringMatching(TIMESTAMP),
  updated_at: expect.stringMatching(TIMESTAMP),
  version: 1,
});

async function taskOf(response: Response, status = 200): Promise<Task> {
  expect(response.status).toBe(status);
  return response.json();
}

test('POST returns 201 with the whole task and the defaults of omitted fields', async () => {
  const user = await signUp();
  const task = await taskOf(await sendAs(user, 'POST', '', { title: 'Milk' }), 201);
  expect(task).toStrictEqual({ ...readOnlyFields(user), ...defaults, title: 'Milk' });
  expect(task.updated_at).toBe(task.created_at);
  expect(Math.abs(Date.parse(task.created_at) - Date.now())).toBeLessThan(10_000);
});

test('POST stores every field as given', async () => {
  const user = await signUp();
  const task = await taskOf(await sendAs(user, 'POST', '', full), 201);
  expect(task).toStrictEqual({ ...readOnlyFields(user), ...full });
});

test('POST accepts null in nullable fields, and any status', async () => {
  const user = await signUp();
  const task = await createTask(user, { title: 'Milk', description: null, due_date: null, tags: [], status: 'done' });
  expect(task).toStrictEqual({
    ...readOnlyFields(user),
    ...defaults,
    title: 'Milk',
    status: 'done',
    completed: true,
    completed_at: task.created_at,
  });
});

test('the Location of a POST is the path of the new task', async () => {
  const user = await signUp();
  const created = await sendAs(user, 'POST', '', full);
  const task = await taskOf(created, 201);
  expect(created.headers.get('location')).toBe(`${user.tasks}/${task.id}`);
  const found = await send('GET', created.headers.get('location') ?? '', { token: user.token });
  expect(await taskOf(found)).toStrictEqual(task);
});

test('POST gives each task a unique UUID v7 with its creation time', async () => {
  const user = await signUp();
  const tasks = [await createTask(user), await createTask(user), await createTask(user)];
  expect(new Set(tasks.map(({ id }) => id)).size).toBe(3);
  for (const { id, created_at } of tasks) {
    expect(id).toMatch(UUID_V7);
    const createdAt = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
    expect(Math.abs(createdAt - Date.parse(created_at))).toBeLessThan(10_000);
  }
});

test('every response with a task has exactly the same fields', async () => {
  const user = await signUp();
  const id = randomUUID();
  const responses = [
    await sendAs(user, 'POST', '', full),
    await sendAs(user, 'PUT', `/${id}`, full),
    await sendAs(user, 'PUT', `/${id}`, { title: 'Milk' }),
    await sendAs(user, 'PATCH', `/${id}`, { title: 'Bread' }),
    await sendAs(user, 'PATCH', `/${id}`, {}),
    await sendAs(user, 'PATCH', `/${id}/complete`),
    await sendAs(user, 'GET', `/${id}`),
  ];
  const tasks: Task[] = await Promise.all(responses.map((response) => response.json()));
  const page = await (await sendAs(user, 'GET')).json();
  for (const task of [...tasks, ...page.data]) {
    expect(Object.keys(task).toSorted()).toEqual(
      [
        'id',
        'user_id',
        'position',
        'completed',
        'completed_at',
        'created_at',
        'updated_at',
        'version',
        ...Object.keys(full),
      ].sort(),
    );
  }
});

test('PUT creates a task under the id of the client, with 201 and Location', async () => {
  const user = await signUp();
  const id = randomUUID();
  const created = await sendAs(user, 'PUT', `/${id}`, full);
  const task = await taskOf(created, 201);
  expect(task).toStrictEqual({ ...readOnlyFields(user), ...full, id });
  expect(created.headers.get('location')).toBe(`${user.tasks}/${id}`);
  expect(await getTask(user, id)).toStrictEqual(task);
});

test('PUT replaces the whole task with 200 and no Location, and resets omitted fields to their defaults', async () => {
  const user = await signUp();
  const before = await createTask(user, { ...full, status: 'done' });
  const response = await sendAs(user, 'PUT', `/${before.id}`, { title: 'Milk' });
  const task = await taskOf(response);
  expect(response.headers.has('location')).toBe(false);
  const { id, created_at } = before;
  expect(task).toStrictEqual({ ...readOnlyFields(user), ...defaults, title: 'Milk', id, created_at, version: 2 });
  expect(await getTask(user, id)).toStrictEqual(task);
});

test('an id in upper case addresses the same task, and is returned in lower case', async () => {
  const user = await signUp();
  const id = 'c0ffee00-abcd-4abc-8abc-abcdefabcdef';
  const created = await taskOf(await sendAs(user, 'PUT', `/${id.toUpperCase()}`, full), 201);
  expect(created.id).toBe(id);
  expect(await getTask(user, id.toUpperCase())).toStrictEqual(created);
  expect((await taskOf(await sendAs(user, 'PUT', `/${id.toUpperCase()}`, { title: 'Milk' }))).version).toBe(2);
  expect((await taskOf(await sendAs(user, 'PATCH', `/${id.toUpperCase()}`, { title: 'Bread' }))).version).toBe(3);
  expect((await taskOf(await sendAs(user, 'PATCH', `/${id.toUpperCase()}/complete`))).version).toBe(4);
  expect((await sendAs(user, 'DELETE', `/${id.toUpperCase()}`)).status).toBe(204);
  expect((await sendAs(user, 'GET', `/${id}`)).status).toBe(404);
});

test.each(['application/merge-patch+json', 'application/json'])('PATCH accepts the media type %s', async (type) => {
  const user = await signUp();
  const { id } = await createTask(user, full);
  const body = JSON.stringify({ title: 'Milk', tags: ['shop'] });
  const { token } = user;
  const response = await send('PATCH', `${user.tasks}/${id}`, { token, headers: { 'Content-Type': type }, body });
  const task = await taskOf(response);
  expect(task).toStrictEqual({ ...readOnlyFields(user), ...full, id, title: 'Milk', tags: ['shop'], version: 2 });
  expect(await getTask(user, id)).toStrictEqual(task);
});

const changes: Record<Exclude<keyof TaskInput, 'list_id' | 'parent_id'>, readonly unknown[]> = {
  title: ['Milk'],
  description: ['Skimmed', '', null],
  status: ['todo'],
  priority: ['low'],
  due_date: ['2027-01-31', null],
  tags: [['new'], []],
};
const changesByField = Object.entries(changes).flatMap(([field, values]) =>
  values.map((value) => [field, value] as const),
);

test.each(changesByField)('PATCH of %s to %j changes only that field', async (field, value) => {
  const user = await signUp();
  const before = await createTask(user, full);
  const task = await taskOf(await sendAs(user, 'PATCH', `/${before.id}`, { [field]: value }));
  expect(task).toStrictEqual({ ...before, [field]: value, version: 2, updated_at: expect.stringMatching(TIMESTAMP) });
  expect(await getTask(user, before.id)).toStrictEqual(task);
});

test('PATCH changes several fields at once, some of them to null', async () => {
  const user = await signUp();
  const before = await createTask(user, full);
  const patch: TaskInput = {
    title: 'Milk',
    description: null,
    status: 'todo',
    priority: 'none',
    due_date: null,
    tags: ['b', 'a'],
    list_id: null,
    parent_id: null,
  };
  const task = await taskOf(await sendAs(user, 'PATCH', `/${before.id}`, patch));
  const { id, created_at } = before;
  expect(task).toStrictEqual({ ...readOnlyFields(user), ...patch, tags: ['a', 'b'], id, created_at, version: 2 });
});

test('DELETE returns 204 without a body, and deletes the task and its tags', async () => {
  const user = await signUp();
  const { id } = await createTask(user, full);
  const other = await createTask(user, full);
  const response = await sendAs(user, 'DELETE', `/${id}`);
  expect(response.status).toBe(204);
  expect(await response.text()).toBe('');
  expect(response.headers.has('content-type')).toBe(false);
  expect((await sendAs(user, 'GET', `/${id}`)).status).toBe(404);
  expect((await sendAs(user, 'DELETE', `/${id}`)).status).toBe(404);
  expect((await (await sendAs(user, 'GET')).json()).data).toStrictEqual([other]);
  const again = await taskOf(await sendAs(user, 'PUT', `/${id}`, { title: 'Milk' }), 201);
  // Versions continue, so that no ETag names two contents.
  expect(again).toStrictEqual({ ...readOnlyFields(user), ...defaults, id, title: 'Milk', version: 2 });
});

test.each([
  ['GET', '', undefined],
  ['HEAD', '', undefined],
  ['PATCH', '', { title: 'Milk' }],
  ['PATCH', '', { tags: ['a'] }],
  ['PATCH', '', {}],
  ['DELETE', '', undefined],
  ['PATCH', '/complete', undefined],
  ['PATCH', '/complete', { completed: true }],
])('%s of a missing task%s with %j returns 404, and creates none', async (method, path, body) => {
  const user = await signUp();
  const response = await sendAs(user, method, `/${randomUUID()}${path}`, body);
  expect(response.status).toBe(404);
  expect((await (await sendAs(user, 'GET')).json()).data).toEqual([]);
});

test('the same id addresses different tasks for two users', async () => {
  const [ada, bob] = [await signUp(), await signUp()];
  const hers = await createTask(ada, full);
  const his = await taskOf(await sendAs(bob, 'PUT', `/${hers.id}`, { title: 'Milk', tags: ['his'] }), 201);
  expect(his).toStrictEqual({ ...readOnlyFields(bob), ...defaults, id: hers.id, title: 'Milk', tags: ['his'] });
  expect(await getTask(ada, hers.id)).toStrictEqual(hers);
  expect((await sendAs(bob, 'DELETE', `/${hers.id}`)).status).toBe(204);
  expect(await getTask(ada, hers.id)).toStrictEqual(hers);
});
