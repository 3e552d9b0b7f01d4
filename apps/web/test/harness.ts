import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type FreshDatabase, freshDatabase } from '@taskward/db/testing';
import { afterAll, afterEach, beforeAll, expect, inject, vi } from 'vitest';
import { getApp } from '../server/app';
import { createRouter, toTemplate } from '../server/http/router';
import type { Deployment } from './deployment';
import { expectDocumentedRequest, expectDocumentedResponse } from './openapi';

/**
 * Calls the route files themselves, with the database and the Better Auth that the server would use; or, in the projects
 * `direct` and `next` and in the tests of apps/web/vercel, a deployment over HTTP.
 */

type RouteFile = Record<string, (request: Request, context: { params: Promise<object> }) => Promise<Response>>;

const files = import.meta.glob<RouteFile>('../app/api/**/route.ts');

const findRoute = createRouter(files);

const deployment = inject('deployment');
/** Whether a deployment responds instead of the route files: then this process sees only its responses and database. */
export const isDeployed = deployment !== undefined;
export const ORIGIN = deployment?.origin ?? 'http://localhost:3000';

/** Every route file with its path as an operation has it. */
export const routeFiles = Object.entries(files).map(([name, load]) => ({ load, path: toTemplate(name) }));

interface AppOptions {
  readonly open?: () => Promise<FreshDatabase>;
  /** Added to the variables of all tests, which among others switch the rate limits off. */
  readonly environment?: Record<string, string>;
  readonly isBug?: (line: { status?: number }, message: string) => boolean;
}

/** The password of all users, so that it is hashed once. */
const PASSWORD = randomBytes(12).toString('base64url');
/** Cached results of password hashing, which takes 0.1 s of CPU by design. */
const hashResults = new Map<string, Promise<never>>();

const bugs: unknown[] = [];
/** Everything that was logged since the app started, except errors. */
const logged: unknown[][] = [];
let isBug: NonNullable<AppOptions['isBug']>;

/**
 * Gives the test file an app on a database of its own, and fails a test in which the server reports a bug: whatever it
 * logs as an error, unless the file expects it. A deployment has its own; the test then is given another app, to look
 * at the same database.
 */
export function useApp(options: AppOptions = {}): void {
  if (deployment) useDeployment(deployment);
  else useOwnApp(options);
}

function useOwnApp(options: AppOptions): void {
  const { open = freshDatabase, environment = {} } = options;
  let database: FreshDatabase | undefined;
  beforeAll(async () => {
    database = await open();
    isBug = options.isBug ?? (() => true);
    vi.stubEnv('DATABASE_URL', database.url);
    vi.stubEnv('NEON_ENDPOINT', database.neonEndpoint);
    vi.stubEnv('BETTER_AUTH_SECRET', randomBytes(32).toString('hex'));
    vi.stubEnv('BETTER_AUTH_URL', ORIGIN);
    vi.stubEnv('LOG_LEVEL', 'silent');
    vi.stubEnv('API_CONCURRENCY_LIMIT', '0');
    vi.stubEnv('API_RATE_LIMIT', '0');
    vi.stubEnv('AUTH_RATE_LIMIT', '0');
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    await watchApp();
  });
  afterEach(() => {
    expect(bugs.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await getApp().then(({ close }) => close());
    await database?.drop();
  });
}

function useDeployment({ environment, log }: Deployment): void {
  beforeAll(async () => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    vi.stubEnv('LOG_LEVEL', 'silent');
    vi.stubEnv('AUTH_RATE_LIMIT', '0');
    signedUpIds.length = 0;
    await memoizeHashes();
  });
  afterEach(() => {
    expect(readFileSync(log, 'utf8')).toBe('');
  });
  afterAll(() => getApp().then(({ close }) => close()));
}

/**
 * Closes the app and starts it again on the same database, with these variables changed, like a restart of the process.
 */
export async function restartApp(environment: Record<string, string> = {}): Promise<void> {
  await getApp().then(({ close }) => close());
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  await watchApp();
}

async function watchApp(): Promise<void> {
  const { log } = await getApp();
  logged.length = 0;
  log.error = (line: object, message?: string) => {
    if (isBug(line, message ?? '')) bugs.push({ line, message });
  };
  const note = (...line: unknown[]) => {
    logged.push(line);
  };
  log.info = note;
  log.warn = note;
  await memoizeHashes();
}

async function memoizeHashes(): Promise<void> {
  const { auth } = await getApp();
  const { password } = await auth.$context;
  password.hash = memoize(password.hash);
  password.verify = memoize(password.verify);
}

function memoize<I, O>(work: (given: I) => Promise<O>): (given: I) => Promise<O> {
  return (given) => {
    const key = JSON.stringify(given);
    const result = hashResults.get(key) ?? work(given);
    hashResults.set(key, result as Promise<never>);
    result.catch(() => hashResults.delete(key));
    return result;
  };
}

/** Everything that was logged since the app started, except errors: the arguments of each call. */
export const loggedLines = (): readonly (readonly unknown[])[] => logged;

/** What was logged as an event since the app started, without its message. */
export function loggedEvents(): Record<string, unknown>[] {
  const lines = logged.map(([line]) => line).filter((line) => typeof line === 'object' && line !== null);
  return lines.filter((line) => 'event' in line).map((line) => ({ ...line }));
}

export interface Send {
  token?: string | undefined;
  headers?: HeadersInit;
  /** An object is sent as JSON, a string or bytes as they are. */
  body?: unknown;
}

