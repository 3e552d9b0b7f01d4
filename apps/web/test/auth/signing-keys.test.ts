import { randomBytes } from 'node:crypto';
import { jwks } from '@taskward/db/schema';
import { engine } from '@taskward/db/testing';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { getApp } from '../../server/app';
import { KEY_GRACE, KEY_LIFETIME } from '../../server/auth/signing-keys';
import {
  cookieOf,
  loggedEvents,
  ORIGIN,
  restartApp,
  send,
  signIn,
  signUp,
  type TestUser,
  takeToken,
  useApp,
} from '../harness';

useApp();

let ada: TestUser;

beforeEach(async () => {
  ada = await signUp();
});

const kidOf = (token: string) => decodeProtectedHeader(token).kid;
const statusWith = async (token: string) => (await send('GET', ada.tasks, { token })).status;
const asOwner = async (statement: string) => (await getApp()).db.ownerDb.execute(statement);
const storedKeys = async () => (await getApp()).db.ownerDb.select().from(jwks);
const published = async () => {
  const { keys } = await (await send('GET', '/api/auth/jwks')).json();
  return keys.map(({ kid }: { kid: string }) => kid);
};
const newSecret = () => ({ BETTER_AUTH_SECRET: randomBytes(32).toString('hex') });

async function tokenBySignIn(user: TestUser): Promise<string> {
  const response = await signIn(user);
  expect(response.status).toBe(200);
  return takeToken(cookieOf(response));
}

test('concurrent first requests for a token create one signing key', async () => {
  await asOwner('delete from jwks');
  const tokens = await Promise.all(Array.from({ length: 10 }, () => takeToken(ada.cookie)));
  expect(new Set(tokens.map(kidOf)).size).toBe(1);
  expect(await storedKeys()).toHaveLength(1);
  expect(await Promise.all(tokens.map(statusWith))).toEqual(tokens.map(() => 200));
});

describe('an expired signing key', () => {
  const expire = (secondsAgo: number) =>
    asOwner(`update jwks set expires_at = now() - interval '${secondsAgo} s' where id = '${kidOf(ada.token)}'`);

  test('an expired signing key is replaced, and verifies as long as tokens that it signed are valid', async () => {
    await expire(1);
    const token = await takeToken(ada.cookie);
    expect(kidOf(token)).not.toBe(kidOf(ada.token));
    await restartApp();
    expect(await Promise.all([token, ada.token].map(statusWith))).toEqual([200, 200]);
    expect(await published()).toEqual(expect.arrayContaining([kidOf(token), kidOf(ada.token)]));
  });

  test('a signing key past its grace period verifies nothing and is deleted', async () => {
    await expire(KEY_GRACE + 1);
    await restartApp();
    expect(await statusWith(ada.token)).toBe(401);
    expect(await published()).not.toContain(kidOf(ada.token));
    expect(await statusWith(await takeToken(ada.cookie))).toBe(200);
    expect((await storedKeys()).map(({ id }) => id)).not.toContain(kidOf(ada.token));
  });
});

test('revoking all signing keys invalidates all tokens, and a session gets a new one', async () => {
  await asOwner('delete from jwks');
  await restartApp();
  expect(await statusWith(ada.token)).toBe(401);
  expect(await statusWith(await takeToken(ada.cookie))).toBe(200);
});

