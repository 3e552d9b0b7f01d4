import { setTimeout } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from './postgres';

let postgres: PostgresServer;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(() => postgres?.dispose());

async function query(url: string, sql: string) {
  const client = new Client({ connectionString: url });
  await client.connect();
  return (await client.query(sql).finally(() => client.end())).rows;
}

test('the test server is PostgreSQL 18 with UTF-8 and UTC', async () => {
  const [row] = await query(
    postgres.adminUrl,
    `select current_setting('server_version_num')::int / 10000 as major,
       current_setting('server_encoding') as encoding, current_setting('TimeZone') as zone`,
  );
  expect(row).toMatchObject({ encoding: 'UTF8', zone: 'UTC' });
  if (postgres.controllable) expect(row.major).toBe(18);
});

test('the owner of a test database has the rights of the default owner at Neon', async () => {
  const { url, name } = await postgres.createDatabase();
  expect(
    await query(
      url,
      `select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolcanlogin, datname
         from pg_roles join pg_database on datdba = pg_roles.oid
         where rolname = current_user and datname = current_database()`,
    ),
  ).toEqual([
    {
      rolsuper: false,
      rolcreaterole: true,
      rolcreatedb: true,
      rolbypassrls: true,
      rolcanlogin: true,
      datname: name,
    },
  ]);
});

test('the test server refuses a wrong password', async () => {
  const url = new URL((await postgres.createDatabase()).url);
  url.password = 'wrong';
  await expect(query(url.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
});

test('a cloned test database has the rows of its template, and is independent of it', async () => {
  const template = await postgres.createDatabase();
  await query(template.url, 'create table notes as select 1 as id');
  const [one, other] = await Promise.all([
    postgres.createDatabase({ template: template.name }),
    postgres.createDatabase({ template: template.name }),
  ]);
  await query(one.url, 'insert into notes values (2)');
  expect(await query(one.url, 'select id from notes order by id')).toEqual([{ id: 1 }, { id: 2 }]);
  expect(await query(other.url, 'select id from notes')).toEqual([{ id: 1 }]);
  expect(await query(template.url, 'select id from notes')).toEqual([{ id: 1 }]);
});

test('a test database can be dropped while clients are connected to it', async () => {
  const database = await postgres.createDatabase();
  const client = new Client({ connectionString: database.url });
  const cut = new Promise<{ code?: string }>((resolve) => client.once('error', resolve));
  client.on('error', () => {});
  await client.connect();
  await database.drop();
  expect(await cut).toMatchObject({ code: '57P01' });
  await expect(query(database.url, 'select 1')).rejects.toMatchObject({ code: '3D000' });
});

test.each(['fast', 'immediate'] as const)(
  'a test server that was stopped (%s) starts again with its data',
  async (mode) => {
    if (!postgres.controllable) return expect(postgres.stop()).rejects.toThrow('TEST_DATABASE_URL');
    const { url } = await postgres.createDatabase();
    await query(url, 'create table notes as select 1 as id');
    await postgres.stop(mode);
    await setTimeout(1500);
    await expect(query(url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await postgres.start();
    expect(await query(url, 'select id from notes')).toEqual([{ id: 1 }]);
  },
);
