import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createDatabase, openDriver } from '@taskward/db';
import { idempotencyKeys, user } from '@taskward/db/schema';
import { engine, freshDatabase, queryBuilder, statement } from '@taskward/db/testing';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';

const pruneKeys = (env: Record<string, string>) =>
  promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', new URL('./prune-idempotency-keys.ts', import.meta.url).pathname],
    {
      cwd: new URL('../..', import.meta.url).pathname,
      env: { ...process.env, ...env },
    },
  );

/** The test adds more users between them than one batch has. */
const users = ['ada', 'zoe'];

test('prune-idempotency-keys deletes keys older than a day of every user, and no others', async () => {
  const { url, neonEndpoint, drop } = await freshDatabase();
  const open = async () => {
    const driver = await openDriver(url, { neonEndpoint });
    return { driver, db: createDatabase(driver) };
  };
  const before = await open();
  for (const id of users) {
    await before.db.ownerDb.insert(user).values({ id, name: id, email: `${id}@example.com` });
    const insertKey = (key: string, age: string) =>
      statement(
        queryBuilder.insert(idempotencyKeys).values({
          userId: id,
          key,
          fingerprint: 'x',
          response: {},
          createdAt: sql`now() - ${age}::interval`,
        }),
      );
    const old = Array.from({ length: 45 }, (_, i) => insertKey(`old-${i}`, '25 hours'));
    await before.db.asUser(id, [...old, insertKey('fresh', '23 hours')]);
  }
  await before.db.ownerDb.execute(
    sql`insert into "user" (id, name, email) select 'm' || n, n, n || '@example.com' from generate_series(1, 100) n`,
  );
  await before.driver.close();

  const { stdout } = await pruneKeys({ DATABASE_URL: url, NEON_ENDPOINT: neonEndpoint ?? '' });
  expect(stdout).toBe('Deleted 90 expired idempotency keys.\n');

  const after = await open();
  for (const id of users) {
    const [left] = await after.db.asUser(id, [
      statement(queryBuilder.select({ key: idempotencyKeys.key }).from(idempotencyKeys)),
    ]);
    expect(left).toEqual([{ key: 'fresh' }]);
  }
  await after.driver.close();
  await drop();
});

test('prune-idempotency-keys fails in one line when the database is unavailable', async () => {
  const { code, stderr } = await pruneKeys({ DATABASE_URL: 'postgres://nobody:x@127.0.0.1:1/none' }).catch(
    (end) => end,
  );
  expect([code, stderr]).toEqual([1, 'Pruning failed: The database is unavailable.\n']);
});

test.runIf(engine === 'pglite')('prune-idempotency-keys refuses an embedded database that is in use', async () => {
  const { url, drop } = await freshDatabase();
  const driver = await openDriver(url);
  const { code, stderr } = await pruneKeys({ DATABASE_URL: url }).catch((end) => end);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^Pruning failed: .+ in use by process \d+ on \S+: .+\n$/)]);
  await driver.close();
  await drop();
});
