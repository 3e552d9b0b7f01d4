import { randomUUID } from 'node:crypto';
import { NeonDbError, neon, neonConfig, Pool } from '@neondatabase/serverless';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { type NeonGateway, startNeonGateway } from './neon-gateway';
import { type PostgresServer, startPostgres, type TestDatabase } from './postgres';

let postgres: PostgresServer;
let database: TestDatabase;
let gateway: NeonGateway;
let sql: ReturnType<typeof neon<false, false>>;

beforeAll(async () => {
  postgres = await startPostgres();
  database = await postgres.createDatabase();
  gateway = await startNeonGateway(postgres);
  neonConfig.fetchEndpoint = gateway.url;
  neonConfig.wsProxy = gateway.wsProxy;
  neonConfig.useSecureWebSocket = false;
  neonConfig.webSocketConstructor = WebSocket;
  // An existing server may require SCRAM, which cannot be pipelined.
  if (!postgres.controllable) neonConfig.pipelineConnect = false;
  sql = neon(database.url);
  await sql`create table notes (id text primary key, body text)`;
});

afterEach(() => {
  gateway.faults = {};
});

afterAll(async () => {
  await gateway?.close();
  await postgres?.dispose();
});

const isWritten = async (id: string) => (await sql`select from notes where id = ${id}`).length === 1;
const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('it succeeded'),
    (error) => error,
  );

