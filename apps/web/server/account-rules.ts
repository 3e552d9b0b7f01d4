import type { AuthContext, BetterAuthPlugin } from 'better-auth';
import { APIError, createAuthMiddleware, getSessionFromCtx, isAPIError } from 'better-auth/api';
import * as z from 'zod';
import { isGuessable } from './guessable';
import type { Note } from './security-events';

export const MIN_PASSWORD_LENGTH = 12;
export const MAX_PASSWORD_LENGTH = 128;

const Name = z
  .string()
  .max(100, 'A name has at most 100 characters.')
  .regex(/^\P{Cc}*$/u, 'A name has no control characters.');
const Email = z.string().max(254, 'An e-mail address has at most 254 characters.');
const Image = z
  .url({ protocol: /^https$/, error: 'An image is an https address.' })
  .max(2048, 'The address of an image has at most 2048 characters.');
/** What Better Auth leaves to us of what people say of themselves; it has a say on the rest. */
const Profile = z.object({ name: Name.optional(), email: Email.optional(), image: Image.nullish() });

/** The person a password would be for, as far as is known. */
interface Person {
  readonly name?: unknown;
  readonly email?: unknown;
}

/** Better Auth's rules of passwords say how long; these say what else. Other types than text are its own to refuse. */
function assertPassword(password: unknown, person: Person): void {
  if (typeof password !== 'string' || password.length > MAX_PASSWORD_LENGTH) return;
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

function assertProfile(body: unknown): void {
  const fault = Profile.safeParse(body ?? {}).error?.issues.find(({ code }) => code !== 'invalid_type');
  if (fault) throw new APIError('BAD_REQUEST', { code: 'INVALID_PROFILE', message: fault.message });
}

type Handler = Parameters<typeof createAuthMiddleware>[0];
type Context = Parameters<Handler>[0];

/** What happens before Better Auth looks at a request. It has not validated the body yet. */
const before: Record<string, (ctx: Context) => Promise<unknown>> = {
  async '/sign-up/email'({ body }) {
    assertProfile(body);
    assertPassword(body?.password, body ?? {});
  },
  async '/update-user'({ body }) {
    assertProfile(body);
  },
  async '/change-password'(ctx) {
    const session = await getSessionFromCtx(ctx);
    assertPassword(ctx.body?.newPassword, session?.user ?? {});
    // Whoever else had the old password is not to stay.
    return { context: { body: { ...ctx.body, revokeOtherSessions: true } } };
  },
  async '/reset-password'({ body, query, context }) {
    const token = body?.token ?? query?.token;
    const known = await context.internalAdapter.findVerificationValue(`reset-password:${token}`);
    const user = known && (await context.internalAdapter.findUserById(known.value));
    assertPassword(body?.newPassword, user ?? {});
  },
  async '/delete-user'({ body }) {
    if (typeof body?.password === 'string' && body.password !== '') return;
    throw new APIError('BAD_REQUEST', {
      code: 'PASSWORD_REQUIRED',
      message: 'Deleting an account takes its password.',
    });
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
      before: Object.entries(before).map(([path, rule]) => ({
        matcher: isAt(path),
        handler: createAuthMiddleware(rule),
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
