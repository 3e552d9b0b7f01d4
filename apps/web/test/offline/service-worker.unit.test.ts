import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { CACHE, origin, Worker } from './worker';

/** `public/sw.js`; what needs a browser is in `e2e/offline-shell.spec.ts`. */

const NONCE = 'q+9/AbCdEfGhIjKlMnOpQw==';
let worker: Worker;

const chunk = (name: string) => `/_next/static/chunks/${name}.js`;
const sha256 = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const script =
  (text = '') =>
  () =>
    new Response(text, { headers: { 'Content-Type': 'application/javascript' } });

function shell(name: string, { policy = `script-src 'self' 'nonce-${NONCE}' 'strict-dynamic'`, inline = '' } = {}) {
  const html = `<html><script src="${chunk(name)}" async="" nonce="${NONCE}"></script>
<script nonce="${NONCE}">self.a = {"nonce":"${NONCE}"}${inline}</script><script nonce="${NONCE}">two()</script></html>`;
  const headers = {
    'Content-Security-Policy': `default-src 'self'; ${policy}; frame-ancestors 'none'`,
    'Content-Type': 'text/html; charset=utf-8',
    'X-Frame-Options': 'DENY',
    Link: `<${chunk(name)}>; rel=preload; nonce="${NONCE}"`,
  };
  return () => new Response(html, { headers });
}

const policyOf = (response?: Response) => response?.headers.get('Content-Security-Policy') ?? '';

beforeEach(() => {
  worker = new Worker();
  worker.server = {
    '/tasks/shell': shell('one'),
    '/tasks': () => new Response('the page of the server'),
    [chunk('one')]: script('load("static/chunks/later.js")'),
    [chunk('later')]: script(),
  };
});

describe('the stored shell', () => {
  test('opens as /tasks with any query, with all scripts that it may load', async () => {
    await worker.say('check');
    worker.server = {};
    expect(await worker.open('/tasks?view=today')).toContain('self.a');
    for (const name of ['one', 'later']) expect((await worker.request(chunk(name)))?.status).toBe(200);
    expect(worker.stored()).toEqual([chunk('later'), chunk('one'), '/tasks/shell', '/tasks/shell/assets.json']);
  });

  test('has no nonce, and a policy that allows its own inline scripts and the scripts of the origin', async () => {
    await worker.say('check');
    const response = await worker.navigate('/tasks');
    const sources = `script-src 'self' ${sha256('self.a = {"nonce":""}')} ${sha256('two()')}`;
    expect(policyOf(response)).toBe(`default-src 'self'; ${sources}; frame-ancestors 'none'`);
    expect(response?.headers.get('X-Frame-Options')).toBe('DENY');
    expect(JSON.stringify([...(response?.headers ?? [])])).not.toContain(NONCE);
    expect(await response?.text()).not.toContain(NONCE);
  });

  test('is not stored without its scripts', async () => {
    worker.server[chunk('one')] = undefined;
    await worker.say('check');
    expect(worker.stored()).toEqual([]);
    expect(await worker.open('/tasks')).toBe('the page of the server');
  });

  test('is stored without what it may load later, which is stored at the next check', async () => {
    worker.server[chunk('later')] = () => new Response('busy', { status: 503 });
    await worker.say('check');
    expect(worker.stored()).toEqual([chunk('one'), '/tasks/shell']);
    worker.server[chunk('later')] = script();
    await worker.navigate('/tasks');
    expect(worker.stored()).toContain(chunk('later'));
  });

  test.each([
    ['no network', undefined],
    ['an error of the server', () => new Response('', { status: 500 })],
    ['a page without a nonce', () => new Response('<html>', { headers: { 'Content-Type': 'text/html' } })],
  ])('stays when a refresh meets %s', async (_, respond) => {
    await worker.say('check');
    worker.server['/tasks/shell'] = respond;
    await worker.navigate('/tasks');
    expect(await worker.open('/tasks')).toContain('self.a');
  });

  test('is deleted when the server no longer has it', async () => {
    await worker.say('check');
    worker.server['/tasks/shell'] = () => new Response('', { status: 404 });
    await worker.navigate('/tasks');
    expect(await worker.open('/tasks')).toBe('the page of the server');
  });

  test('is deleted when the server no longer has a script', async () => {
    await worker.say('check');
    worker.server[chunk('gone')] = () => new Response('', { status: 404 });
    expect((await worker.request(chunk('gone')))?.status).toBe(404);
    expect(await worker.open('/tasks')).toBe('the page of the server');
    await worker.say('check');
    expect(await worker.open('/tasks')).toContain('self.a');
  });

  test('stays when a script cannot be loaded for want of a network', async () => {
    await worker.say('check');
    await expect(worker.request(chunk('unknown'))).rejects.toThrow('Failed to fetch');
    expect(await worker.open('/tasks')).toContain('self.a');
  });
});

