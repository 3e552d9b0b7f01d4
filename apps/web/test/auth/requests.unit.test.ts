import { describe, expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { redirectPath } from '../../server/auth/redirect-path';
import { ORIGIN, send, useApp } from '../harness';

/** Requests to Better Auth: redirect targets, origins and text limits. */

useApp({ environment: { SMTP_URL: 'smtp://127.0.0.1:9', SMTP_FROM: 'tasks@example.com' } });

const EVIL = [
  ...['//evil.example', '///evil.example', '/.//evil.example', '/..//evil.example', '/a/..//evil.example'],
  ...['/%2e//evil.example', '/%2E%2e//evil.example', '/./.././/evil.example', './/evil.example', './/evil.example/..'],
  ...['/\\evil.example', '\\\\evil.example', '\\/evil.example', '/.\\/evil.example', '/a/..\\\\evil.example'],
  ...['/\t/evil.example', '/\n/evil.example', '\t//evil.example', ' //evil.example', '/\r\n\\evil.example'],
  ...[
    '\0//evil.example',
    '\u001f//evil.example',
    'https://evil.example',
    'HTTPS:\\\\evil.example',
    'https:evil.example',
  ],
  ...['http:////evil.example', 'http://localhost:3000@evil.example', 'http://evil.example#http://localhost:3000'],
  ...['http://localhost:3000.evil.example', 'http://localhost:30001', 'http://localhost', 'https://localhost:3000'],
  ...[
    'javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,x',
    'blob:http://localhost:3000/x',
    'file:///etc',
  ],
  ...['mailto:a@evil.example', 'http://[evil', 'http://', '//', '///', '/.//', 'http://localhost:3000//evil.example'],
  ...['http://localhost:3000/.//evil.example', 'http://localhost:3000/\\evil.example', 'ftp://localhost:3000/'],
];
const OURS: [given: string, followed: string][] = [
  ['/', '/'],
  ['/tasks?status=todo#new', '/tasks?status=todo#new'],
  ['tasks', '/tasks'],
  ['http://localhost:3000/tasks', '/tasks'],
  ['/a/../tasks', '/tasks'],
  ['/\ttasks', '/tasks'],
  ['/a//b', '/a//b'],
  ['/%09/evil.example', '/%09/evil.example'],
  ['/%2F/evil.example', '/%2F/evil.example'],
  ['http://ada:secret@localhost:3000/tasks', '/tasks'],
  ['/tasks?next=//evil.example', '/tasks?next=//evil.example'],
];

/** The URL that a browser on our page follows for this target. */
const followed = (target: string) => new URL(target, `${ORIGIN}/sign-in`);

describe('redirect targets', () => {
  test.each(EVIL)('a redirect target on another origin is rejected: %j', (target) => {
    expect(redirectPath(target, [ORIGIN])).toBeUndefined();
  });

  test.each(OURS)('a redirect target on our origin is reduced to its path: %j', (target, path) => {
    expect(redirectPath(target, [ORIGIN])).toBe(path);
    expect(followed(path).origin).toBe(ORIGIN);
    expect(redirectPath(path, [ORIGIN]), 'once more, it is the same').toBe(path);
  });

  test('a redirect target on another of our origins becomes a path on this one', () => {
    const origins = ['https://tasks.example.com', 'https://tasks-git-main.vercel.app'];
    expect(redirectPath('https://tasks-git-main.vercel.app/tasks', origins)).toBe('/tasks');
    expect(redirectPath('https:/tasks', origins)).toBe('/tasks');
    expect(redirectPath('https://tasks.vercel.app/tasks', origins)).toBeUndefined();
  });
});

const POSTS: [path: string, field: string, body: object][] = [
  ['/sign-in/email', 'callbackURL', { email: 'ada@example.com', password: 'otter lamp seventeen' }],
  ['/sign-up/email', 'callbackURL', { name: 'Ada', email: 'ada@example.com', password: 'otter lamp seventeen' }],
  ['/sign-out', 'callbackURL', {}],
  ['/delete-user', 'callbackURL', { password: 'otter lamp seventeen' }],
  ['/request-password-reset', 'redirectTo', { email: 'ada@example.com' }],
  ['/send-verification-email', 'callbackURL', { email: 'ada@example.com' }],
  ['/sign-out', 'errorCallbackURL', {}],
  ['/sign-out', 'newUserCallbackURL', {}],
];

describe('redirects to another origin', () => {
  test.each(POSTS)('POST %s refuses %s with another origin', async (path, field, body) => {
    // Concurrently, as some responses take half a second.
    const responses = EVIL.filter((url) => !url.includes('\0')).map(async (target) => {
      const response = await send('POST', `/api/auth${path}`, { body: { ...body, [field]: target } });
      expect([target, response.status]).toEqual([target, 403]);
    });
    await Promise.all(responses);
  });

  test.each(['/verify-email', '/get-session', '/sign-out'])(
    '%s refuses a redirect to another origin in its query',
    async (path) => {
      const method = path === '/sign-out' ? 'POST' : 'GET';
      for (const target of EVIL.filter((url) => !url.includes('\0'))) {
        const query = new URLSearchParams({ token: 'x', callbackURL: target });
        const response = await send(method, `/api/auth${path}?${query}`);
        expect([target, response.status, response.headers.get('Location')]).toEqual([target, 403, null]);
      }
    },
  );

  test('a redirect to another origin is refused when a valid target precedes it', async () => {
    const query = 'token=x&callbackURL=/tasks&callbackURL=//evil.example';
    expect((await send('GET', `/api/auth/verify-email?${query}`)).status).toBe(403);
  });

  test('the checked redirect fields are all that Better Auth has', async () => {
    const { auth } = await getApp();
    const names = Object.values(auth.api).flatMap(({ options }: { options?: object }) => {
      const { body, query } = (options ?? {}) as { body?: { shape?: object }; query?: { shape?: object } };
      return Object.keys({ ...body?.shape, ...query?.shape });
    });
    const expected = ['callbackURL', 'disableRedirect', 'errorCallbackURL', 'newUserCallbackURL', 'redirectTo'];
    expect(names).toContain('callbackURL');
    // disableRedirect is not a target, but a flag.
    expect([...new Set(names)].filter((name) => /url|redirect/i.test(name)).sort()).toEqual(expected);
  });
});

test('an invalid confirmation link redirects to the checked path, not to the target as given', async () => {
  for (const [target, path] of OURS.filter(([one]) => !one.includes('%2F'))) {
    const query = new URLSearchParams({ token: 'x', callbackURL: target });
    const response = await send('GET', `/api/auth/verify-email?${query}`);
    expect(response.status).toBe(302);
    const location = response.headers.get('Location') ?? '';
    expect(location.startsWith(path.split(/[?#]/)[0] as string)).toBe(true);
    expect(followed(location).origin).toBe(ORIGIN);
  }
});

describe('cross-site POST requests', () => {
  const paths = [...new Set(POSTS.map(([path]) => path)), '/change-password', '/update-user', '/revoke-sessions'];

  test.each(paths)('POST %s from another origin is refused, with a cookie or without', async (path) => {
    for (const headers of [
      { Origin: 'https://evil.example.com' },
      { Origin: 'null' },
      { Origin: `${ORIGIN}0` },
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
      { Origin: ORIGIN, 'Sec-Fetch-Site': 'cross-site' },
      { Origin: 'https://evil.example.com', 'Sec-Fetch-Site': 'same-origin' },
    ]) {
      for (const cookie of [{}, { Cookie: 'better-auth.session_token=x' }]) {
        const response = await send('POST', `/api/auth${path}`, { body: {}, headers: { ...headers, ...cookie } });
        expect([headers, response.status, response.headers.getSetCookie()]).toEqual([headers, 403, []]);
        expect((await response.json()).detail).toBe(`Invalid origin. Use ${ORIGIN} instead.`);
      }
    }
  });

  test.each([
    ['application/x-www-form-urlencoded', ''],
    ['application/x-www-form-urlencoded', 'a=b'],
    ['text/plain', '{"a":"b"}'],
    ['multipart/form-data; boundary=x', '--x--'],
  ])('a form on another site cannot sign a user out: %s %j', async (type, body) => {
    const headers = { 'Content-Type': type, Origin: 'https://evil.example.com', 'Sec-Fetch-Site': 'cross-site' };
    const response = await send('POST', '/api/auth/sign-out', { headers, body });
    expect([response.status, response.headers.getSetCookie()]).toEqual([403, []]);
  });

  test('sign-out is accepted from our pages, from programs and from fetch in Node.js', async () => {
    for (const headers of [
      {},
      { Origin: ORIGIN },
      { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'cors' },
      { 'Sec-Fetch-Mode': 'cors' },
    ]) {
      expect((await send('POST', '/api/auth/sign-out', { body: {}, headers })).status).toBe(200);
    }
  });
});

describe('text limits of account endpoints', () => {
  test.each([
    ['of 2,049 characters in the body', '/update-user', { name: 'x'.repeat(2049) }, ''],
    ['of 2,049 characters deep in the body', '/update-user', { name: [{ x: 'x'.repeat(2049) }] }, ''],
    ['of 2,049 characters in the query', '/reset-password', {}, `?token=${'x'.repeat(2049)}`],
    ['with a NUL', '/revoke-session', { token: 'a\0' }, ''],
    ['with a NUL in the query', '/reset-password', {}, '?token=a%00'],
  ])('text is refused before Better Auth reads it: %s', async (_, path, body, query) => {
    const response = await send('POST', `/api/auth${path}${query}`, { body });
    expect(response.status).toBe(400);
    expect(['INVALID_TEXT', 'TEXT_TOO_LONG']).toContain((await response.json()).code);
  });

  test('an account request with a body nested 5,000 levels deep returns 400', async () => {
    const nested = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
    for (const path of ['/change-password', '/update-user', '/sign-in/email']) {
      expect((await send('POST', `/api/auth${path}`, { body: nested })).status).toBe(400);
    }
  });
});
