import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Task, TaskInput } from '@taskward/api-core';
import { expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { createTask, sendAs } from '../task-requests';

useApp();

const call = async (user: TestUser, method: string, path: string, body?: unknown) => {
  const response = await sendAs(user, method, path, body);
  const task: Task = await response.json();
  return { status: response.status, task };
};

/** Creates a task, and waits for the clock, so that a later change has a later timestamp. */
async function createEarlier(user: TestUser, body: object): Promise<Task> {
  const task = await createTask(user, body);
  await setTimeout(3);
  return task;
}

function expectChanged(after: Task, before: Task) {
  expect(after.version).toBe(before.version + 1);
  expect(Date.parse(after.updated_at)).toBeGreaterThan(Date.parse(before.updated_at));
  expect(after.created_at).toBe(before.created_at);
}

const states = ['todo', 'in_progress', 'done'] as const;
type State = (typeof states)[number];

test.each<[string, string, object | undefined, (from: State) => State]>([
  ['PATCH', '', { status: 'todo' }, () => 'todo'],
  ['PATCH', '', { status: 'in_progress' }, () => 'in_progress'],
  ['PATCH', '', { status: 'done' }, () => 'done'],
  ['PUT', '', { title: 'Milk' }, () => 'todo'],
  ['PUT', '', { title: 'Milk', status: 'todo' }, () => 'todo'],
  ['PUT', '', { title: 'Milk', status: 'in_progress' }, () => 'in_progress'],
  ['PUT', '', { title: 'Milk', status: 'done' }, () => 'done'],
  ['PATCH', '/complete', { completed: true }, () => 'done'],
  ['PATCH', '/complete', { completed: false }, (from) => (from === 'done' ? 'todo' : from)],
  ['PATCH', '/complete', undefined, (from) => (from === 'done' ? 'todo' : 'done')],
])(
  '%s%s with %j sets status, completed and completed_at consistently, from every status',
  async (method, path, body, to) => {
    const user = await signUp();
    for (const from of states) {
      const before = await createEarlier(user, { title: 'Milk', status: from });
      const { status, task } = await call(user, method, `/${before.id}${path}`, body);
      expect(status).toBe(200);
      const next = to(from);
      if (next === from) {
        expect(task).toStrictEqual(before);
      } else {
        expectChanged(task, before);
        const completed = next === 'done';
        const { version, updated_at } = task;
        const completed_at = completed ? updated_at : null;
        expect(task).toStrictEqual({ ...before, status: next, completed, completed_at, version, updated_at });
      }
      expect((await call(user, 'GET', `/${before.id}`)).task).toStrictEqual(task);
    }
  },
);

test('completed_at is unchanged while a task stays done, and new when it is done again', async () => {
  const user = await signUp();
  const done = await createEarlier(user, { title: 'Milk', status: 'done' });
  const path = `/${done.id}`;
  const renamed = (await call(user, 'PATCH', path, { title: 'Bread' })).task;
  const replaced = (await call(user, 'PUT', path, { title: 'Cheese', status: 'done' })).task;
  const both = (await call(user, 'PATCH', path, { title: 'Milk', status: 'done' })).task;
  for (const task of [renamed, replaced, both]) expect(task.completed_at).toBe(done.completed_at);
  expect(both.version).toBe(4);

  expect((await call(user, 'PATCH', `${path}/complete`)).task.completed_at).toBeNull();
  await setTimeout(3);
  const again = (await call(user, 'PATCH', `${path}/complete`)).task;
  expect(Date.parse(again.completed_at ?? '')).toBeGreaterThan(Date.parse(done.completed_at ?? ''));
  expect(again.completed_at).toBe(again.updated_at);
});

test('toggling a task twice restores its status and adds two versions', async () => {
  const user = await signUp();
  const { id } = await createEarlier(user, { title: 'Milk' });
  const there = (await call(user, 'PATCH', `/${id}/complete`)).task;
  const back = (await call(user, 'PATCH', `/${id}/complete`)).task;
  expect([there.status, there.version, back.status, back.version]).toEqual(['done', 2, 'todo', 3]);
});

const full: TaskInput = {
  title: 'Plan the trip',
  description: 'Tickets',
  status: 'done',
  priority: 'high',
  due_date: '2026-07-01',
  tags: ['home', 'travel', '😀', '\uff41'],
  list_id: null,
  parent_id: null,
};

test.each([
  ['PATCH', 'nothing', {}],
  ['PATCH', 'the same fields', full],
  ['PATCH', 'the same title, with spaces around', { title: `  ${full.title} ` }],
  ['PATCH', 'the same tags in another order', { tags: full.tags.toReversed() }],
  ['PATCH', 'the same tags in capitals and twice', { tags: ['HOME', ...full.tags, ' travel '] }],
  ['PUT', 'the same fields', full],
  ['PUT', 'the same fields, with the tags in another order', { ...full, tags: full.tags.toReversed() }],
])('%s of %s changes neither version nor updated_at', async (method, _, body) => {
  const user = await signUp();
  const before = await createEarlier(user, full);
  const { status, task } = await call(user, method, `/${before.id}`, body);
  expect(status).toBe(200);
  expect(task).toStrictEqual(before);
  expect((await call(user, 'GET', `/${before.id}`)).task).toStrictEqual(before);
});

test.each([
  ['PUT', 'of the same defaults', { title: 'Milk' }],
  ['PATCH', 'of null where there is none', { description: null, due_date: null, tags: [] }],
])('%s %s of a task with only a title changes nothing', async (method, _, body) => {
  const user = await signUp();
  const before = await createEarlier(user, { title: 'Milk' });
  expect((await call(user, method, `/${before.id}`, body)).task).toStrictEqual(before);
});

const changes: Record<Exclude<keyof TaskInput, 'list_id' | 'parent_id'>, readonly unknown[]> = {
  title: ['plan the trip'],
  description: ['Tickets ', '', null],
  status: ['todo'],
  priority: ['none'],
  due_date: ['2026-07-02', null],
  tags: [full.tags.slice(1), [...full.tags, 'new'], ['home', 'travel', '😀', '\uff42'], []],
};
const changesByField = Object.entries(changes).flatMap(([field, values]) =>
  values.map((value) => [field, value] as const),
);

test.each(changesByField)(
  'changing %s to %j adds one version and advances updated_at, by PATCH and by PUT',
  async (field, value) => {
    const user = await signUp();
    for (const method of ['PATCH', 'PUT']) {
      const before = await createEarlier(user, full);
      const body = method === 'PATCH' ? { [field]: value } : { ...full, [field]: value };
      expectChanged((await call(user, method, `/${before.id}`, body)).task, before);
    }
  },
);

test('a PATCH that changes one of several fields adds one version', async () => {
  const user = await signUp();
  const before = await createEarlier(user, full);
  expectChanged((await call(user, 'PATCH', `/${before.id}`, { ...full, priority: 'low' })).task, before);
});

test('each of ten changes adds one version, and reading adds none', async () => {
  const user = await signUp();
  const { id } = await createEarlier(user, { title: 'Milk' });
  for (let version = 2; version <= 11; version++) {
    expect((await call(user, 'PATCH', `/${id}`, { title: `Milk ${version}` })).task.version).toBe(version);
    expect((await call(user, 'GET', `/${id}`)).task.version).toBe(version);
  }
});

test('20 concurrent PATCHes of different fields lose no update', async () => {
  const user = await signUp();
  const { id } = await createEarlier(user, { title: 'Milk', tags: ['first'] });
  const patches = Array.from({ length: 20 }, (_, i) => {
    const day = `2026-01-${String(i + 1).padStart(2, '0')}`;
    return [{ title: `t${i}` }, { description: `d${i}` }, { due_date: day }, { tags: [`a${i}`, `b${i}`] }][i % 4];
  });
  const responses = await Promise.all(patches.map((patch) => call(user, 'PATCH', `/${id}`, patch)));
  const inOrder = responses.map(({ task }, i) => ({ task, patch: patches[i] }));
  inOrder.sort((a, b) => a.task.version - b.task.version);
  expect(inOrder.map(({ task }) => task.version)).toEqual(Array.from({ length: 20 }, (_, i) => i + 2));
  // Each field has the value of its last writer, and each response has the value of its request.
  for (const { task, patch } of inOrder) expect(task).toMatchObject(patch ?? {});
  const { task } = await call(user, 'GET', `/${id}`);
  expect(task).toMatchObject(Object.assign({}, ...inOrder.map(({ patch }) => patch)));
  expect(task.version).toBe(21);
});

test('20 concurrent PATCHes of the tags store exactly one of the sets', async () => {
  const user = await signUp();
  const { id } = await createEarlier(user, { title: 'Milk', tags: ['first'] });
  const sets = Array.from({ length: 20 }, (_, i) => [`a${i}`, `b${i % 3}`, `c${i}`]);
  const responses = await Promise.all(sets.map((tags) => call(user, 'PATCH', `/${id}`, { tags })));
  for (const [i, { task }] of responses.entries()) expect(task.tags).toEqual(sets[i]);
  const { task } = await call(user, 'GET', `/${id}`);
  expect(task.version).toBe(21);
  expect(sets).toContainEqual(task.tags);
});

test('21 concurrent toggles of one task all count', async () => {
  const user = await signUp();
  const { id } = await createEarlier(user, { title: 'Milk' });
  await Promise.all(Array.from({ length: 21 }, () => call(user, 'PATCH', `/${id}/complete`)));
  expect((await call(user, 'GET', `/${id}`)).task).toMatchObject({ version: 22, status: 'done' });
});

test('of 10 concurrent PUTs under a new id, in upper or lower case, exactly one creates and the others replace', async () => {
  const user = await signUp();
  // More than once: the first round finds the connections still to be opened, one after the other.
  for (let round = 0; round < 5; round++) {
    const id = randomUUID();
    const bodies = Array.from({ length: 10 }, (_, i) => ({ title: `Milk ${i}`, tags: [`a${i}`, 'b'] }));
    const spelt = (i: number) => (i % 2 ? id : id.toUpperCase());
    const responses = await Promise.all(bodies.map((body, i) => call(user, 'PUT', `/${spelt(i)}`, body)));
    expect(responses.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(9);
    expect(responses.map(({ task }) => task.version).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(responses.find(({ status }) => status === 201)?.task.version).toBe(1);
    const { task } = await call(user, 'GET', `/${id}`);
    expect(bodies).toContainEqual({ title: task.title, tags: task.tags });
  }
});
