import type { Task, TaskPage } from '@taskward/api-core';
import { expect } from 'vitest';
import { send, type TestUser } from './harness';

/** Requests of a user about their own tasks, for the tests of every feature. */

export type QueryParameters = Readonly<Record<string, string>> | readonly (readonly [name: string, value: string])[];

export function withQuery(path: string, parameters: QueryParameters): string {
  const pairs = Array.isArray(parameters) ? parameters : Object.entries(parameters);
  return `${path}?${new URLSearchParams(pairs.map(([name, value]) => [name, value]))}`;
}

/** Sends a request to a path below the user's tasks: '' for the list, `/{task_id}` for a task. */
export function sendAs(
  { tasks, token }: TestUser,
  method: string,
  path = '',
  body?: unknown,
  headers: HeadersInit = {},
): Promise<Response> {
  return send(method, `${tasks}${path}`, { token, body, headers });
}

export async function createTask(user: TestUser, body: object = { title: 'Milk' }): Promise<Task> {
  const response = await sendAs(user, 'POST', '', body);
  expect(response.status).toBe(201);
  return response.json();
}

export async function getTask(user: TestUser, id: string): Promise<Task> {
  const response = await sendAs(user, 'GET', `/${id}`);
  expect(response.status).toBe(200);
  return response.json();
}

/** Requests a page that may be refused. */
export const requestPage = (user: TestUser, parameters: QueryParameters = {}): Promise<Response> =>
  sendAs(user, 'GET', withQuery('', parameters));

export async function getPage(user: TestUser, parameters: QueryParameters = {}): Promise<TaskPage> {
  const response = await requestPage(user, parameters);
  expect(response.status, JSON.stringify(parameters)).toBe(200);
  return response.json();
}
