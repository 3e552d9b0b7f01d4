import { randomUUID } from 'node:crypto';
import { operations } from '@taskward/api-core';
import { describe, expect, test } from 'vitest';
import { isDeployed, restartApp, type Send, send, signUp, type TestUser, useApp } from '../harness';
import { fillPath } from '../requests';
import { createTask } from '../task-requests';

useApp();

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

const read = ['GET', 'HEAD', 'OPTIONS'];
/** Every path and its methods. */
const paths = new Map<string, string[]>([
  ['/api/health/live', read],
  ['/api/health/ready', read],
]);
for (const { path, method } of operations) {
  const methods = paths.get(path) ?? ['OPTIONS'];
  paths.set(path, [...methods, method, ...(method === 'GET' ? ['HEAD'] : [])]);
}

const fill = (path: string) => fillPath(path, { user_id: 'somebody' });

async function expectProblem(response: Response, code: string, status: number, instance: string) {
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('cache-control')).toBe('no-store');
  // The response to a HEAD arrives without its body; `send` validates all others against the document.
  if ((await response.clone().text()) === '') return;
  const problem = await response.json();
  const { title, detail, request_id } = problem;
  expect(problem).toMatchObject({ type: `/problems/${code}`, status, instance });
  for (const text of [title, detail]) expect(text).toMatch(/\w/);
  expect(request_id).toBe(response.headers.get('x-request-id'));
}

/** One request for each kind of response. */
async function exchanges(user: TestUser): Promise<[string, number, string, string, Send][]> {
  const { token, tasks, cookie } = user;
  const task = `${tasks}/${(await createTask(user)).id}`;
  return [
    ['a list', 200, 'GET', tasks, { token }],
    ['the head of a list', 200, 'HEAD', tasks, { token }],
    ['a new task', 201, 'POST', tasks, { token, body: { title: 'Milk' } }],
    ['a task', 200, 'GET', task, { token }],
    ['a task created by PUT', 201, 'PUT', `${tasks}/${randomUUID()}`, { token, body: { title: 'Milk' } }],
    ['a replaced task', 200, 'PUT', task, { token, body: { title: 'Bread' } }],
    ['a changed task', 200, 'PATCH', task, { token, body: { title: 'Milk' } }],
    ['a completed task', 200, 'PATCH', `${task}/complete`, { token }],
    ['a deleted task', 204, 'DELETE', task, { token }],
    ['the methods', 204, 'OPTIONS', tasks, {}],
    ['health', 200, 'GET', '/api/health/live', {}],
    ['readiness', 200, 'GET', '/api/health/ready', {}],
    ['a token', 200, 'GET', '/api/auth/token', { headers: { Cookie: cookie } }],
    ['the public keys', 200, 'GET', '/api/auth/jwks', {}],
    ['a refused sign-in', 401, 'POST', '/api/auth/sign-in/email', { body: { email: user.email, password: 'wrong' } }],
    ['no token', 401, 'GET', tasks, {}],
    ['a bad token', 401, 'GET', tasks, { token: 'x.y.z' }],
    ['a foreign path', 403, 'GET', '/api/somebody/tasks', { token }],
    ['a missing task', 404, 'GET', `${tasks}/${randomUUID()}`, { token }],
    ['an unknown path', 404, 'GET', '/api/nowhere', {}],
    ['a wrong method', 405, 'PUT', tasks, { token }],
    ['a broken body', 400, 'POST', tasks, { token, body: '{' }],
    ['a body too large', 413, 'POST', tasks, { token, body: ' '.repeat(70_000) }],
    ['a wrong media type', 415, 'POST', tasks, { token, body: '{}', headers: { 'Content-Type': 'text/plain' } }],
    ['an invalid body', 422, 'POST', tasks, { token, body: {} }],
  ];
}

const withId = (id: string, options: Send): Send => {
  const headers = new Headers(options.headers);
  headers.set('X-Request-Id', id);
  return { ...options, headers };
};

test('every response has its own X-Request-Id, which a problem document repeats', async () => {
  const seen = new Set<string | null>();
  const all = await exchanges(await signUp());
  for (const [name, status, method, path, options] of all) {
    const response = await send(method, path, options);
    expect.soft(response.status, name).toBe(status);
    const id = response.headers.get('x-request-id');
    expect.soft(id, name).toMatch(UUID);
    seen.add(id);
    if (response.status >= 400) expect.soft((await response.json()).request_id, name).toBe(id);
  }
  expect(seen.size).toBe(all.length);
});

test('every response returns the X-Request-Id of the request', async () => {
  for (const [name, , method, path, options] of await exchanges(await signUp())) {
    const id = `Client-${randomUUID()}_1`;
    const response = await send(method, path, withId(id, options));
    expect.soft(response.headers.get('x-request-id'), name).toBe(id);
    if (response.status >= 400) expect.soft((await response.json()).request_id, name).toBe(id);
  }
});

test.each(['', ' ', 'two words', 'a,b', '<script>', '"quoted"', '{"a":1}', '\u00e9', 'a\tb', '%0a', 'a'.repeat(5000)])(
  'a malformed X-Request-Id is replaced: %j',
  async (id) => {
    const response = await send('GET', '/api/nowhere', { headers: { 'X-Request-Id': id } });
    expect(response.headers.get('x-request-id')).toMatch(UUID);
    expect((await response.json()).request_id).toBe(response.headers.get('x-request-id'));
  },
);

