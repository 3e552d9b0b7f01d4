import { generateKeyPairSync } from 'node:crypto';
import { ApiError } from '@taskward/api-core';
import { type CryptoKey, importJWK, SignJWT } from 'jose';
import { afterEach, expect, test, vi } from 'vitest';
import { createAuthenticate } from '../../server/auth/access-token';

/** What is remembered of tokens; which tokens are good at all is in security-tokens and security-claims. */

const origin = 'http://localhost:3000';
const pair = generateKeyPairSync('ed25519');
const publicKey = async () => (await importJWK(pair.publicKey.export({ format: 'jwk' }), 'EdDSA')) as CryptoKey;

async function setUp() {
  let key: CryptoKey | undefined = await publicKey();
  const asked: string[] = [];
  const keys = {
    publicKey: async (kid: string) => {
      asked.push(kid);
      return kid === 'one' ? key : undefined;
    },
  };
  const authenticate = createAuthenticate({ issuer: origin, audience: origin, keys: keys as never });
  const replaceKey = (other: CryptoKey | undefined) => {
    key = other;
  };
  return { ask: async (token: string) => authenticate(`Bearer ${token}`), replaceKey, asked };
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
  const { ask } = await setUp();
  const [ada, bob] = [await mint('ada'), await mint('bob')];
  for (let i = 0; i < 3; i++) expect([await ask(ada), await ask(bob)]).toEqual(['ada', 'bob']);
  expect(verifications).toHaveBeenCalledTimes(2);
});

test('a token that differs from a cached one in a single character is refused', async () => {
  const { ask } = await setUp();
  const token = await mint('ada');
  await ask(token);
  for (let i = 0; i < token.length; i += 7) {
    if (token[i] === '.') continue;
    const other = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
    await expect(ask(other)).rejects.toBeInstanceOf(ApiError);
  }
});

test('a cached token is refused once it has expired', async () => {
  const { ask } = await setUp();
  const token = await mint('ada', 60);
  await ask(token);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 59_000 });
  expect(await ask(token)).toBe('ada');
  vi.setSystemTime(Date.now() + 2_000);
  await expect(ask(token)).rejects.toMatchObject({ code: 'unauthorized', message: 'The token is expired.' });
});

test('a token is verified again when its key is reloaded, and refused when its key is deleted', async () => {
  const { ask, replaceKey } = await setUp();
  const token = await mint('ada');
  await ask(token);
  replaceKey(await publicKey());
  expect(await ask(token)).toBe('ada');
  expect(verifications).toHaveBeenCalledTimes(2);
  replaceKey(undefined);
  await expect(ask(token)).rejects.toMatchObject({ code: 'unauthorized' });
});

test('a refused token is not cached, and its error carries the reason for the log', async () => {
  const { ask } = await setUp();
  const [header, , signature] = (await mint('ada')).split('.');
  const [, payload] = (await mint('bob')).split('.');
  const forged = `${header}.${payload}.${signature}`;
  for (let i = 0; i < 2; i++) {
    await expect(ask(forged)).rejects.toMatchObject({ options: { reason: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' } });
  }
  expect(verifications).toHaveBeenCalledTimes(2);
});

test('a full token cache evicts the oldest tokens', { timeout: 60_000 }, async () => {
  const { ask, asked } = await setUp();
  const first = await mint('first');
  await ask(first);
  const many = await Promise.all(Array.from({ length: 10_000 }, (_, i) => mint(`user-${i}`)));
  for (const token of many) await ask(token);
  verifications.mockClear();
  await ask(many.at(-1) ?? '');
  expect(verifications).not.toHaveBeenCalled();
  await ask(first);
  expect(verifications).toHaveBeenCalledTimes(1);
  expect(new Set(asked)).toEqual(new Set(['one']));
});
