import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getTableName } from 'drizzle-orm';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { createDatabase, type Driver, migrationsFolder, openDriver } from '..';
import { copiedTables } from '../copy';
import { engine, type FreshDatabase, freshDatabase } from '../testing';

const names = [...copiedTables].map(getTableName);
/** The tables with rows of users. */
const namesOfUsers = [...copiedTables].filter((table) => 'userId' in table).map(getTableName);

/** An embedded database with some rows in every table, and its secret. */
let folder: string;
/** The rows of the embedded database. */
let held: Rows;
/** A server database with the same rows. */
let filled: FreshDatabase;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'taskward-test-'));
  cpSync(inject('engines').pgliteTemplate, folder, { recursive: true });
  writeFileSync(join(folder, 'secret'), 'a secret of the app');
  const driver = await openDriver(`pglite:${folder}`);
  for (const statement of SOME_ROWS) await driver.ownerDb.execute(statement);
  await driver.migrate(migrationsFolder());
  held = await allRows(driver);
  await driver.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SOME_ROWS = [
  `insert into "user" (id, name, email, created_at)
     select 'u' || n, 'Zoë ' || n, 'u' || n || '@example.com', '2026-03-29T01:59:59.999+02' from generate_series(1, 20) n`,
  `insert into account (id, user_id, account_id, provider_id, password)
     select 'a' || id, id, id, 'credential', 'salt:hash' from "user"`,
  `insert into session (id, user_id, token, expires_at) select 's' || id, id, 't' || id, now() from "user"`,
  `insert into verification (id, identifier, value, expires_at) values ('v', 'reset', '{"a": null}', 'infinity')`,
  `insert into jwks (id, public_key, private_key, created_at) values ('k', '{}', '"\\u2028"', now())`,
  // More than one batch, some of them large.
  `insert into tasks (user_id, id, title, description, status, completed_at, due_date)
     select id, gen_random_uuid(), 'ÀB "c" \\ ' || n, case when n < 5 then repeat(e'😀\\n', 2000) end,
       case n % 2 when 0 then 'done' else 'todo' end, case n % 2 when 0 then now() end, date '0001-01-01' + n
     from "user", generate_series(1, 60) n`,
  `insert into task_tags (user_id, task_id, tag) select user_id, id, 'tag ' || n from tasks, generate_series(1, 2) n`,
  `insert into lists (user_id, id, name, position)
     select id, gen_random_uuid(), 'Gärten ' || n, (5000000000 + n) || '05' from "user", generate_series(1, 3) n`,
  // Tasks below one that is read after them, in another batch.
  `update tasks set list_id = l.id, parent_id = p.id from lists l, tasks p
     where l.user_id = tasks.user_id and l.name = 'Gärten 3' and p.user_id = tasks.user_id
       and p.due_date = date '0001-01-01' + 60 and tasks.due_date <= date '0001-01-01' + 40`,
  `update tasks set list_id = l.id from lists l
     where l.user_id = tasks.user_id and l.name = 'Gärten 3' and due_date = date '0001-01-01' + 60`,
  `insert into idempotency_keys (user_id, key, fingerprint, answer)
     select id, 'k', 'f', '{"n": 1.50, "deep": [null, {"ü": ""}]}' from "user"`,
  `insert into journals (user_id, seq, at, tasks) select id, 2, '2026-03-29T01:59:59.999999+02', 60 from "user"`,
  `insert into changes (user_id, seq, revision, at, kind, id, operation, version, diff)
     select id, n, n, now() + n * interval '1 microsecond', 'task', gen_random_uuid(), 'updated', 2,
       '{"due_date": {"from": null, "to": "2026-03-01"}}' from "user", generate_series(1, 2) n`,
  `insert into rate_limits (key, points) values ('u1', 1)`,
];

interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

