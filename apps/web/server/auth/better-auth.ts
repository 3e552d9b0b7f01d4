import { setTimeout } from 'node:timers/promises';
import { PASSWORD } from '@taskward/api-core';
import { type Database, endOldestSessions } from '@taskward/db';
import * as schema from '@taskward/db/schema';
import type { BetterAuthPlugin } from 'better-auth';
import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import { createAuthMiddleware, isAPIError } from 'better-auth/api';
import { type BetterAuthOptions, betterAuth } from 'better-auth/minimal';
import { jwt } from 'better-auth/plugins/jwt';
import type { Logger } from 'pino';
import type { Config } from '../config';
import { CLIENT_ADDRESS, clientAddress } from '../http/client-address';
import type { Mailer } from '../ops/mail';
import { accountExists, confirmAddress, resetPassword } from './account-mail';
import { accountRules } from './account-rules';
import type { AuthLimits } from './attempt-limits';
import { createSecurityLog, securityEvents } from './audit-log';
import { surfaceDatabaseErrors, trackErrors } from './database-errors';
import { assertPasswordSlot, hashFirst, inPasswordSlot, passwordHashing } from './password-hashing';
import { type AuthRequest, readAuthRequest } from './request';
import { KEY_GRACE, KEY_LIFETIME, type SigningKeys, TOKEN_LIFETIME } from './signing-keys';

export type Auth = ReturnType<typeof createAuth>;

const BASE_PATH = '/api/auth';

