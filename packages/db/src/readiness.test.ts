import { Client, escapeIdentifier } from 'pg';
import { describe, expect, inject, test } from 'vitest';
import { createDatabase, type Database, openDriver } from './database';
import type { Driver } from './driver';
import { migrationsFolder } from './location';
import { engine, type FreshDatabase, useFreshDatabase } from './testing';

let fresh: FreshDatabase;
let driver: Driver;
let db: Database;

useFreshDatabase((opened) => {
  ({ fresh, driver } = opened);
  db = createDatabase(driver);
});

const asOwner = async (statements: readonly string[]) => {
  for (const statement of statements) await db.ownerDb.execute(statement);
};

test('a migrated database is ready', async () => {
  await expect(db.assertReady()).resolves.toBeUndefined();
});

test('a database migrated by a later version is ready, so that versions can overlap in a rolling deployment', async () => {
  await asOwner([`insert into drizzle.__drizzle_migrations (hash, created_at) values ('later', 99999999999999)`]);
  try {
    await expect(db.assertReady()).resolves.toBeUndefined();
  } finally {
    await asOwner([`delete from drizzle.__drizzle_migrations where hash = 'later'`]);
  }
});

const MIGRATIONS = 'drizzle.__drizzle_migrations';
const needed = `in (select created_at from ${MIGRATIONS} order by created_at desc limit 1)`;
const behind = /schema .* `pnpm db:migrate`/;
const apart = (table: string) => new RegExp(`^Row-level security is missing or misconfigured on ${table}:`);
const own = `user_id = (select current_setting('app.user_id', true))`;

/** Each misconfiguration with the statements that cause it, those that undo it, and the error message. */
const misconfigurations: [string, string[], string[], RegExp][] = [
  [
    'the last migration has not run',
    [`create table saved as select * from ${MIGRATIONS}`, `delete from ${MIGRATIONS} where created_at ${needed}`],
    [`delete from ${MIGRATIONS}`, `insert into ${MIGRATIONS} select * from saved`, 'drop table saved'],
    behind,
  ],
  [
    'no migration has run',
    ['alter schema drizzle rename to elsewhere'],
    ['alter schema elsewhere rename to drizzle'],
    behind,
  ],
  ...['tasks', 'task_tags', 'idempotency_keys'].flatMap((table): [string, string[], string[], RegExp][] => [
    [
      `${table} does not bind its owner`,
      [`alter table ${table} no force row level security`],
      [`alter table ${table} force row level security`],
      apart(table),
    ],
    [
      `${table} has its row-level security off`,
      [`alter table ${table} disable row level security`],
      [`alter table ${table} enable row level security`],
      apart(table),
    ],
    [
      `${table} has no policy`,
      [`drop policy ${table}_owner_only on ${table}`],
      [`create policy ${table}_owner_only on ${table} to app_user using (${own}) with check (${own})`],
      apart(table),
    ],
    [
      `${table} lets everybody through`,
      [`create policy everybody on ${table} for select to app_user using (true)`],
      [`drop policy everybody on ${table}`],
      apart(table),
    ],
  ]),
  [
    'the role may read what is nobody’s',
    ['grant select on jwks to app_user'],
    ['revoke select on jwks from app_user'],
    apart('jwks'),
  ],
];

test.each(misconfigurations)('a database is not ready when %s', async (_, wrong, right, message) => {
  await asOwner(wrong);
  try {
    await expect(db.assertReady()).rejects.toThrow(message);
  } finally {
    await asOwner(right);
  }
  await expect(db.assertReady()).resolves.toBeUndefined();
});

describe.runIf(engine !== 'pglite')('concurrent and failing migrations', () => {
  const asAdmin = async (statement: string) => {
    const client = new Client({ connectionString: inject('engines').adminUrl });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };

  test('migrations started by several processes on an empty database run once, and all processes succeed', async () => {
    const { templateUrl } = inject('engines');
    const url = new URL(templateUrl);
    const name = `test_empty_${Date.now()}_${process.pid}`;
    await asAdmin(`create database ${name} owner ${escapeIdentifier(url.username)}`);
    url.pathname = `/${name}`;
    const drivers = await Promise.all([1, 2, 3].map(() => openDriver(url.href, { neonEndpoint: fresh.neonEndpoint })));
    try {
      await Promise.all(drivers.map((opened) => opened.migrate(migrationsFolder())));
      const [first] = drivers as [Driver];
      const rows = await first.queryAsOwner(
        'select hash, count(*)::int as times from drizzle.__drizzle_migrations group by 1',
      );
      expect(rows.length).toBeGreaterThan(0);
      expect(rows.filter(({ times }) => times !== 1)).toEqual([]);
      await expect(createDatabase(first).assertReady()).resolves.toBeUndefined();
    } finally {
      await Promise.all(drivers.map((opened) => opened.close()));
      await asAdmin(`drop database ${name} with (force)`);
    }
  });

  test('migrations fail when the server cannot be reached', async () => {
    const lost = await openDriver('postgres://nobody:x@127.0.0.1:1/none', { neonEndpoint: fresh.neonEndpoint });
    await expect(lost.migrate(migrationsFolder())).rejects.toThrow('ECONNREFUSED');
    await lost.close();
  });
});

test('a database is not ready when the task role owns a table', async () => {
  await asOwner(['grant create on schema public to app_user', 'alter table tasks owner to app_user']);
  await expect(db.assertReady()).rejects.toThrow(apart('tasks'));
});
