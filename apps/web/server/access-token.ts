import { hash } from 'node:crypto';
import { ApiError } from '@taskward/api-core';
import { type CryptoKey, errors, jwtVerify } from 'jose';
import type { SigningKeys } from './signing-keys';

/** Answers the user id of the caller, at once where the token is known, or throws the 401 that the header deserves. */
export type Authenticate = (authorization: string | null) => string | Promise<string>;

const MAX_TOKEN_LENGTH = 4096;
const MAX_REMEMBERED = 10_000;
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
  const remembered = new Map<string, Verified>();

  return (authorization) => {
    const token = /^Bearer +(.*)$/i.exec(authorization ?? '')?.[1]?.trimEnd();
    if (!token) throw missing();
    if (token.length > MAX_TOKEN_LENGTH || !isCanonical(token)) throw refused('invalid', 'malformed');

    const id = hash('sha256', token, 'base64');
    const known = remembered.get(id);
    if (!known || known.exp <= Date.now() / 1000) return remember(id, token);
    const answer = (key: CryptoKey | undefined) => (key === known.key ? known.sub : remember(id, token));
    const key = keys.publicKey(known.kid);
    return key instanceof Promise ? key.then(answer) : answer(key);
  };

  async function remember(id: string, token: string): Promise<string> {
    remembered.delete(id);
    const verified = await verify(token);
    remembered.set(id, verified);
    const [oldest = id] = remembered.keys();
    if (remembered.size > MAX_REMEMBERED) remembered.delete(oldest);
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
      if (error instanceof errors.JWTExpired) throw refused('expired');
      if (error instanceof errors.JOSEError) throw refused('invalid', error.code);
      throw error;
    });

    // The tolerance is for what is not valid yet; what has expired has expired.
    const now = Date.now() / 1000;
    const { aud, exp = 0, iat = 0, sub } = payload;
    if (exp <= now) throw refused('expired');
    const isSound = Number.isFinite(exp) && iat <= now + CLOCK_SKEW_SECONDS && aud === audience;
    if (!isSound || typeof sub !== 'string' || sub === '') throw refused('invalid', 'claims');
    return { sub, exp, kid: protectedHeader.kid ?? '', key: key as CryptoKey };
  }
}

/** Three parts of base64url without padding (RFC 7515), the signature as encoding it would give: one token, one text. */
function isCanonical(token: string): boolean {
  const signature = /^[\w-]+\.[\w-]+\.([\w-]+)$/.exec(token)?.[1];
  return signature !== undefined && Buffer.from(signature, 'base64url').toString('base64url') === signature;
}

function missing(): ApiError {
  return new ApiError('unauthorized', 'Send a token: `Authorization: Bearer <JWT>`.', {
    headers: { 'WWW-Authenticate': 'Bearer realm="taskward"' },
    reason: 'no token',
  });
}

/** The client learns of two reasons only; the log may know more. */
function refused(why: 'expired' | 'invalid', reason: string = why): ApiError {
  const challenge = `Bearer realm="taskward", error="invalid_token", error_description="The token is ${why}"`;
  return new ApiError('unauthorized', `The token is ${why}.`, { headers: { 'WWW-Authenticate': challenge }, reason });
}
