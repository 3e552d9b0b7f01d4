import { generateKeyPairSync } from 'node:crypto';
import { ApiError } from '@taskward/api-core';
import { type CryptoKey, importJWK, SignJWT } from 'jose';
import { afterEach, expect, test, vi } from 'vitest';
import { createAuthenticate } from '../../server/auth/access-token';

/** The cache of verified tokens; which tokens are valid is tested in security/tokens and security/claims. */

const origin = 'http://localhost:3000';
const pair = generateKeyPairSync('ed25519');
const publicKey = async () => (await importJWK(pair.publicKey.export({ format: 'jwk' }), 'EdDSA')) as CryptoKey;

async function setUp() {
  let key: CryptoKey | undefined = await publicKey();
  const requestedKids: string[] = [];
  const keys = {
    publicKey: async (kid: string) => {
      requestedKids.push(kid);
      return kid === 'one' ? key : undefined;
    },
  };
  const authenticate = createAuthenticate({ issuer: origin, audience: origin, keys: keys as never });
  const replaceKey = (other: CryptoKey | undefined) => {
    key = other;
  };
  return { authenticate: async (token: string) => authenticate(`Bearer ${token}`), replaceKey, requestedKids };
}

const mint = (sub: string, seconds = 900) =>
  new SignJWT()
    .setProtectedHeader({ alg: 'EdDSA', kid: 'one' })
    .setSubject(sub)
    .setIssuer(origin)
    .setAudience(origin)
    .setIssuedAt()
    .setExpirationTime(`${seconds}s`)
    .sign(pair.privateKey);

const verifications = vi.spyOn(crypto.subtle, 'verify');
afterEach(() => {
  vi.useRealTimers();
  verifications.mockClear();
});

test('a token is verified once and then cached, each token separately', async () => {
  const { authenticate } = await setUp();
  const [ada, bob] = [await mint('ada'), await mint('bob')];
  for (let i = 0; i < 3; i++) {
    expect([await authenticate(ada), await authenticate(bob)]).toMatchObject([{ userId: 'ada' }, { userId: 'bob' }]);
  }
  expect(verifications).toHaveBeenCalledTimes(2);
});

test('a token that differs from a cached one in a single character is refused', async () => {
  const { authenticate } = await setUp();
  const token = await mint('ada');
  await authenticate(token);
  for (let i = 0; i < token.length; i += 7) {
    if (token[i] === '.') continue;
    const other = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
    await expect(authenticate(other)).rejects.toBeInstanceOf(ApiError);
  }
});

test('a cached token is refused once it has expired', async () => {
  const { authenticate } = await setUp();
  const token = await mint('ada', 60);
  await authenticate(token);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 59_000 });
  expect(await authenticate(token)).toMatchObject({ userId: 'ada' });
  vi.setSystemTime(Date.now() + 2_000);
  await expect(authenticate(token)).rejects.toMatchObject({ code: 'unauthorized', message: 'The token is expired.' });
});

test('a token is verified again when its key is reloaded, and refused when its key is deleted', async () => {
  const { authenticate, replaceKey } = await setUp();
  const token = await mint('ada');
  await authenticate(token);
  replaceKey(await publicKey());
  expect(await authenticate(token)).toMatchObject({ userId: 'ada' });
  expect(verifications).toHaveBeenCalledTimes(2);
  replaceKey(undefined);
  await expect(authenticate(token)).rejects.toMatchObject({ code: 'unauthorized' });
});

test('a refused token is not cached, and its error carries the reason for the log', async () => {
  const { authenticate } = await setUp();
  const [header, , signature] = (await mint('ada')).split('.');
  const [, payload] = (await mint('bob')).split('.');
  const forged = `${header}.${payload}.${signature}`;
  for (let i = 0; i < 2; i++) {
    await expect(authenticate(forged)).rejects.toMatchObject({
      options: { reason: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' },
    });
  }
  expect(verifications).toHaveBeenCalledTimes(2);
});

test('a full token cache evicts the oldest tokens', { timeout: 60_000 }, async () => {
  const { authenticate, requestedKids } = await setUp();
  const first = await mint('first');
  await authenticate(first);
  const many = await Promise.all(Array.from({ length: 10_000 }, (_, i) => mint(`user-${i}`)));
  for (const token of many) await authenticate(token);
  verifications.mockClear();
  await authenticate(many.at(-1) ?? '');
  expect(verifications).not.toHaveBeenCalled();
  await authenticate(first);
  expect(verifications).toHaveBeenCalledTimes(1);
  expect(new Set(requestedKids)).toEqual(new Set(['one']));
});
