import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { forgetShell, onNewVersion, reloadWhenHidden, storeShell } from '../../app/sync/service-worker';

/** The page's side of the service worker, with as much of a browser as it uses. */

const origin = 'http://localhost:3000';
const page = Object.assign(new EventTarget(), {
  hidden: false,
  scripts: [{ src: `${origin}/_next/static/chunks/one.js?dpl=1` }],
  querySelectorAll: () => [{ href: `${origin}/_next/static/chunks/one.css` }],
});
const posted: unknown[] = [];
const worker = Object.assign(new EventTarget(), { controller: { postMessage: (data: unknown) => posted.push(data) } });
const reload = vi.fn();

const show = (hidden: boolean) => {
  page.hidden = hidden;
  page.dispatchEvent(new Event('visibilitychange'));
};
const announce = (...names: string[]) => {
  const assets = names.map((name) => `/_next/static/chunks/${name}`);
  worker.dispatchEvent(new MessageEvent('message', { data: { type: 'shell', assets } }));
};

beforeEach(() => {
  vi.stubGlobal('document', page);
  vi.stubGlobal('navigator', { serviceWorker: worker });
  vi.stubGlobal('window', { location: { href: `${origin}/tasks`, reload } });
  vi.useFakeTimers();
  page.hidden = false;
  posted.length = 0;
  reload.mockClear();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a new version', () => {
  test('is one whose scripts this page has not loaded', () => {
    const listener = vi.fn();
    const stop = onNewVersion(listener);
    announce('one.js', 'one.css');
    worker.dispatchEvent(new MessageEvent('message', { data: 'something else' }));
    expect(listener).not.toHaveBeenCalled();
    announce('one.js', 'two.css');
    expect(listener).toHaveBeenCalledOnce();
    stop();
    announce('two.js');
    expect(listener).toHaveBeenCalledOnce();
  });

  test('is looked for at the start, and when the user comes back after an hour', () => {
    const stop = onNewVersion(() => {});
    expect(posted).toEqual([{ type: 'check' }]);
    show(true);
    show(false);
    expect(posted).toHaveLength(1);
    vi.advanceTimersByTime(60 * 60 * 1000);
    show(true);
    expect(posted).toHaveLength(1);
    show(false);
    show(false);
    expect(posted).toHaveLength(2);
    stop();
  });

  test('is opened when the page becomes hidden, if nothing is lost then', () => {
    let mayReload = false;
    const stop = reloadWhenHidden(() => mayReload);
    show(true);
    show(false);
    mayReload = true;
    expect(reload).not.toHaveBeenCalled();
    show(true);
    expect(reload).toHaveBeenCalledOnce();
    stop();
    show(true);
    expect(reload).toHaveBeenCalledOnce();
  });
});

test('without service workers and caches, nothing happens', async () => {
  vi.stubGlobal('navigator', {});
  vi.stubEnv('NODE_ENV', 'production');
  await storeShell();
  await forgetShell();
  onNewVersion(() => {})();
  vi.unstubAllEnvs();
});
