import { randomBytes, randomUUID } from 'node:crypto';
import { freshDatabase } from '@taskward/db/testing';
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import { getApp } from '../server/app';

/** Drives the route files themselves, on the database and the Better Auth that the server would run. */

type RouteFile = Record<string, (request: Request, context: { params: Promise<object> }) => Promise<Response>>;

const files = import.meta.glob<RouteFile>('../app/api/**/route.ts');

/** What Next.js makes of the files: the path with literal segments first wins over one with parameters. */
const routes = Object.entries(files)
  .map(([file, load]) => {
    const path = file.slice('../app'.length, -'/route.ts'.length);
    const pattern = path
      .replace(/\/\[\[\.\.\.(\w+)\]\]/g, '(?:/(?<$1>.*))?')
      .replace(/\[\.\.\.(\w+)\]/g, '(?<$1>.+)')
      .replace(/\[(\w+)\]/g, '(?<$1>[^/]+)');
    return { load, path, pattern: new RegExp(`^${pattern}$`) };
  })
  .sort((a, b) => (rank(a.path) < rank(b.path) ? -1 : 1));

function rank(path: string): string {
  return path
    .replace(/\[\[/g, '~')
    .replace(/\[\.\.\./g, '}')
    .replace(/\[/g, '{');
}

export const ORIGIN = 'http://localhost:3000';

/** Every route file with its path as an operation writes it. */
export const routeFiles = routes.map(({ load, path }) => ({ load, path: path.replace(/\[(\w+)\]/g, '{$1}') }));

/** Gives the test file an app on a database of its own, and fails a test in which the server reports a bug. */
export function useApp(): void {
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const database = await freshDatabase();
    drop = database.drop;
    vi.stubEnv('DATABASE_URL', database.url);
    vi.stubEnv('NEON_ENDPOINT', database.neonEndpoint);
    vi.stubEnv('BETTER_AUTH_SECRET', randomBytes(32).toString('hex'));
    vi.stubEnv('BETTER_AUTH_URL', ORIGIN);
    vi.stubEnv('LOG_LEVEL', 'silent');
    const { log } = await getApp();
    vi.spyOn(log, 'error');
  });
  afterEach(async () => {
    const { log } = await getApp();
    const { calls } = vi.mocked(log.error).mock;
    const reported = calls.splice(0);
    expect(reported).toEqual([]);
  });
  afterAll(async () => {
    await getApp().then(({ close }) => close());
    await drop();
  });
}

export interface Send {
  token?: string | undefined;
  headers?: HeadersInit;
  /** An object is sent as JSON, a string or bytes as they are. */
  body?: unknown;
}

/** Sends a request to the route file that Next.js would pick. */
export async function send(method: string, path: string, { token, headers, body }: Send = {}): Promise<Response> {
  const url = new URL(path, ORIGIN);
  const init: RequestInit = { method, headers: new Headers(headers) };
  const sent = init.headers as Headers;
  if (token !== undefined) sent.set('Authorization', `Bearer ${token}`);
  if (body !== undefined) {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream;
    if (!sent.has('Content-Type')) sent.set('Content-Type', 'application/json');
    init.body = isRaw ? (body as BodyInit) : JSON.stringify(body);
    if (body instanceof ReadableStream) Object.assign(init, { duplex: 'half' });
  }
  for (const { load, pattern } of routes) {
    const match = pattern.exec(url.pathname);
    if (!match) continue;
    const file = await load();
    const handler = file[method] ?? (method === 'HEAD' ? file.GET : undefined);
    if (!handler) throw new Error(`${url.pathname} has no handler for ${method}`);
    return handler(new Request(url, init), { params: Promise.resolve({ ...match.groups }) });
  }
  throw new Error(`No route file answers ${url.pathname}`);
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

/** A user who signed up and took a token, through the same endpoints as anyone. */
export async function signUp(): Promise<TestUser> {
  const email = `${randomUUID()}@example.com`;
  const password = randomBytes(12).toString('base64url');
  const answer = await send('POST', '/api/auth/sign-up/email', { body: { name: 'Test', email, password } });
  expect(answer.status).toBe(200);
  const { user } = await answer.json();
  const cookie = answer.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const token = await takeToken(cookie);
  return { id: user.id, email, password, cookie, token, tasks: `/api/${user.id}/tasks` };
}

async function takeToken(cookie: string): Promise<string> {
  const answer = await send('GET', '/api/auth/token', { headers: { Cookie: cookie } });
  expect(answer.status).toBe(200);
  return (await answer.json()).token;
}
