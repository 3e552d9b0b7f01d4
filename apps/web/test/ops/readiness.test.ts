import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { loggedEvents, restartApp, send, signUp, useApp } from '../harness';

const reports: unknown[] = [];
useApp({
  isBug: (line, message) => {
    reports.push({ ...line, message });
    return !/^(not ready|request failed)$/.test(message);
  },
});

afterEach(() => {
  reports.length = 0;
});

async function expectNotReady(check: string, why: RegExp): Promise<void> {
  const response = await send('GET', '/api/health/ready');
  expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '5']);
  const { detail } = await response.json();
  expect(detail).toBe(`Not ready: ${check} check failed (see server log).`);
  expect(reports).toContainEqual({ check, error: expect.stringMatching(why), message: 'not ready' });
}

test.each([
  ['schema', 'alter schema drizzle rename to renamed', 'alter schema renamed rename to drizzle', /`pnpm db:migrate`/],
  [
    'row-level security',
    'alter table tasks no force row level security',
    'alter table tasks force row level security',
    /on tasks/,
  ],
  ['signing key', 'alter table jwks rename to renamed', 'alter table renamed rename to jwks', /jwks/],
])('readiness names the check that failed: %s', async (check, wrong, right, why) => {
  const { db } = await getApp();
  await db.ownerDb.execute(wrong);
  await expectNotReady(check, why).finally(() => db.ownerDb.execute(right));
  expect((await send('GET', '/api/health/ready')).status).toBe(200);
});

test('after a change of BETTER_AUTH_SECRET, readiness creates one new signing key and succeeds', async () => {
  await signUp();
  await restartApp({ BETTER_AUTH_SECRET: randomBytes(32).toString('hex') });
  for (let i = 0; i < 3; i++) expect((await send('GET', '/api/health/ready')).status).toBe(200);
  expect(loggedEvents().filter(({ event }) => event === 'signing_key_created')).toHaveLength(1);
});

test('readiness responds in time when the database does not', async () => {
  const { checks } = await getApp();
  Object.assign(checks, { schema: () => new Promise(() => {}) });
  const started = performance.now();
  await expectNotReady('schema', /timed out after 3 s/);
  expect(performance.now() - started).toBeLessThan(8_000);
  await restartApp();
});