describe('a new release', () => {
  beforeEach(async () => {
    await worker.say('check');
    worker.messages = [];
    worker.server['/tasks/shell'] = shell('two');
    worker.server[chunk('two')] = script();
  });

  test('is stored while the old shell opens, and announced with its scripts', async () => {
    expect(await worker.open('/tasks')).toContain(chunk('one'));
    expect(worker.messages).toEqual([{ type: 'shell', assets: [chunk('two')] }]);
    expect(await worker.open('/tasks')).toContain(chunk('two'));
  });

  test('leaves the scripts of the release before it, and deletes those of older ones', async () => {
    await worker.navigate('/tasks');
    expect(worker.stored()).toEqual(expect.arrayContaining([chunk('one'), chunk('later'), chunk('two')]));
    worker.server['/tasks/shell'] = shell('three');
    worker.server[chunk('three')] = script();
    await worker.navigate('/tasks');
    expect(worker.stored()).toEqual([chunk('three'), chunk('two'), '/tasks/shell', '/tasks/shell/assets.json']);
  });

  test('that changes only the document is stored, too', async () => {
    worker.server['/tasks/shell'] = shell('one', { inline: ', theme()' });
    await worker.navigate('/tasks');
    expect(await worker.open('/tasks')).toContain('theme()');
  });
});

test('nothing is stored once the user has signed out, even of a refresh that had begun', async () => {
  worker.caches.clear();
  await worker.say('check');
  await worker.navigate('/tasks');
  expect([...worker.caches.keys()]).toEqual([]);

  worker.caches.set(CACHE, new Map());
  worker.server['/tasks/shell'] = async () => {
    worker.caches.delete(CACHE);
    return shell('one')();
  };
  await worker.say('check');
  expect([...worker.caches.keys()]).toEqual([]);
});

test('the page to sign in deletes everything, except for users who are redirected from it', async () => {
  await worker.say('check');
  worker.server['/sign-in'] = () => Response.redirect(`${origin}/tasks`);
  await worker.navigate('/sign-in');
  expect([...worker.caches.keys()]).toEqual([CACHE]);
  worker.server['/sign-in'] = () => new Response('the form');
  expect(await worker.open('/sign-in?next=/tasks')).toBe('the form');
  expect([...worker.caches.keys()]).toEqual([]);
});

test('the worker removes itself and its cache where the development server runs', async () => {
  await worker.say('check');
  worker.server['/tasks/shell'] = shell('one', { policy: `script-src 'nonce-${NONCE}' 'unsafe-eval'` });
  await worker.navigate('/tasks');
  expect([worker.isRegistered, worker.caches.has(CACHE)]).toEqual([false, false]);
});

test('a check soon after another asks the server only once, and a refresh always', async () => {
  await worker.say('check');
  await worker.say('check');
  expect(worker.fetched.filter((path) => path === '/tasks/shell')).toHaveLength(1);
  await worker.say('refresh');
  expect(worker.fetched.filter((path) => path === '/tasks/shell')).toHaveLength(2);
  expect(worker.messages).toHaveLength(3);
});

test.each([
  ['a request of the API', '/api/me/tasks', {}],
  ['a page of the API', '/api', { mode: 'navigate' }],
  ['another origin', 'https://example.com/_next/static/x.js', {}],
  ['a form', '/tasks', { method: 'POST', mode: 'navigate' }],
  ['an icon', '/icons/192.png', {}],
  ['the data of a page', '/tasks', { mode: 'cors' }],
])('the worker leaves %s to the browser', async (_, path, init) => {
  await worker.say('check');
  worker.fetched = [];
  expect(await worker.request(path, init)).toBeUndefined();
  expect(worker.fetched).toEqual([]);
});

test('a page that cannot be reached is replaced by one that says so, without script', async () => {
  const response = await worker.navigate('/account');
  expect(response?.status).toBe(503);
  const html = (await response?.text()) ?? '';
  expect(html).toContain('You’re offline');
  expect(html).not.toContain('href="/tasks"');
  const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(html) ?? [];
  expect(policyOf(response)).toContain(`default-src 'none'; img-src 'self'; style-src ${sha256(style)};`);
  await worker.say('check');
  expect(await worker.open('/account')).toContain('href="/tasks"');
});
