// @ts-check
/// <reference lib="webworker" />

/**
 * Opens `/tasks` at once, also offline, and shows a page of its own for every other page that cannot be reached.
 *
 * No page of the server is cached: each has a nonce that is valid once. Cached is the shell, which is `/tasks/shell`
 * without its nonce and with the hashes of its inline scripts instead. It contains no data of a user. The pages create
 * the cache while a user is signed in, and delete it at sign-out; the worker only ever fills an existing one.
 */

/** Also in app/sync/service-worker.ts. */
const CACHE = 'taskward-offline';
const SHELL = '/tasks/shell';
/** The entry that lists all assets of the stored shell, once all of them are stored. */
const ASSETS = '/tasks/shell/assets.json';
const SIGNED_OUT_PAGES = ['/sign-in', '/sign-up'];
const POLICY = 'Content-Security-Policy';
/** A page that starts asks for a check, which the navigation has already begun. */
const RECENT_MS = 10_000;

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

worker.addEventListener('install', () => void worker.skipWaiting());
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener('message', (event) => {
  if (event.data?.type === 'check') event.waitUntil(check());
  // Whatever is on its way may be older than what the page asks for.
  if (event.data?.type === 'refresh') event.waitUntil(Promise.resolve(refreshing).then(refresh));
});

worker.addEventListener('fetch', (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== 'GET' || origin !== worker.location.origin || /^\/api(\/|$)/.test(pathname)) return;
  if (pathname.startsWith('/_next/static/')) event.respondWith(fetchAsset(event.request, pathname));
  else if (mode === 'navigate') event.respondWith(navigate(event, pathname));
});

/** @param {FetchEvent} event @param {string} pathname */
async function navigate(event, pathname) {
  const shell = pathname === '/tasks' ? await match(SHELL) : undefined;
  if (shell) {
    event.waitUntil(refresh());
    return shell;
  }
  const response = await fetch(event.request).catch(() => undefined);
  // Users who are signed in are redirected. Whoever signs in now may be another one than the shell opens for.
  if (response?.ok && SIGNED_OUT_PAGES.includes(pathname)) await caches.delete(CACHE);
  return response ?? offlinePage();
}

/** @param {Request} request @param {string} pathname */
async function fetchAsset(request, pathname) {
  const stored = await match(pathname);
  if (stored) return stored;
  const response = await fetch(request);
  // The release of the page is no longer on the server. In case the stored shell is of the same, it must not open again.
  if (response.status === 404) await deleteShell();
  return response;
}

/** What the cache has for a path; undefined also where no cache exists. @param {string} path */
function match(path) {
  return caches.match(path, { cacheName: CACHE, ignoreVary: true }).catch(() => undefined);
}

async function deleteShell() {
  if (!(await caches.has(CACHE))) return;
  const cache = await caches.open(CACHE);
  await Promise.all([cache.delete(SHELL), cache.delete(ASSETS)]);
}

/** @type {Promise<void> | undefined} */
let refreshing;
let refreshedAt = 0;

/** Refreshes the shell, unless that has just been done, and announces it. */
async function check() {
  if (Date.now() - refreshedAt < RECENT_MS && (await match(SHELL))) await announce();
  else await refresh();
}

/** Replaces the stored shell by that of the server, and announces it. Without a network, the stored one stays. */
function refresh() {
  refreshing ??= storeShell()
    .catch((error) => console.info('The stored page was not refreshed.', error))
    .then(announce)
    .finally(() => {
      refreshing = undefined;
      refreshedAt = Date.now();
    });
  return refreshing;
}

/** Tells all pages the scripts and styles of the stored shell, by which they see whether they are of the same release. */
async function announce() {
  const shell = await match(SHELL);
  if (!shell) return;
  const message = { type: 'shell', assets: tagsIn(await shell.text()) };
  for (const client of await worker.clients.matchAll({ type: 'window', includeUncontrolled: true })) {
    client.postMessage(message);
  }
}

async function storeShell() {
  if (!(await caches.has(CACHE))) return;
  // Not opened again: once the cache is deleted, at sign-out, writing to this one has no effect.
  const cache = await caches.open(CACHE);
  const response = await fetch(SHELL, { cache: 'no-store', priority: 'low' });
  const policy = response.headers.get(POLICY) ?? '';
  // Where the development server runs now, whose scripts change under the same names.
  if (policy.includes("'unsafe-eval'")) {
    await Promise.all([worker.registration.unregister(), caches.delete(CACHE)]);
    return;
  }
  if (response.status === 404) return deleteShell();
  if (!response.ok || response.redirected) throw new Error(`The shell is not available (${response.status}).`);

  const [next, previous, previousAssets] = await Promise.all([toShell(response), match(SHELL), match(ASSETS)]);
  const html = await next.clone().text();
  const isSame = (await previous?.text()) === html && previous?.headers.get(POLICY) === next.headers.get(POLICY);
  if (isSame && previousAssets) return;
  // What the shell needs to start comes before the shell, and what it may load later after it.
  const first = assetsIn(html);
  const found = await loadAssets(cache, first);
  if (!isSame) await Promise.all([cache.put(SHELL, next), cache.delete(ASSETS)]);
  const assets = await loadAll(cache, first, found);
  await cache.put(ASSETS, Response.json([...assets]));
  // Open pages may still load assets of the release before this one.
  if (previousAssets) await deleteOthers(cache, new Set([SHELL, ASSETS, ...assets, ...(await previousAssets.json())]));
}

