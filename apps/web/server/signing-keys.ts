import { randomUUID } from 'node:crypto';
import type { Database } from '@taskward/db';
import { jwks } from '@taskward/db/schema';
import type { JwtOptions } from 'better-auth/plugins/jwt';
import { type CryptoKey, importJWK } from 'jose';

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

/** How long a token lives, in seconds. */
export const TOKEN_LIFETIME = 15 * MINUTE;
/** How long a key signs, in seconds, before a new one takes over. */
export const KEY_LIFETIME = 30 * DAY;
/** How long it still verifies after that: longer than any token it signed lives. */
export const KEY_GRACE = 2 * TOKEN_LIFETIME;

const COOL_DOWN_MS = 1000;
const MAX_AGE_MS = 60_000;

export type SigningKeys = ReturnType<typeof createSigningKeys>;

/** The keys that sign tokens: Better Auth makes them and signs, the task API verifies by them, both in this process. */
export function createSigningKeys(db: Database) {
  let cached = new Map<string, CryptoKey>();
  let loadedAt = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | undefined;

  const reload = () => {
    loading ??= loadPublicKeys(db)
      .then((keys) => {
        cached = keys;
        loadedAt = performance.now();
      })
      .finally(() => {
        loading = undefined;
      });
    return loading;
  };

  return {
    /** The public key with this `kid`. Read again each minute, and at once, though not twice a second, when unknown. */
    async publicKey(kid: string): Promise<CryptoKey | undefined> {
      const age = performance.now() - loadedAt;
      if (age > (cached.has(kid) ? MAX_AGE_MS : COOL_DOWN_MS)) await reload();
      return cached.get(kid);
    },
    /** How Better Auth's JWT plugin stores a new key. */
    adapter: {
      async createJwk(key) {
        const [stored] = await db.auth
          .insert(jwks)
          .values({ ...key, id: randomUUID() })
          .returning();
        loadedAt = Number.NEGATIVE_INFINITY;
        if (!stored) throw new Error('The database did not keep the new signing key.');
        return { ...key, id: stored.id };
      },
    } satisfies JwtOptions['adapter'],
  };
}

async function loadPublicKeys(db: Database): Promise<Map<string, CryptoKey>> {
  const rows = await db.auth
    .select({ id: jwks.id, publicKey: jwks.publicKey, alg: jwks.alg, expiresAt: jwks.expiresAt })
    .from(jwks);
  const oldest = Date.now() - KEY_GRACE * 1000;
  const current = rows.filter((row) => row.alg === 'EdDSA' && (row.expiresAt?.getTime() ?? Infinity) > oldest);
  const imported = current.map(async (row) => {
    return [row.id, (await importJWK(JSON.parse(row.publicKey), 'EdDSA')) as CryptoKey] as const;
  });
  return new Map(await Promise.all(imported));
}
