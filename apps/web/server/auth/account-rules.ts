import { accountEndpoints } from '@taskward/api-core';
import type { AuthContext, BetterAuthPlugin } from 'better-auth';
import { APIError, createAuthMiddleware, getSessionFromCtx, isAPIError } from 'better-auth/api';
import type * as z from 'zod';
import type { AuditLog } from './audit-log';
import { isGuessable } from './password-strength';

/** The user of a password, as far as the request identifies one. */
interface PasswordUser {
  readonly name?: unknown;
  readonly email?: unknown;
}

/**
 * Refuses a password that is easy to guess. The contract limits its length.
 *
 * @throws {APIError} 400
 */
function assertPassword(password: string, user: PasswordUser): void {
  const text = password.toLowerCase();
  const values = [user.name, user.email].filter((value) => typeof value === 'string');
  const ownTexts = values.map((value) => value.toLowerCase());
  const parts = ownTexts.flatMap((own) => [own, own.split('@')[0], own.replaceAll(' ', '')]);
  if (!isGuessable(text) && !parts.includes(text)) return;
  throw new APIError('BAD_REQUEST', {
    code: 'PASSWORD_TOO_COMMON',
    message: 'This password is too common. Try three or four unrelated words.',
  });
}

type Handler = Parameters<typeof createAuthMiddleware>[0];
type Context = Parameters<Handler>[0];
/** The fields of a parsed body that the rules read, if its schema has them. */
type Body = Readonly<Record<'email' | 'name' | 'newPassword' | 'password' | 'token', string>>;

/** The schema of each body in the contract, by the path below `/api/auth`. */
const schemas = new Map(
  accountEndpoints.flatMap(({ path, body }) => (body ? [[path.slice('/api/auth'.length), body.schema] as const] : [])),
);

/**
 * Parses the body by the contract. Better Auth's own schemas are wider: they take a name of any type and length.
 *
 * @throws {APIError} 400 with every error.
 */
function parseBody(schema: z.ZodType, body: unknown): Body {
  const { data, error } = schema.safeParse(body);
  if (!error) return data as Body;
  const [first] = error.issues;
  const code = first?.code === 'custom' ? first.params?.code : undefined;
  throw new APIError('BAD_REQUEST', {
    code: code ?? 'VALIDATION_ERROR',
    message: error.issues.map(({ message }) => message).join(' '),
  });
}

/** The rules beyond the schema of the body. The fields of a returned object replace those of the body. */
const rules: Record<string, (ctx: Context, body: Body) => Promise<object | undefined>> = {
  async '/sign-up/email'(_, body) {
    assertPassword(body.password, body);
  },
  async '/change-password'(ctx, body) {
    const session = await getSessionFromCtx(ctx);
    assertPassword(body.newPassword, session?.user ?? {});
    // Others may have known the old password.
    return { revokeOtherSessions: true };
  },
  async '/reset-password'({ context }, body) {
    const link = await context.internalAdapter.findVerificationValue(`reset-password:${body.token}`);
    const user = link && (await context.internalAdapter.findUserById(link.value));
    assertPassword(body.newPassword, user ?? {});
  },
};

const isAt = (path: string) => (context: { path?: string | undefined }) => context.path === path;

/** Deletes the links for a password reset; a changed password invalidates them. */
const deleteResetTokens = ({ adapter }: Pick<AuthContext, 'adapter'>, userId: string) =>
  adapter.deleteMany({ model: 'verification', where: [{ field: 'value', value: userId }] });

/** The rules for accounts in addition to Better Auth's own. */
export function accountRules(audit: AuditLog): BetterAuthPlugin {
  return {
    id: 'account-rules',
    init: (context) => ({
      options: {
        emailAndPassword: {
          enabled: true,
          onPasswordReset: async ({ user }, request) => {
            audit('info', 'password_reset', { userId: user.id, headers: request?.headers });
            await deleteResetTokens(context, user.id);
          },
        },
      },
    }),
    hooks: {
      before: Array.from(schemas, ([path, schema]) => ({
        matcher: isAt(path),
        handler: createAuthMiddleware(async (ctx) => {
          const body = parseBody(schema, ctx.body);
          const replaced = await rules[path]?.(ctx, body);
          return { context: { body: { ...body, ...replaced } } };
        }),
      })),
      after: [
        {
          matcher: isAt('/change-password'),
          handler: createAuthMiddleware(async ({ context }) => {
            if (!isAPIError(context.returned) && context.session)
              await deleteResetTokens(context, context.session.user.id);
          }),
        },
      ],
    },
  };
}
