import type { Problem, Revision, RevisionPage, Task, TrashPage } from '@taskward/api-core';
import { expect } from 'vitest';
import { getApp } from '../../server/app';
import { send, type TestUser } from '../harness';
import { getPage, type QueryParameters, sendAs, withQuery } from '../task-requests';

/** Requests of a user about what they have changed. */

/** A task with a value in every field, and text that is not plain. */
export const full = {
  title: 'Über',
  description: '"quoted" \\ 🐘\n',
  status: 'done',
  priority: 'high',
  due_date: '2028-02-29',
  tags: ['b', 'a', 'ß'],
};

const pathOf = ({ id }: TestUser, path: string) => `/api/${id}${path}`;

/** Sends a request to a path below the user's own, such as `/trash`. */
export const sendBelow = (user: TestUser, method: string, path: string, headers: HeadersInit = {}): Promise<Response> =>
  send(method, pathOf(user, path), { token: user.token, headers });

export async function getRevisions(user: TestUser, parameters: QueryParameters = {}): Promise<RevisionPage> {
  const response = await sendBelow(user, 'GET', withQuery('/revisions', parameters));
  expect(response.status).toBe(200);
  return response.json();
}

export async function newestRevision(user: TestUser): Promise<Revision> {
  const [newest] = (await getRevisions(user, { limit: '1' })).data;
  if (!newest) throw new Error('Nothing was changed.');
  return newest;
}

export async function getTrash(user: TestUser, parameters: QueryParameters = {}): Promise<TrashPage> {
  const response = await sendBelow(user, 'GET', withQuery('/trash', parameters));
  expect(response.status).toBe(200);
  return response.json();
}

export const trashedIds = async (user: TestUser): Promise<string[]> =>
  (await getTrash(user)).data.map(({ task }) => task.id);

export const requestUndo = (user: TestUser, revision: number | string, headers: HeadersInit = {}): Promise<Response> =>
  sendBelow(user, 'POST', `/revisions/${revision}/undo`, headers);

/** Undoes a revision, and returns the one that this made. */
export async function undo(user: TestUser, revision: number): Promise<number> {
  const response = await requestUndo(user, revision);
  const body = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(200);
  expect(response.headers.get('Revision')).toBe(String(body.revision));
  return body.revision;
}

/** The revision of a write. */
export async function revisionOf(write: Promise<Response>): Promise<number> {
  const response = await write;
  expect(response.ok, String(response.status)).toBe(true);
  return Number(response.headers.get('Revision'));
}

/** The errors of a 409, as pairs of pointer and code. */
export async function conflictsOf(response: Response): Promise<string[]> {
  expect(response.status).toBe(409);
  const { type, errors = [] }: Problem = await response.json();
  expect(type).toBe('/problems/conflict');
  for (const error of errors) expect(error.in).toBe('resource');
  return errors.map(({ pointer, code }) => `${pointer} ${code}`);
}

/** A task without what every change of it changes. */
export const contentOf = ({ version: _1, updated_at: _2, ...content }: Task) => content;

/** The contents of all tasks of the user, by id. */
export async function contentsOf(user: TestUser): Promise<unknown[]> {
  const { data } = await getPage(user, { limit: '100' });
  return data.map(contentOf).sort((a, b) => (a.id < b.id ? -1 : 1));
}

export const deleteTask = (user: TestUser, id: string): Promise<Response> => sendAs(user, 'DELETE', `/${id}`);

/** Runs SQL as the owner of the database, for states that no request makes. */
export async function execute(sql: string): Promise<Record<string, unknown>[]> {
  return (await (await getApp()).db.ownerDb.execute(sql)).rows;
}
