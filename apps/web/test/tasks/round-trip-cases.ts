import { randomUUID } from 'node:crypto';
import type { TestUser } from '../harness';
import type { RoundTripCases } from '../round-trip-case';
import { createTask, getPage, sendAs } from '../task-requests';

const big = '🐘'.repeat(10_000);
const list = ({ tasks }: TestUser) => tasks;
const existing = async (user: TestUser) => `${user.tasks}/${(await createTask(user)).id}`;
const missing = ({ tasks }: TestUser) => `${tasks}/${randomUUID()}`;
const newKey = () => ({ 'Idempotency-Key': randomUUID() });

/** A task that has another one below it. */
async function parent(user: TestUser): Promise<string> {
  const { id } = await createTask(user);
  await createTask(user, { title: 'Below', parent_id: id });
  return `${user.tasks}/${id}`;
}

/** The move of a task that has another one behind it, so that it is not the last one. */
async function movable(user: TestUser): Promise<string> {
  const path = await parent(user);
  await createTask(user);
  return `${path}/move`;
}

/** A task that the bodies of cases name as the parent, under the same id for every user. */
const PARENT = randomUUID();
const withParent = (path: (user: TestUser) => string | Promise<string>) => async (user: TestUser) => {
  await sendAs(user, 'PUT', `/${PARENT}`, { title: 'Parent' });
  return path(user);
};
const ofParent = ({ tasks }: TestUser) => `${tasks}?parent=${PARENT}&sort=position`;

async function nextPage(user: TestUser): Promise<string> {
  for (const title of ['One', 'Two']) await createTask(user, { title });
  return `${user.tasks}?cursor=${(await getPage(user, { limit: '1' })).next_cursor}`;
}

export const cases: RoundTripCases = {
  listTasks: [
    { name: 'first page', path: list, status: 200 },
    { name: 'next page', path: nextPage, status: 200 },
    { name: 'of one parent, by position', path: ofParent, status: 200 },
  ],
  listTags: [{ name: 'all', path: ({ id }) => `/api/${id}/tags`, status: 200 }],
  createTask: [
    { name: 'small', path: list, body: { title: 'Milk' }, status: 201 },
    { name: 'large', path: list, body: { title: 'Milk', description: big, tags: ['a', 'b'] }, status: 201 },
    { name: 'below a parent', path: withParent(list), body: { title: 'Milk', parent_id: PARENT }, status: 201 },
    { name: 'with Idempotency-Key', path: list, body: { title: 'Milk' }, status: 201, headers: newKey },
    {
      name: 'replayed',
      path: list,
      body: { title: 'Milk' },
      status: 201,
      headers: () => ({ 'Idempotency-Key': 'again' }),
    },
  ],
  getTask: [
    { name: 'found', path: existing, status: 200 },
    { name: 'not found', path: missing, status: 404 },
  ],
  replaceTask: [
    { name: 'new', path: missing, body: { title: 'Milk', tags: ['a'] }, status: 201 },
    { name: 'existing', path: existing, body: { title: 'Milk', tags: ['a', 'b'] }, status: 200 },
    { name: 'large', path: existing, body: { title: 'Milk', description: big, tags: ['c'] }, status: 200 },
    { name: 'to a parent', path: withParent(parent), body: { title: 'Milk', parent_id: PARENT }, status: 200 },
  ],
  updateTask: [
    { name: 'columns', path: existing, body: { title: 'Bread', status: 'done' }, status: 200 },
    { name: 'tags', path: existing, body: { title: 'Bread', tags: ['x', 'y'] }, status: 200 },
    { name: 'large', path: existing, body: { description: big }, status: 200 },
    { name: 'nothing', path: existing, body: {}, status: 200 },
    { name: 'to a parent', path: withParent(parent), body: { parent_id: PARENT }, status: 200 },
    { name: 'done, with a sub-task', path: parent, body: { status: 'done' }, status: 200 },
    { name: 'with Idempotency-Key', path: existing, body: { title: 'Bread' }, status: 200, headers: newKey },
    {
      name: 'If-Match outdated',
      path: existing,
      body: { title: 'Bread' },
      status: 412,
      headers: () => ({ 'If-Match': '"0"' }),
    },
    { name: 'not found', path: missing, body: { title: 'Bread' }, status: 404 },
  ],
  moveTask: [
    { name: 'to the end', path: movable, body: {}, status: 200 },
    { name: 'to a parent', path: withParent(movable), body: { parent_id: PARENT }, status: 200 },
    { name: 'with Idempotency-Key', path: movable, body: { after: null }, status: 200, headers: newKey },
    { name: 'after a missing task', path: movable, body: { after: randomUUID() }, status: 422 },
  ],
  deleteTask: [
    { name: 'found', path: existing, status: 204 },
    { name: 'with a sub-task', path: parent, status: 204 },
    { name: 'not found', path: missing, status: 404 },
  ],
  completeTask: [
    { name: 'set', path: async (user) => `${await existing(user)}/complete`, body: { completed: true }, status: 200 },
    { name: 'toggled', path: async (user) => `${await existing(user)}/complete`, status: 200 },
    {
      name: 'set, with a sub-task',
      path: async (user) => `${await parent(user)}/complete`,
      body: { completed: true },
      status: 200,
    },
  ],
};
