import type { Database } from '@taskward/db';
import * as schema from '@taskward/db/schema';
import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import { betterAuth } from 'better-auth/minimal';
import { jwt } from 'better-auth/plugins/jwt';
import { KEY_GRACE, KEY_LIFETIME, type SigningKeys, TOKEN_LIFETIME } from './signing-keys';

export type Auth = ReturnType<typeof createAuth>;

/** Better Auth under `/api/auth`: accounts, sessions, and the tokens that the task API takes. */
export function createAuth(options: { baseUrl: string; secret: string; db: Database; keys: SigningKeys }) {
  const { baseUrl, secret, db, keys } = options;
  return betterAuth({
    appName: 'Taskward',
    baseURL: baseUrl,
    basePath: '/api/auth',
    secret,
    trustedOrigins: [baseUrl],
    database: drizzleAdapter(db.auth, { provider: 'pg', schema, transaction: true }),
    emailAndPassword: { enabled: true, minPasswordLength: 12, maxPasswordLength: 128 },
    telemetry: { enabled: false },
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
}
