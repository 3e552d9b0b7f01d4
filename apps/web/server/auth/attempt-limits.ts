import type { ConnectionPool } from '@taskward/db';
import { CLIENT_ADDRESS, rateLimitSubnet } from '../http/client-address';
import { tooManyRequests } from '../http/rate-limit-headers';
import { mailboxKey } from '../ops/mail';
import { createRateLimit, type Policy, type RateLimit } from '../ops/rate-limit';
import type { createDeviceCookies } from './device-cookie';

const QUARTER_HOUR = 15 * 60;
const HOUR = 60 * 60;

/** Paths with which a client can guess, create accounts, send mail or cause hashing: counted by client address. */
const RATE_LIMITED_PATHS = new Set([
  '/sign-in/email',
  '/sign-up/email',
  '/request-password-reset',
  '/reset-password',
  '/send-verification-email',
  '/change-password',
  '/delete-user',
]);
/** Paths that take the password of a session's user. */
const CONFIRMING_PATHS = new Set(['/change-password', '/delete-user']);
/** Paths after which a browser becomes a device of the account. */
const AUTHENTICATING_PATHS = new Set(['/sign-in/email', '/sign-up/email', '/reset-password']);

interface Attempt {
  readonly path: string;
  readonly headers: Headers;
  /** Looks up the e-mail address of the account that the request concerns, if any. */
  readonly findEmail: () => Promise<string | undefined>;
}

export type AuthLimits = ReturnType<typeof createAuthLimits>;

/**
 * Limits attempts on accounts. Each client address has `attempts` in 15 minutes. Wrong passwords are counted by account: 10
 * in 15 minutes from each address, and 100 an hour from all addresses (NIST SP 800-63B-4, 3.2.2). A browser that has signed
 * in before, and a session that confirms by password, have limits of their own, 10 in 15 minutes, so that others cannot use
 * them up. A profile can be changed 30 times in 15 minutes.
 *
 * @param options.attempts of each address in 15 minutes; 0 disables all limits.
 * @param options.pool of the database in which several processes count together.
 * @returns a function that counts a request and responds to it, or throws an {ApiError} 429 above a limit.
 */
export function createAuthLimits(options: {
  attempts: number;
  devices: ReturnType<typeof createDeviceCookies>;
  pool?: ConnectionPool | undefined;
}) {
  const { attempts, devices, pool } = options;
  const limit = (policy: Policy) => createRateLimit(policy, pool);
  const byAddress = limit({ name: 'address', requests: attempts, seconds: QUARTER_HOUR });
  const byGuesser = limit({ name: 'guesser', requests: 10, seconds: QUARTER_HOUR });
  const byAccount = limit({ name: 'account', requests: 100, seconds: HOUR });
  const byProfile = limit({ name: 'profile', requests: 30, seconds: QUARTER_HOUR });
  /** Counts recent password resets. The count is part of each guesser's key, so a reset gives every guesser a new count. */
  const resets = limit({ name: 'reset', requests: 0, seconds: HOUR });

  /** The counts that a wrong password increases. */
  async function countsOf({ path, headers }: Attempt, account: string, address: string): Promise<Count[]> {
    if (!CONFIRMING_PATHS.has(path) && path !== '/sign-in/email') return [];
    const device = devices.find(headers, account);
    const guesser = CONFIRMING_PATHS.has(path) ? 'session' : (device ?? address);
    const own = { limit: byGuesser, key: `${account} ${await resets.count(account)} ${guesser}` };
    return path === '/sign-in/email' && !device ? [own, { limit: byAccount, key: account }] : [own];
  }

  return async (attempt: Attempt, respond: () => Promise<Response>): Promise<Response> => {
    const { path, headers, findEmail } = attempt;
    if (attempts === 0 || !(RATE_LIMITED_PATHS.has(path) || path === '/update-user')) return respond();
    const address = rateLimitSubnet(headers.get(CLIENT_ADDRESS) ?? '');
    if (RATE_LIMITED_PATHS.has(path)) await consume(byAddress, address);
    const email = await findEmail();
    if (email === undefined) return respond();

    const account = mailboxKey(email);
    if (path === '/update-user') await consume(byProfile, account);
    const counts = await countsOf(attempt, account, address);
    const response = await countWrong(counts, respond);
    if (!response.ok) return response;
    if (path === '/reset-password') await Promise.all([byAccount.reset(account), resets.consume(account)]);
    // A sign-up without a session proves nothing.
    const isProven = path === '/reset-password' || response.headers.has('set-cookie');
    if (AUTHENTICATING_PATHS.has(path) && isProven) response.headers.append('Set-Cookie', devices.issue(account));
    return response;
  };
}

interface Count {
  readonly limit: RateLimit;
  readonly key: string;
}

/**
 * Counts a wrong password. Each attempt is counted before its password is checked and refunded afterwards, so that a
 * hundred concurrent requests are not a hundred guesses.
 */
async function countWrong(counts: readonly Count[], respond: () => Promise<Response>): Promise<Response> {
  const consumed: Count[] = [];
  const refundAll = () => Promise.all(consumed.map(({ limit, key }) => limit.refund(key)));
  try {
    for (const count of counts) {
      await consume(count.limit, count.key);
      consumed.push(count);
    }
    const response = await respond();
    if (!(await isWrongPassword(response))) await refundAll();
    // The first is the guesser's own.
    if (response.ok && consumed[0]) await consumed[0].limit.reset(consumed[0].key);
    return response;
  } catch (error) {
    await refundAll();
    throw error;
  }
}

const WRONG_PASSWORD = new Set(['INVALID_EMAIL_OR_PASSWORD', 'INVALID_PASSWORD']);

async function isWrongPassword(response: Response): Promise<boolean> {
  if (response.status !== 400 && response.status !== 401) return false;
  const text = await response.clone().text();
  return text.startsWith('{') && WRONG_PASSWORD.has(JSON.parse(text).code);
}

async function consume(limit: RateLimit, key: string): Promise<void> {
  const usage = await limit.consume(key);
  if (usage.isExceeded) throw tooManyRequests(usage);
}
