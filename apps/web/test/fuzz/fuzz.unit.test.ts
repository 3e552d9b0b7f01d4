import { randomUUID } from 'node:crypto';
import { type Operation, operations, problemTypes } from '@taskward/api-core';
import { beforeAll, expect, test } from 'vitest';
import { storedRows } from '../attacker';
import { ORIGIN, routeFiles, type Send, send, signUp, type TestUser, useApp } from '../harness';
import { createResources, type PathParams } from '../requests';
import { FUZZ_TIMEOUT_MS, runFuzz, Stats } from '../run-fuzz';
import { type FuzzRequest, fuzzRequest } from './fuzz-requests';

/** Every random request gets a response that the contract declares, without data of another user. */

useApp();

const EVERYDAY_REQUESTS = 800;
/** Fewer than the rate limit and the lifetime of a token allow one user. */
const REQUESTS_A_USER = 400;

const marker = () => `secret-${randomUUID()}`;
const [marked, title, description, tag, due_date] = [marker(), marker(), marker(), marker(), '1987-06-05'];
const secret = { title, description, tags: [tag], due_date, status: 'done', priority: 'high' };

let victim: TestUser;
let theirs: PathParams;
let secrets: string[];
let untouched: string;
let me: TestUser;
let mine: PathParams;
let cursor: string;
let sentByMe = 0;
const stats = new Stats();

beforeAll(async () => {
  victim = await signUp();
  const created = await send('POST', victim.tasks, { token: victim.token, body: secret });
  expect(created.status).toBe(201);
  theirs = { ...(await createResources(victim, marked)), task_id: (await created.json()).id };
  secrets = [marked, title, description, tag, due_date, victim.email, victim.password, victim.token, victim.cookie];
  untouched = await storedRows(victim.id);
  await newMe();
});

async function newMe(): Promise<void> {
  me = await signUp();
  sentByMe = 0;
  await newResources();
}

async function newResources(): Promise<void> {
  const created = await send('POST', me.tasks, { token: me.token, body: { title: 'milk', tags: ['home'] } });
  mine = { ...(await createResources(me)), task_id: (await created.json()).id };
  const page = await send('GET', `${me.tasks}?limit=1`, { token: me.token });
  cursor = (await page.json()).next_cursor ?? '';
}

test('every random request gets a documented response without data of another user', {
  timeout: FUZZ_TIMEOUT_MS,
}, async () => {
  await runFuzz(fuzzRequest, { numRuns: 400 }, { stats, count: EVERYDAY_REQUESTS }, sendRequest);
});

test('random requests do not change the data of another user', async () => {
  expect(await storedRows(victim.id)).toBe(untouched);
});

async function sendRequest(request: FuzzRequest): Promise<void> {
  const url = new URL(fill(`${request.path}?${request.query}`), ORIGIN);
  const isOurs = url.origin === ORIGIN && /^\/api(\/|$)/.test(url.pathname);
  if (!isOurs) return;
  if (sentByMe > REQUESTS_A_USER) await newMe();
  else if (sentByMe % 25 === 0) await newResources();
  const response = await send(request.method, url.pathname + url.search, toOptions(request));
  sentByMe++;
  stats.add(response.status);
  const text = await response.text();
  const output = `${text}\n${JSON.stringify([...response.headers])}`;
  for (const word of secrets) expect(output).not.toContain(word);
  expect(response.headers.get('X-Request-Id')).toMatch(/^[\w.=-]{1,128}$/);
  const promised = statusesOf(request, url.pathname);
  expect(promised, `${response.status} ${shorten(text)}`).toContain(response.status);
  if (response.status >= 400) expectProblem(request.method, response, url.pathname, text);
  else expectOwn(request.method, url.pathname, response, text);
}

const shorten = (text: string) => (text.length > 500 ? `${text.slice(0, 500)}…` : text);

function fill(text: string): string {
  const values: PathParams = {
    me: me.id,
    victim: victim.id,
    cursor,
    ...named('mine', mine),
    ...named('theirs', theirs),
  };
  return text.replace(/\{([\w.]+)\}/g, (placeholder, name: string) => values[name] ?? placeholder);
}

const named = (whose: string, ids: PathParams): PathParams =>
  Object.fromEntries(Object.entries(ids).map(([name, id]) => [`${whose}.${name}`, id]));

function toOptions({ who, headers: given, body: text, isStream, method }: FuzzRequest): Send {
  const headers = new Headers();
  for (const [name, value] of given) headers.append(name, value);
  if (who === 'session') headers.append('Cookie', me.cookie);
  if (who === 'forger') headers.set('Authorization', forged(given.length));
  const token = who === 'me' ? me.token : undefined;
  if (text === undefined || ['GET', 'HEAD'].includes(method)) return { token, headers };
  const body = typeof text === 'string' ? fill(text.replace('{email}', me.email)) : text;
  return { token, headers, body: isStream ? inPieces(body) : body };
}

