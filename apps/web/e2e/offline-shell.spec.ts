import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from '@playwright/test';
import { expect, type SignedUpUser, test } from './fixtures';

/** The service worker, which opens `/tasks` at once and offline; and what makes the app installable. */

const CACHE = 'taskward-offline';
const OFFLINE = /ERR_INTERNET_DISCONNECTED/;

/** Opens the tasks of a user, and waits until they open offline. */
async function openStored(user: SignedUpUser): Promise<Page> {
  const page = await user.open();
  await expect.poll(() => storedPaths(page)).toContain('/tasks/shell/assets.json');
  return page;
}

const storedPaths = (page: Page) =>
  page.evaluate(async (name) => {
    if (!(await caches.has(name))) return [];
    const keys = await (await caches.open(name)).keys();
    return keys.map(({ url }) => new URL(url).pathname);
  }, CACHE);

/** Whether the document came from the cache: the policies of the server's pages all have a nonce. */
async function opensFromCache(page: Page, path = '/tasks'): Promise<boolean> {
  const response = await page.goto(path);
  return !response?.headers()['content-security-policy']?.includes("'nonce-");
}

const rowOf = (page: Page, title: string) => page.getByRole('main').getByText(title);

test.describe('the tasks', () => {
  test('open offline after one visit, at any view, in a new tab, and with every part of the page', async ({
    newUser,
    pageErrors,
  }) => {
    pageErrors.expected.push(OFFLINE);
    const ada = await newUser();
    await ada.call('POST', '', { title: 'Water the plants' });
    const page = await openStored(ada);
    await expect(rowOf(page, 'Water the plants')).toBeVisible();
    await ada.context.setOffline(true);
    await page.reload();
    await expect(rowOf(page, 'Water the plants')).toBeVisible();
    await expect(page).toHaveURL('/tasks');
    await page.close();

    const another = await ada.context.newPage();
    await another.goto('/tasks?view=all&q=plants');
    await expect(rowOf(another, 'Water the plants')).toBeVisible();
    await expect(another).toHaveURL('/tasks?view=all&q=plants');
    await expect(another).toHaveTitle('Tasks · Taskward');
    const statuses = await another.evaluate(async () => {
      const names: string[] = await (await caches.match('/tasks/shell/assets.json'))?.json();
      return Promise.all(names.map(async (name) => (await fetch(name)).status));
    });
    expect(statuses.length).toBeGreaterThan(5);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  test('open from the cache, which has no nonce and no data of the user', async ({ newUser }) => {
    const ada = await newUser();
    const page = await openStored(ada);
    expect(await opensFromCache(page)).toBe(true);
    const stored = await page.evaluate(async (name) => {
      const cache = await caches.open(name);
      const responses = await cache.matchAll();
      return Promise.all(
        responses.map(async (response) => ({
          type: response.headers.get('Content-Type') ?? '',
          headers: JSON.stringify([...response.headers]),
          text: await response.text(),
        })),
      );
    }, CACHE);
    const pages = stored.filter(({ type }) => type.includes('html'));
    expect(pages).toHaveLength(1);
    for (const { headers, text } of pages) {
      expect(headers).not.toContain('nonce-');
      expect(headers).toContain("script-src 'self' 'sha256-");
      expect(text).not.toMatch(/nonce\\?"?[=:]\s*\\?"[^"\\]/);
      for (const secret of [ada.id, ada.email]) expect(text).not.toContain(secret);
    }
    expect((await storedPaths(page)).filter((path) => !/^\/(_next\/static|tasks\/shell)/.test(path))).toEqual([]);
  });

  test('are read and changed through the network alone', async ({ newUser, pageErrors }) => {
    pageErrors.expected.push(/405 .*\/tasks$/);
    const ada = await newUser();
    const page = await openStored(ada);
    const fromWorker: string[] = [];
    let count = 0;
    page.on('response', (response) => {
      if (!new URL(response.url()).pathname.startsWith('/api/')) return;
      count++;
      if (response.fromServiceWorker()) fromWorker.push(response.url());
    });
    await page.reload();
    expect(await page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
    expect(await page.evaluate(async () => (await fetch('/tasks', { method: 'POST' })).status)).toBe(405);
    await expect.poll(() => count).toBeGreaterThan(1);
    expect(fromWorker).toEqual([]);
  });

  test('open from the server again after signing out, which asks to sign in', async ({ newUser }) => {
    const ada = await newUser();
    const page = await openStored(ada);
    await page.goto('/account');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page).toHaveURL('/');
    expect(await page.evaluate(() => caches.keys())).toEqual([]);
    await page.goto('/tasks');
    await expect(page).toHaveURL(/\/sign-in\?next=/);
  });

  test('open for the user who signs in, also if the session of another had ended', async ({ newUser }) => {
    const [ada, bob] = [await newUser(), await newUser()];
    await ada.call('POST', '', { title: 'Of Ada' });
    await bob.call('POST', '', { title: 'Of Bob' });
    const page = await openStored(ada);
    await ada.context.clearCookies();
    await page.goto('/sign-in');
    await page.getByLabel('Email').fill(bob.email);
    await page.getByLabel('Password', { exact: true }).fill(bob.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page).toHaveURL('/tasks');
    await expect(rowOf(page, 'Of Bob')).toBeVisible();
    await expect.poll(() => storedPaths(page)).toContain('/tasks/shell/assets.json');
    await page.reload();
    await expect(rowOf(page, 'Of Bob')).toBeVisible();
    await expect(rowOf(page, 'Of Ada')).toHaveCount(0);
  });

  test('open for the user of the session, also if another one signed in meanwhile', async ({ newUser }) => {
    const [ada, bob] = [await newUser(), await newUser()];
    await ada.call('POST', '', { title: 'Of Ada' });
    await bob.call('POST', '', { title: 'Of Bob' });
    const page = await openStored(ada);
    await ada.context.clearCookies();
    await ada.context.addCookies(await bob.context.cookies());
    await page.goto('/tasks');
    await expect(rowOf(page, 'Of Bob')).toBeVisible();
    await expect(rowOf(page, 'Of Ada')).toHaveCount(0);
  });

  test('open from the server in a browser that does not know its user', async ({ newUser }) => {
    const ada = await newUser();
    await ada.call('POST', '', { title: 'Water the plants' });
    const page = await openStored(ada);
    await page.evaluate(() => localStorage.clear());
    await page.goto('/tasks');
    await expect(rowOf(page, 'Water the plants')).toBeVisible();
  });

  test('open in the theme that was chosen', async ({ newUser }) => {
    const page = await openStored(await newUser());
    await page.goto('/account');
    await page.getByRole('radio', { name: 'Dark' }).check();
    await expect
      .poll(() => page.evaluate(async () => (await caches.match('/tasks/shell'))?.text()))
      .toContain('data-theme="dark"');
    expect(await opensFromCache(page)).toBe(true);
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  });
});

test('nothing is stored for who is not signed in', async ({ newContext }) => {
  const page = await (await newContext()).newPage();
  for (const path of ['/', '/sign-in', '/docs']) {
    await page.goto(path, { waitUntil: 'networkidle' });
    const found = await page.evaluate(async () => [
      await caches.keys(),
      (await navigator.serviceWorker.getRegistrations()).length,
    ]);
    expect(found, path).toEqual([[], 0]);
  }
});

test.describe('a new release', () => {
  /** Serves the shell with another name for one of its scripts, and that script, which marks the document. */
  async function release(context: BrowserContext, path: string, version: string): Promise<void> {
    const renamed = path.replace(/\.js$/, `-${version}.js`);
    await context.route('**/tasks/shell', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: (await response.text()).replaceAll(path, renamed) });
    });
    await context.route(`**${renamed}`, async (route) => {
      const response = await route.fetch({ url: new URL(path, route.request().url()).href });
      const mark = `;document.documentElement.dataset.release=${JSON.stringify(version)}`;
      await route.fulfill({ response, body: (await response.text()) + mark });
    });
  }

  /** A script of the shell that no other script waits for by its name. */
  const lastScript = (page: Page) =>
    page.evaluate(async () => {
      const html = await (await caches.match('/tasks/shell'))?.text();
      const scripts = Array.from(html?.matchAll(/<script src="([^"?]+)/g) ?? [], ([, path = '']) => path);
      return scripts.filter((path) => !path.includes('turbopack')).at(-1) ?? '';
    });

  test('is stored and announced while the old one opens, and opens next', async ({ newUser }) => {
    const ada = await newUser();
    await ada.context.addInitScript(() => {
      navigator.serviceWorker?.addEventListener('message', ({ data }) => {
        document.documentElement.dataset.announced = data.assets.join();
      });
    });
    const page = await openStored(ada);
    await release(ada.context, await lastScript(page), 'two');
    const marked = page.locator('html[data-release=two]');
    await page.goto('/tasks');
    await expect(page.locator('html')).toHaveAttribute('data-announced', /-two\.js/);
    await expect(marked).toHaveCount(0);
    expect(await opensFromCache(page)).toBe(true);
    await expect(marked).toHaveCount(1);
  });

  test('opens from the server when a script of the stored one is gone', async ({ newUser, pageErrors }) => {
    pageErrors.expected.push(/404 .*\.js$/);
    const ada = await newUser();
    const page = await openStored(ada);
    const script = await lastScript(page);
    await page.evaluate(async ([name = '', path = '']) => (await caches.open(name)).delete(path), [CACHE, script]);
    await ada.context.route(`**${script}`, (route) => route.fulfill({ status: 404 }));
    expect(await opensFromCache(page)).toBe(true);
    await ada.context.unroute(`**${script}`);
    expect(await opensFromCache(page)).toBe(false);
    await expect(page.getByRole('main')).toBeVisible();
    await expect.poll(() => storedPaths(page)).toContain('/tasks/shell/assets.json');
    expect(await opensFromCache(page)).toBe(true);
  });
});