/** Starts the command as an operator would. */
function start(from: string, to: string[]): { process: ChildProcess; ended: Promise<Outcome> } {
  const command = fileURLToPath(new URL('copy.ts', import.meta.url));
  const endpoint = engine === 'neon' ? inject('engines').neonEndpoint : '';
  const child = spawn(process.execPath, ['--import', 'tsx', command, ...to], {
    env: { ...process.env, DATABASE_URL: from, NEON_ENDPOINT: endpoint },
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const ended = new Promise<Outcome>((resolve) => child.once('close', (code) => resolve({ code, output })));
  return { process: child, ended };
}

const copy = (from: string, ...to: string[]) => start(from, to).ended;

test('db:copy copies every table except rate limits and the backfill, and the schema has no sequences', async () => {
  const driver = await openDriver(`pglite:${folder}`);
  const there = await driver.queryAsOwner(
    `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'S')`,
  );
  await driver.close();
  expect([...names, 'rate_limits', 'text_backfill'].sort()).toEqual(there.map(({ relname }) => relname).sort());
  // No test below may pass only because a table is empty.
  for (const name of names) expect(held[name], name).not.toEqual([]);
});

describe.runIf(engine === 'pglite')('db:copy from an embedded database', () => {
  const nowhere = 'postgres://nobody:x@127.0.0.1:1/none';

  test('db:copy refuses an embedded database that is in use', async () => {
    const driver = await openDriver(`pglite:${folder}`);
    const { code, output } = await copy(`pglite:${folder}`, nowhere);
    expect(code).toBe(1);
    expect(output).toMatch(/^Nothing was copied\. The data folder \S+ is in use by process \d+ on \S+: .+\n$/);
    await driver.close();
  });

  test('db:copy refuses a missing embedded database, and creates none', async () => {
    const { code, output } = await copy(`pglite:${folder}/none`, nowhere);
    expect([code, output]).toEqual([1, `Nothing was copied. There is no embedded database in ${folder}/none.\n`]);
    expect(readdirSync(folder)).not.toContain('none');
  });

  test.each([[[]], [['pglite:elsewhere']], [['postgres://:x:y']]])(
    'db:copy refuses the missing or invalid target %j',
    async (to) => {
      const { code, output } = await copy(`pglite:${folder}`, ...to);
      expect([code, output]).toEqual([1, expect.stringMatching(/^Nothing was copied\. Usage: .+\n$/)]);
    },
  );

  test('db:copy fails in one line when the server cannot be reached', async () => {
    const { code, output } = await copy(`pglite:${folder}`, nowhere);
    expect([code, output]).toEqual([1, 'Nothing was copied. connect ECONNREFUSED 127.0.0.1:1\n']);
  });
});

describe.runIf(engine !== 'pglite')('db:copy to a server', { timeout: 60_000 }, () => {
  let target: FreshDatabase;

  beforeAll(async () => {
    filled = await freshDatabase();
    return () => filled.drop();
  });
  beforeEach(async () => {
    target = await freshDatabase();
    return () => target.drop();
  });

  test('db:copy copies every row, leaves a ready database, and does not change the source', async () => {
    const before = filesIn(folder);
    const { code, output } = await copy(`pglite:${folder}`, filled.url);
    expect(output).toMatch(/tasks +1200 +1200 /);
    expect(code).toBe(0);
    expect(filesIn(folder)).toEqual(before);
    expect(await rowsIn(filled)).toEqual(held);
    await withDriver(filled, (driver) => createDatabase(driver).assertReady());

    expect(output).toContain(join(folder, 'secret'));
    expect(output).not.toContain('a secret of the app');
    expect(output).not.toContain(new URL(filled.url).password);
  });

  test('db:copy can be repeated, and then adds nothing', async () => {
    expect((await copy(filled.url, target.url)).output).toMatch(/tasks +1200 +1200 /);
    const { code, output } = await copy(filled.url, target.url);
    expect(output).toMatch(/tasks +1200 +0 /);
    expect(code).toBe(0);
    expect(await rowsIn(target)).toEqual(held);
  });

  test.each([
    ['user', `update "user" set id = 'other', email = 'u3@example.com' where id = 'u3'`],
    ['tasks', `update tasks set title = 'Another' where ctid in (select min(ctid) from tasks)`],
    ['task_tags', `insert into task_tags select user_id, task_id, 'new' from task_tags limit 1`],
  ])('db:copy stops when the target differs in %s, and changes nothing', async (table, difference) => {
    await copy(filled.url, target.url);
    // Other rows are missing, and the copy must not add them.
    for (const lost of namesOfUsers.toReversed()) {
      await asOwner(target, `delete from ${lost} where user_id = 'u3'`);
    }
    await asOwner(target, difference);
    const before = await rowsIn(target);
    const { code, output } = await copy(filled.url, target.url);
    expect(output).toMatch(new RegExp(`^Nothing was copied. The target differs in ${table} .+\n$`));
    expect(code).toBe(1);
    expect(await rowsIn(target)).toEqual(before);
  });

  /** Calls `meanwhile` while the copy waits for a lock halfway. */
  async function halfway(meanwhile: (copying: ChildProcess) => Promise<unknown>): Promise<Outcome> {
    const holder = new Client({ connectionString: target.url });
    await holder.connect();
    await holder.query('begin; lock table task_tags in access share mode');
    const copying = start(filled.url, [target.url]);
    const waiting = `select from pg_locks where relation = 'task_tags'::regclass and not granted`;
    await expect.poll(async () => (await holder.query(waiting)).rowCount, { timeout: 15_000 }).toBe(1);
    await meanwhile(copying.process);
    await holder.query('commit');
    await holder.end();
    return copying.ended;
  }

  test('a killed db:copy leaves no rows, and row-level security in force', async () => {
    await halfway(async (copying) => copying.kill('SIGKILL'));
    await expect.poll(async () => Object.values(await rowsIn(target)).flat()).toEqual([]);
    await withDriver(target, (driver) => createDatabase(driver).assertReady());
  });

  test('db:copy from a database in use copies one snapshot', async () => {
    const { code } = await halfway(() =>
      asOwner(filled, `insert into task_tags select user_id, task_id, 'later' from task_tags limit 1`),
    );
    await asOwner(filled, `delete from task_tags where tag = 'later'`);
    expect(code).toBe(0);
    expect(await rowsIn(target)).toEqual(held);
  });

  test('db:copy copies rows whose text is not folded yet, and the next migration folds them', async () => {
    const old = `insert into tasks (user_id, id, title) values ('u1', gen_random_uuid(), 'Über')`;
    await asOwner(filled, old);
    await asOwner(filled, `update tasks set title_key = 'uber' where title = 'Über'`);
    try {
      expect(await copy(filled.url, target.url)).toMatchObject({ code: 0 });
      expect(await withDriver(target, (driver) => driver.migrate(migrationsFolder()))).toBe(1);
    } finally {
      await asOwner(filled, `delete from tasks where title = 'Über'`);
    }
  });

  test('db:copy needs no BYPASSRLS on the target, but has to see every row of the source', async () => {
    const role = `plain_${process.pid}_${engine}`;
    const admin = new Client({ connectionString: inject('engines').adminUrl });
    await admin.connect();
    await admin.query(
      `create role ${role} login password 'plain' nobypassrls; grant app_user, app_watcher, todo_user to ${role}`,
    );
    await admin.query(`create database ${role} owner ${role}`);
    const at = (url: string, parts: Partial<URL>) =>
      Object.assign(new URL(url), { pathname: `/${role}`, ...parts }).href;
    const plain = at(target.url, { username: role, password: 'plain' });
    try {
      expect(await copy(filled.url, plain)).toMatchObject({ code: 0 });
      expect(await rowsIn({ ...target, url: at(inject('engines').adminUrl, {}) })).toEqual(held);

      const { code, output } = await copy(plain, target.url);
      expect(output).toMatch(/^Nothing was copied\. The role of the source does not see every row of \w+: .+\n$/);
      expect(code).toBe(1);
      expect(Object.values(await rowsIn(target)).flat()).toEqual([]);
    } finally {
      await admin.query(`drop database ${role} with (force)`);
      await admin.query(`drop role ${role}`);
      await admin.end();
    }
  });
});

type At = Pick<FreshDatabase, 'url' | 'neonEndpoint'>;

async function withDriver<T>({ url, neonEndpoint }: At, work: (driver: Driver) => Promise<T>): Promise<T> {
  const driver = await openDriver(url, { neonEndpoint });
  return work(driver).finally(() => driver.close());
}

const asOwner = (at: At, statement: string) => withDriver(at, async (driver) => driver.ownerDb.execute(statement));
const rowsIn = (at: At) => withDriver(at, allRows);

/** All rows of each table that is copied, as text. */
type Rows = Record<string, unknown[]>;

function allRows(driver: Driver): Promise<Rows> {
  return driver.ownerDb.transaction(async (tx) => {
    await tx.execute(`set local timezone to 'UTC'`);
    const tables: Rows = {};
    for (const name of names) {
      const { rows } = await tx.execute(`select (t.*)::text as row from "${name}" t order by (t.*)::text collate "C"`);
      tables[name] = rows.map(({ row }) => row);
    }
    return tables;
  });
}

/** The hash of each file by its path, except of the lock. */
function filesIn(path: string): Record<string, string> {
  const files = (readdirSync(path, { recursive: true }) as string[]).filter(
    (name) => name !== 'lock' && statSync(join(path, name)).isFile(),
  );
  return Object.fromEntries(
    files.sort().map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(path, name)))
        .digest('hex'),
    ]),
  );
}
