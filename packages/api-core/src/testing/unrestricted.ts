import { createSecretKey } from 'node:crypto';
import type { PGlite } from '@electric-sql/pglite';
import { createDatabase, type Driver, openDriver } from '@taskward/db';
import { user } from '@taskward/db/schema';
import { freshDatabase } from '@taskward/db/testing';
import type { PgliteDatabase } from 'drizzle-orm/pglite';
import { afterAll, beforeAll } from 'vitest';
import type { Context } from '../kit/context';

/**
 * Contexts whose statements are executed by the superuser, to whom row-level security does not apply: what keeps two users
 * apart then is the statements themselves. The users are `ada` and `bob`.
 */
export function useUnrestrictedDatabase(): (userId: 'ada' | 'bob') => Context {
  let driver: Driver;
  let drop: () => Promise<void>;
  let db: Context['db'];

  beforeAll(async () => {
    const database = await freshDatabase();
    drop = database.drop;
    driver = await openDriver(database.url);
    const { $client: pg } = driver.ownerDb as PgliteDatabase & { $client: PGlite };
    db = createDatabase({
      ...driver,
      executeBatch: (_, statements) =>
        pg.transaction(async (tx) => {
          const results: unknown[][] = [];
          for (const { text, params, rowMode } of statements) {
            results.push((await tx.query(text, params, { rowMode })).rows);
          }
          return results;
        }),
    });
    for (const id of ['ada', 'bob']) await db.ownerDb.insert(user).values({ id, name: id, email: `${id}@example.com` });
  });

  afterAll(async () => {
    await driver.close();
    await drop();
  });

  return (userId) => ({ db, userId, cursorKey: createSecretKey(Buffer.alloc(32)), preconditions: {} });
}
