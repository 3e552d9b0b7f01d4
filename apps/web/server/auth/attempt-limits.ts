import { hash } from 'node:crypto';
import { CLIENT_ADDRESS, rateLimitSubnet } from '../http/client-address';
import { createRateLimit, type Policy, type RateLimit, type SharedStore, tooManyRequests } from '../ops/rate-limit';
import type { createDeviceCookies } from './device-cookie';

const QUARTER_HOUR = 15 * 60;
const HOUR = 60 * 60;

/** What somebody could guess at, or make an account, a mail or a hash by: counted by the address it comes from. */
const RATE_LIMITED_PATHS = new Set([
  '/sign-in/email',
  '/sign-up/email',
  '/request-password-reset',
  '/reset-password',
  '/send-verification-email',
  '/change-password',
  '/delete-user',
]);
/** Those that take the password of a session's user. */
const CONFIRMING_PATHS = new Set(['/change-password', '/delete-user']);
/** Those after which a browser is known to the account. */
const AUTHENTICATING_PATHS = new Set(['/sign-in/email', '/sign-up/email', '/reset-password']);

interface Attempt {
  readonly path: string;
  readonly headers: Headers;
  /** Looks up the e-mail address of the account that the request is about, where it is about one. */
  readonly findEmail: () => Promise<string | undefined>;
}

export type AuthLimits = ReturnType<typeof createAuthLimits>;

/** What names a mailbox or an account in a count: any text becomes a key that a database can store and that reveals no address. */
export const mailboxKey = (email: string): string => hash('sha256', email.toLowerCase(), 'base64url');

/**
 * Limits on attempts at accounts. Each address has so many in 15 minutes. Wrong passwords are counted by account, ten in
 * 15 minutes from each address, and a hundred an hour from all of them (NIST SP 800-63B-4, 3.2.2); a browser that has
 * signed in before, and a session that confirms by the password, have ten in 15 minutes of their own, so that strangers
 * cannot use them up. A profile is changed thirty times in 15 minutes.
 *
 * @param options.attempts by address in 15 minutes; 0 switches all of it off.
 * @returns a function that counts a request, answers it, and throws an {ApiError} 429 beyond a limit.
 */
export function createAuthLimits(options: {
  attempts: number;
  devices: ReturnType<typeof createDeviceCookies>;
  shared?: SharedStore | undefined;
}) {
  const { attempts, devices, shared } = options;
  const limit = (policy: Policy) => createRateLimit(policy, shared);
  const byAddress = limit({ name: 'address', requests: attempts, seconds: QUARTER_HOUR });
  const byGuesser = limit({ name: 'guesser', requests: 10, seconds: QUARTER_HOUR });
  const byAccount = limit({ name: 'account', requests: 100, seconds: HOUR });
  const byProfile = limit({ name: 'profile', requests: 30, seconds: QUARTER_HOUR });
  /** Recent resets of a password. Their number is part of each guesser's key, so a reset gives every guesser a new count. */
  const resets = limit({ name: 'reset', requests: 0, seconds: HOUR });

  /** The counts that a wrong password goes into. */
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
    if (RATE_LIMITED_PATHS.has(path)) await take(byAddress, address);
    const email = await findEmail();
    if (email === undefined) return respond();

    const account = mailboxKey(email);
    if (path === '/update-user') await take(byProfile, account);
    const counts = await countsOf(attempt, account, address);
    const response = await countWrong(counts, respond);
    if (!response.ok) return response;
    if (path === '/reset-password') await Promise.all([byAccount.reset(account), resets.consume(account)]);
    // A sign-up proves nothing where no session follows.
    const isProven = path === '/reset-password' || response.headers.has('set-cookie');
    if (AUTHENTICATING_PATHS.has(path) && isProven) response.headers.append('Set-Cookie', devices.issue(account));
    return response;
  };
}

interface Count {
  readonly limit: RateLimit;
  readonly key: string;
}

/** Counts a wrong password; before it is known to be one, so that a hundred sent at once are not a hundred guesses. */
async function countWrong(counts: readonly Count[], respond: () => Promise<Response>): Promise<Response> {
  const taken: Count[] = [];
  const giveBack = () => Promise.all(taken.map(({ limit, key }) => limit.refund(key)));
  try {
    for (const count of counts) {
      await take(count.limit, count.key);
      taken.push(count);
    }
    const response = await respond();
    if (!(await isWrongPassword(response))) await giveBack();
    // The first is the guesser's own.
    if (response.ok && taken[0]) await taken[0].limit.reset(taken[0].key);
    return response;
  } catch (error) {
    await giveBack();
    throw error;
  }
}

const WRONG_PASSWORD = new Set(['INVALID_EMAIL_OR_PASSWORD', 'INVALID_PASSWORD']);

async function isWrongPassword(response: Response): Promise<boolean> {
  if (response.status !== 400 && response.status !== 401) return false;
  const text = await response.clone().text();
  return text.startsWith('{') && WRONG_PASSWORD.has(JSON.parse(text).code);
}

async function take(limit: RateLimit, key: string): Promise<void> {
  const usage = await limit.consume(key);
  if (usage.isExceeded) throw tooManyRequests(usage);
}
