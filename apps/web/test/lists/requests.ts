import type { List, ListPage, Task } from '@taskward/api-core';
import { expect } from 'vitest';
import { send, type TestUser } from '../harness';
import { execute } from '../journal/requests';
import { getPage, type QueryParameters, withQuery } from '../task-requests';

/** Requests of a user about their own lists. */

/** The path of the user's lists. */
export const pathOfLists = ({ id }: TestUser): string => `/api/${id}/lists`;

/** Sends a request to a path below the user's lists: '' for all of them, `/{list_id}` for one. */
export const sendToLists = (
  user: TestUser,
  method: string,
  path = '',
  body?: unknown,
  headers: HeadersInit = {},
): Promise<Response> => send(method, `${pathOfLists(user)}${path}`, { token: user.token, body, headers });

export async function createList(user: TestUser, name = 'Garden'): Promise<List> {
  const response = await sendToLists(user, 'POST', '', { name });
  expect(response.status).toBe(201);
  return response.json();
}

/** Creates a list for each name, in this order, and returns them by name. */
export async function createLists<Name extends string>(
  user: TestUser,
  ...names: readonly Name[]
): Promise<Record<Name, List>> {
  const lists: Partial<Record<Name, List>> = {};
  for (const name of names) lists[name] = await createList(user, name);
  return lists as Record<Name, List>;
}

export async function getList(user: TestUser, id: string): Promise<List> {
  const response = await sendToLists(user, 'GET', `/${id}`);
  expect(response.status).toBe(200);
  return response.json();
}

export async function getLists(user: TestUser, parameters: QueryParameters = {}): Promise<ListPage> {
  const response = await sendToLists(user, 'GET', withQuery('', parameters));
  expect(response.status, JSON.stringify(parameters)).toBe(200);
  return response.json();
}

/** The names of the lists of the user, of whom there are at most 100, in their order. */
export const namesOf = async (user: TestUser): Promise<string[]> =>
  (await getLists(user, { limit: '100' })).data.map(({ name }) => name);

/** The lists of the user without what every change of them changes. */
export const contentsOfLists = async (user: TestUser): Promise<unknown[]> =>
  (await getLists(user, { limit: '100' })).data.map(({ version: _1, updated_at: _2, ...content }) => content);

/** The tasks at one place, in their order: those directly in a list or the inbox, or below a parent. */
export const tasksAt = async (
  user: TestUser,
  place: { list: string; parent?: never } | { parent: string },
): Promise<Task[]> =>
  (await getPage(user, { sort: 'position', limit: '100', ...('list' in place && { parent: 'none' }), ...place })).data;

export const titlesAt = async (user: TestUser, place: Parameters<typeof tasksAt>[1]): Promise<string[]> =>
  (await tasksAt(user, place)).map(({ title }) => title);

/** Inserts that many lists, `L1` the first, after the ones that there are, and counts them. Needs one that a request created. */
export async function insertLists(user: TestUser, count: number): Promise<void> {
  await execute(`insert into lists (user_id, id, name, position)
    select '${user.id}', gen_random_uuid(), 'L' || n, (6000000000 + n)::text from generate_series(1, ${count}) n`);
  await execute(`update journals set lists = lists + ${count} where user_id = '${user.id}'`);
}
