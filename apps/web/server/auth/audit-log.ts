import type { BetterAuthPlugin } from 'better-auth';
import { createAuthMiddleware, isAPIError } from 'better-auth/api';
import type { Logger } from 'pino';

interface Happening {
  readonly userId?: unknown;
  /** The request that it happened in, whose id is logged. */
  readonly headers?: Headers | undefined;
  /** In the words of a program, never of a user. */
  readonly reason?: unknown;
}

/**
 * One line for what a log of security is read for: who, by id, in which request. Never an e-mail address, a password, a
 * token, a cookie.
 */
export function createSecurityLog(log: Logger) {
  return (level: 'info' | 'warn', event: string, { userId, headers, reason }: Happening): void => {
    const ids = { user_id: userId, request_id: headers?.get('x-request-id') ?? undefined };
    log[level]({ event, ...ids, ...(reason !== undefined && { reason }) }, 'security');
  };
}

export type Note = ReturnType<typeof createSecurityLog>;

const REVOKING = new Set(['/revoke-session', '/revoke-sessions', '/revoke-other-sessions', '/change-password']);

/** Notes what happens to accounts and sessions, where Better Auth knows of it. */
export function securityEvents(audit: Note): BetterAuthPlugin {
  return {
    id: 'security-events',
    init: () => ({
      options: {
        databaseHooks: {
          user: {
            create: { after: async ({ id }, ctx) => audit('info', 'sign_up', { userId: id, headers: ctx?.headers }) },
            update: {
              async after({ id }, ctx) {
                if (ctx?.path === '/verify-email')
                  audit('info', 'email_verified', { userId: id, headers: ctx.headers });
              },
            },
            delete: {
              after: async ({ id }, ctx) => audit('info', 'account_deleted', { userId: id, headers: ctx?.headers }),
            },
          },
          session: {
            delete: {
              async after({ userId }, ctx) {
                const event =
                  ctx?.path === '/sign-out' ? 'sign_out' : REVOKING.has(ctx?.path ?? '') && 'session_revoked';
                if (event) audit('info', event, { userId, headers: ctx?.headers });
              },
            },
          },
        },
      },
    }),
    hooks: {
      after: [
        {
          matcher: ({ path }) => path === '/sign-in/email',
          handler: createAuthMiddleware(async ({ body, context, headers }) => {
            const { newSession, returned } = context;
            if (newSession) return audit('info', 'sign_in', { userId: newSession.user.id, headers });
            if (!isAPIError(returned)) return;
            // Looked up for addresses that exist and for those that do not, so that it tells neither by its time.
            const known = await context.internalAdapter.findUserByEmail(String(body?.email));
            audit('warn', 'sign_in_failed', { userId: known?.user.id, headers, reason: returned.body?.code });
          }),
        },
        {
          matcher: ({ path }) => path === '/change-password',
          handler: createAuthMiddleware(async ({ context, headers }) => {
            const { returned, session } = context;
            const userId = session?.user.id;
            if (!isAPIError(returned)) return audit('info', 'password_changed', { userId, headers });
            audit('warn', 'password_change_failed', { userId, headers, reason: returned.body?.code });
          }),
        },
      ],
    },
  };
}
