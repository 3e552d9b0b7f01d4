import { hash } from 'node:crypto';
import type { BetterAuthPlugin } from 'better-auth';
import { createAuthMiddleware, isAPIError } from 'better-auth/api';
import { CLIENT_ADDRESS, networkOf } from './client-address';
import { createRateLimit, type Policy, type RateLimit, type SharedCount, tooMany } from './rate-limit';

const QUARTER_HOUR = 15 * 60;
const HOUR = 60 * 60;

/** What somebody could guess at, or have mail sent by. */
const GUARDED = [
  '/sign-in/email',
  '/sign-up/email',
  '/request-password-reset',
  '/reset-password',
  '/send-verification-email',
  '/change-password',
  '/delete-user',
];

/**
 * Limits on attempts at accounts, as a plugin of Better Auth: each address has so many in a quarter of an hour; each
 * account ten from one address, so that the right password from elsewhere still works, and a hundred an hour from
 * anywhere (NIST SP 800-63B-4, 3.2.2); each mailbox is sent five mails an hour.
 *
 * @param attempts by address in 15 minutes; 0 switches all of it off.
 */
export function authLimits(attempts: number, shared?: SharedCount): BetterAuthPlugin {
  if (attempts === 0) return { id: 'limits' };
  const limit = (policy: Policy) => createRateLimit(policy, shared);
  const byAddress = limit({ name: 'address', requests: attempts, seconds: QUARTER_HOUR });
  const byPair = limit({ name: 'account-address', requests: 10, seconds: QUARTER_HOUR });
  const byAccount = limit({ name: 'account', requests: 100, seconds: HOUR });
  const byMailbox = limit({ name: 'mailbox', requests: 5, seconds: HOUR });

  const addressOf = ({ headers }: { headers?: Headers | undefined }) => networkOf(headers?.get(CLIENT_ADDRESS) ?? '');
  const accountOf = ({ body }: { body?: unknown }) => {
    const { email } = (body ?? {}) as { email?: unknown };
    const account = typeof email === 'string' ? email.toLowerCase() : '';
    // Whatever was typed in, of any length and with any character, is a key that a database can hold, and tells nobody.
    return hash('sha256', account, 'base64url');
  };
  return {
    id: 'limits',
    hooks: {
      before: [
        {
          matcher: ({ path }) => GUARDED.includes(path ?? ''),
          handler: createAuthMiddleware(async (ctx) => {
            const address = addressOf(ctx);
            const account = accountOf(ctx);
            await take(byAddress, address);
            if (ctx.path === '/sign-in/email') {
              await take(byPair, `${account} ${address}`);
              await take(byAccount, account);
            }
            if (ctx.path === '/request-password-reset' || ctx.path === '/send-verification-email') {
              await take(byMailbox, account);
            }
          }),
        },
      ],
      after: [
        {
          matcher: ({ path }) => path === '/sign-in/email',
          handler: createAuthMiddleware(async (ctx) => {
            if (isAPIError(ctx.context.returned)) return;
            await byPair.clear(`${accountOf(ctx)} ${addressOf(ctx)}`);
          }),
        },
      ],
    },
  };
}

async function take(limit: RateLimit, key: string): Promise<void> {
  const usage = await limit.take(key);
  if (usage.isExceeded) throw tooMany(usage);
}
