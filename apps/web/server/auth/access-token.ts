import { hash } from 'node:crypto';
import { ApiError } from '@taskward/api-core';
import { type CryptoKey, errors, jwtVerify } from 'jose';
import type { SigningKeys } from './signing-keys';

/** Answers the user id of the caller, at once where the token is known, or throws the 401 that the header deserves. */
export type Authenticate = (authorization: string | null) => string | Promise<string>;

const MAX_TOKEN_LENGTH = 4096;
const TOKEN_CACHE_SIZE = 10_000;
const CLOCK_SKEW_SECONDS = 30;

/** What a good token said, and by which key it was good. */
interface Verified {
  readonly sub: string;
  readonly exp: number;
  readonly kid: string;
  readonly key: CryptoKey;
}

/**
 * Verifies the JWTs that Better Auth issues in this app, in process (RFC 6750, RFC 7519, RFC 8725): one algorithm, our
 * own keys looked up by `kid`, `iss` and `aud` of this deployment, `exp` and `sub` required. A token that was good is
 * remembered by its hash, until it expires or its key is read anew.
 */
export function createAuthenticate(options: { issuer: string; audience: string; keys: SigningKeys }): Authenticate {
  const { issuer, audience, keys } = options;
  const verifiedTokens = new Map<string, Verified>();

  return (authorization) => {
    const token = /^Bearer +(.*)$/i.exec(authorization ?? '')?.[1]?.trimEnd();
    if (!token) throw missingToken();
    if (token.length > MAX_TOKEN_LENGTH || !isCanonical(token)) throw invalidToken('invalid', 'malformed');

    const id = hash('sha256', token, 'base64');
    const cached = verifiedTokens.get(id);
    if (!cached || cached.exp <= Date.now() / 1000) return verifyAndCache(id, token);
    const answer = (key: CryptoKey | undefined) => (key === cached.key ? cached.sub : verifyAndCache(id, token));
    const key = keys.publicKey(cached.kid);
    return key instanceof Promise ? key.then(answer) : answer(key);
  };

  async function verifyAndCache(id: string, token: string): Promise<string> {
    verifiedTokens.delete(id);
    const verified = await verify(token);
    verifiedTokens.set(id, verified);
    const [oldest = id] = verifiedTokens.keys();
    if (verifiedTokens.size > TOKEN_CACHE_SIZE) verifiedTokens.delete(oldest);
    return verified.sub;
  }

  async function verify(token: string): Promise<Verified> {
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

    // The tolerance is for what is not valid yet; what has expired has expired.
    const now = Date.now() / 1000;
    const { aud, exp = 0, iat = 0, sub } = payload;
    if (exp <= now) throw invalidToken('expired');
    const hasValidClaims = Number.isFinite(exp) && iat <= now + CLOCK_SKEW_SECONDS && aud === audience;
    if (!hasValidClaims || typeof sub !== 'string' || sub === '') throw invalidToken('invalid', 'claims');
    return { sub, exp, kid: protectedHeader.kid ?? '', key: key as CryptoKey };
  }
}

/** Three parts of base64url without padding (RFC 7515), the signature as encoding it would give: one token, one text. */
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

/** The client learns of two reasons only; the log may know more. */
function invalidToken(why: 'expired' | 'invalid', reason: string = why): ApiError {
  const challenge = `Bearer realm="taskward", error="invalid_token", error_description="The token is ${why}"`;
  return new ApiError('unauthorized', `The token is ${why}.`, { headers: { 'WWW-Authenticate': challenge }, reason });
}
