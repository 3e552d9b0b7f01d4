import { ApiError } from '@taskward/api-core';
import { errors, jwtVerify } from 'jose';
import type { SigningKeys } from './signing-keys';

/** Answers the user id of the caller, or throws the 401 that the header deserves. */
export type Authenticate = (authorization: string | null) => Promise<string>;

const MAX_TOKEN_LENGTH = 4096;
const CLOCK_SKEW_SECONDS = 30;

/**
 * Verifies the JWTs that Better Auth issues in this app, in process (RFC 6750, RFC 7519, RFC 8725): one algorithm, our
 * own keys looked up by `kid`, `iss` and `aud` of this deployment, `exp` and `sub` required.
 */
export function createAuthenticate(options: { issuer: string; audience: string; keys: SigningKeys }): Authenticate {
  const { issuer, audience, keys } = options;
  return async (authorization) => {
    const token = /^Bearer +(.*)$/i.exec(authorization ?? '')?.[1]?.trimEnd();
    if (!token) throw missing();
    if (token.length > MAX_TOKEN_LENGTH || !isCanonical(token)) throw refused('invalid');

    const keyOf = async ({ kid }: { kid?: string | undefined }) => {
      const key = typeof kid === 'string' ? await keys.publicKey(kid) : undefined;
      if (!key) throw new errors.JWKSNoMatchingKey();
      return key;
    };
    const { payload } = await jwtVerify(token, keyOf, {
      algorithms: ['EdDSA', 'Ed25519'],
      issuer,
      audience,
      clockTolerance: CLOCK_SKEW_SECONDS,
      requiredClaims: ['exp', 'sub'],
    }).catch((error) => {
      if (error instanceof errors.JWTExpired) throw refused('expired');
      if (error instanceof errors.JOSEError) throw refused('invalid');
      throw error;
    });

    // The tolerance is for what is not valid yet; what has expired has expired.
    const now = Date.now() / 1000;
    const { aud, exp = 0, iat = 0, sub } = payload;
    if (exp <= now) throw refused('expired');
    if (
      !Number.isFinite(exp) ||
      iat > now + CLOCK_SKEW_SECONDS ||
      aud !== audience ||
      typeof sub !== 'string' ||
      sub === ''
    ) {
      throw refused('invalid');
    }
    return sub;
  };
}

/** Three parts of base64url without padding (RFC 7515), the signature as encoding it would give: one token, one text. */
function isCanonical(token: string): boolean {
  const signature = /^[\w-]+\.[\w-]+\.([\w-]+)$/.exec(token)?.[1];
  return signature !== undefined && Buffer.from(signature, 'base64url').toString('base64url') === signature;
}

function missing(): ApiError {
  return new ApiError('unauthorized', 'Send a token: `Authorization: Bearer <JWT>`.', {
    headers: { 'WWW-Authenticate': 'Bearer realm="taskward"' },
  });
}

function refused(why: 'expired' | 'invalid'): ApiError {
  const challenge = `Bearer realm="taskward", error="invalid_token", error_description="The token is ${why}"`;
  return new ApiError('unauthorized', `The token is ${why}.`, { headers: { 'WWW-Authenticate': challenge } });
}
