import { gzipSync } from 'node:zlib';
import { expect, test } from './fixtures';
import { onPostgres, startOn } from './server';
import { newTaskOf } from './task-page';

/** What the server sends for pages: policies, methods, and how much script. */

test.describe('the script of the task page', () => {
  // What a service worker loads besides would be counted as well.
  test.use({ serviceWorkers: 'block' });

  test('is at most 170 kB for the first load, and 80 kB for what is loaded later', async ({ newUser }) => {
    const { context } = await newUser();
    const page = await context.newPage();
    const scripts = new Map<string, Promise<Buffer>>();
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      if (pathname.endsWith('.js')) scripts.set(pathname, response.body());
    });
    const html = (await (await page.goto('/tasks'))?.text()) ?? '';
    await expect(newTaskOf(page)).toBeEnabled();
    let known = 0;
    const isQuiet = () => {
      const before = known;
      known = scripts.size;
      return known === before;
    };
    // The rest follows after two seconds.
    await expect.poll(isQuiet, { intervals: [4_000, 2_000], timeout: 20_000 }).toBe(true);

    const sizes = { first: 0, later: 0 };
    for (const [path, body] of scripts) sizes[html.includes(path) ? 'first' : 'later'] += gzipSync(await body).length;
    test.info().annotations.push({ type: 'script', description: `gzip: ${JSON.stringify(sizes)} bytes` });
    console.info(`The script of the task page, gzip: ${JSON.stringify(sizes)} bytes`);
    expect(sizes.first).toBeGreaterThan(100_000);
    expect(sizes.first).toBeLessThanOrEqual(170_000);
    expect(sizes.later).toBeGreaterThan(5_000);
    expect(sizes.later).toBeLessThanOrEqual(80_000);
  });
});

/** No file and no route: Next.js renders its 404 page for each, by different code. */
const UNKNOWN = [
  '/nowhere',
  '/_next/image?url=%2Ficon.svg&w=64&q=75',
  '/apiary',
  '/icon.svgx',
  '/icon.svg/x',
  '/sw.jsx',
  '/sw.js/x',
  '/manifest.webmanifest/x',
  '/icons',
  '/icons/unknown.png',
  '/icons/192.pngx',
  '/_next',
  '/_next/unknown',
  '/_next/data/x/y.json',
];
const PAGES = [
  '/',
  '/tasks',
  '/tasks/shell',
  '/account',
  '/sign-in',
  '/sign-up',
  '/reset-password',
  '/docs',
  '/problems/forbidden',
];
/** Without the proxy, which would send a policy with a nonce. */
const FILES = ['/icon.svg', '/sw.js', '/manifest.webmanifest', '/icons/192.png', '/_next/static/unknown.js'];

test('every HTML response has a Content-Security-Policy, whose nonce no request can choose', async ({ newUser }) => {
  const { context } = await newUser();
  const chosen = "script-src 'nonce-chosen'";
  const headers = { 'Content-Security-Policy': chosen, 'Content-Security-Policy-Report-Only': chosen };
  const get = async (path: string) => {
    const response = await context.request.get(path, { headers });
    expect(await response.text(), path).not.toContain('chosen');
    return { type: response.headers()['content-type'], policy: response.headers()['content-security-policy'] ?? '' };
  };
  for (const path of [...PAGES, ...UNKNOWN]) {
    const [first, two] = [await get(path), await get(path)];
    expect(first.type, path).toBe('text/html; charset=utf-8');
    expect(first.policy, path).toMatch(/script-src 'self' 'nonce-[\w+/=]{24}' 'strict-dynamic';/);
    expect(first.policy).not.toContain('unsafe');
    expect(two.policy).not.toBe(first.policy);
  }
  for (const path of FILES) {
    const { type, policy } = await get(path);
    expect(type, path).not.toContain('html');
    expect(policy, path).not.toContain('nonce');
  }
  for (const path of ['/api/health/live', '/api'])
    expect((await get(path)).policy, path).toMatch(/^default-src 'none'/);
});

test('an error page has a Content-Security-Policy', async () => {
  const database = await onPostgres();
  const server = await startOn(database.url);
  try {
    const body = JSON.stringify({ name: 'Ada', email: 'ada@example.com', password: 'correct horse battery' });
    const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body };
    const signedUp = await fetch(`${server.origin}/api/auth/sign-up/email`, init);
    await database.dispose();
    const response = await fetch(`${server.origin}/tasks`, {
      headers: { Cookie: signedUp.headers.getSetCookie().join() },
    });
    expect([response.status, response.headers.get('Content-Type')]).toEqual([500, 'text/html; charset=utf-8']);
    expect(response.headers.get('Content-Security-Policy')).toMatch(/script-src 'self' 'nonce-/);
  } finally {
    await server.dispose();
  }
});

test('pages accept GET and HEAD, and return 405 with Allow for every other method', async ({ newUser }) => {
  const { context } = await newUser();
  for (const path of [...PAGES, '/nowhere', '/icon.svgx', '/sw.jsx', '/_next/unknown']) {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const response = await context.request.fetch(path, { method, maxRedirects: 0 });
      expect([response.status(), response.headers().allow], `${method} ${path}`).toEqual([405, 'GET, HEAD']);
      const { 'content-type': type, 'x-request-id': id } = response.headers();
      expect(type).toBe('application/problem+json');
      expect(await response.json()).toMatchObject({ status: 405, instance: path, request_id: id });
    }
    expect((await context.request.head(path)).headers()['content-type'], path).toContain('text/html');
  }
});

test('the image optimizer is not available', async ({ newUser }) => {
  const { context } = await newUser();
  expect((await context.request.get('/_next/image?url=%2Ficon.svg&w=64&q=75')).status()).toBe(404);
});
