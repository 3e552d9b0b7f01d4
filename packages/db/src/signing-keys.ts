import { asc, lt, sql } from 'drizzle-orm';
import type { Driver } from './driver';
import { jwks } from './schema/auth';

/** A key as it is stored: the private half is encrypted, by whom only the application knows. */
export type StoredKey = typeof jwks.$inferSelect;

/** Any number will do, as long as no other program locks it in this database. */
const MINT_LOCK = 7_411_982_266;

const oldestFirst = (auth: Pick<Driver['auth'], 'select'>) =>
  auth.select().from(jwks).orderBy(asc(jwks.createdAt), asc(jwks.id));

/** Every key there is, oldest first. */
export function listSigningKeys(auth: Driver['auth']): Promise<StoredKey[]> {
  return oldestFirst(auth);
}

/**
 * Stores the key and forgets those that expired before `forgetBefore`, unless `pick` finds one among the stored that
 * will do. One process at a time, so that many that start at once end up with one key.
 */
export async function addSigningKey(
  auth: Driver['auth'],
  key: StoredKey,
  pick: (stored: StoredKey[]) => Promise<StoredKey | undefined>,
  forgetBefore: Date,
): Promise<StoredKey> {
  return auth.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${MINT_LOCK})`);
    const found = await pick(await oldestFirst(tx));
    if (found) return found;
    await tx.delete(jwks).where(lt(jwks.expiresAt, forgetBefore));
    await tx.insert(jwks).values(key);
    return key;
  });
}

/** Removes every key, so that no token verifies any more; the next to sign makes a new one. Answers how many there were. */
export async function retireSigningKeys(auth: Driver['auth']): Promise<number> {
  return (await auth.delete(jwks).returning()).length;
}
