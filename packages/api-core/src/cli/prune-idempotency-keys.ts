import { createDatabase, type Database, DEFAULT_DATABASE_URL, openDriver } from '@taskward/db';
import { user } from '@taskward/db/schema';
import { gt } from 'drizzle-orm';
import { deleteExpiredKeys } from '../kit/idempotency';

const USERS_AT_ONCE = 100;

/**
 * Deletes the expired idempotency keys in the database that `DATABASE_URL` names. Every write deletes some of its own user;
 * this command is for a scheduler, and for users who never return.
 */
async function main(): Promise<void> {
  const { DATABASE_URL, NEON_ENDPOINT } = process.env;
  const driver = await openDriver(DATABASE_URL || DEFAULT_DATABASE_URL, { neonEndpoint: NEON_ENDPOINT || undefined });
  try {
    const db = createDatabase(driver);
    let count = 0;
    for await (const userId of allUsers(db)) count += await deleteAll(db, userId);
    console.log(`Deleted ${count} expired idempotency key${count === 1 ? '' : 's'}.`);
  } finally {
    await driver.close();
  }
}

async function* allUsers(db: Database): AsyncGenerator<string> {
  let last: string | undefined = '';
  while (last !== undefined) {
    const page: { id: string }[] = await db.ownerDb
      .select({ id: user.id })
      .from(user)
      .where(gt(user.id, last))
      .orderBy(user.id)
      .limit(USERS_AT_ONCE);
    for (const { id } of page) yield id;
    last = page.at(-1)?.id;
  }
}

/** Runs as that user, like everything that touches their rows; deletes some at a time. */
async function deleteAll(db: Database, userId: string): Promise<number> {
  let count = 0;
  for (let some = 1; some > 0; count += some) {
    const { deleted } = await db.asUser(userId, { deleted: deleteExpiredKeys({}) });
    some = deleted.length;
  }
  return count;
}

main().catch((error) => {
  console.error(`Pruning failed: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
});
