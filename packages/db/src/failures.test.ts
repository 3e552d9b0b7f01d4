import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createDatabase, type Database, openDriver } from './database';
import { DatabaseUnavailable, type Driver } from './driver';
import { migrationsFolder } from './location';
import { tasks, user } from './schema';
import type { Statement } from './statement';
import {
  engine,
  type NeonGateway,
  type PostgresServer,
  queryBuilder,
  startNeonGateway,
  startPostgres,
  statement,
} from './testing';

/**
 * Failures of the database and of connections to it. The server and the gateway are the file's own, so that no other
 * test is affected.
 */

const timeouts = { connectTimeoutMs: 1_000, queryTimeoutMs: 2_000 };
/** Both timeouts, and one retry. */
const LONGEST_MS = 2 * (timeouts.connectTimeoutMs + timeouts.queryTimeoutMs) + 500;
const userId = randomUUID();
let server: PostgresServer;
let gateway: NeonGateway;
let proxy: Awaited<ReturnType<typeof startProxy>>;
let admin: Client;
let url: URL;
let driver: Driver;
let db: Database;

/** A proxy between the driver and the server that can inject faults. */
async function startProxy(target: { host: string; port: number }) {
  const faults: { frozen?: boolean; cut?: 'before' | 'after' | undefined } = {};
  const sockets = new Set<Socket>();
  const tunnel = createServer((near) => {
    const far = connect({ ...target, noDelay: true });
    const end = () => [near, far].map((socket) => socket.destroy());
    for (const socket of [near, far]) sockets.add(socket.on('error', end).on('close', end));
    near.on('data', (bytes) => {
      if (faults.cut === 'before') end();
      else if (!faults.frozen) far.write(bytes);
    });
    // The last message of a transaction has the status `idle`.
    far.on('data', (bytes) => {
      if (faults.cut !== 'after') near.write(bytes);
      else if (bytes.toString('latin1').endsWith('Z\0\0\0\x05I') && bytes.includes('COMMIT')) end();
    });
  });
  await once(tunnel.listen(0, '127.0.0.1'), 'listening');
  const close = () => {
    for (const socket of sockets) socket.destroy();
    return once(tunnel.close(), 'close');
  };
  return { port: (tunnel.address() as AddressInfo).port, faults, close };
}

beforeAll(async () => {
  if (engine === 'pglite') return;
  server = await startPostgres();
  const database = await server.createDatabase();
  admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
  gateway = await startNeonGateway(server);
  proxy = await startProxy(server);
  url = new URL(database.url);
  if (engine === 'postgres') url.port = String(proxy.port);
  const neonEndpoint = engine === 'neon' ? new URL(gateway.url).origin : undefined;
  driver = await openDriver(url.href, { neonEndpoint, timeouts });
  const direct = await openDriver(database.url);
  await direct.migrate(migrationsFolder());
  await direct.close();
  db = createDatabase(driver);
  await db.ownerDb.insert(user).values({ id: userId, name: 'Test', email: 'test@example.com' });
});

afterEach(() => {
  if (engine === 'pglite') return;
  gateway.faults = {};
  proxy.faults.frozen = false;
  proxy.faults.cut = undefined;
});

afterAll(async () => {
  await driver?.close();
  await proxy?.close();
  await gateway?.close();
  await admin?.end();
  await server?.dispose();
});

const write = (title: string, ...more: Statement[]) => [
  statement(queryBuilder.insert(tasks).values({ userId, id: randomUUID(), title })),
  ...more,
];
const count = async (title: string) =>
  (await admin.query('select count(*)::int as n from tasks where title = $1', [title])).rows[0].n;
const read = () => db.asUser(userId, [statement(queryBuilder.select().from(tasks).limit(1))]);
const nap = (seconds: number) => statement(queryBuilder.execute(sql.raw(`select pg_sleep(${seconds})`)));

/** Expects a DatabaseUnavailable in time, and returns it. */
async function unavailable(work: Promise<unknown>): Promise<DatabaseUnavailable> {
  const started = performance.now();
  const error = await work.then(
    () => expect.unreachable('it succeeded'),
    (failure) => (failure instanceof DatabaseUnavailable ? failure : failure.cause),
  );
  expect(error).toBeInstanceOf(DatabaseUnavailable);
  expect(performance.now() - started).toBeLessThan(LONGEST_MS);
  return error;
}