// The embedded database is in the process and has the same clock.
describe.skipIf(engine === 'pglite')('a server with a wrong clock', () => {
  const restartWithClock = async (seconds: number) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
    await restartApp();
  };
  afterEach(async () => {
    vi.useRealTimers();
    await restartApp();
  });

  test.each([KEY_LIFETIME + 3600, -KEY_LIFETIME - 3600])(
    'a server whose clock is off by %d s signs with the key of the other servers',
    async (seconds) => {
      await restartWithClock(seconds);
      expect(kidOf((await signUp()).token)).toBe(kidOf(ada.token));
      expect(await published()).toEqual([kidOf(ada.token)]);
      expect(await storedKeys()).toHaveLength(1);
    },
  );

  test.each([KEY_LIFETIME + 3600, -KEY_LIFETIME - 3600])(
    'a server whose clock is off by %d s creates a key that the other servers use',
    async (seconds) => {
      await asOwner('delete from jwks');
      await restartWithClock(seconds);
      const { token } = await signUp();
      vi.useRealTimers();
      await restartApp();
      expect(kidOf((await signUp()).token)).toBe(kidOf(token));
      const [key] = await storedKeys();
      expect(Math.abs((key?.createdAt.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
      expect((key?.expiresAt?.getTime() ?? 0) - (key?.createdAt.getTime() ?? 0)).toBeCloseTo(KEY_LIFETIME * 1000, -2);
    },
  );

  test.each([KEY_LIFETIME + 3600, -KEY_LIFETIME - 3600])(
    'a server whose clock is off by %d s replaces an expired key',
    async (seconds) => {
      await asOwner("update jwks set expires_at = now() - interval '1 s'");
      await restartWithClock(seconds);
      expect(kidOf((await signUp()).token)).not.toBe(kidOf(ada.token));
      expect(await published()).toContain(kidOf(ada.token));
    },
  );
});

describe('after a change of BETTER_AUTH_SECRET', () => {
  test('users sign in after a change of BETTER_AUTH_SECRET, and the log says once that the old key is skipped', async () => {
    await send('POST', ada.tasks, { token: ada.token, body: { title: 'Milk' } });
    await restartApp(newSecret());
    const response = await send('GET', '/api/auth/token', { headers: { Cookie: ada.cookie } });
    expect(response.status).toBe(401);
    const tokens = [await tokenBySignIn(ada), await tokenBySignIn(ada)];
    expect(new Set(tokens.map(kidOf)).size).toBe(1);
    expect(kidOf(tokens[0] ?? '')).not.toBe(kidOf(ada.token));
    const list = await (await send('GET', ada.tasks, { token: tokens[0] })).json();
    expect(list.data).toMatchObject([{ title: 'Milk' }]);
    const skipped = loggedEvents().filter(({ event }) => event === 'signing_key_skipped');
    expect(skipped).toEqual([{ event: 'signing_key_skipped', key_id: kidOf(ada.token) }]);
  });

  test('concurrent requests log once that a key is skipped', async () => {
    await restartApp(newSecret());
    await Promise.all(Array.from({ length: 10 }, () => send('GET', '/api/auth/jwks')));
    const skipped = loggedEvents().flatMap(({ event, key_id }) => (event === 'signing_key_skipped' ? [key_id] : []));
    expect(skipped).toContain(kidOf(ada.token));
    expect(skipped).toEqual([...new Set(skipped)]);
  });

  test('tokens from before a change of BETTER_AUTH_SECRET are valid until they expire, for one grace period at most', async () => {
    await restartApp(newSecret());
    expect(await statusWith(ada.token)).toBe(200);
    await tokenBySignIn(ada);
    await restartApp();
    expect(await statusWith(ada.token)).toBe(200);
    expect(await published()).toContain(kidOf(ada.token));
    await asOwner(`update jwks set created_at = created_at - interval '${KEY_GRACE + 1} s'`);
    await restartApp();
    expect(await statusWith(ada.token)).toBe(401);
    expect(await published()).not.toContain(kidOf(ada.token));
  });

  test('tokens from before a change of BETTER_AUTH_URL are refused', async () => {
    await restartApp({ ...newSecret(), BETTER_AUTH_URL: 'https://preview.example.com' });
    expect(await statusWith(ada.token)).toBe(401);
    const token = await tokenBySignIn(ada);
    expect(decodeJwt(token)).toMatchObject({ iss: 'https://preview.example.com', aud: 'https://preview.example.com' });
    expect(await statusWith(token)).toBe(200);
    await restartApp({ BETTER_AUTH_URL: ORIGIN });
    expect(await statusWith(token)).toBe(401);
  });

  test('two deployments with different secrets that take turns create no further keys', async () => {
    const mine = newSecret();
    const theirs = newSecret();
    for (const secret of [mine, theirs, mine, theirs]) {
      await restartApp(secret);
      expect(await statusWith(await tokenBySignIn(ada))).toBe(200);
    }
    await restartApp(mine);
    const before = (await storedKeys()).length;
    await tokenBySignIn(ada);
    expect(await storedKeys()).toHaveLength(before);
  });
});
