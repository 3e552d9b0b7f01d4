import type { ChangePage, Task } from '@taskward/api-core';
import { expect } from 'vitest';
import { send, type TestUser } from '../harness';
import { getPage } from '../task-requests';

/** What a client of `changes` keeps: the tasks by id, and its token. */
export interface Copy {
  readonly tasks: ReadonlyMap<string, Task>;
  readonly token: string | undefined;
}

export const EMPTY: Copy = { tasks: new Map(), token: undefined };

export const requestChanges = ({ id, token }: TestUser, query: Record<string, string> = {}): Promise<Response> =>
  send('GET', `/api/${id}/changes?${new URLSearchParams(query)}`, { token });

export async function getChanges(user: TestUser, query: Record<string, string> = {}): Promise<ChangePage> {
  const response = await requestChanges(user, query);
  expect(response.status).toBe(200);
  return response.json();
}

/**
 * The loop that the documentation describes: pages are applied until there are no more.
 *
 * @param betweenPages runs after each page that is not the last.
 */
export async function synchronize(
  user: TestUser,
  copy: Copy = EMPTY,
  { limit = 100, betweenPages = async () => {} }: { limit?: number; betweenPages?: () => Promise<void> } = {},
): Promise<Copy> {
  const tasks = new Map(copy.tasks);
  let { token } = copy;
  let given: Set<string> | undefined;
  for (;;) {
    const query: Record<string, string> = { limit: String(limit), ...(token !== undefined && { since: token }) };
    const page = await getChanges(user, query);
    if (page.reset) given = new Set();
    for (const change of page.changes) {
      if (change.type !== 'task') continue;
      given?.add(change.id);
      if (change.task) tasks.set(change.id, change.task);
      else tasks.delete(change.id);
    }
    token = page.token;
    if (!page.has_more) break;
    await betweenPages();
  }
  if (given) for (const id of tasks.keys()) if (!given.has(id)) tasks.delete(id);
  return { tasks, token };
}

/** All tasks of the user, as lists return them. */
export async function allTasks(user: TestUser): Promise<Map<string, Task>> {
  const tasks = new Map<string, Task>();
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await getPage(user, { limit: '100', ...(cursor && { cursor }) });
    for (const task of page.data) tasks.set(task.id, task);
    cursor = page.next_cursor;
  }
  return tasks;
}
