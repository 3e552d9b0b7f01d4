import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createDatabase, openDriver, query } from '@taskward/db';
import { idempotencyKeys, user } from '@taskward/db/schema';
import { freshDatabase, statement } from '@taskward/db/testing';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';

const forgetKeys = (env: Record<string, string>) =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', new URL('./forget-keys.ts', import.meta.url).pathname], {
    cwd: new URL('../..', import.meta.url).pathname,
    env: { ...process.env, ...env },
  });

test('the command takes away keys older than a day, of every user, and no other', async () => {
  const { url, neonEndpoint, drop } = await freshDatabase();
  const open = async () => {
    const driver = await openDriver(url, neonEndpoint);
    return { driver, db: createDatabase(driver) };
  };
  const before = await open();
  for (const id of ['ada', 'bob']) {
    await before.db.auth.insert(user).values({ id, name: id, email: `${id}@example.com` });
    const keep = (key: string, age: string) =>
      statement(
        query.insert(idempotencyKeys).values({
          userId: id,
          key,
          fingerprint: 'x',
          answer: {},
          createdAt: sql`now() - ${age}::interval`,
        }),
      );
    const old = Array.from({ length: 45 }, (_, i) => keep(`old-${i}`, '25 hours'));
    await before.db.asUser(id, [...old, keep('fresh', '23 hours')]);
  }
  await before.driver.close();

  const { stdout } = await forgetKeys({ DATABASE_URL: url, NEON_ENDPOINT: neonEndpoint ?? '' });
  expect(stdout).toBe('Forgot 90 idempotency keys.\n');

  const after = await open();
  for (const id of ['ada', 'bob']) {
    const [left] = await after.db.asUser(id, [
      statement(query.select({ key: idempotencyKeys.key }).from(idempotencyKeys)),
    ]);
    expect(left).toEqual([{ key: 'fresh' }]);
  }
  await after.driver.close();
  await drop();
});
