import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test, vi } from 'vitest';
import { getApp } from '../../server/app';
import { ORIGIN, send, signUp, useApp } from '../harness';

/** The CPU time of text that anyone can send: about the same for a long text as for a short one. */

useApp();

let cookie: string;
beforeAll(async () => {
  cookie = (await signUp()).cookie;
});

const SHORT = 40;
const LONG_BODY = 60_000;
/** Node.js reads at most 16 KiB of headers, the request line among them. */
const LONG_LINE = 14_000;

/** Each unit is repeated up to a length, after its prefix. */
const shapes: Record<string, readonly [prefix: string, unit: string]> = {
  letters: ['', 'a'],
  hyphens: ['', '-'],
  spaces: ['', ' '],
  slashes: ['', '/'],
  'at signs': ['', '@'],
  percent: ['', '%'],
  digits: ['', '7'],
  dots: ['', 'a.'],
  mixed: ['', 'a-/@%7 '],
  'an address': ['http://e.com/', 'a'],
  'a path': ['/', 'a/'],
  'dot segments': ['/', '../'],
  'a local part': ['', 'a+'],
  'a domain': ['a@', 'a.'],
  semicolons: ['', ';='],
};
const textOf = ([prefix, unit]: readonly [string, string], length: number) =>
  (prefix + unit.repeat(length)).slice(0, length);

// Other processes add to the CPU time now and then; a cost that grows too fast does so each time.
const options = { timeout: 120_000, retry: 3 };

/** The fields that each endpoint reads. */
const POSTS: Record<string, readonly string[]> = {
  '/sign-up/email': ['email', 'name', 'password', 'image', 'callbackURL', 'anything'],
  '/sign-in/email': ['email', 'password', 'callbackURL'],
  '/sign-out': ['callbackURL', 'state', 'redirectTo', 'errorCallbackURL', 'newUserCallbackURL'],
  '/request-password-reset': ['email', 'redirectTo'],
  '/reset-password': ['newPassword', 'token'],
  '/send-verification-email': ['email', 'callbackURL'],
  '/change-password': ['currentPassword', 'newPassword'],
  '/delete-user': ['password', 'token', 'callbackURL'],
  '/update-user': ['name', 'image', 'email'],
  '/revoke-session': ['token'],
};
const GETS = ['/verify-email', '/get-session', '/list-sessions'];
const HEADERS = ['Origin', 'Referer', 'Cookie', 'User-Agent', 'Content-Type', 'X-Forwarded-For', 'Sec-Fetch-Site'];

/** The minimum of several runs, in milliseconds of this process: other processes only add to it. */
async function cpuOf(run: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 2; i++) {
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

/** Below this, a ratio would only measure noise. */
const FLOOR_MS = 4;

async function expectNoGrowth(length: number, run: (text: string) => Promise<unknown>): Promise<void> {
  // The database of the tests is a part of this process; it warms up, too.
  await run('warm');
  const excessive: Record<string, string> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const short = await cpuOf(() => run(textOf(shape, SHORT)));
    const long = await cpuOf(() => run(textOf(shape, length)));
    if (long > 5 * Math.max(short, FLOOR_MS)) excessive[name] = `${short} ms, then ${long} ms`;
  }
  expect(excessive).toEqual({});
}

const body = (path: string) => ({
  ...{ name: 'Ada', email: `${randomUUID()}@example.com`, token: 'x' },
  ...(path !== '/sign-up/email' && { password: 'not the password at all' }),
});

test.each(Object.entries(POSTS))(
  'a long text in a field of POST %s takes no more CPU time than a short one',
  options,
  async (path, names) => {
    for (const name of names) {
      await expectNoGrowth(LONG_BODY, (text) =>
        send('POST', `/api/auth${path}`, {
          body: { ...body(path), [name]: text },
          headers: { Origin: ORIGIN, Cookie: cookie },
        }),
      );
    }
  },
);

test.each([...Object.keys(POSTS), ...GETS])(
  'a long text in the query of %s takes no more CPU time than a short one',
  options,
  async (path) => {
    const isPost = path in POSTS;
    for (const name of ['token', 'callbackURL']) {
      await expectNoGrowth(LONG_LINE, (text) => {
        const query = new URLSearchParams({ token: 'x', [name]: text }).toString().slice(0, LONG_LINE);
        return send(isPost ? 'POST' : 'GET', `/api/auth${path}?${query}`, isPost ? { body: body(path) } : {});
      });
    }
  },
);

test.each(HEADERS)(
  'a long %s header takes no more CPU time in account endpoints than a short one',
  options,
  async (name) => {
    for (const path of ['/sign-out', '/sign-in/email']) {
      await expectNoGrowth(LONG_LINE, (text) => {
        const headers = { Cookie: 'better-auth.session_token=x', Origin: ORIGIN, [name]: text };
        return send('POST', `/api/auth${path}`, { body: body(path), headers });
      });
    }
  },
);

test('messages of Better Auth are logged without e-mail addresses, cut to 300 characters', async () => {
  const { auth, log } = await getApp();
  const { logger } = await auth.$context;
  const warn = vi.spyOn(log, 'warn');
  const lineOf = (message: string) => {
    warn.mockClear();
    logger.warn(message);
    return String(warn.mock.calls[0]?.[1]);
  };
  expect(lineOf('Sign-up attempt for existing email: ada@example.com')).not.toContain('ada');
  for (const shape of Object.values(shapes)) expect(lineOf(textOf(shape, LONG_BODY)).length).toBeLessThanOrEqual(300);
  // Cut in the middle of an address, which then has no @ by which to recognize it.
  expect(lineOf(`${'x'.repeat(290)} ada.lovelace@example.com`)).not.toContain('ada');
  warn.mockRestore();
});
