import { createDatabase, type Database, DEFAULT_DATABASE_URL, openDriver } from '@taskward/db';
import { user } from '@taskward/db/schema';
import { gt } from 'drizzle-orm';
import { deleteExpiredKeys } from '../kit/idempotency';
import { pruneJournal } from '../kit/journal';

const USERS_AT_ONCE = 100;

/**
 * Deletes expired idempotency keys and old entries of journals in the database that `DATABASE_URL` names. Writes delete some
 * of their own user; this command is for a scheduler, and for users who never return.
 */
async function main(): Promise<void> {
  const { DATABASE_URL, NEON_ENDPOINT } = process.env;
  const driver = await openDriver(DATABASE_URL || DEFAULT_DATABASE_URL, { neonEndpoint: NEON_ENDPOINT || undefined });
  try {
    const db = createDatabase(driver);
    let [keys, entries] = [0, 0];
    for await (const userId of allUsers(db)) {
      keys += await repeat(async () => (await db.asUser(userId, [deleteExpiredKeys({})]))[0].length);
      entries += await repeat(async () => (await db.asUser(userId, [pruneJournal({})]))[0][0]?.pruned ?? 0);
    }
    const [s, ies] = [keys === 1 ? '' : 's', entries === 1 ? 'y' : 'ies'];
    console.log(`Deleted ${keys} expired idempotency key${s} and ${entries} old journal entr${ies}.`);
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

/** Deletes some at a time until there are none. Returns how many there were. */
async function repeat(deleteSome: () => Promise<number>): Promise<number> {
  let count = 0;
  for (let some = 1; some > 0; count += some) some = await deleteSome();
  return count;
}

main().catch((error) => {
  console.error(`Pruning failed: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
});
