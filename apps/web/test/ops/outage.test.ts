import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Driver, migrationsFolder, openDriver } from '@taskward/db';
import {
  engine,
  type FreshDatabase,
  type NeonGateway,
  type PostgresServer,
  startNeonGateway,
  startPostgres,
} from '@taskward/db/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ORIGIN, type Send, send, signUp, type TestUser, useApp } from '../harness';

/**
 * The database becomes unavailable and recovers under load. It is a server of its own, so that no other test is
 * affected.
 */

/** A server that was running before, and one in this process, cannot be stopped from here. */
const canStop = engine !== 'pglite' && !process.env.TEST_DATABASE_URL;

let server: PostgresServer;
let gateway: NeonGateway | undefined;
let admin: Driver;
let user: TestUser;

if (canStop) {
  afterAll(async () => {
    await admin.close();
    await gateway?.close();
    await server.dispose();
  });
  useApp({ open: openOwnServer, isBug: ({ status }, message) => status !== 503 && message !== 'not ready' });
  beforeAll(async () => {
    user = await signUp();
  });
}

async function openOwnServer(): Promise<FreshDatabase> {
  server = await startPostgres();
  const { url, adminUrl } = await server.createDatabase();
  gateway = engine === 'neon' ? await startNeonGateway(server) : undefined;
  admin = await openDriver(adminUrl);
  const owner = await openDriver(url);
  await owner.migrate(migrationsFolder());
  await owner.close();
  return { url, neonEndpoint: gateway && new URL(gateway.url).origin, drop: async () => {} };
}

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

afterEach(() => {
  // What Better Auth logs in addition must contain no statement, and no token that was a parameter of one.
  for (const reported of vi.mocked(console.error).mock.calls) {
    expect(reported).toEqual([expect.stringMatching(/^Better Auth: [\w ]+$/)]);
  }
  vi.restoreAllMocks();
});

const authorized = (body?: unknown): Send => ({ token: user.token, body });

async function expectUnavailable(response: Response): Promise<void> {
  expect({ status: response.status, url: response.url }).toEqual({ status: 503, url: response.url });
  expect(Number(response.headers.get('Retry-After'))).toBeGreaterThan(0);
  expect(response.headers.get('Content-Type')).toBe('application/problem+json');
  expect(response.headers.getSetCookie()).toEqual([]);
  const problem = await response.json();
  expect(problem).toMatchObject({ type: '/problems/unavailable', status: 503 });
  expect(JSON.stringify(problem)).not.toMatch(/ECONN|select|127\.0\.0\.1|postgres/i);
}

const count = async (where: string) =>
  (await admin.queryAsOwner(`select count(*)::int as n from tasks where ${where}`))[0]?.n;

type Phase = 'before' | 'stopping' | 'down' | 'starting' | 'after';
interface Outcome {
  from: Phase;
  to: Phase;
  response: Response;
  ms: number;
  write?: string;
}

describe.runIf(canStop)('a database restart under load', () => {
  test.each(['fast', 'immediate'] as const)(
    'a database restart (%s) under load causes only 503 responses, and no acknowledged write is lost',
    async (mode) => {
      let phase: Phase = 'before';
      let isOver = false;
      const outcomes: Outcome[] = [];
      const note = async (work: () => Promise<Response>, write?: string): Promise<Outcome> => {
        const [from, started] = [phase, performance.now()];
        const response = await work();
        const outcome = { from, to: phase, response, ms: performance.now() - started, ...(write && { write }) };
        outcomes.push(outcome);
        return outcome;
      };
      const taskId = (await (await send('POST', user.tasks, authorized({ title: `Existing ${mode}` }))).json()).id;

      // One client each: those that PUT retry with the same id until it is stored, the others continue with the next
      // request.
      const put: string[] = [];
      const putting = async () => {
        while (!isOver) {
          const id = randomUUID();
          put.push(id);
          const body = { title: id, tags: ['a'] };
          while ((await note(() => send('PUT', `${user.tasks}/${id}`, authorized(body)), id)).response.status === 503);
        }
      };
      const posting = async () => {
        while (!isOver) {
          const title = randomUUID();
          await note(() => send('POST', user.tasks, authorized({ title, tags: ['a', 'b'] })), title);
        }
      };
      const others = async (method: string, path: string, body?: object) => {
        while (!isOver) await note(() => send(method, `${user.tasks}${path}`, authorized(body)));
      };
      const clients = [putting(), putting(), posting(), posting(), posting()];
      clients.push(others('GET', ''), others('GET', `/${taskId}`), others('PATCH', `/${taskId}/complete`));
      clients.push(others('PATCH', `/${taskId}`, { tags: ['x'] }));

      await sleep(600);
      phase = 'stopping';
      await server.stop(mode);
      phase = 'down';
      await sleep(1_500);
      phase = 'starting';
      await server.start();
      const startedAt = performance.now();
      while ((await send('GET', user.tasks, authorized())).status !== 200) await sleep(50);
      phase = 'after';
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      await sleep(600);
      isOver = true;
      await Promise.all(clients);

      const during = (wanted: Phase) => outcomes.filter(({ from, to }) => from === wanted && to === wanted);
      for (const wanted of ['before', 'down', 'after'] as const) expect(during(wanted).length).toBeGreaterThan(0);
      const statuses = (all: Outcome[]) => [...new Set(all.map(({ response }) => response.status))].sort();
      expect(statuses(during('before')).filter((status) => status >= 300)).toEqual([]);
      expect(statuses(during('after')).filter((status) => status >= 300)).toEqual([]);
      expect(statuses(during('down'))).toEqual([503]);
      expect(statuses(outcomes).filter((status) => status >= 300)).toEqual([503]);
      for (const { response } of outcomes) if (response.status === 503) await expectUnavailable(response);
      expect(Math.max(...outcomes.map(({ ms }) => ms))).toBeLessThan(10_000);

      const promised = outcomes.filter(({ write, response }) => write && response.ok).map(({ write }) => write);
      expect(promised.length).toBeGreaterThan(0);
      const titles = (await admin.queryAsOwner('select title, count(*)::int as n from tasks group by title')) as {
        title: string;
        n: number;
      }[];
      const rows = new Map(titles.map(({ title, n }) => [title, n]));
      expect(promised.filter((title) => rows.get(title as string) !== 1)).toEqual([]);
      expect(put.filter((id) => rows.get(id) !== 1)).toEqual([]);
      expect([...rows.values()].filter((n) => n > 1)).toEqual([]);
      // Half a task would be one without its tags.
      expect(
        await count(`title not like 'Existing%' and not exists (select from task_tags t where t.task_id = tasks.id)`),
      ).toBe(0);
    },
  );
});

