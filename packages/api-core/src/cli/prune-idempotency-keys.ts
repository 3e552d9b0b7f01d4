import { createDatabase, type Database, DEFAULT_DATABASE_URL, openDriver } from '@taskward/db';
import { user } from '@taskward/db/schema';
import { gt } from 'drizzle-orm';
import { deleteExpiredKeys } from '../tasks/queries';

const USERS_AT_ONCE = 100;

/**
 * Takes away the idempotency keys that are older than a day, in the database that `DATABASE_URL` names. Writes do so bit by
 * bit, each for its own user; this is for those whose users come once and for whoever has a scheduler.
 */
async function main(): Promise<void> {
  const { DATABASE_URL, NEON_ENDPOINT } = process.env;
  const driver = await openDriver(DATABASE_URL || DEFAULT_DATABASE_URL, NEON_ENDPOINT || undefined);
  try {
    const db = createDatabase(driver);
    let count = 0;
    for await (const userId of allUsers(db)) count += await forgetAll(db, userId);
    console.log(`Forgot ${count} idempotency key${count === 1 ? '' : 's'}.`);
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

/** As that user, like everything that touches their rows; some at a time. */
async function forgetAll(db: Database, userId: string): Promise<number> {
  let count = 0;
  for (let some = 1; some > 0; count += some) {
    const [forgotten] = await db.asUser(userId, [deleteExpiredKeys({ userId })]);
    some = forgotten.length;
  }
  return count;
}

main().catch((error) => {
  console.error(`Not all keys were forgotten. ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
});