/**
 * Sends a request to the route file that Next.js would pick. Request and response are validated against the OpenAPI
 * document. Of an event stream, the response ends with the first event, whose data `json` returns.
 */
export async function send(method: string, path: string, options: Send = {}): Promise<Response> {
  const { init, response: received, route } = await request(method, path, options);
  const response = isEventStream(received) ? await takeFirstEvent(received) : received;
  const { pathname } = new URL(path, ORIGIN);
  const described = route.template.includes('[') ? pathname : route.template;
  await expectDocumentedResponse(method, described, response);
  if (typeof init.body === 'string') expectDocumentedRequest(method, described, init.body, response);
  return response;
}

/** Sends a request, whose response may be an event stream that does not end. */
export const fetchFromApp = async (
  path: string,
  { method = 'GET', headers, signal }: RequestInit = {},
): Promise<Response> => {
  const { response } = await request(method, path, { ...(headers && { headers }), signal });
  return response;
};

const isEventStream = (response: Response) =>
  response.body !== null && response.headers.get('Content-Type') === 'text/event-stream';

async function takeFirstEvent(response: Response): Promise<Response> {
  const { headers, status } = response;
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (!/^data:.*\n\n/m.test(text)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  const data = () => /^data: (.*)$/m.exec(text)?.[1] ?? '';
  return Object.assign(new Response(text, { status, headers }), { json: async () => JSON.parse(data()) });
}

async function request(
  method: string,
  path: string,
  { token, headers, body, signal }: Send & { signal?: AbortSignal | null | undefined },
) {
  const url = new URL(path, ORIGIN);
  const init: RequestInit = { method, headers: new Headers(headers), ...(signal && { signal }) };
  const sent = init.headers as Headers;
  if (token !== undefined) sent.set('Authorization', `Bearer ${token}`);
  if (body !== undefined) {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream;
    if (!sent.has('Content-Type')) sent.set('Content-Type', 'application/json');
    init.body = isRaw ? (body as BodyInit) : JSON.stringify(body);
    if (body instanceof ReadableStream) Object.assign(init, { duplex: 'half' });
  }
  const route = routeOf(url);
  const response = deployment
    ? await fetch(new URL(path, deployment.address), { ...init, redirect: 'manual' }).then(stripPlatformHeaders)
    : await callRoute(route.file, new Request(url, init), route.params);
  return { init, response, route };
}

function routeOf({ pathname }: URL) {
  const route = findRoute(pathname);
  if (!route) throw new Error(`No route file matches ${pathname}`);
  return route;
}

async function callRoute(load: () => Promise<RouteFile>, request: Request, params: object = {}): Promise<Response> {
  const file = await load();
  const handler = file[request.method] ?? (request.method === 'HEAD' ? file.GET : undefined);
  if (!handler) throw new Error(`${new URL(request.url).pathname} has no handler for ${request.method}`);
  return handler(request, { params: Promise.resolve({ ...params }) });
}

/** Headers that next.config.ts and the servers in between add to a response. */
const PLATFORM_HEADERS = [
  ...['connection', 'content-encoding', 'content-length', 'date', 'keep-alive', 'transfer-encoding'],
  'strict-transport-security',
  ...['content-security-policy', 'cross-origin-opener-policy', 'permissions-policy', 'referrer-policy'],
  ...['x-content-type-options', 'x-frame-options'],
];

/** The response as the route file returned it. */
async function stripPlatformHeaders(response: Response): Promise<Response> {
  const headers = new Headers(response.headers);
  for (const name of PLATFORM_HEADERS) headers.delete(name);
  const { status } = response;
  if (isEventStream(response)) return new Response(response.body, { status, headers });
  return new Response([204, 304].includes(status) ? null : await response.arrayBuffer(), { status, headers });
}

export interface TestUser {
  id: string;
  email: string;
  password: string;
  cookie: string;
  token: string;
  /** The path of the user's tasks. */
  tasks: string;
}

/** The users of this test file. */
export const signedUpIds: string[] = [];

/**
 * Signs a user up and requests a token, through the public endpoints. The users of a deployment are signed up by the app of
 * this process on the same database, where the password is hashed once for all.
 */
export async function signUp(): Promise<TestUser> {
  const email = `${randomUUID()}@example.com`;
  const password = PASSWORD;
  const body = { name: 'Test', email, password };
  const response = deployment ? await signUpHere(body) : await send('POST', '/api/auth/sign-up/email', { body });
  expect(response.status).toBe(200);
  const { user } = await response.json();
  signedUpIds.push(user.id);
  const cookie = cookieOf(response);
  const token = await takeToken(cookie);
  return { id: user.id, email, password, cookie, token, tasks: `/api/${user.id}/tasks` };
}

/** Calls the route file in this process. */
async function signUpHere(body: object): Promise<Response> {
  const url = new URL('/api/auth/sign-up/email', ORIGIN);
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  const { file, params } = routeOf(url);
  return callRoute(file, new Request(url, init), params);
}

export const signIn = ({ email, password }: Pick<TestUser, 'email' | 'password'>): Promise<Response> =>
  send('POST', '/api/auth/sign-in/email', { body: { email, password } });

/** The cookies that the response sets, as a browser would send them back. */
export function cookieOf(response: Response): string {
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
  return cookies.join('; ');
}

export async function takeToken(cookie: string): Promise<string> {
  const response = await send('GET', '/api/auth/token', { headers: { Cookie: cookie } });
  expect(response.status).toBe(200);
  return (await response.json()).token;
}
