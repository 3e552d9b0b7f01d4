/**
 * The page's side of `public/sw.js`, which lets `/tasks` open at once and offline. Only for browsers, where all of it does
 * nothing if they have no service workers or the page is not in a secure context.
 */

/** Also in public/sw.js. The cache exists while a user is signed in, and the worker never creates it. */
const CACHE = 'taskward-offline';
const CHECK_AGAIN_MS = 60 * 60 * 1000;

/** What the worker says after each check: the scripts and styles that the tasks of the current release start with. */
interface ShellMessage {
  readonly type: 'shell';
  readonly assets: readonly string[];
}

/** Lets `/tasks` open offline from now on, until `forgetShell`. Call it on a page of a user who is signed in. */
export async function storeShell(): Promise<void> {
  // biome-ignore lint/style/noProcessEnv: Next.js replaces it; the development server's scripts must not be stored.
  if (process.env.NODE_ENV !== 'production' || !('serviceWorker' in navigator && 'caches' in window)) return;
  try {
    await caches.open(CACHE);
    await navigator.serviceWorker.register('/sw.js', { scope: '/', updateViaCache: 'none' });
    await send('check');
  } catch (error) {
    console.warn('The tasks do not open offline.', error);
  }
}

/** Makes `/tasks` open from the server again. Call it at sign-out, before the page is left. */
export async function forgetShell(): Promise<void> {
  if (!('caches' in window)) return;
  const names = await caches.keys().catch(() => []);
  await Promise.allSettled(names.filter((name) => name.startsWith('taskward-')).map((name) => caches.delete(name)));
}

/** Stores the shell once more, after a change of what it shows, such as the theme. */
export async function refreshShell(): Promise<void> {
  if ('serviceWorker' in navigator && navigator.serviceWorker.controller) await send('refresh');
}

/**
 * Calls the listener when the server has a release that this page is not of: soon after the page starts, or, for a page
 * that stays open, when the user comes back to it after an hour.
 *
 * @returns the function that ends this.
 */
export function onNewVersion(listener: () => void): () => void {
  // Missing over plain http. (Compared with undefined, the check would be lost in the production build.)
  if (!('serviceWorker' in navigator)) return () => {};
  const { serviceWorker } = navigator;
  let checkedAt = 0;
  const check = () => {
    checkedAt = Date.now();
    serviceWorker.controller?.postMessage({ type: 'check' });
  };
  const onMessage = ({ data }: MessageEvent<ShellMessage | undefined>) => {
    if (data?.type !== 'shell') return;
    const own = loadedAssets();
    if (data.assets.some((path) => !own.has(path))) listener();
  };
  const onVisible = () => {
    if (!document.hidden && Date.now() - checkedAt >= CHECK_AGAIN_MS) check();
  };
  serviceWorker.addEventListener('message', onMessage);
  document.addEventListener('visibilitychange', onVisible);
  // The page could not hear yet what the worker has found since the navigation.
  check();
  return () => {
    serviceWorker.removeEventListener('message', onMessage);
    document.removeEventListener('visibilitychange', onVisible);
  };
}

/**
 * Reloads the page the next time that the user turns to another tab or app.
 *
 * @param mayReload whether nothing would be lost then; asked each time.
 * @returns the function that ends this.
 */
export function reloadWhenHidden(mayReload: () => boolean): () => void {
  // Only as it becomes hidden: one that reloads while it is hidden could do so again and again.
  const onChange = () => {
    if (document.hidden && mayReload()) window.location.reload();
  };
  document.addEventListener('visibilitychange', onChange);
  return () => document.removeEventListener('visibilitychange', onChange);
}

async function send(type: 'check' | 'refresh'): Promise<void> {
  const { active } = await navigator.serviceWorker.ready;
  active?.postMessage({ type });
}

/** The paths of all scripts and styles in the document; those that are loaded later are added to it. */
function loadedAssets(): ReadonlySet<string> {
  const scripts = Array.from(document.scripts, ({ src }) => src);
  const links = Array.from(document.querySelectorAll<HTMLLinkElement>('link[href]'), ({ href }) => href);
  return new Set([...scripts, ...links].map((url) => new URL(url, window.location.href).pathname));
}