test('other pages say offline that they need a connection, with a way to the tasks', async ({
  newUser,
  pageErrors,
}) => {
  pageErrors.expected.push(OFFLINE, /503 .*\/account/);
  const ada = await newUser();
  const page = await openStored(ada);
  await ada.context.setOffline(true);
  await page.goto('/account');
  await expect(page.getByRole('heading', { name: 'You’re offline' })).toBeVisible();
  expect(await page.getByRole('link', { name: 'Try again' }).evaluate((link) => getComputedStyle(link).minHeight)).toBe(
    '44px',
  );
  const failed = page.waitForEvent('requestfailed');
  await page.getByRole('link', { name: 'Open your tasks' }).click();
  await expect(page).toHaveURL('/tasks');
  await failed;
  await page.goto('/account');
  await ada.context.setOffline(false);
  await page.getByRole('link', { name: 'Try again' }).click();
  await expect(page).toHaveURL('/account');
  await expect(page.getByText(ada.email)).toBeVisible();
});

test('the manifest and the service worker are served as such, and each icon has the size that it claims', async ({
  request,
}) => {
  const worker = await request.get('/sw.js');
  expect(worker.headers()).toMatchObject({
    'cache-control': 'no-cache',
    'content-security-policy': "default-src 'none'; connect-src 'self'; frame-ancestors 'none'",
    'content-type': expect.stringContaining('javascript'),
  });
  const file = fileURLToPath(new URL('../public/sw.js', import.meta.url));
  expect(await worker.text()).toBe(readFileSync(file, 'utf8'));

  const html = await (await request.get('/sign-in')).text();
  expect(html).toContain('<link rel="manifest" href="/manifest.webmanifest"');
  const manifest = await request.get('/manifest.webmanifest');
  expect(manifest.headers()['content-type']).toContain('application/manifest+json');
  const { icons, start_url: start } = await manifest.json();
  expect(start).toBe('/tasks');
  const images = [...icons, { src: '/icons/apple-touch-icon.png', sizes: '180x180', type: 'image/png' }];
  for (const { src, sizes, type } of images) {
    const image = await request.get(src);
    expect(image.headers()['content-type'], src).toBe(type);
    if (type === 'image/svg+xml') continue;
    const body = await image.body();
    expect(`${body.readUInt32BE(16)}x${body.readUInt32BE(20)}`, src).toBe(sizes);
  }
  for (const method of ['POST', 'PUT', 'DELETE']) {
    for (const path of ['/sw.js', '/manifest.webmanifest', '/icons/192.png']) {
      expect((await request.fetch(path, { method })).status(), `${method} ${path}`).toBe(405);
    }
  }
});