const sessions = `pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
const terminateAll = () => admin.query(`select pg_terminate_backend(pid) from ${sessions}`);

const limitConnections = (limit: number) =>
  admin.query(`alter database ${url.pathname.slice(1)} connection limit ${limit}`);

/** Waits for sessions that run this, and ends them. */
async function terminate(text: string): Promise<void> {
  const kill = `select pg_terminate_backend(pid) from ${sessions} and query = $1`;
  while ((await admin.query(kill, [text])).rowCount === 0) await sleep(10);
}

describe.runIf(engine !== 'pglite')('a failing database server', () => {
  test('more callers than connections succeed or fail in time, and the pool recovers', async () => {
    const started = performance.now();
    const calls = Array.from({ length: 60 }, () => db.asUser(userId, [nap(0.4)]));
    const outcomes = await Promise.allSettled(calls);
    expect(performance.now() - started).toBeLessThan(LONGEST_MS);
    const errors = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined));
    expect(errors.filter((error) => error && !(error instanceof DatabaseUnavailable))).toEqual([]);
    expect(errors.filter((error) => !error).length).toBeGreaterThanOrEqual(10);
    // The statements that timed out have to end on the server first.
    await vi.waitFor(() => Promise.all(Array.from({ length: 20 }, read)), { timeout: 10_000 });
  });

  test('a killed connection fails only its own call, and leaves nothing half-written', async () => {
    const failed = unavailable(db.asUser(userId, write('killed', nap(30))));
    await terminate('select pg_sleep(30)');
    expect((await failed).outcomeUnknown).toBe(true);
    expect(await count('killed')).toBe(0);
    await db.asUser(userId, write('after'));
    expect(await count('after')).toBe(1);
  });

  test('a connection killed in a transaction of Better Auth fails only that transaction', async () => {
    const name = `renamed ${randomUUID()}`;
    const work = db.ownerDb.transaction(async (tx) => {
      await tx.update(user).set({ name });
      await tx.execute('select pg_sleep(31)');
    });
    const failed = unavailable(work);
    await terminate('select pg_sleep(31)');
    await failed;
    expect(await db.ownerDb.select({ name: user.name }).from(user)).toEqual([{ name: 'Test' }]);
  });

  test('idle connections that die are replaced without an error', async () => {
    await Promise.all([read(), read(), db.ownerDb.execute('select 1'), read()]);
    await terminateAll();
    await sleep(100);
    await Promise.all([read(), db.asUser(userId, write('replaced')), db.ownerDb.execute('select 1')]);
    expect(await count('replaced')).toBe(1);
  });

  test('transactions that cannot begin leak no connections', async () => {
    for (let i = 0; i < 12; i++) {
      await db.ownerDb.execute('select 1').catch(() => {});
      if (engine === 'postgres') proxy.faults.cut = 'before';
      else await terminateAll();
      await db.ownerDb.transaction((tx) => tx.select().from(user)).catch(() => {});
      proxy.faults.cut = undefined;
    }
    await Promise.all(Array.from({ length: 10 }, () => db.ownerDb.transaction((tx) => tx.select().from(user))));
  });

  test('a statement that exceeds its timeout is cancelled by the server and rolled back', async () => {
    await unavailable(db.asUser(userId, write('too long', nap(20))));
    expect(await count('too long')).toBe(0);
    const { rows } = await admin.query(
      `select from pg_stat_activity where query like '%sleep(20)' and state = 'active'`,
    );
    expect(rows).toEqual([]);
    await read();
  });

  test('a write that waits for the lock of its user beyond the timeout is cancelled, and never runs', async () => {
    await admin.query('begin');
    await admin.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [userId]);
    await unavailable(db.asUser(userId, write('locked')));
    const { rows } = await admin.query(`select from pg_locks where locktype = 'advisory' and not granted`);
    await admin.query('rollback');
    expect(rows).toEqual([]);
    expect(await count('locked')).toBe(0);
  });

  test('a transaction of Better Auth that exceeds its timeout leaves no connection inside it', async () => {
    const work = db.ownerDb.transaction(async (tx) => {
      await tx.update(user).set({ name: 'half' });
      await tx.execute('select pg_sleep(4)');
    });
    await unavailable(work);
    const inside = await Promise.all(Array.from({ length: 12 }, () => db.ownerDb.select().from(user)));
    expect(new Set(inside.map(([row]) => row?.name))).toEqual(new Set(['Test']));
  });

  test('a server without free connections is unavailable, and available again when it has some', async () => {
    await limitConnections(0);
    await terminateAll();
    await sleep(100);
    try {
      expect((await unavailable(read())).cause).toBeDefined();
      await unavailable(db.asUser(userId, write('no room')));
      if (engine === 'postgres') {
        await unavailable(driver.queryAsOwner('select 1'));
        await unavailable(db.ownerDb.transaction((tx) => tx.select().from(user)));
        await unavailable(db.assertReady());
      }
    } finally {
      await limitConnections(-1);
    }
    await read();
    expect(await count('no room')).toBe(0);
  });
});

describe.runIf(engine === 'postgres')('a failing connection', () => {
  test('an unresponsive connection times out, for tasks and for Better Auth', async () => {
    await read();
    proxy.faults.frozen = true;
    const works = [
      read(),
      db.asUser(userId, write('silent')),
      db.ownerDb.execute('select 1'),
      driver.queryAsOwner('select 1'),
    ];
    await Promise.all(works.map(unavailable));
    expect(await count('silent')).toBe(0);
    proxy.faults.frozen = false;
    await read();
  });

  test('a write whose connection is cut is never sent twice, whether it was cut before or after the commit', async () => {
    for (const cut of ['before', 'after'] as const) {
      await read();
      proxy.faults.cut = cut;
      const error = await unavailable(db.asUser(userId, write(`cut ${cut}`)));
      expect(error.outcomeUnknown).toBe(true);
      proxy.faults.cut = undefined;
      await sleep(50);
      expect(await count(`cut ${cut}`)).toBe(cut === 'before' ? 0 : 1);
    }
  });

  test('a read whose connection is cut once is retried', async () => {
    await read();
    proxy.faults.cut = 'before';
    const work = read();
    await sleep(20);
    proxy.faults.cut = undefined;
    await expect(work).resolves.toBeDefined();
  });
});

type Faults = NeonGateway['faults'];

describe.runIf(engine === 'neon')('a failing Neon gateway', () => {
  const requests = async (work: () => Promise<unknown>) => {
    const before = gateway.httpRequests;
    await work();
    return gateway.httpRequests - before;
  };
  /** Injects the faults for one request only. */
  const once = (faults: Faults) => {
    const { httpRequests } = gateway;
    const isFirst = () => gateway.httpRequests === httpRequests + 1;
    gateway.faults = new Proxy(faults, { get: (_, name) => isFirst() && Reflect.get(faults, name) });
  };

  test.each<[Faults, number]>([
    [{ drop: true }, 0],
    [{ dropAfter: true }, 1],
    [{ truncate: true }, 1],
    [{ status: 500 }, 0],
    [{ status: 502 }, 0],
    [{ status: 503 }, 0],
    [{ delayMs: 2_500 }, 0],
  ])('the gateway fault %j fails a write, which is sent once and leaves %i rows', async (faults, rows) => {
    const title = JSON.stringify(faults);
    gateway.faults = faults;
    expect(await requests(() => unavailable(db.asUser(userId, write(title))))).toBe(1);
    expect(await sleep(faults.delayMs ? 700 : 0).then(() => count(title))).toBe(rows);
  });

  test.each<Faults>([{ drop: true }, { dropAfter: true }, { truncate: true }, { status: 503 }])(
    'the gateway fault %j fails a read after one retry, and a single fault is retried successfully',
    async (faults) => {
      gateway.faults = faults;
      expect(await requests(() => unavailable(read()))).toBe(2);
      once(faults);
      expect(await requests(read)).toBe(2);
    },
  );

  test('a gateway that refuses WebSockets makes the database unavailable for Better Auth', async () => {
    const other = await openDriver(url.href, { neonEndpoint: new URL(gateway.url).origin, timeouts });
    gateway.faults = { drop: true };
    await unavailable(other.ownerDb.execute('select 1'));
    await unavailable(other.queryAsOwner('select 1'));
    gateway.faults = {};
    await expect(other.queryAsOwner('select 1 as one')).resolves.toEqual([{ one: 1 }]);
    await other.close();
  });
});
