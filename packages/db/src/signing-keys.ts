import { asc, getTableColumns, lt, sql } from 'drizzle-orm';
import type { Driver } from './driver';
import { jwks } from './schema/auth';

/**
 * A key as it is stored: the private half is encrypted, by whom only the application knows. Its times are stored by the
 * clock of the database, so that servers with different clocks agree on its age, and are given as the clock of this
 * process would show them.
 */
export type StoredKey = typeof jwks.$inferSelect;

/** Any number will do, as long as no other program locks it in this database. */
const SIGNING_KEY_LOCK_ID = 7_411_982_266;

/** Not `now()`, which is the start of a transaction that may have waited for a lock. */
const databaseNow = sql`clock_timestamp()`;
const milliseconds = (duration: number) => sql`${duration} * interval '1 millisecond'`;

/** Every key there is, oldest first. */
export async function listSigningKeys(ownerDb: Pick<Driver['ownerDb'], 'select'>): Promise<StoredKey[]> {
  const rows = await ownerDb
    .select({ ...getTableColumns(jwks), now: sql`extract(epoch from ${databaseNow}) * 1000`.mapWith(Number) })
    .from(jwks)
    .orderBy(asc(jwks.createdAt), asc(jwks.id));
  const received = Date.now();
  return rows.map(({ now, ...key }) => {
    const toLocal = (time: Date) => new Date(time.getTime() - now + received);
    return { ...key, createdAt: toLocal(key.createdAt), expiresAt: key.expiresAt && toLocal(key.expiresAt) };
  });
}

/**
 * Stores the key, as of now, and deletes those that expired more than `graceMs` milliseconds ago, unless `findUsable`
 * returns a stored one. One process at a time, so that many that start at once end up with one key.
 *
 * @returns the usable key, or the new one.
 */
export async function addSigningKey(
  ownerDb: Driver['ownerDb'],
  key: StoredKey,
  findUsable: (stored: StoredKey[]) => Promise<StoredKey | undefined>,
  graceMs: number,
): Promise<StoredKey> {
  return ownerDb.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${SIGNING_KEY_LOCK_ID})`);
    const found = await findUsable(await listSigningKeys(tx));
    if (found) return found;
    await tx.delete(jwks).where(lt(jwks.expiresAt, sql`${databaseNow} - ${milliseconds(graceMs)}`));
    const lifetimeMs = key.expiresAt && key.expiresAt.getTime() - key.createdAt.getTime();
    await tx.insert(jwks).values({
      ...key,
      createdAt: databaseNow,
      expiresAt: lifetimeMs === null ? null : sql`${databaseNow} + ${milliseconds(lifetimeMs)}`,
    });
    return key;
  });
}

/** Deletes every key, so that no token verifies any more; the next signature creates a new one. Returns their number. */
export async function revokeSigningKeys(ownerDb: Driver['ownerDb']): Promise<number> {
  return (await ownerDb.delete(jwks).returning()).length;
}