const others = ['the methods', 'health', 'readiness'];

test.each<[string, string, (name: string, status: number) => boolean]>([
  ['tasks', 'private, no-cache', (name, status) => status < 400 && / task$|list$/.test(name)],
  ['other successes', 'private, no-cache', (name) => others.includes(name)],
  ['tokens and errors', 'no-store', (name, status) => status >= 400 || name === 'a token'],
])('responses with %s have Cache-Control: %s', async (_, control, belongs) => {
  const chosen = (await exchanges(await signUp())).filter(([name, status]) => belongs(name, status));
  expect(chosen.length).toBeGreaterThan(2);
  for (const [name, status, method, path, options] of chosen) {
    const response = await send(method, path, options);
    expect.soft(response.status, name).toBe(status);
    expect.soft(response.headers.get('cache-control'), name).toBe(control);
  }
});

test('a successful body is application/json, a problem is application/problem+json, and a 204 has no Content-Type', async () => {
  for (const [name, status, method, path, options] of await exchanges(await signUp())) {
    const { headers } = await send(method, path, options);
    const ok = status === 204 ? null : 'application/json';
    expect.soft(headers.get('content-type'), name).toBe(status >= 400 ? 'application/problem+json' : ok);
  }
});

test('sign-up and sign-in responses have Cache-Control: no-store', async () => {
  const { email, password } = await signUp();
  const body = { email, password };
  const signedIn = await send('POST', '/api/auth/sign-in/email', { body });
  const other = { name: 'Test', email: `${randomUUID()}@example.com`, password };
  const signedUp = await send('POST', '/api/auth/sign-up/email', { body: other });
  for (const response of [signedIn, signedUp]) {
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
  }
});

describe.each([...paths])('%s', (template, methods) => {
  test(`OPTIONS ${template} lists ${methods.join(', ')} in Allow, without authentication`, async () => {
    const response = await send('OPTIONS', fill(template));
    expect(response.status).toBe(204);
    expect(await response.text()).toBe('');
    expect(response.headers.get('allow')?.split(', ').sort()).toEqual(methods.toSorted());
  });

  test.each(METHODS.filter((method) => !methods.includes(method)))(
    `%s ${template} returns 405 with Allow, before authentication`,
    async (method) => {
      const path = fill(template);
      const body = ['GET', 'HEAD'].includes(method) ? undefined : 'no JSON';
      const response = await send(method, path, { body });
      expect(response.headers.get('allow')?.split(', ').sort()).toEqual(methods.toSorted());
      await expectProblem(response, 'method_not_allowed', 405, path);
    },
  );
});

test.each(operations.filter(({ method }) => method === 'PATCH').map(({ path }) => path))(
  'OPTIONS %s lists the accepted media types in Accept-Patch',
  async (template) => {
    const response = await send('OPTIONS', fill(template));
    expect(response.headers.get('accept-patch') ?? '').toContain('application/json');
  },
);

test('HEAD returns the status and headers of GET, for successes and errors', async () => {
  const user = await signUp();
  const { token, tasks } = user;
  const task = `${tasks}/${(await createTask(user)).id}`;
  const requests: [string, Send][] = [
    [tasks, { token }],
    [`${tasks}?limit=1`, { token }],
    [`${tasks}?limit=0`, { token }],
    [task, { token }],
    [`${task}?nope=1`, { token }],
    [`${tasks}/${randomUUID()}`, { token }],
    [`${tasks}/nonsense`, { token }],
    [task, {}],
    [task, { token: 'x.y.z' }],
    ['/api/somebody/tasks', { token }],
    ['/api/health/live', {}],
    ['/api/health/ready', {}],
    ['/api/nowhere', {}],
  ];
  for (const [path, options] of requests) {
    const [get, head] = [
      await send('GET', path, withId('one', options)),
      await send('HEAD', path, withId('one', options)),
    ];
    expect.soft([head.status, ...head.headers], path).toEqual([get.status, ...get.headers]);
  }
});

test.each(['/api/auth/jwks', '/api/auth/token', '/api/auth/get-session'])(
  'HEAD %s returns the status and media type of GET',
  async (path) => {
    const headers = { Cookie: (await signUp()).cookie };
    const [get, head] = [await send('GET', path, { headers }), await send('HEAD', path, { headers })];
    expect([head.status, head.headers.get('content-type')]).toEqual([get.status, get.headers.get('content-type')]);
  },
);

const unknown = [
  '',
  // Next.js itself redirects this one.
  ...(isDeployed ? [] : ['/']),
  '/nowhere',
  '/health',
  '/health/live/more',
  '/ada',
  '/ada/task',
  '/ada/tasks/1/complete/more',
  '/ada/tasks/1/other',
];

test.each(unknown)('/api%s returns a 404 problem document for every method', async (path) => {
  for (const method of METHODS) {
    await expectProblem(await send(method, `/api${path}`), 'not_found', 404, `/api${path}`);
  }
});

test.skipIf(isDeployed)('only in development does a response have Server-Timing', async () => {
  const user = await signUp();
  const timing = async () => (await send('GET', user.tasks, { token: user.token })).headers.get('Server-Timing');
  expect(await timing()).toBeNull();
  await restartApp({ NODE_ENV: 'development' });
  expect(await timing()).toMatch(/^token;dur=[\d.]+, input;dur=[\d.]+, handler;dur=[\d.]+, rest;dur=[\d.]+$/);
});
