import { randomUUID } from 'node:crypto';
import { addSigningKey, type Database, listSigningKeys, type StoredKey } from '@taskward/db';
import { symmetricDecrypt } from 'better-auth/crypto';
import type { JwtOptions } from 'better-auth/plugins/jwt';
import { type CryptoKey, importJWK } from 'jose';
import type { Logger } from 'pino';

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
type Adapter = Required<NonNullable<JwtOptions['adapter']>>;
/** A key that was read again is the same object, as long as its text is, so that a token goes on being known by it. */
interface Cached {
  readonly text: string;
  readonly key: CryptoKey;
}
type SigningKey = Awaited<ReturnType<Adapter['createJwk']>> & { expiresAt: Date };

/** The keys that sign tokens: Better Auth makes them and signs, the task API verifies by them, both in this process. */
export function createSigningKeys({ auth, secret, log }: { auth: Database['ownerDb']; secret: string; log: Logger }) {
  let cached = new Map<string, Cached>();
  let loadedAt = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | undefined;
  /** By `kid`, whether the private half is encrypted under this secret. */
  const isOurs = new Map<string, boolean>();

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
    const keys = await judge(await listSigningKeys(auth));
    const current = keys.filter(({ expiresAt }) => expiresAt.getTime() > oldest);
    const imported = current.map(async ({ id, publicKey: text }) => {
      const known = cached.get(id);
      if (known?.text === text) return [id, known] as const;
      return [id, { text, key: (await importJWK(JSON.parse(text), ALGORITHM)) as CryptoKey }] as const;
    });
    return new Map(await Promise.all(imported));
  }

  /**
   * The keys with the end that each has for us. One that was encrypted under another secret never signs here, and ends
   * when one of ours has taken its place.
   */
  async function judge(stored: readonly StoredKey[]): Promise<SigningKey[]> {
    const rows = stored.filter(({ alg }) => alg === ALGORITHM);
    for (const row of rows) {
      if (isOurs.has(row.id)) continue;
      isOurs.set(row.id, await canDecrypt(row.privateKey, secret));
      const isLive = !row.expiresAt || row.expiresAt > new Date();
      if (!isOurs.get(row.id) && isLive) log.warn({ event: 'key_passed_over', key_id: row.id }, PASSED_OVER);
    }
    // In the past by more than it takes the plugin, which notes the time before it asks for the keys.
    const ended = new Date(Date.now() - MINUTE * 1000);
    return rows.map((row) => {
      const successor = rows.find(({ id, createdAt }) => isOurs.get(id) && createdAt > row.createdAt);
      return toJwk(row, isOurs.get(row.id) ? FOREVER : (successor?.createdAt ?? ended));
    });
  }

  return {
    /** The public key with this `kid`. Read again each minute, and at once, though not twice a second, when unknown. */
    publicKey(kid: string): CryptoKey | undefined | Promise<CryptoKey | undefined> {
      const age = performance.now() - loadedAt;
      const isFresh = age <= (cached.has(kid) ? MAX_AGE_MS : COOL_DOWN_MS);
      // No promise without need: this is on the way of every request.
      return isFresh ? cached.get(kid)?.key : reload().then(() => cached.get(kid)?.key);
    },
    /** Where Better Auth's JWT plugin finds and stores its keys. */
    adapter: {
      getJwks: async () => judge(await listSigningKeys(auth)),
      /** Stores the key, unless another process was first: then its key signs here, too. */
      async createJwk(key) {
        const row = { ...key, id: randomUUID(), alg: ALGORITHM, crv: CURVE, expiresAt: key.expiresAt ?? null };
        const pick = async (stored: StoredKey[]) => {
          const live = (await judge(stored)).filter((one) => isOurs.get(one.id) && one.expiresAt > new Date());
          return stored.find((one) => one.id === live.at(-1)?.id);
        };
        const signer = await addSigningKey(auth, row, pick, KEY_GRACE * 1000);
        loadedAt = Number.NEGATIVE_INFINITY;
        if (signer.id === row.id) log.info({ event: 'key_created', key_id: row.id }, 'a new key signs tokens');
        return toJwk(signer, FOREVER);
      },
    } satisfies Adapter,
  };
}

const ALGORITHM = 'EdDSA';
const CURVE = 'Ed25519';
const FOREVER = new Date(8.64e15);
const PASSED_OVER = 'a signing key is encrypted under another BETTER_AUTH_SECRET; it is passed over';

function toJwk(row: StoredKey, end: Date): SigningKey {
  const expiresAt = row.expiresAt && row.expiresAt < end ? row.expiresAt : end;
  return { ...row, alg: ALGORITHM, crv: CURVE, expiresAt };
}

/** What cannot be read, for whatever reason, cannot sign. */
async function canDecrypt(privateKey: string, secret: string): Promise<boolean> {
  try {
    await symmetricDecrypt({ key: secret, data: JSON.parse(privateKey) });
    return true;
  } catch {
    return false;
  }
}
