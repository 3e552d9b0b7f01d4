import type { TestUser } from '../harness';
import type { RoundTripCases } from '../round-trip-case';
import { createTask } from '../task-requests';
import { getChanges } from './copy';

const path = ({ id }: TestUser) => `/api/${id}/changes`;

async function afterToken(user: TestUser): Promise<string> {
  const { token } = await getChanges(user);
  await createTask(user);
  return `${path(user)}?since=${token}`;
}

async function nextOfAll(user: TestUser): Promise<string> {
  for (const title of ['One', 'Two']) await createTask(user, { title });
  const page = await getChanges(user, { limit: '1' });
  return `${path(user)}?limit=1&since=${page.token}`;
}

export const cases: RoundTripCases = {
  listChanges: [
    { name: 'first page of everything', path, status: 200 },
    { name: 'next page of everything', path: nextOfAll, status: 200 },
    { name: 'after a token', path: afterToken, status: 200 },
  ],
};
