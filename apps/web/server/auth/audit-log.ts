import type { BetterAuthPlugin } from 'better-auth';
import { createAuthMiddleware, isAPIError } from 'better-auth/api';
import type { Logger } from 'pino';

interface SecurityEvent {
  readonly userId?: unknown;
  /** The headers of the request, whose id is logged. */
  readonly headers?: Headers | undefined;
  /** A code, never text of a user. */
  readonly reason?: unknown;
}

/**
 * Creates the audit log: one line for each event, with the ids of the user and the request. It contains no e-mail address,
 * password, token or cookie.
 */
export function createAuditLog(log: Logger) {
  return (level: 'info' | 'warn', event: string, { userId, headers, reason }: SecurityEvent): void => {
    const ids = { user_id: userId, request_id: headers?.get('x-request-id') ?? undefined };
    log[level]({ event, ...ids, ...(reason !== undefined && { reason }) }, 'security');
  };
}

export type AuditLog = ReturnType<typeof createAuditLog>;

const REVOKING = new Set(['/revoke-session', '/revoke-sessions', '/revoke-other-sessions', '/change-password']);

/** Records the events of accounts and sessions in the audit log. */
export function auditEvents(audit: AuditLog): BetterAuthPlugin {
  return {
    id: 'audit-events',
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
            // Queried whether the address has an account or not, so that the response time does not reveal it.
            const account = await context.internalAdapter.findUserByEmail(String(body?.email));
            audit('warn', 'sign_in_failed', { userId: account?.user.id, headers, reason: returned.body?.code });
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