describe.runIf(canStop)('while the database is down', () => {
  const account = { name: 'Test', email: 'new@example.com', password: 'correct horse battery' };
  const withCookie = (): Send => ({ headers: { Cookie: user.cookie, Origin: ORIGIN } });
  const requests: Record<string, () => [method: string, path: string, init?: Send]> = {
    'sign-up': () => ['POST', '/api/auth/sign-up/email', { body: account }],
    'sign-in': () => ['POST', '/api/auth/sign-in/email', { body: { email: user.email, password: user.password } }],
    session: () => ['GET', '/api/auth/get-session', withCookie()],
    token: () => ['GET', '/api/auth/token', withCookie()],
    keys: () => ['GET', '/api/auth/jwks'],
    'sign-out': () => ['POST', '/api/auth/sign-out', { ...withCookie(), body: {} }],
    readiness: () => ['GET', '/api/health/ready'],
    'a token of an unknown key': () => ['GET', user.tasks, { token: `${unknownKey()}.e30.AAAA` }],
    'a token of a key read long ago': () => ['GET', user.tasks, authorized()],
  };
  const unknownKey = () => Buffer.from(JSON.stringify({ alg: 'EdDSA', kid: randomUUID() })).toString('base64url');

  test('while the database is down, every endpoint that needs it returns 503, and all recover with it', async () => {
    await server.stop();
    const { now } = performance;
    vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + 120_000);
    for (const request of Object.values(requests)) await expectUnavailable(await send(...request()));
    expect((await send('GET', '/api/health/live')).status).toBe(200);
    // A request that can be refused without the database still is.
    expect((await send('GET', user.tasks)).status).toBe(401);
    await server.start();
    for (const name of ['session', 'token', 'keys', 'readiness', 'a token of a key read long ago']) {
      expect([name, (await send(...(requests[name]?.() ?? ['GET', ''])))?.status]).toEqual([name, 200]);
    }
    expect((await send(...(requests['a token of an unknown key']?.() ?? ['GET', '']))).status).toBe(401);
  });

  // Better Auth turns these into "cannot create user", "signed out" and "done".
  test.each([
    ['sign-up', '"user"', 'share', 'insert into "user"%'],
    ['token', 'session', 'access exclusive', 'select%from "session"%'],
    ['sign-out', 'session', 'share', 'delete from "session"%'],
  ])(
    'a connection lost in the middle of %s returns 503 instead of a client error',
    async (name, table, mode, pattern) => {
      const response = await admin.ownerDb.transaction(async (tx) => {
        await tx.execute(`lock table ${table} in ${mode} mode`);
        const work = send(...(requests[name]?.() ?? ['GET', '']));
        const kill = `select pg_terminate_backend(pid) from pg_stat_activity
        where wait_event_type = 'Lock' and query like '${pattern}'`;
        while ((await admin.queryAsOwner(kill)).length === 0) await sleep(20);
        return work;
      });
      await expectUnavailable(response);
      expect((await send('GET', '/api/auth/get-session', withCookie())).status).toBe(200);
      expect(await admin.queryAsOwner(`select from "user" where email = '${account.email}'`)).toEqual([]);
    },
  );
});
