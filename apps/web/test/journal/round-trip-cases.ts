import { randomUUID } from 'node:crypto';
import { send, type TestUser } from '../harness';
import { deleteTask, newestRevision } from '../journal-requests';
import type { RoundTripCases } from '../round-trip-case';
import { createTask } from '../task-requests';

const below = (path: string) => (user: TestUser) => `/api/${user.id}${path}`;

async function trashed(user: TestUser): Promise<string> {
  const { id } = await createTask(user);
  await deleteTask(user, id);
  return `/api/${user.id}/trash/${id}`;
}

async function undoable(user: TestUser): Promise<string> {
  await createTask(user);
  return `/api/${user.id}/revisions/${(await newestRevision(user)).revision}/undo`;
}

export const cases: RoundTripCases = {
  listChanges: [
    { name: 'all', path: below('/changes'), status: 200 },
    {
      name: 'since a token',
      // The list has the same token as its entity tag, and a user of a test has changed something.
      path: async (user) => below(`/changes?since=${await tokenOf(user)}`)(user),
      status: 200,
    },
  ],
  listRevisions: [
    { name: 'of all tasks', path: below('/revisions'), status: 200 },
    {
      name: 'of one task',
      path: async (user) => below(`/revisions?task=${(await createTask(user)).id}`)(user),
      status: 200,
    },
  ],
  undoRevision: [
    { name: 'found', path: undoable, status: 200 },
    {
      name: 'with Idempotency-Key',
      path: undoable,
      status: 200,
      headers: () => ({ 'Idempotency-Key': randomUUID() }),
    },
    { name: 'not found', path: below('/revisions/999999999/undo'), status: 404 },
  ],
  listTrash: [{ name: 'first page', path: below('/trash'), status: 200 }],
  emptyTrash: [{ name: 'all', path: below('/trash'), status: 204 }],
  restoreTask: [
    { name: 'found', path: async (user) => `${await trashed(user)}/restore`, status: 201 },
    { name: 'not found', path: (user) => below(`/trash/${randomUUID()}/restore`)(user), status: 404 },
  ],
  purgeTask: [
    { name: 'found', path: trashed, status: 204 },
    { name: 'not found', path: (user) => below(`/trash/${randomUUID()}`)(user), status: 404 },
  ],
};

async function tokenOf(user: TestUser): Promise<string> {
  await createTask(user);
  const response = await send('GET', user.tasks, { token: user.token });
  return /^W\/"(.+)"$/.exec(response.headers.get('ETag') ?? '')?.[1] ?? '';
}
