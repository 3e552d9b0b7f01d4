import { randomUUID } from 'node:crypto';
import { addSigningKey, type Database, listSigningKeys, type StoredKey } from '@taskward/db';
import { symmetricDecrypt } from 'better-auth/crypto';
import type { JwtOptions } from 'better-auth/plugins/jwt';
import { type CryptoKey, importJWK } from 'jose';
import type { Logger } from 'pino';

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

/** The lifetime of a token, in seconds. */
export const TOKEN_LIFETIME = 15 * MINUTE;
/** The time in which a key signs, in seconds, before its successor does. */
export const KEY_LIFETIME = 30 * DAY;
/** The time in which it still verifies after that, in seconds: longer than the lifetime of any token that it signed. */
export const KEY_GRACE = 2 * TOKEN_LIFETIME;

/** The keys are reloaded once they are this old, or, for an unknown `kid`, once they are older than the cool-down. */
const MAX_AGE_MS = 60_000;
const COOL_DOWN_MS = 1000;

export type SigningKeys = ReturnType<typeof createSigningKeys>;
type Adapter = Required<NonNullable<JwtOptions['adapter']>>;
/** A reloaded key stays the same object while its text is the same, so that tokens verified by it stay cached. */
interface Cached {
  readonly text: string;
  readonly key: CryptoKey;
}
type SigningKey = Awaited<ReturnType<Adapter['createJwk']>> & { expiresAt: Date };

/** The keys that sign tokens. Better Auth creates them and signs with them; the API verifies with them. */
export function createSigningKeys({
  ownerDb,
  secret,
  log,
}: {
  ownerDb: Database['ownerDb'];
  secret: string;
  log: Logger;
}) {
  let cached = new Map<string, Cached>();
  let loadedAt = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | undefined;
  /** By `kid`, whether this secret decrypts the private key. */
  const decryptable = new Map<string, boolean>();

  const reload = () => {
    loading ??= loadPublicKeys()
      .then((keys) => {
        cached = keys;
        loadedAt = performance.now();
      })
      .finally(() => {
        loading = undefined;
      });
    return loading;
  };

  async function loadPublicKeys(): Promise<Map<string, Cached>> {
    const oldest = Date.now() - KEY_GRACE * 1000;
    const keys = await withEffectiveExpiry(await listSigningKeys(ownerDb));
    const current = keys.filter(({ expiresAt }) => expiresAt.getTime() > oldest);
    const imported = current.map(async ({ id, publicKey: text }) => {
      const unchanged = cached.get(id);
      if (unchanged?.text === text) return [id, unchanged] as const;
      return [id, { text, key: (await importJWK(JSON.parse(text), ALGORITHM)) as CryptoKey }] as const;
    });
    return new Map(await Promise.all(imported));
  }

  /**
   * The keys with the expiry that each has in this deployment. A key that another secret encrypts never signs here, and
   * expires when a decryptable key succeeds it.
   */
  async function withEffectiveExpiry(stored: readonly StoredKey[]): Promise<SigningKey[]> {
    const rows = stored.filter(({ alg }) => alg === ALGORITHM);
    for (const row of rows) {
      if (decryptable.has(row.id)) continue;
      const isDecryptable = await canDecrypt(row.privateKey, secret);
      // A concurrent call may have found it out meanwhile, and logged it.
      if (decryptable.has(row.id)) continue;
      decryptable.set(row.id, isDecryptable);
      const isLive = !row.expiresAt || row.expiresAt > new Date();
      if (!isDecryptable && isLive) log.warn({ event: 'signing_key_skipped', key_id: row.id }, SKIPPED);
    }
    // A minute in the past: the plugin compares with a time that it took before it requested the keys.
    const expired = new Date(Date.now() - MINUTE * 1000);
    return rows.map((row) => {
      const successor = rows.find(({ id, createdAt }) => decryptable.get(id) && createdAt > row.createdAt);
      return toJwk(row, decryptable.get(row.id) ? FOREVER : (successor?.createdAt ?? expired));
    });
  }

  return {
    /** The public key with this `kid`. Keys are reloaded every minute, and for an unknown `kid` at most once a second. */
    publicKey(kid: string): CryptoKey | undefined | Promise<CryptoKey | undefined> {
      const age = performance.now() - loadedAt;
      const isFresh = age <= (cached.has(kid) ? MAX_AGE_MS : COOL_DOWN_MS);
      // Without a promise if possible: every request calls this.
      return isFresh ? cached.get(kid)?.key : reload().then(() => cached.get(kid)?.key);
    },
    /** The key storage of Better Auth's JWT plugin. */
    adapter: {
      getJwks: async () => withEffectiveExpiry(await listSigningKeys(ownerDb)),
      /** Stores the key, unless another process has just stored one: then that key signs here, too. */
      async createJwk(key) {
        const row = { ...key, id: randomUUID(), alg: ALGORITHM, crv: CURVE, expiresAt: key.expiresAt ?? null };
        const findUsable = async (stored: StoredKey[]) => {
          const live = (await withEffectiveExpiry(stored)).filter(
            ({ id, expiresAt }) => decryptable.get(id) && expiresAt > new Date(),
          );
          return stored.find(({ id }) => id === live.at(-1)?.id);
        };
        const signer = await addSigningKey(ownerDb, row, findUsable, KEY_GRACE * 1000);
        loadedAt = Number.NEGATIVE_INFINITY;
        if (signer.id === row.id) log.info({ event: 'signing_key_created', key_id: row.id }, 'signing key created');
        return toJwk(signer, FOREVER);
      },
    } satisfies Adapter,
  };
}

const ALGORITHM = 'EdDSA';
const CURVE = 'Ed25519';
const FOREVER = new Date(8.64e15);
const SKIPPED = 'signing key skipped: encrypted with another BETTER_AUTH_SECRET';

function toJwk(row: StoredKey, end: Date): SigningKey {
  const expiresAt = row.expiresAt && row.expiresAt < end ? row.expiresAt : end;
  return { ...row, alg: ALGORITHM, crv: CURVE, expiresAt };
}

/** Whether the private key can be decrypted, and thus sign. */
async function canDecrypt(privateKey: string, secret: string): Promise<boolean> {
  try {
    await symmetricDecrypt({ key: secret, data: JSON.parse(privateKey) });
    return true;
  } catch {
    return false;
  }
}