/** What Better Auth offers here. It has more, for sign-in by other services and the like, that nobody asked for. */
const ALLOWED_PATHS = new Set([
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

/** Those that hash a password. */
const HASHING_PATHS = new Set([
  '/change-password',
  '/delete-user',
  '/reset-password',
  '/sign-in/email',
  '/sign-up/email',
]);

/** Where the time of the answer could tell whether an address has an account, and how long an answer takes at least. */
const UNIFORM_TIMING_PATHS = new Set(['/request-password-reset', '/sign-up/email']);
const MIN_RESPONSE_MS = 500;

/** Of one user; the oldest ends when another begins. */
const MAX_SESSIONS = 50;
/** Of what Better Auth logs, in characters. */
const MAX_LOGGED = 300;

interface AuthDependencies extends Pick<Config, 'baseUrl' | 'trustedOrigins' | 'trustedProxies'> {
  secret: string;
  db: Database;
  keys: SigningKeys;
  /** Without it, addresses are not verified and passwords cannot be reset. */
  mailer: Mailer | undefined;
  /** On attempts at accounts. */
  limits: AuthLimits;
  log: Logger;
}

/** Better Auth under `/api/auth`: accounts, sessions, and the tokens that the task API takes. */
export function createAuth(parts: AuthDependencies) {
  const { baseUrl, trustedOrigins, trustedProxies, secret, db, keys, mailer, limits, log } = parts;
  const adapter = drizzleAdapter(db.ownerDb, { provider: 'pg', schema, transaction: true });
  const note = createSecurityLog(log);
  const auth = betterAuth({
    appName: 'Taskward',
    baseURL: baseUrl,
    basePath: BASE_PATH,
    secret,
    trustedOrigins: [...trustedOrigins],
    database: (options: BetterAuthOptions) => trackErrors(adapter(options)),
    emailAndPassword: {
      enabled: true,
      // Better Auth counts UTF-16 code units, the contract code points, each of which is at most two of those.
      minPasswordLength: PASSWORD.min,
      maxPasswordLength: 2 * PASSWORD.max,
      password: passwordHashing,
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
    databaseHooks: {
      session: { create: { after: ({ userId }) => endOldestSessions(db.ownerDb, userId, MAX_SESSIONS) } },
    },
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
    onAPIError: { onError: rethrowUnexpected },
    logger: {
      log: (level, message) => log[level === 'error' ? 'warn' : level]({ from: 'better-auth' }, redactMessage(message)),
    },
    // Its own limits know no accounts, and believe any forwarded address.
    rateLimit: { enabled: false },
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
      accountRules(note),
      hashFirst(),
      securityEvents(note),
      // After the log has been told the reason.
      ...(mailer ? [oneRefusal()] : []),
    ],
  });

  async function handler(request: Request, requestId: string): Promise<Response> {
    const path = new URL(request.url).pathname.slice(BASE_PATH.length);
    if (!ALLOWED_PATHS.has(path)) return new Response(null, { status: 404 });
    // Before any of the work that a request costs which is going to be refused.
    if (HASHING_PATHS.has(path)) assertPasswordSlot();
    const minimumTime = mailer && UNIFORM_TIMING_PATHS.has(path) ? setTimeout(MIN_RESPONSE_MS) : undefined;
    const headers = new Headers(request.headers);
    headers.set('X-Request-Id', requestId);
    headers.set(CLIENT_ADDRESS, clientAddress(request.headers, trustedProxies));
    // `fetch` of Node.js sends the mode alone, which Better Auth would take for a browser that hides where it comes from.
    if (!headers.has('Sec-Fetch-Site')) headers.delete('Sec-Fetch-Mode');
    return surfaceDatabaseErrors(async () => {
      const known = await readAuthRequest(request, withOwnCookies(headers), trustedOrigins);
      const respond = () => auth.handler(known.request);
      const inTurn = HASHING_PATHS.has(path) ? () => inPasswordSlot(respond) : respond;
      return limits({ path, headers, findEmail: () => findEmail(path, known) }, inTurn);
    })
      .catch(toRefusal)
      .finally(() => minimumTime);
  }

  /** The e-mail address of the account that a request is about, as far as it is known before it is answered. */
  async function findEmail(path: string, { request, body, query }: AuthRequest): Promise<string | undefined> {
    if (path === '/sign-in/email' || path === '/sign-up/email') {
      return typeof body.email === 'string' ? body.email : undefined;
    }
    if (path === '/reset-password') {
      const { internalAdapter } = await auth.$context;
      const link = await internalAdapter.findVerificationValue(`reset-password:${body.token ?? query.get('token')}`);
      return (link && (await internalAdapter.findUserById(link.value)))?.email;
    }
    const session = await auth.api.getSession({ headers: request.headers, query: { disableRefresh: true } });
    return session?.user.email;
  }

  return { ...auth, handler };
}

/**
 * The headers with Better Auth's own cookies alone. It takes any cookie for a session's, which needs an origin; a program
 * with a cookie jar, and the cookie of a device in it, sends none.
 */
function withOwnCookies(headers: Headers): Headers {
  const own = new Headers(headers);
  const pairs = headers.get('cookie')?.split(';') ?? [];
  const cookie = pairs.filter((pair) => OWN_COOKIE.test(pair)).join(';');
  if (cookie) own.set('Cookie', cookie);
  else own.delete('Cookie');
  return own;
}

const OWN_COOKIE = /^ ?(__Secure-)?better-auth\./;

/** The response to a request that was refused before Better Auth saw it, in the form that Better Auth's have. */
function toRefusal(error: unknown): Response {
  if (!isAPIError(error)) throw error;
  return Response.json(error.body, { status: error.statusCode });
}

/**
 * Refuses an address that is not confirmed as it does a wrong password. Whoever signs up somebody else's address would
 * otherwise learn by signing in whether it had an account, with another password, before.
 */
function oneRefusal(): BetterAuthPlugin {
  return {
    id: 'one-refusal',
    hooks: {
      after: [
        {
          matcher: ({ path }) => path === '/sign-in/email',
          handler: createAuthMiddleware(async ({ context: { returned } }) => {
            if (!isAPIError(returned) || returned.body?.code !== 'EMAIL_NOT_VERIFIED') return;
            const refusal = { code: 'INVALID_EMAIL_OR_PASSWORD', message: 'Invalid email or password' };
            return Response.json(refusal, { status: 401 });
          }),
        },
      ],
    },
  };
}

/**
 * What Better Auth says, cut short, and without the words that may be an address; no error, which may hold a statement
 * and its parameters.
 */
function redactMessage(message: unknown): string {
  if (typeof message !== 'string') return 'a request failed';
  const words = message.slice(0, MAX_LOGGED).split(/\s/);
  // The last may be the first part of an address.
  if (message.length > MAX_LOGGED) words.pop();
  return words.map((word) => (word.includes('@') ? '…' : word)).join(' ');
}

/** A failure that Better Auth did not mean to answer with is ours to answer and to log. */
function rethrowUnexpected(error: unknown): void {
  if (!isAPIError(error)) throw error;
}
