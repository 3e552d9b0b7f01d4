import { accountEndpoints } from '@taskward/api-core';
import type { AuthContext, BetterAuthPlugin } from 'better-auth';
import { APIError, createAuthMiddleware, getSessionFromCtx, isAPIError } from 'better-auth/api';
import type * as z from 'zod';
import type { Note } from './audit-log';
import { isGuessable } from './password-strength';

/** The person a password would be for, as far as is known. */
interface Person {
  readonly name?: unknown;
  readonly email?: unknown;
}

/** The contract says how long a password is; this says what else. */
function assertPassword(password: string, person: Person): void {
  const text = password.toLowerCase();
  const own = [person.name, person.email].filter((one) => typeof one === 'string').map((one) => one.toLowerCase());
  const parts = own.flatMap((one) => [one, one.split('@')[0], one.replaceAll(' ', '')]);
  if (!isGuessable(text) && !parts.includes(text)) return;
  throw new APIError('BAD_REQUEST', {
    code: 'PASSWORD_TOO_COMMON',
    message:
      'This password is among the first that would be guessed. A few words that do not belong together make a good one.',
  });
}

type Handler = Parameters<typeof createAuthMiddleware>[0];
type Context = Parameters<Handler>[0];
/** Of a parsed body, what the rules look at, where its schema has it. */
type Body = Readonly<Record<'email' | 'name' | 'newPassword' | 'password' | 'token', string>>;

/** The schema of each body that the contract has, by the path below `/api/auth`. */
const schemas = new Map(
  accountEndpoints.flatMap(({ path, body }) => (body ? [[path.slice('/api/auth'.length), body.schema] as const] : [])),
);

/**
 * The body as the contract has it. Better Auth's own schemas are wider: they take a name of any type and length.
 *
 * @throws {APIError} 400 with all that is wrong.
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

/** What is asked of a request beyond the form of its body. What is returned replaces members of the body. */
const rules: Record<string, (ctx: Context, body: Body) => Promise<object | undefined>> = {
  async '/sign-up/email'(_, body) {
    assertPassword(body.password, body);
  },
  async '/change-password'(ctx, body) {
    const session = await getSessionFromCtx(ctx);
    assertPassword(body.newPassword, session?.user ?? {});
    // Whoever else had the old password is not to stay.
    return { revokeOtherSessions: true };
  },
  async '/reset-password'({ context }, body) {
    const known = await context.internalAdapter.findVerificationValue(`reset-password:${body.token}`);
    const user = known && (await context.internalAdapter.findUserById(known.value));
    assertPassword(body.newPassword, user ?? {});
  },
};

const isAt = (path: string) => (context: { path?: string | undefined }) => context.path === path;

/** A password that was changed leaves no link behind with which it could be reset. */
const forgetLinks = ({ adapter }: Pick<AuthContext, 'adapter'>, userId: string) =>
  adapter.deleteMany({ model: 'verification', where: [{ field: 'value', value: userId }] });

/** What this project asks of accounts beyond Better Auth's own rules. */
export function accountRules(note: Note): BetterAuthPlugin {
  return {
    id: 'account-rules',
    init: (context) => ({
      options: {
        emailAndPassword: {
          enabled: true,
          onPasswordReset: async ({ user }, request) => {
            note('info', 'password_reset', { userId: user.id, headers: request?.headers });
            await forgetLinks(context, user.id);
          },
        },
      },
    }),
    hooks: {
      before: Array.from(schemas, ([path, schema]) => ({
        matcher: isAt(path),
        handler: createAuthMiddleware(async (ctx) => {
          const body = parseBody(schema, ctx.body);
          const more = await rules[path]?.(ctx, body);
          return { context: { body: { ...body, ...more } } };
        }),
      })),
      after: [
        {
          matcher: isAt('/change-password'),
          handler: createAuthMiddleware(async ({ context }) => {
            if (!isAPIError(context.returned) && context.session) await forgetLinks(context, context.session.user.id);
          }),
        },
      ],
    },
  };
}