/**
 * The page without its nonce: its policy allows only the inline scripts that the page has, by their hashes, and scripts
 * of this origin.
 *
 * @param {Response} response
 * @returns {Promise<Response>}
 */
async function toShell(response) {
  const policy = response.headers.get(POLICY) ?? '';
  const nonce = /'nonce-([\w+/=-]+)'/.exec(policy)?.[1];
  if (!nonce) throw new Error('The shell has no nonce.');
  const html = (await response.text()).replaceAll(nonce, '');
  const inline = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)];
  const hashes = new Set(await Promise.all(inline.map(([, text = '']) => hash(text))));
  const headers = new Headers(response.headers);
  for (const [name, value] of response.headers) if (value.includes(nonce)) headers.delete(name);
  for (const name of ['Content-Encoding', 'Content-Length']) headers.delete(name);
  headers.set(POLICY, policy.replace(/script-src [^;]*/, ["script-src 'self'", ...hashes].join(' ')));
  return new Response(html, { headers });
}

/** The hash of an inline script or style, as a policy has it. @param {string} text */
async function hash(text) {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
}

/** The paths of the scripts and styles in the tags of a page. @param {string} html */
function tagsIn(html) {
  const found = html.matchAll(/<(?:script|link)[^>]*\s(?:src|href)="(\/_next\/static\/[^"?]+\.(?:js|css))/g);
  return [...new Set(Array.from(found, ([, path = '']) => path))];
}

/** The paths of all assets that a page or a script names; scripts name those that they load later. @param {string} text */
function assetsIn(text) {
  const found = text.matchAll(/\bstatic\/(?:chunks|media)\/[\w.~-]+\.(?:js|css|woff2|svg|png)\b/g);
  return [...new Set(Array.from(found, ([path]) => `/_next/${path}`))];
}

/**
 * Stores assets, and all that they name, and so on.
 *
 * @param {Cache} cache
 * @param {string[]} first those that are stored already
 * @param {string[]} found those that they name
 * @returns {Promise<Set<string>>} all of them
 */
async function loadAll(cache, first, found) {
  const all = new Set(first);
  for (let names = found; names.length > 0; ) {
    const more = names.filter((name) => !all.has(name));
    for (const name of more) all.add(name);
    names = await loadAssets(cache, more);
  }
  return all;
}

/** Stores the assets that are not stored yet. @param {Cache} cache @param {string[]} paths @returns those that they name */
async function loadAssets(cache, paths) {
  const names = await Promise.all(paths.map((path) => loadAsset(cache, path)));
  return [...new Set(names.flat())];
}

/** @param {Cache} cache @param {string} path */
async function loadAsset(cache, path) {
  const stored = await cache.match(path, { ignoreVary: true });
  const response = stored ?? (await fetch(path, { priority: 'low' }));
  const type = response.headers.get('Content-Type') ?? '';
  if (!response.ok || type.includes('html')) throw new Error(`${path} is not available (${response.status}).`);
  if (!stored) await cache.put(path, response.clone());
  return type.includes('javascript') ? assetsIn(await response.text()) : [];
}

/** @param {Cache} cache @param {Set<string>} paths */
async function deleteOthers(cache, paths) {
  const others = (await cache.keys()).filter(({ url }) => !paths.has(new URL(url).pathname));
  await Promise.all(others.map((request) => cache.delete(request)));
}

const STYLE = `
:root { color-scheme: light dark; background: light-dark(#f7f7f5, #131517); color: light-dark(#1c2024, #e9ebed);
  font: 1rem/1.5 system-ui, "Segoe UI", "Open Sans", sans-serif }
main { max-width: 30rem; margin: 15vh auto 0; padding: 1rem }
h1 { margin: 0; font-size: 1.5rem }
a { display: inline-flex; min-height: 2.75rem; align-items: center; margin-right: 1.5rem; border-radius: .25rem;
  color: light-dark(#0f766e, #5eead4) }
:focus-visible { outline: 2px solid currentcolor; outline-offset: 2px }
`;

/** Shown in place of a page that cannot be reached. */
async function offlinePage() {
  const hasShell = (await match(SHELL)) !== undefined;
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>You’re offline · Taskward</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>You’re offline</h1>
<p>This page needs a connection.${hasShell ? ' Your tasks are still here.' : ''}</p>
<p>${hasShell ? '<a href="/tasks">Open your tasks</a>' : ''}<a href="">Try again</a></p>
</main>
</body>
</html>`;
  const sources = `default-src 'none'; img-src 'self'; style-src ${await hash(STYLE)}`;
  const headers = {
    'Cache-Control': 'no-store',
    'Content-Type': 'text/html; charset=utf-8',
    [POLICY]: `${sources}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  };
  return new Response(html, { status: 503, headers });
}
