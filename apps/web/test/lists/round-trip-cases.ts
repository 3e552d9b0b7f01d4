import { randomUUID } from 'node:crypto';
import type { TestUser } from '../harness';
import type { RoundTripCases } from '../round-trip-case';
import { createTask } from '../task-requests';
import { createList, createLists, getLists, pathOfLists } from './requests';

const existing = async (user: TestUser) => `${pathOfLists(user)}/${(await createList(user)).id}`;
const missing = (user: TestUser) => `${pathOfLists(user)}/${randomUUID()}`;
const newKey = () => ({ 'Idempotency-Key': randomUUID() });
const outdated = () => ({ 'If-Match': '"99"' });

async function nextPage(user: TestUser): Promise<string> {
  await createLists(user, 'One', 'Two');
  return `${pathOfLists(user)}?cursor=${(await getLists(user, { limit: '1' })).next_cursor}`;
}

/** A list with a task that has another one below it. */
async function filled(user: TestUser): Promise<string> {
  const { id } = await createList(user);
  const { id: parent_id } = await createTask(user, { title: 'Top', list_id: id });
  await createTask(user, { title: 'Below', parent_id });
  return `${pathOfLists(user)}/${id}`;
}

/** The move of a list that has another one behind it, so that it is not the last one. */
async function movable(user: TestUser): Promise<string> {
  const path = await existing(user);
  await createList(user, 'Behind');
  return `${path}/move`;
}

export const cases: RoundTripCases = {
  listLists: [
    { name: 'first page', path: pathOfLists, status: 200 },
    { name: 'next page', path: nextPage, status: 200 },
  ],
  createList: [
    { name: 'new', path: pathOfLists, body: { name: 'Garden' }, status: 201 },
    { name: 'with Idempotency-Key', path: pathOfLists, body: { name: 'Garden' }, status: 201, headers: newKey },
  ],
  getList: [
    { name: 'found', path: existing, status: 200 },
    { name: 'not found', path: missing, status: 404 },
  ],
  replaceList: [
    { name: 'new', path: missing, body: { name: 'Garden' }, status: 201 },
    { name: 'existing', path: existing, body: { name: 'Balcony' }, status: 200 },
  ],
  updateList: [
    { name: 'name', path: existing, body: { name: 'Balcony' }, status: 200 },
    { name: 'with Idempotency-Key', path: existing, body: { name: 'Balcony' }, status: 200, headers: newKey },
    { name: 'If-Match outdated', path: existing, body: { name: 'Balcony' }, status: 412, headers: outdated },
    { name: 'not found', path: missing, body: { name: 'Balcony' }, status: 404 },
  ],
  moveList: [
    { name: 'to the end', path: movable, body: {}, status: 200 },
    { name: 'with Idempotency-Key', path: movable, body: { after: null }, status: 200, headers: newKey },
    { name: 'after a missing list', path: movable, body: { after: randomUUID() }, status: 422 },
  ],
  deleteList: [
    { name: 'with its tasks', path: filled, status: 204 },
    { name: 'tasks kept', path: async (user) => `${await filled(user)}?tasks=keep`, status: 204 },
    { name: 'not found', path: missing, status: 404 },
  ],
};