describe('SQL over HTTP', () => {
  test('SQL over HTTP returns values of every type as the driver parses them', async () => {
    const rows = await sql`
      select 9007199254740993::int8 as big, 7::int4 as int, true as yes, '{"a": [1, null]}'::jsonb as json,
        array['x', null, 'y,"z']::text[] as list, '2026-01-02 03:04:05.678901+00'::timestamptz as at,
        null::text as nothing, '\\x00ff'::bytea as bytes`;
    expect(rows).toEqual([
      {
        big: '9007199254740993',
        int: 7,
        yes: true,
        json: { a: [1, null] },
        list: ['x', null, 'y,"z'],
        at: new Date('2026-01-02T03:04:05.678Z'),
        nothing: null,
        bytes: Buffer.from([0, 255]),
      },
    ]);
  });

  test('SQL over HTTP passes parameters unchanged', async () => {
    const bytes = Buffer.from([0, 1, 255]);
    const text = `Zoë's "naïve" \\ 🐘`;
    const rows = await sql`
      select ${text}::text as text, ${null}::text as nothing, ${12}::int as int, ${false}::bool as no,
        ${['a', null, 'b"']}::text[] as list, ${{ k: text }}::jsonb as json, ${bytes}::bytea as bytes`;
    expect(rows).toEqual([
      { text, nothing: null, int: 12, no: false, list: ['a', null, 'b"'], json: { k: text }, bytes },
    ]);
  });

  test('SQL over HTTP returns command, count and fields in full results', async () => {
    const id = randomUUID();
    const result = await sql.query('insert into notes values ($1) returning id', [id], { fullResults: true });
    expect(result).toMatchObject({ command: 'INSERT', rowCount: 1, rowAsArray: false, rows: [{ id }] });
    expect(result.fields).toMatchObject([{ name: 'id', dataTypeID: 25, dataTypeSize: -1, format: 'text' }]);

    const none = await sql.query('create temp table gone ()', [], { fullResults: true });
    expect(none).toMatchObject({ command: 'CREATE', rowCount: null, rows: [], fields: [] });
  });

  test('SQL over HTTP in array mode returns columns with the same name separately', async () => {
    expect(await sql.query('select 1 as a, 2 as a', [], { arrayMode: true })).toEqual([[1, 2]]);
  });

  test('SQL over HTTP runs a batch in one transaction', async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    const results = await sql.transaction([
      sql`insert into notes values (${first})`,
      sql`select id from notes where id = ${first}`,
    ]);
    expect(results).toEqual([[], [{ id: first }]]);

    const error = await failure(
      sql.transaction([sql`insert into notes values (${second})`, sql`insert into notes values (${first})`]),
    );
    expect(error).toMatchObject({ code: '23505' });
    expect(await isWritten(first)).toBe(true);
    expect(await isWritten(second)).toBe(false);
  });

  test('SQL over HTTP fails a batch whose commit fails', async () => {
    await sql`create table deferred (id int unique deferrable initially deferred)`;
    const twice = sql.transaction([sql`insert into deferred values (1)`, sql`insert into deferred values (1)`]);
    expect(await failure(twice)).toMatchObject({ code: '23505' });
    expect(await sql`select from deferred`).toEqual([]);
  });

  test('SQL over HTTP honours isolation level, read only and deferrable', async () => {
    const settings = (options = {}) =>
      sql.transaction(
        [
          sql`select current_setting('transaction_isolation') as isolation,
                current_setting('transaction_read_only') as read_only,
                current_setting('transaction_deferrable') as deferrable`,
        ],
        options,
      );
    expect(await settings()).toEqual([[{ isolation: 'read committed', read_only: 'off', deferrable: 'off' }]]);
    expect(await settings({ isolationLevel: 'Serializable', readOnly: true, deferrable: true })).toEqual([
      [{ isolation: 'serializable', read_only: 'on', deferrable: 'on' }],
    ]);
    expect(await settings({ isolationLevel: 'RepeatableRead' })).toMatchObject([[{ isolation: 'repeatable read' }]]);

    const id = randomUUID();
    const write = sql.transaction([sql`insert into notes values (${id})`], { readOnly: true });
    expect(await failure(write)).toMatchObject({ code: '25006' });
  });

  test('SQL over HTTP resets session settings after each request', async () => {
    const settings = () => sql`select current_setting('app.user_id', true) as user_id, current_setting('role') as role`;
    const inside = await sql.transaction([sql`select set_config('app.user_id', 'me', true)`, settings()]);
    expect(inside[1]).toEqual([{ user_id: 'me', role: 'none' }]);
    expect(await settings()).toEqual([{ user_id: '', role: 'none' }]);
    await sql`select set_config('app.user_id', 'me', false)`;
    await sql`set role test_owner`;
    await sql`begin`;
    for (let request = 0; request < 5; request++) {
      const [row] = await settings();
      expect(row).toMatchObject({ role: 'none' });
      expect(row?.user_id).toBeFalsy();
    }
  });

  test('SQL over HTTP returns a database error as a NeonDbError with all its fields', async () => {
    const id = randomUUID();
    await sql`insert into notes values (${id})`;
    const error = await failure(sql`insert into notes values (${id})`);
    expect(error).toBeInstanceOf(NeonDbError);
    expect(error).toMatchObject({
      code: '23505',
      severity: 'ERROR',
      schema: 'public',
      table: 'notes',
      constraint: 'notes_pkey',
      detail: `Key (id)=(${id}) already exists.`,
    });
    expect(await failure(sql`select nope`)).toMatchObject({ code: '42703', position: '8' });
  });

  test('SQL over HTTP accepts one statement per query', async () => {
    expect(await failure(sql`select 1; select 2`)).toMatchObject({ code: '42601' });
  });

  test("SQL over HTTP refuses a wrong password as Neon's proxy does, and an unknown database as PostgreSQL does", async () => {
    const wrongPassword = await failure(neon(database.url, { password: 'wrong' })`select 1`);
    expect(wrongPassword).toMatchObject({ message: `password authentication failed for user 'test_owner'` });
    const unknown = await failure(neon(database.url, { database: 'nowhere' })`select 1`);
    expect(unknown.message).toMatch(/^Server error \(HTTP status 500\): .*"code":"3D000"/);
  });

  test('SQL over HTTP runs requests concurrently', async () => {
    const before = gateway.httpRequests;
    const start = performance.now();
    const rows = await Promise.all(
      Array.from({ length: 8 }, (_, n) => sql`select ${n}::int as n, pg_sleep(0.2)::text`),
    );
    expect(performance.now() - start).toBeLessThan(8 * 200);
    expect(rows.map(([row]) => row?.n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(gateway.httpRequests - before).toBe(8);
  });

  test('SQL over HTTP cancels the statement of a client that disconnects', async () => {
    const id = randomUUID();
    const signal = AbortSignal.timeout(200);
    const slow = sql.query('insert into notes select $1 from pg_sleep(1)', [id], {
      fetchOptions: { signal },
    });
    expect(await failure(slow)).toBeInstanceOf(NeonDbError);
    await expect
      .poll(() => sql`select from pg_stat_activity where state = 'active' and query ~ '^insert into notes'`)
      .toEqual([]);
    expect(await isWritten(id)).toBe(false);
  });
});

describe('PostgreSQL in a WebSocket', () => {
  let pool: Pool;
  beforeAll(() => {
    pool = new Pool({ connectionString: database.url });
  });
  afterAll(() => pool.end());

  test('an interactive transaction in a WebSocket is committed or rolled back', async () => {
    const before = gateway.webSockets;
    const client = await pool.connect();
    const [committed, undone] = [randomUUID(), randomUUID()];
    for (const [id, end] of [
      [committed, 'commit'],
      [undone, 'rollback'],
    ] as const) {
      await client.query('begin');
      await client.query('insert into notes values ($1)', [id]);
      expect(await isWritten(id)).toBe(false);
      await client.query(end);
    }
    client.release();
    expect(await isWritten(committed)).toBe(true);
    expect(await isWritten(undone)).toBe(false);
    expect(gateway.webSockets).toBe(before + 1);
  });

  test('large values pass through a WebSocket in both directions', async () => {
    const text = 'é'.repeat(1_000_000);
    const { rows } = await pool.query('select $1::text as text', [text]);
    expect(rows[0].text === text).toBe(true);
  });

  test('a WebSocket connection with a wrong password is refused', async () => {
    const url = new URL(database.url);
    url.password = 'wrong';
    const stranger = new Pool({ connectionString: url.href });
    expect(await failure(stranger.query('select 1'))).toMatchObject({ code: '28P01' });
    await stranger.end();
  });

  test('a dropped WebSocket connection rejects its query', async () => {
    gateway.faults = { drop: true };
    const before = gateway.webSockets;
    const fresh = new Pool({ connectionString: database.url });
    expect(await failure(fresh.query('select 1'))).toMatchObject({ type: 'error' });
    expect(gateway.webSockets).toBe(before);
    gateway.faults = {};
    expect((await fresh.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await fresh.end();
  });

  test('delayMs delays a WebSocket connection', async () => {
    gateway.faults = { delayMs: 300 };
    const fresh = new Pool({ connectionString: database.url });
    const start = performance.now();
    await fresh.query('select 1');
    expect(performance.now() - start).toBeGreaterThanOrEqual(295);
    await fresh.end();
  });
});

describe('faults of the gateway', () => {
  const insert = (id: string) => sql.transaction([sql`insert into notes values (${id})`]);

  test.each([
    {
      fault: { drop: true },
      written: false,
      message: /^Error connecting to database: TypeError: fetch failed/,
    },
    {
      fault: { dropAfter: true },
      written: true,
      message: /^Error connecting to database: TypeError: fetch failed/,
    },
    { fault: { truncate: true }, written: true, message: /^terminated/ },
    { fault: { status: 503 }, written: false, message: /^Server error \(HTTP status 503\)/ },
  ])(
    'the gateway fault $fault rejects at once, and whether the row is written is $written',
    async ({ fault, written, message }) => {
      const id = randomUUID();
      const before = gateway.httpRequests;
      gateway.faults = fault;
      const start = performance.now();
      expect((await failure(insert(id))).message).toMatch(message);
      expect(performance.now() - start).toBeLessThan(2000);
      expect(gateway.httpRequests - before).toBe(1);
      gateway.faults = {};
      expect(await isWritten(id)).toBe(written);
    },
  );

  test('delayMs delays a response, and a request aborted meanwhile is not executed', async () => {
    gateway.faults = { delayMs: 300 };
    const [patient, hasty] = [randomUUID(), randomUUID()];
    const start = performance.now();
    await insert(patient);
    expect(performance.now() - start).toBeGreaterThanOrEqual(295);
    const fetchOptions = { signal: AbortSignal.timeout(100) };
    await failure(sql.transaction([sql`insert into notes values (${hasty})`], { fetchOptions }));
    gateway.faults = {};
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await isWritten(patient)).toBe(true);
    expect(await isWritten(hasty)).toBe(false);
  });

  test.runIf(!process.env.TEST_DATABASE_URL).each([
    { mode: 'fast', interruption: { code: '57P01', severity: 'FATAL' } },
    { mode: 'immediate', interruption: { code: '', message: expect.stringMatching(/^error communicating/) } },
  ] as const)('PostgreSQL behind the gateway may stop ($mode) and start again', async ({ mode, interruption }) => {
    const pool = new Pool({ connectionString: database.url });
    pool.on('error', () => {});
    await pool.query('select 1');
    const interrupted = failure(sql`select pg_sleep(5)::text`);
    await expect.poll(() => sql`select from pg_stat_activity where query ~ '^select pg_sleep.5'`).toHaveLength(1);
    await postgres.stop(mode);
    expect(await interrupted).toMatchObject(interruption);
    expect((await failure(sql`select 1`)).message).toContain('"message":"Control plane request failed"');
    await failure(pool.query('select 1'));

    await postgres.start();
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });
});
