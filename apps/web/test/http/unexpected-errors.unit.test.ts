import { randomUUID } from 'node:crypto';
import { operations } from '@taskward/api-core';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { loggedLines, send, signUp, type TestUser, useApp } from '../harness';
import { bodyWithText, requestFor } from '../requests';

/** Bugs, caused by a database whose schema differs from the code: their responses and log lines. */

const reports: Record<string, unknown>[] = [];
useApp({
  isBug: (line) => {
    reports.push({ ...line });
    return false;
  },
});

let user: TestUser;
beforeAll(async () => {
  user = await signUp();
  await renameUserId('user_id', 'renamed');
});
afterEach(() => {
  reports.length = 0;
});

/** In every table with rows of users. */
async function renameUserId(from: string, to: string): Promise<void> {
  const { ownerDb } = (await getApp()).db;
  const { rows } = await ownerDb.execute<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relrowsecurity`,
  );
  for (const { name } of rows) await ownerDb.execute(`alter table ${name} rename column ${from} to ${to}`);
}

const secret = 'a secret of the user';

test.each(operations)(
  'an unexpected error in $id returns a 500 without details, and is logged with the request id',
  async (operation) => {
    const { method, path } = requestFor(operation, { user_id: user.id });
    const id = `bug-${randomUUID()}`;
    const response = await send(method, path, {
      token: user.token,
      headers: { 'X-Request-Id': id },
      body: bodyWithText(operation, secret),
    });
    expect(await response.json()).toEqual({
      type: '/problems/internal',
      title: 'Internal server error',
      status: 500,
      detail: 'An unexpected error occurred; quote the request_id when reporting it.',
      instance: path,
      request_id: id,
    });
    expect(reports).toEqual([expect.objectContaining({ request_id: id, operation: operation.id, status: 500 })]);
    expect(reports[0]?.error).toMatchObject({ code: '42703', stack: expect.any(Array) });
    // Neither the statement nor what was sent with it.
    for (const word of [secret, 'select ', user.token]) expect(JSON.stringify(reports)).not.toContain(word);
  },
);

test('an unexpected error in an account endpoint returns a 500 without details', async () => {
  const { db } = await getApp();
  await db.ownerDb.execute('alter table session rename column expires_at to renamed');
  const response = await send('GET', '/api/auth/token', { headers: { Cookie: user.cookie } });
  expect([response.status, await response.json()]).toEqual([
    500,
    expect.objectContaining({ type: '/problems/internal' }),
  ]);
  expect(reports).toEqual([
    expect.objectContaining({ status: 500, error: expect.objectContaining({ code: '42703' }) }),
  ]);
  expect(JSON.stringify(reports)).not.toContain('select ');
});

test('an error that Better Auth logs itself is logged without its message', async () => {
  const { logger } = await (await getApp()).auth.$context;
  logger.error(new Error(`Failed query: select ${secret}`) as never);
  expect(loggedLines().at(-1)).toEqual([{ from: 'better-auth' }, 'a request failed']);
});

test('the log does not contain a value that PostgreSQL quotes, even one that looks like a line of a stack', async () => {
  const { db } = await getApp();
  await renameUserId('renamed', 'user_id');
  await db.ownerDb.execute(
    'alter table tasks add column count integer generated always as (description::integer) stored',
  );
  const body = { title: 'Milk', description: `x\n    at ${secret}` };
  const response = await send('POST', user.tasks, { token: user.token, body });
  expect(response.status).toBe(500);
  const error = { code: '22P02', stack: expect.arrayContaining([expect.stringMatching(/^\s+at /)]) };
  expect(reports).toEqual([expect.objectContaining({ error: expect.objectContaining(error) })]);
  expect(JSON.stringify(reports)).not.toContain(secret);
});
