import { hash } from 'node:crypto';
import { ApiError } from '@taskward/api-core';
import { type CryptoKey, errors, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Authenticate, Caller } from '../http/route';
import type { SigningKeys } from './signing-keys';

/** In characters. */
const MAX_TOKEN_LENGTH = 4096;
/** In tokens. */
const TOKEN_CACHE_SIZE = 10_000;
const CLOCK_SKEW_SECONDS = 30;

/** Whose a valid token is, and the key that verified it. */
interface Verified extends Caller {
  readonly kid: string;
  readonly key: CryptoKey;
}

/**
 * Verifies the JWTs that Better Auth issues in this app, in process (RFC 6750, RFC 7519, RFC 8725): one algorithm, the
 * app's own keys by `kid`, `iss` and `aud` of this deployment, `exp` and `sub` required. A valid token is cached by its
 * hash until it expires or its key changes.
 *
 * @returns a function that throws an {ApiError} 401 for any other `Authorization` header.
 */
export function createAuthenticate(options: { issuer: string; audience: string; keys: SigningKeys }): Authenticate {
  const { issuer, audience, keys } = options;
  const verifiedTokens = new LRUCache<string, Verified>({ max: TOKEN_CACHE_SIZE });

  return (authorization) => {
    const token = /^Bearer +(.*)$/i.exec(authorization ?? '')?.[1]?.trimEnd();
    if (!token) throw missingToken();
    if (token.length > MAX_TOKEN_LENGTH) throw invalidToken('invalid', 'malformed');

    const id = hash('sha256', token, 'base64');
    const cached = verifiedTokens.get(id);
    if (!cached || cached.expiresAt <= Date.now()) return verifyAndCache(id, token);
    const toUserId = (key: CryptoKey | undefined) => (key === cached.key ? cached : verifyAndCache(id, token));
    const key = keys.publicKey(cached.kid);
    return key instanceof Promise ? key.then(toUserId) : toUserId(key);
  };

  async function verifyAndCache(id: string, token: string): Promise<Caller> {
    verifiedTokens.delete(id);
    const verified = await verify(token);
    verifiedTokens.set(id, verified);
    return verified;
  }

  async function verify(token: string): Promise<Verified> {
    if (!isCanonical(token)) throw invalidToken('invalid', 'malformed');
    const keyOf = async ({ kid }: { kid?: string | undefined }) => {
      const key = typeof kid === 'string' ? await keys.publicKey(kid) : undefined;
      if (!key) throw new errors.JWKSNoMatchingKey();
      return key;
    };
    const { payload, protectedHeader, key } = await jwtVerify(token, keyOf, {
      algorithms: ['EdDSA', 'Ed25519'],
      issuer,
      audience,
      clockTolerance: CLOCK_SKEW_SECONDS,
      requiredClaims: ['exp', 'sub'],
    }).catch((error) => {
      if (error instanceof errors.JWTExpired) throw invalidToken('expired');
      if (error instanceof errors.JOSEError) throw invalidToken('invalid', error.code);
      throw error;
    });

    // The tolerance is for tokens that are not valid yet, not for expired ones.
    const now = Date.now() / 1000;
    const { aud, exp = 0, iat = 0, sub } = payload;
    if (exp <= now) throw invalidToken('expired');
    const hasValidClaims = Number.isFinite(exp) && iat <= now + CLOCK_SKEW_SECONDS && aud === audience;
    if (!hasValidClaims || typeof sub !== 'string' || sub === '') throw invalidToken('invalid', 'claims');
    return { userId: sub, expiresAt: exp * 1000, kid: protectedHeader.kid ?? '', key: key as CryptoKey };
  }
}

/**
 * Whether this is three parts of base64url without padding (RFC 7515, 3.1), the last in its canonical encoding, so that no
 * two texts are the same token.
 */
function isCanonical(token: string): boolean {
  const signature = /^[\w-]+\.[\w-]+\.([\w-]+)$/.exec(token)?.[1];
  return signature !== undefined && Buffer.from(signature, 'base64url').toString('base64url') === signature;
}

function missingToken(): ApiError {
  return new ApiError('unauthorized', 'Send a token: `Authorization: Bearer <JWT>`.', {
    headers: { 'WWW-Authenticate': 'Bearer realm="taskward"' },
    reason: 'no token',
  });
}

/** @param reason for the log only. */
function invalidToken(why: 'expired' | 'invalid', reason: string = why): ApiError {
  const challenge = `Bearer realm="taskward", error="invalid_token", error_description="The token is ${why}"`;
  return new ApiError('unauthorized', `The token is ${why}.`, { headers: { 'WWW-Authenticate': challenge }, reason });
}
