import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createDatabase, openDriver } from '@taskward/db';
import { changes, idempotencyKeys, journals, user } from '@taskward/db/schema';
import { engine, freshDatabase, queryBuilder, statement } from '@taskward/db/testing';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';

const prune = (env: Record<string, string>) =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', new URL('./prune.ts', import.meta.url).pathname], {
    cwd: new URL('../..', import.meta.url).pathname,
    env: { ...process.env, ...env },
  });

/** 501 entries of which all but the last are followed by an old one; Ada has a new one besides. */
const insertEntries = (userId: string) => [
  statement(queryBuilder.insert(journals).values({ userId, seq: 502, at: '2026-03-01T00:00:00Z' })),
  statement(
    queryBuilder.insert(changes).values(
      Array.from({ length: userId === 'ada' ? 502 : 501 }, (_, i) => ({
        userId,
        seq: i + 1,
        revision: i + 1,
        at: sql`now() - ${i === 501 ? '29 days' : '31 days'}::interval`,
        kind: 'task' as const,
        id: '019a5f3e-7a3c-7c61-9d0e-3b1f6a2c4d58',
        operation: 'deleted' as const,
        version: i + 1,
      })),
    ),
  ),
];

/** The test adds more users between them than one batch has. */
const users = ['ada', 'zoe'];

test('db:prune deletes keys older than a day of every user, and no others', async () => {
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
    await before.db.asUser(id, [...old, insertKey('fresh', '23 hours'), ...insertEntries(id)]);
  }
  await before.db.ownerDb.execute(
    sql`insert into "user" (id, name, email) select 'm' || n, n, n || '@example.com' from generate_series(1, 100) n`,
  );
  await before.driver.close();

  const { stdout } = await prune({ DATABASE_URL: url, NEON_ENDPOINT: neonEndpoint ?? '' });
  expect(stdout).toBe('Deleted 90 expired idempotency keys and 1000 old journal entries.\n');

  const after = await open();
  for (const id of users) {
    const [left] = await after.db.asUser(id, [
      statement(queryBuilder.select({ key: idempotencyKeys.key }).from(idempotencyKeys)),
    ]);
    expect(left).toEqual([{ key: 'fresh' }]);
    const [entries, journal] = await after.db.asUser(id, [
      statement(queryBuilder.select({ seq: changes.seq }).from(changes).orderBy(changes.seq)),
      statement(queryBuilder.select({ floor: journals.floor }).from(journals)),
    ]);
    // The successor of entry 501 is younger than 30 days. The last entry stays, whatever its age.
    expect(entries.map(({ seq }) => seq)).toEqual(id === 'ada' ? [501, 502] : [501]);
    expect(journal).toEqual([{ floor: 500 }]);
  }
  await after.driver.close();
  await drop();
});

test('db:prune fails in one line when the database is unavailable', async () => {
  const { code, stderr } = await prune({ DATABASE_URL: 'postgres://nobody:x@127.0.0.1:1/none' }).catch((end) => end);
  expect([code, stderr]).toEqual([1, 'Pruning failed: The database is unavailable.\n']);
});

test.runIf(engine === 'pglite')('db:prune refuses an embedded database that is in use', async () => {
  const { url, drop } = await freshDatabase();
  const driver = await openDriver(url);
  const { code, stderr } = await prune({ DATABASE_URL: url }).catch((end) => end);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^Pruning failed: .+ in use by process \d+ on \S+: .+\n$/)]);
  await driver.close();
  await drop();
});
