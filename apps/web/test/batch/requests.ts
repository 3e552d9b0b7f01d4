import type { BatchResult, List, Problem, RevisionPage } from '@taskward/api-core';
import { expect } from 'vitest';
import { send, type TestUser } from '../harness';
import { withQuery } from '../task-requests';

/** Batches of a user, and the lists that they are about. */

/** An operation as a client sends it: any JSON, since it may be invalid. */
export type Entry = Record<string, unknown>;

export const requestBatch = (user: TestUser, operations: unknown, headers: HeadersInit = {}): Promise<Response> =>
  send('POST', `/api/${user.id}/batch`, { token: user.token, body: { operations }, headers });

/** Runs a batch that succeeds. */
export async function runBatch(user: TestUser, operations: readonly Entry[]): Promise<BatchResult> {
  const response = await requestBatch(user, operations);
  const body = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(200);
  expect(response.headers.get('Revision')).toBe(body.revision === null ? null : String(body.revision));
  expect(body.results.map(({ id }: { id: string }) => id)).toEqual(
    operations.map(({ task_id, list_id }) => task_id ?? list_id),
  );
  return body;
}

/** Runs a batch that succeeds, and returns the versions of its results. */
export const versionsOf = async (user: TestUser, operations: readonly Entry[]): Promise<(number | null)[]> =>
  (await runBatch(user, operations)).results.map(({ version }) => version);

/** The status of a response, and its errors as pairs of pointer and code. */
export async function refusalOf(response: Response): Promise<{ status: number; type: string; errors: string[] }> {
  const { type, errors = [] }: Problem = await response.json();
  return { status: response.status, type, errors: errors.map(({ pointer, code }) => `${pointer} ${code}`) };
}

export const sendToLists = (user: TestUser, method: string, path = '', body?: unknown): Promise<Response> =>
  send(method, `/api/${user.id}/lists${path}`, { token: user.token, body });

export async function createList(user: TestUser, name = 'Home'): Promise<List> {
  const response = await sendToLists(user, 'POST', '', { name });
  expect(response.status).toBe(201);
  return response.json();
}

export async function getLists(user: TestUser): Promise<List[]> {
  const response = await sendToLists(user, 'GET', '?limit=100');
  expect(response.status).toBe(200);
  return (await response.json()).data;
}

export async function allRevisions(user: TestUser): Promise<RevisionPage['data']> {
  const path = withQuery(`/api/${user.id}/revisions`, { limit: '100' });
  return (await (await send('GET', path, { token: user.token })).json()).data;
}

export const replaceTask = (task_id: string, body: object = { title: 'Task' }): Entry => ({
  op: 'replaceTask',
  task_id,
  body,
});
export const updateTask = (task_id: string, body: object): Entry => ({ op: 'updateTask', task_id, body });
