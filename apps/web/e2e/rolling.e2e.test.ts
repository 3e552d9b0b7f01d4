import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { JSON_TYPE, signUp } from './account';
import { type Balancer, startBalancer } from './balancer';
import { onPostgres, type Server, startOn } from './server';

/** Two servers on one PostgreSQL behind one port, and each replaced under load. */

const CLIENTS = 4;

let database: Awaited<ReturnType<typeof onPostgres>>;
let servers: [Server, Server];
let balancer: Balancer;

beforeAll(async () => {
  database = await onPostgres();
  const settings = {
    BETTER_AUTH_SECRET: randomBytes(32).toString('hex'),
    BETTER_AUTH_URL: 'http://localhost:3000',
    RATE_LIMIT_STORE: 'database',
    API_CONCURRENCY_LIMIT: '0',
    API_RATE_LIMIT: '100000',
    LOG_LEVEL: 'silent',
  };
  servers = await Promise.all([startOn(database.url, settings), startOn(database.url, settings)]);
  balancer = await startBalancer(servers.map(({ origin }) => origin));
});

afterAll(async () => {
  await balancer?.close();
  await Promise.all((servers ?? []).map((server) => server.dispose()));
  await database?.dispose();
});

type User = Awaited<ReturnType<typeof signUp>>;

/** The URL of the user's tasks on that server. */
const at = ({ origin }: Server, { tasks }: User) => origin + new URL(tasks).pathname;

test("two servers on one database accept each other's tokens and sessions, and share stored responses and rate limits", async () => {
  const [one, other] = servers;
  const user = await signUp(one.origin, 'both@example.com');
  const { headers } = user;
  const keyed = { method: 'POST', headers: { ...headers, 'Idempotency-Key': 'once' }, body: '{"title":"Once"}' };
  const first = await fetch(at(one, user), keyed);
  const second = await fetch(at(other, user), keyed);
  expect([first.status, second.status, second.headers.get('Idempotency-Replayed')]).toEqual([201, 201, 'true']);
  expect(await second.json()).toEqual(await first.json());

  for (let i = 0; i < 5; i++) await fetch(at(one, user), { headers });
  // Each server syncs its count with the database out of band, and learns of the other's count with the next request.
  const remaining = async () => {
    const { headers: responseHeaders } = await fetch(at(other, user), { headers });
    return Number(/r=(\d+)/.exec(responseHeaders.get('RateLimit') ?? '')?.[1]);
  };
  await remaining();
  await expect.poll(remaining, { timeout: 5_000 }).toBeLessThanOrEqual(100_000 - 8);
});

test('replacing each of two servers in turn fails no request and loses no write', { timeout: 120_000 }, async () => {
  const users = await Promise.all(
    Array.from({ length: CLIENTS }, (_, i) => signUp(balancer.origin, `rolling-${i}@example.com`)),
  );
  let isOver = false;
  const failures: string[] = [];

  /** Writes and reads until `isOver`. Returns the titles that its tasks have to have. */
  const work = async ({ tasks, headers }: User) => {
    const titles = new Map<string, string>();
    const request = async (method: string, path: string, body?: object) => {
      const init = { method, headers: { ...headers, ...JSON_TYPE }, body: body ? JSON.stringify(body) : null };
      const response = await fetch(tasks + path, init);
      if (!response.ok) failures.push(`${method} ${response.status} ${await response.text()}`);
      return response;
    };
    while (!isOver) {
      const id = randomUUID();
      await request('PUT', `/${id}`, { title: 'Created' });
      const changed = await request('PATCH', `/${id}`, { title: `Changed ${id}` });
      if (changed.ok) titles.set(id, (await changed.json()).title);
      await request('GET', `/${id}`);
      await request('GET', '?limit=5');
      await sleep(5);
    }
    return titles;
  };
  const working = Promise.all(users.map(work));
  try {
    for (const server of servers) {
      await sleep(500);
      expect(await server.stop('SIGTERM')).toBe(0);
      await server.start();
      // It receives its share of requests again.
      const before = balancer.responseCounts.get(server.origin) ?? 0;
      await expect
        .poll(() => balancer.responseCounts.get(server.origin), { timeout: 20_000 })
        .toBeGreaterThan(before + 5);
    }
  } finally {
    isOver = true;
    await working;
  }
  expect(failures).toEqual([]);

  const written = await working;
  for (const [i, { tasks, headers }] of users.entries()) {
    const stored = new Map<string, string>();
    for (let cursor = ''; cursor !== null; ) {
      const page = await (await fetch(`${tasks}?limit=100${cursor && `&cursor=${cursor}`}`, { headers })).json();
      for (const { id, title } of page.data) stored.set(id, title);
      cursor = page.next_cursor;
    }
    expect(stored).toEqual(written[i]);
    expect(stored.size).toBeGreaterThan(0);
  }
});
