import { randomUUID } from 'node:crypto';
import type { TestUser } from '../harness';
import { createLists } from '../lists/requests';
import type { RoundTripCases } from '../round-trip-case';
import { createTask } from '../task-requests';
import { getChanges, synchronize } from './copy';
import { deleteTask, newestRevision } from './requests';

const below = (path: string) => (user: TestUser) => `/api/${user.id}${path}`;
const path = below('/changes');
const newKey = () => ({ 'Idempotency-Key': randomUUID() });
const revisionsOfTask = async (user: TestUser) => below(`/revisions?task=${(await createTask(user)).id}`)(user);

async function undoable(user: TestUser): Promise<string> {
  await createTask(user);
  return below(`/revisions/${(await newestRevision(user)).revision}/undo`)(user);
}

async function trashed(user: TestUser): Promise<string> {
  const { id } = await createTask(user);
  await deleteTask(user, id);
  return below(`/trash/${id}`)(user);
}

async function afterToken(user: TestUser): Promise<string> {
  const { token } = await synchronize(user);
  await createTask(user);
  return `${path(user)}?since=${token}`;
}

async function nextOfAll(user: TestUser): Promise<string> {
  // The lists come first.
  await createLists(user, 'One', 'Two');
  const page = await getChanges(user, { limit: '1' });
  return `${path(user)}?limit=1&since=${page.token}`;
}

export const cases: RoundTripCases = {
  listChanges: [
    { name: 'first page of everything', path, status: 200 },
    { name: 'next page of everything', path: nextOfAll, status: 200 },
    { name: 'after a token', path: afterToken, status: 200 },
  ],
  streamChanges: [
    { name: 'from now on', path: below('/events'), status: 200 },
    {
      name: 'after a token',
      path: async (user) => (await afterToken(user)).replace('/changes', '/events'),
      status: 200,
    },
  ],
  listRevisions: [
    { name: 'of all tasks', path: below('/revisions'), status: 200 },
    { name: 'of one task', path: revisionsOfTask, status: 200 },
  ],
  undoRevision: [
    { name: 'found', path: undoable, status: 200 },
    { name: 'with Idempotency-Key', path: undoable, status: 200, headers: newKey },
    { name: 'not found', path: below('/revisions/999999999/undo'), status: 404 },
  ],
  listTrash: [{ name: 'first page', path: below('/trash'), status: 200 }],
  emptyTrash: [{ name: 'all', path: below('/trash'), status: 204 }],
  restoreTask: [
    { name: 'found', path: async (user) => `${await trashed(user)}/restore`, status: 201 },
    { name: 'not found', path: below(`/trash/${randomUUID()}/restore`), status: 404 },
  ],
  purgeTask: [
    { name: 'found', path: trashed, status: 204 },
    { name: 'not found', path: below(`/trash/${randomUUID()}`), status: 404 },
  ],
};
