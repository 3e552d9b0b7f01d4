import { PASSWORD } from '@taskward/api-core';
import { type Database, endOldestSessions } from '@taskward/db';
import * as schema from '@taskward/db/schema';
import type { BetterAuthPlugin } from 'better-auth';
import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import { createAuthMiddleware, isAPIError } from 'better-auth/api';
import { type BetterAuthOptions, betterAuth } from 'better-auth/minimal';
import { jwt } from 'better-auth/plugins/jwt';
import type { Logger } from 'pino';
import { CLIENT_ADDRESS } from '../http/client-address';
import type { Mailer } from '../ops/mail';
import { accountExists, confirmAddress, resetPassword } from './account-mail';
import { accountRules } from './account-rules';
import { auditEvents, createAuditLog } from './audit-log';
import { trackErrors } from './database-errors';
import { hashFirst, passwordHashing } from './password-hashing';
import { KEY_GRACE, KEY_LIFETIME, type SigningKeys, TOKEN_LIFETIME } from './signing-keys';

export const BASE_PATH = '/api/auth';

/** Sessions of one user; a further sign-in ends the oldest. */
const MAX_SESSIONS = 50;
/** In characters, of a message that Better Auth logs. */
const MAX_LOGGED_LENGTH = 300;

export interface AuthDependencies {
  /** The origin of the app; also `iss` and `aud` of its tokens. */
  baseUrl: string;
  /** The origins whose pages may send requests with a cookie; the first is `baseUrl`. */
  trustedOrigins: readonly string[];
  secret: string;
  db: Database;
  keys: SigningKeys;
  /** Without it, addresses are not verified and passwords cannot be reset. */
  mailer: Mailer | undefined;
  log: Logger;
}

/** Creates Better Auth for `/api/auth`: accounts, sessions, and the tokens of the API. */
export function createBetterAuth(dependencies: AuthDependencies) {
  const { baseUrl, trustedOrigins, secret, db, keys, mailer, log } = dependencies;
  const adapter = drizzleAdapter(db.ownerDb, { provider: 'pg', schema, transaction: true });
  const audit = createAuditLog(log);
  return betterAuth({
    appName: 'Taskward',
    baseURL: baseUrl,
    basePath: BASE_PATH,
    secret,
    trustedOrigins: [...trustedOrigins],
    database: (options: BetterAuthOptions) => trackErrors(adapter(options)),
    emailAndPassword: {
      enabled: true,
      // Better Auth counts UTF-16 code units; the contract counts code points, which have at most two.
      minPasswordLength: PASSWORD.min,
      maxPasswordLength: 2 * PASSWORD.max,
      password: passwordHashing,
      requireEmailVerification: mailer !== undefined,
      revokeSessionsOnPasswordReset: true,
      ...(mailer && {
        sendResetPassword: async ({ user, token }, request) => {
          audit('info', 'password_reset_requested', { userId: user.id, headers: request?.headers });
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
    // A reader of the table cannot use the links in mails.
    verification: { storeIdentifier: 'hashed' },
    advanced: {
      // No header that a client could set itself.
      ipAddress: { ipAddressHeaders: [CLIENT_ADDRESS] },
      useSecureCookies: baseUrl.startsWith('https:'),
      // The defaults, which Better Auth changes in tests.
      disableCSRFCheck: false,
      disableOriginCheck: false,
    },
    telemetry: { enabled: false },
    onAPIError: { onError: rethrowUnexpected },
    logger: {
      log: (level, message) => log[level === 'error' ? 'warn' : level]({ from: 'better-auth' }, redactMessage(message)),
    },
    // Better Auth's own limits ignore accounts and trust any forwarded address.
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
          // No claims of the account except its id in `sub`.
          definePayload: () => ({}),
        },
        disableSettingJwtHeader: true,
      }),
      accountRules(audit),
      hashFirst(),
      auditEvents(audit),
      // After the audit log, which has the actual reason.
      ...(mailer ? [hideUnverified()] : []),
    ],
  });
}

/**
 * Responds to a sign-in with an unverified address as to a wrong password. Otherwise, anyone could sign up with another
 * user's address and learn by signing in whether it already had an account.
 */
function hideUnverified(): BetterAuthPlugin {
  return {
    id: 'hide-unverified',
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
 * A message of Better Auth, truncated and without words that may be an address. An error is not logged, since it may
 * contain a statement and its parameters.
 */
function redactMessage(message: unknown): string {
  if (typeof message !== 'string') return 'a request failed';
  const words = message.slice(0, MAX_LOGGED_LENGTH).split(/\s/);
  // The last word may be the beginning of an address.
  if (message.length > MAX_LOGGED_LENGTH) words.pop();
  return words.map((word) => (word.includes('@') ? '…' : word)).join(' ');
}

/** An error that is not Better Auth's own is left to the error boundary of the request. */
function rethrowUnexpected(error: unknown): void {
  if (!isAPIError(error)) throw error;
}
