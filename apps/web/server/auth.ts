import type { Database } from '@taskward/db';
import * as schema from '@taskward/db/schema';
import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import { isAPIError } from 'better-auth/api';
import { type BetterAuthOptions, betterAuth } from 'better-auth/minimal';
import { jwt } from 'better-auth/plugins/jwt';
import type { Logger } from 'pino';
import { orOutage, watched } from './auth-outage';
import { KEY_GRACE, KEY_LIFETIME, type SigningKeys, TOKEN_LIFETIME } from './signing-keys';

export type Auth = ReturnType<typeof createAuth>;

/** Better Auth under `/api/auth`: accounts, sessions, and the tokens that the task API takes. */
export function createAuth(options: { baseUrl: string; secret: string; db: Database; keys: SigningKeys; log: Logger }) {
  const { baseUrl, secret, db, keys, log } = options;
  const adapter = drizzleAdapter(db.auth, { provider: 'pg', schema, transaction: true });
  const auth = betterAuth({
    appName: 'Taskward',
    baseURL: baseUrl,
    basePath: '/api/auth',
    secret,
    trustedOrigins: [baseUrl],
    database: (options: BetterAuthOptions) => watched(adapter(options)),
    emailAndPassword: { enabled: true, minPasswordLength: 12, maxPasswordLength: 128 },
    telemetry: { enabled: false },
    onAPIError: { onError: rethrowBug },
    // Without what it says besides: that may hold statements and their parameters.
    logger: { log: (level, message) => log[level === 'error' ? 'warn' : level]({ from: 'better-auth' }, message) },
    plugins: [
      jwt({
        adapter: keys.adapter,
        jwks: {
          keyPairConfig: { alg: 'EdDSA', crv: 'Ed25519' },
          rotationInterval: KEY_LIFETIME,
          gracePeriod: KEY_GRACE,
        },
        jwt: {
          issuer: baseUrl,
          audience: baseUrl,
          expirationTime: `${TOKEN_LIFETIME}s`,
          // Nothing of the account but its id, which goes into `sub`.
          definePayload: () => ({}),
        },
        disableSettingJwtHeader: true,
      }),
    ],
  });
  return { ...auth, handler: (request: Request) => orOutage(() => auth.handler(request)) };
}

/** A failure that Better Auth did not mean to answer with is ours to answer and to log. */
function rethrowBug(error: unknown): void {
  if (!isAPIError(error)) throw error;
}
