import { createSecretKey } from 'node:crypto';
import { createDatabase, type Driver, openDriver } from '@taskward/db';
import { user } from '@taskward/db/schema';
import { freshDatabase } from '@taskward/db/testing';
import { afterAll, beforeAll } from 'vitest';
import type { Context } from '../kit/context';

/**
 * Contexts on a database without row-level security: what keeps two users apart then is the statements themselves. The
 * users are `ada` and `bob`.
 */
export function useUnrestrictedDatabase(): (userId: 'ada' | 'bob') => Context {
  let driver: Driver;
  let drop: () => Promise<void>;
  let db: Context['db'];

  beforeAll(async () => {
    const database = await freshDatabase();
    drop = database.drop;
    driver = await openDriver(database.url);
    const tables = await driver.queryAsOwner('select oid::regclass::text as name from pg_class where relrowsecurity');
    for (const { name } of tables) await driver.queryAsOwner(`alter table ${name} disable row level security`);
    db = createDatabase(driver);
    for (const id of ['ada', 'bob']) await db.ownerDb.insert(user).values({ id, name: id, email: `${id}@example.com` });
  });

  afterAll(async () => {
    await driver.close();
    await drop();
  });

  return (userId) => ({ db, userId, cursorKey: createSecretKey(Buffer.alloc(32)), preconditions: {} });
}