function forged(n: number): string {
  const { token } = me;
  const ways = [
    `${token}`,
    `Basic ${token}`,
    `Bearer ${token}x`,
    `Bearer ${token.slice(0, -1)}`,
    `Bearer Bearer ${token}`,
  ];
  return ways[n % ways.length] ?? '';
}

function inPieces(body: string | Uint8Array): ReadableStream {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const third = Math.ceil(bytes.length / 3);
  const pieces = [0, 1, 2].map((i) => bytes.slice(i * third, (i + 1) * third));
  return new ReadableStream({
    pull(controller) {
      const piece = pieces.shift();
      if (piece) controller.enqueue(piece);
      else controller.close();
    },
  });
}

const patterns = [...new Set(operations.map(({ path }) => path))].map((path) => ({
  pattern: new RegExp(`^${path.replace('{user_id}', '([^/]+)').replace(/\{\w+\}/g, '[^/]+')}$`),
  own: operations.filter((operation) => operation.path === path),
}));

/** The operations at a path, and the user whose path it is. */
function at(pathname: string): { own: readonly Operation[]; owner: string | undefined } {
  const found = pathname.startsWith('/api/auth/') ? undefined : patterns.find(({ pattern }) => pattern.test(pathname));
  return { own: found?.own ?? [], owner: found?.pattern.exec(pathname)?.[1] };
}

const operationOf = (method: string, own: readonly Operation[]) =>
  own.find((operation) => operation.method === (method === 'HEAD' ? 'GET' : method));

/** The statuses that are allowed for this request; never 500, nor 503, as the database is available. */
function statusesOf({ method, who }: FuzzRequest, pathname: string): number[] {
  const isRead = ['GET', 'HEAD'].includes(method);
  if (/^\/api\/auth\/./.test(pathname)) {
    if (method === 'OPTIONS') return [204];
    return isRead || method === 'POST' ? [200, 302, 400, 401, 403, 404, 405, 413, 415, 422, 429] : [405];
  }
  if (plain.includes(pathname)) return isRead ? [200, 304] : [method === 'OPTIONS' ? 204 : 405];
  const { own, owner } = at(pathname);
  if (own.length === 0) return [404];
  const operation = operationOf(method, own);
  if (!operation) return [method === 'OPTIONS' ? 204 : 405];
  if (who !== 'me') return [401];
  if (owner !== me.id) return [403];
  const errors = operation.errors.map((code) => problemTypes[code].status).filter((status) => status < 500);
  return [...Object.keys(operation.success).map(Number), ...errors];
}

/** The route files without a parameter: health, and the document. */
const plain = routeFiles.map(({ path }) => path).filter((path) => !/[[{]/.test(path));

function expectProblem(method: string, response: Response, pathname: string, text: string): void {
  const { headers, status } = response;
  expect(headers.get('Content-Type')).toBe('application/problem+json');
  expect(headers.get('Cache-Control')).toBe('no-store');
  if (method === 'HEAD') expect(text).toBe('');
  if (method === 'HEAD') return;
  const problem = JSON.parse(text);
  const some = expect.stringMatching(/\w/);
  expect(problem).toMatchObject({ type: some, title: some, detail: some, status, instance: pathname });
  expect(problem.request_id).toBe(headers.get('X-Request-Id'));
  if (status === 405) expect(headers.get('Allow')).toMatch(/OPTIONS/);
  if (pathname.startsWith('/api/auth/') && problem.type === 'about:blank') return;
  const code = problem.type.replace('/problems/', '') as keyof typeof problemTypes;
  expect(problemTypes[code]?.status).toBe(status);
  if (status === 401) expect(headers.get('WWW-Authenticate')).toMatch(/^Bearer realm="/);
  // A conflict has them where an undo is refused, and not where a quota is.
  const isOfOperation = [404, 412].includes(status) && pathname === `/api/${me.id}/batch`;
  if (code !== 'conflict') expect(Array.isArray(problem.errors)).toBe(status === 422 || isOfOperation);
  for (const error of problem.errors ?? []) {
    expect(error).toStrictEqual({
      in: expect.stringMatching(/^(body|query|path|header|resource)$/),
      pointer: expect.any(String),
      code: some,
      message: some,
    });
  }
}

/** Expects a response of the declared shape, with resources of the user only. */
function expectOwn(method: string, pathname: string, response: Response, text: string): void {
  const operation = operationOf(method, at(pathname).own);
  if (!operation) return;
  expect(response.headers.get('Cache-Control')).toBe(operation.event ? 'no-store, no-transform' : 'private, no-cache');
  const schema = operation.success[response.status as 200];
  const hasBody = schema && method !== 'HEAD';
  if (!hasBody) expect(text).toBe('');
  if (!hasBody) return;
  const body = JSON.parse(operation.event ? (/^data: (.*)$/m.exec(text)?.[1] ?? '') : text);
  expect(schema.safeParse(body).error).toBeUndefined();
  JSON.stringify(body, (name, value) => {
    if (name === 'user_id') expect(value).toBe(me.id);
    return value;
  });
}
