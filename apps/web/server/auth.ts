import { AsyncLocalStorage } from 'node:async_hooks';
import { type Database, type DatabaseUnavailable, isDatabaseUnavailable } from '@taskward/db';
import * as schema from '@taskward/db/schema';
import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import { isAPIError } from 'better-auth/api';
import { type BetterAuthOptions, betterAuth } from 'better-auth/minimal';
import { jwt } from 'better-auth/plugins/jwt';
import type { Logger } from 'pino';
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
  return { ...auth, handler: (request: Request) => answer(() => auth.handler(request)) };
}

/** A failure that Better Auth did not mean to answer with is ours to answer and to log. */
function rethrowBug(error: unknown): void {
  if (!isAPIError(error)) throw error;
}

/** What kept the database from answering, if anything did, in the request at hand. */
const outage = new AsyncLocalStorage<{ error?: DatabaseUnavailable }>();

/** Better Auth takes a database that is away for a session that has ended, or a user who cannot be made; or passes over it. */
function answer(handle: () => Promise<Response>): Promise<Response> {
  return outage.run({}, async () => {
    const response = await handle();
    const { error } = outage.getStore() ?? {};
    if (error) throw error;
    return response;
  });
}

function watched<A extends object>(adapter: A): A {
  const note = (error: unknown): never => {
    const cause = error instanceof Error && isDatabaseUnavailable(error.cause) ? error.cause : error;
    const request = outage.getStore();
    if (request && isDatabaseUnavailable(cause)) request.error = cause;
    throw error;
  };
  return new Proxy(adapter, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      if (name !== 'transaction') return async (...args: unknown[]) => member.apply(target, args).catch(note);
      return (work: (inner: A) => unknown) => member.call(target, (inner: A) => work(watched(inner))).catch(note);
    },
  });
}
