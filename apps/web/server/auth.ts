import { setTimeout } from 'node:timers/promises';
import type { Database } from '@taskward/db';
import * as schema from '@taskward/db/schema';
import type { BetterAuthPlugin } from 'better-auth';
import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import { isAPIError } from 'better-auth/api';
import { type BetterAuthOptions, betterAuth } from 'better-auth/minimal';
import { jwt } from 'better-auth/plugins/jwt';
import type { Logger } from 'pino';
import { accountExists, confirmAddress, resetPassword } from './account-mail';
import { accountRules, MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from './account-rules';
import { orOutage, watched } from './auth-outage';
import { readBytes } from './body';
import { CLIENT_ADDRESS, clientAddress } from './client-address';
import type { Config } from './config';
import type { Mailer } from './mail';
import { createSecurityLog, securityEvents } from './security-events';
import { KEY_GRACE, KEY_LIFETIME, type SigningKeys, TOKEN_LIFETIME } from './signing-keys';

export type Auth = ReturnType<typeof createAuth>;

const BASE_PATH = '/api/auth';

/** What Better Auth offers here. It has more, for sign-in by other services and the like, that nobody asked for. */
const OFFERED = new Set([
  '/change-password',
  '/delete-user',
  '/get-session',
  '/jwks',
  '/list-sessions',
  '/ok',
  '/request-password-reset',
  '/reset-password',
  '/revoke-other-sessions',
  '/revoke-session',
  '/revoke-sessions',
  '/send-verification-email',
  '/sign-in/email',
  '/sign-out',
  '/sign-up/email',
  '/token',
  '/update-user',
  '/verify-email',
]);

/** Where the time of the answer could tell whether an address has an account, and how long an answer takes at least. */
const EVEN = new Set(['/request-password-reset', '/sign-up/email']);
const EVEN_MS = 500;

interface Parts extends Pick<Config, 'baseUrl' | 'trustedOrigins' | 'trustedProxies'> {
  secret: string;
  db: Database;
  keys: SigningKeys;
  /** Without it, addresses are not verified and passwords cannot be reset. */
  mailer: Mailer | undefined;
  /** On attempts at accounts. */
  limits: BetterAuthPlugin;
  log: Logger;
}

/** Better Auth under `/api/auth`: accounts, sessions, and the tokens that the task API takes. */
export function createAuth(parts: Parts) {
  const { baseUrl, trustedOrigins, trustedProxies, secret, db, keys, mailer, limits, log } = parts;
  const adapter = drizzleAdapter(db.auth, { provider: 'pg', schema, transaction: true });
  const note = createSecurityLog(log);
  const auth = betterAuth({
    appName: 'Taskward',
    baseURL: baseUrl,
    basePath: BASE_PATH,
    secret,
    trustedOrigins: [...trustedOrigins],
    database: (options: BetterAuthOptions) => watched(adapter(options)),
    emailAndPassword: {
      enabled: true,
      minPasswordLength: MIN_PASSWORD_LENGTH,
      maxPasswordLength: MAX_PASSWORD_LENGTH,
      requireEmailVerification: mailer !== undefined,
      revokeSessionsOnPasswordReset: true,
      ...(mailer && {
        sendResetPassword: async ({ user, token }, request) => {
          note('info', 'password_reset_requested', { userId: user.id, headers: request?.headers });
          mailer.send({ to: user.email, ...resetPassword(baseUrl, `${baseUrl}/reset-password?token=${token}`) });
        },
        onExistingUserSignUp: async ({ user }) => mailer.send({ to: user.email, ...accountExists(baseUrl, baseUrl) }),
      }),
    },
    ...(mailer && {
      emailVerification: {
        sendOnSignUp: true,
        sendOnSignIn: true,
        sendVerificationEmail: async ({ user, url }) =>
          mailer.send({ to: user.email, ...confirmAddress(baseUrl, url) }),
      },
    }),
    user: { deleteUser: { enabled: true } },
    // Whoever reads the table cannot use the links that were sent.
    verification: { storeIdentifier: 'hashed' },
    advanced: {
      // Of what a client could write there itself, nothing is believed.
      ipAddress: { ipAddressHeaders: [CLIENT_ADDRESS] },
      useSecureCookies: baseUrl.startsWith('https:'),
      // As they are by themselves, but in tests, too.
      disableCSRFCheck: false,
      disableOriginCheck: false,
    },
    telemetry: { enabled: false },
    onAPIError: { onError: rethrowBug },
    logger: {
      log: (level, message) => log[level === 'error' ? 'warn' : level]({ from: 'better-auth' }, wordsOf(message)),
    },
    // Its own limits know no accounts, and believe any forwarded address.
    rateLimit: { enabled: false },
    plugins: [
      limits,
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
      accountRules(note),
      securityEvents(note),
    ],
  });

  async function handler(request: Request, requestId: string): Promise<Response> {
    const path = new URL(request.url).pathname.slice(BASE_PATH.length);
    if (!OFFERED.has(path)) return new Response(null, { status: 404 });
    const even = mailer && EVEN.has(path) ? setTimeout(EVEN_MS) : undefined;
    const known = await copyOf(request, { requestId, address: clientAddress(request.headers, trustedProxies) });
    return orOutage(() => auth.handler(known)).finally(() => even);
  }

  return { ...auth, handler };
}

/** The request with its body read, which is bounded, under its own id and from its own address, whatever the client wrote. */
async function copyOf(request: Request, own: { requestId: string; address: string }): Promise<Request> {
  const { method, url } = request;
  const headers = new Headers(request.headers);
  headers.set('X-Request-Id', own.requestId);
  headers.set(CLIENT_ADDRESS, own.address);
  // `fetch` of Node.js sends the mode alone, which Better Auth would take for a browser that hides where it comes from.
  if (!headers.has('Sec-Fetch-Site')) headers.delete('Sec-Fetch-Mode');
  const body = await readBytes(request);
  return new Request(url, { method, headers, ...(body.length > 0 && { body }) });
}

/** What Better Auth says, but no address, and no error: that may hold a statement and its parameters. */
function wordsOf(message: unknown): string {
  return typeof message === 'string' ? message.replace(/\S+@\S+/g, '…') : 'a request failed';
}

/** A failure that Better Auth did not mean to answer with is ours to answer and to log. */
function rethrowBug(error: unknown): void {
  if (!isAPIError(error)) throw error;
}
