import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import journal from '../migrations/meta/_journal.json';
import { openDriver } from './database';
import { type Driver, isReadOnly } from './driver';
import { migrationsFolder } from './location';
import { bind } from './statement';
import { engine, type FreshDatabase, prepare, queryBuilder, useFreshDatabase } from './testing';
import { backfillText } from './text-backfill';

/** The backfill of rows from a previous version of the app, which had neither `title_key` nor `description_key`. */

let fresh: FreshDatabase;
let driver: Driver;

useFreshDatabase((opened) => {
  ({ fresh, driver } = opened);
});

const queryRow = async <Row>(text: string) => (await driver.queryAsOwner(text))[0] as Row;

async function newUser(): Promise<string> {
  const id = randomUUID();
  await driver.ownerDb.execute(`insert into "user" (id, name, email) values ('${id}', 'Test', '${id}@example.com')`);
  return id;
}

/** Executes a statement as that version does: under the task role, for one user. */
async function asBefore(userId: string, statement: string): Promise<void> {
  await driver.ownerDb.transaction(async (tx) => {
    await tx.execute(`select set_config('role', 'app_user', true), set_config('app.user_id', '${userId}', true)`);
    await tx.execute(statement);
  });
}

interface Old {
  readonly title: string;
  readonly description?: string;
  readonly tags?: readonly string[];
}
const quoted = (text: string | undefined) => (text === undefined ? 'null' : `'${text.replaceAll("'", "''")}'`);

async function insertBefore(userId: string, { title, description, tags = [] }: Old): Promise<string> {
  const id = randomUUID();
  await asBefore(
    userId,
    `insert into tasks (user_id, id, title, description, created_at, updated_at, version)
     values ('${userId}', '${id}', ${quoted(title)}, ${quoted(description)}, '2026-03-01', '2026-03-01', 3)`,
  );
  for (const tag of tags) {
    await asBefore(
      userId,
      `insert into task_tags (user_id, task_id, tag) values ('${userId}', '${id}', ${quoted(tag)})`,
    );
  }
  return id;
}

interface Stored {
  title: string;
  description: string | null;
  title_key: string;
  description_key: string | null;
  version: number;
  is_touched: boolean;
  tags: string[];
}
const stored = (id: string) =>
  queryRow<Stored>(`
    select title, description, title_key, description_key, version, updated_at > '2026-03-02' as is_touched,
      array(select tag from task_tags where task_id = id order by tag) as tags
    from tasks where id = '${id}'`);
const waiting = async () =>
  (await queryRow<{ count: number }>(`select count(*)::int as count from text_backfill`)).count;

test('the backfill normalizes text with a new version, and merges tags that become equal', async () => {
  const user = await newUser();
  const tags = ['cafe\u0301', 'café', 'home'];
  const id = await insertBefore(user, { title: 'Cafe\u0301 STRASSE', description: 'U\u0308ber', tags });
  expect(await backfillText(driver)).toBe(1);
  expect(await stored(id)).toEqual({
    ...{ title: 'Café STRASSE', description: 'Über', tags: ['café', 'home'] },
    ...{ title_key: 'cafe strasse', description_key: 'uber', version: 4, is_touched: true },
  });
  expect(await waiting()).toBe(0);
});

test.each<[string, Old]>([
  ['title', { title: 'Cafe\u0301' }],
  ['description', { title: 'x', description: 'Cafe\u0301' }],
  ['tag', { title: 'x', tags: ['cafe\u0301'] }],
])('the backfill adds a version when only the %s was not in NFC', async (_, task) => {
  const id = await insertBefore(await newUser(), task);
  await backfillText(driver);
  expect(await stored(id)).toMatchObject({ version: 4, is_touched: true });
});

test('the backfill keeps version and updated_at of a task whose text is in NFC', async () => {
  const id = await insertBefore(await newUser(), { title: 'Über', tags: ['größe'] });
  expect(await backfillText(driver)).toBe(1);
  expect(await stored(id)).toEqual({
    ...{ title: 'Über', description: null, tags: ['größe'] },
    ...{ title_key: 'uber', description_key: '', version: 3, is_touched: false },
  });
});

test('the backfill folds but does not normalize text that would become too long or has too many combining marks', async () => {
  const user = await newUser();
  // In NFC, U+0958 is two characters.
  const long = await insertBefore(user, { title: '\u0958'.repeat(255), tags: ['\u0958'.repeat(50)] });
  const marks = `x${'\u0323'.repeat(40)}`;
  const marked = await insertBefore(user, { title: marks, description: marks });
  expect(await backfillText(driver)).toBe(2);
  expect(await stored(long)).toMatchObject({ title: '\u0958'.repeat(255), version: 3, description_key: '' });
  expect(await stored(marked)).toMatchObject({ title: marks, version: 3, title_key: 'x', description_key: 'x' });
});

test('the backfill updates more tasks than fit a batch, of several users, and a second run updates none', async () => {
  const users = [await newUser(), await newUser()];
  for (const user of users) {
    await asBefore(
      user,
      `insert into tasks (user_id, id, title, description) select '${user}', gen_random_uuid(), 'Ü' || n, repeat('É', 1000)
       from generate_series(1, 250) n`,
    );
  }
  expect(await backfillText(driver)).toBe(500);
  const left = await queryRow(`
    select count(*) filter (where description_key is distinct from repeat('e', 1000))::int as descriptions,
      count(*) filter (where title_key not like 'u%')::int as titles, count(*)::int as tasks
    from tasks where user_id in ('${users.join("', '")}')`);
  expect(left).toEqual({ descriptions: 0, titles: 0, tasks: 500 });
  expect(await backfillText(driver)).toBe(0);
});

test('an interrupted backfill keeps its progress and continues from there', async () => {
  const users = [await newUser(), await newUser()];
  for (const user of users) await insertBefore(user, { title: 'Über' });
  let sent = 0;
  const failing: Driver['executeBatch'] = async (...batch) => {
    // A read and a write for the first user, and a read that finds no more rows.
    if (++sent > 4) throw new Error('The connection is lost.');
    return driver.executeBatch(...batch);
  };
  await expect(backfillText({ ownerDb: driver.ownerDb, executeBatch: failing })).rejects.toThrow(
    'The connection is lost.',
  );
  const done = `select from tasks where description_key is not null and user_id in ('${users.join("', '")}')`;
  expect(await driver.queryAsOwner(done)).toHaveLength(1);
  expect(await backfillText(driver)).toBe(1);
  expect(await waiting()).toBe(0);
});

test('a write concurrent with the backfill wins, and the task is backfilled all the same', async () => {
  const user = await newUser();
  const id = await insertBefore(user, { title: 'Cafe\u0301', tags: ['cafe\u0301'] });
  const rename = prepare(
    queryBuilder.execute(
      sql`update tasks set title = 'Bread', title_key = 'bread', version = version + 1 where id = ${id}`,
    ),
  );
  let isWritten = false;
  const executeBatch: Driver['executeBatch'] = async (userId, batch) => {
    const isWrite = !isReadOnly(batch);
    if (isWrite && !isWritten) {
      isWritten = true;
      await driver.executeBatch(userId, [bind(rename(), String(userId))]);
    }
    return driver.executeBatch(userId, batch);
  };
  expect(await backfillText({ ownerDb: driver.ownerDb, executeBatch })).toBe(1);
  expect(isWritten).toBe(true);
  expect(await stored(id)).toMatchObject({ title: 'Bread', title_key: 'bread', tags: ['café'], version: 5 });
});

test('two concurrent backfills update each task once', async () => {
  const user = await newUser();
  const id = await insertBefore(user, { title: 'Cafe\u0301', tags: ['cafe\u0301'] });
  for (let i = 0; i < 20; i++) await insertBefore(user, { title: `Cafe\u0301 ${i}` });
  const counts = await Promise.all([backfillText(driver), backfillText(driver)]);
  expect(counts[0] + counts[1]).toBe(21);
  expect(await stored(id)).toMatchObject({ title: 'Café', tags: ['café'], version: 4 });
});

test('the backfill skips an account deleted meanwhile', async () => {
  const user = await newUser();
  await insertBefore(user, { title: 'Über' });
  await driver.ownerDb.execute(`delete from "user" where id = '${user}'`);
  expect(await backfillText(driver)).toBe(0);
  expect(await waiting()).toBe(0);
});

describe('writes of the previous version during a rolling deployment', () => {
  test('a task written by the previous version is sorted and searched as that version does until the next backfill', async () => {
    const user = await newUser();
    const id = await insertBefore(user, { title: 'ÜBER Milk' });
    expect(await stored(id)).toMatchObject({ title_key: 'Über milk', description_key: null });
    expect(await waiting()).toBe(1);
    await backfillText(driver);
    expect(await stored(id)).toMatchObject({ title_key: 'uber milk', description_key: '' });

    await asBefore(user, `update tasks set title = 'ÉTÉ x', version = version + 1 where id = '${id}'`);
    expect(await stored(id)).toMatchObject({ title_key: 'ÉtÉ x', description_key: null });
    await backfillText(driver);
    expect(await stored(id)).toMatchObject({ title_key: 'ete x', description_key: '', version: 4 });
  });

  test('the backfill finds tasks of which the previous version changed the description or only the tags', async () => {
    const user = await newUser();
    const id = await insertBefore(user, { title: 'Über' });
    await backfillText(driver);
    await asBefore(user, `update tasks set description = 'É', version = version + 1 where id = '${id}'`);
    await backfillText(driver);
    expect(await stored(id)).toMatchObject({ title_key: 'uber', description_key: 'e' });

    await asBefore(
      user,
      `with hit as (update tasks set version = version + 1 where id = '${id}' returning user_id, id)
       insert into task_tags (user_id, task_id, tag) select user_id, id, 'cafe\u0301' from hit`,
    );
    await backfillText(driver);
    expect(await stored(id)).toMatchObject({ title_key: 'uber', tags: ['café'], version: 6 });
  });

  test('writes of this version need no backfill', async () => {
    const user = await newUser();
    const id = randomUUID();
    const insert = prepare(
      queryBuilder.execute(sql`insert into tasks (user_id, id, title, title_key, description_key)
        values (${user}, ${id}, 'Über', 'uber', '')`),
    );
    const change = prepare(queryBuilder.execute(sql`update tasks set status = 'in_progress', version = version + 1`));
    await driver.executeBatch(user, [bind(insert(), user), bind(change(), user)]);
    expect(await stored(id)).toMatchObject({ title_key: 'uber', description_key: '', version: 2 });
    expect(await waiting()).toBe(0);
  });

  test('the task role can neither read nor change the list of users to backfill', async () => {
    const user = await newUser();
    for (const statement of ['select * from text_backfill', 'delete from text_backfill']) {
      await expect(asBefore(user, statement)).rejects.toMatchObject({ cause: { code: '42501' } });
    }
  });
});

test('the migration that adds the search columns backfills every existing user', async () => {
  await driver.ownerDb.execute('delete from "user"');
  const user = await newUser();
  const id = randomUUID();
  const before = [
    'drop trigger tasks_inserted_without_position on tasks',
    'drop function tasks_place_last',
    'drop function key_between',
    'drop function refuse',
    'alter table tasks drop column place, drop column position, drop column parent_id, drop column list_id',
    'drop table lists',
    'drop function lock_user',
    'drop table changes',
    'drop table journals',
    'alter table idempotency_keys drop column revision',
    'drop trigger tasks_inserted_without_keys on tasks',
    'drop trigger tasks_updated_without_keys on tasks',
    'drop function tasks_await_backfill',
    'drop table text_backfill',
    'drop index tasks_by_title',
    'alter table tasks drop column title_key, drop column description_key',
    `alter table tasks add column title_key text collate "C" generated always as (lower(title collate "C")) stored`,
    'create index tasks_by_title on tasks (user_id, title_key, id)',
    `delete from drizzle.__drizzle_migrations where created_at >= ${journal.entries.find(({ tag }) => tag === '0003_text_keys')?.when}`,
  ];
  for (const statement of before) await driver.ownerDb.execute(statement);
  await asBefore(user, `insert into tasks (user_id, id, title) values ('${user}', '${id}', 'ÜBER')`);
  expect(await driver.migrate(migrationsFolder())).toBe(1);
  expect(await stored(id)).toMatchObject({ title: 'ÜBER', title_key: 'uber', description_key: '', version: 1 });
  expect(await driver.migrate(migrationsFolder())).toBe(0);
  const { used } = await queryRow<{ used: string }>(`select pg_get_indexdef('tasks_by_title'::regclass) as used`);
  expect(used).toContain('(user_id, title_key, id)');
});

describe.runIf(engine !== 'pglite')('a role without BYPASSRLS', () => {
  let role: string;
  const admin = () => new Client({ connectionString: inject('engines').adminUrl });

  beforeAll(async () => {
    role = `backfill_${process.pid}_${engine}`;
    const client = admin();
    await client.connect();
    await client.query(
      `create role ${role} login password 'plain' nobypassrls; grant app_user, app_watcher, todo_user to ${role}`,
    );
    await client.query(`create database ${role} owner ${role}`);
    await client.end();
  });
  afterAll(async () => {
    const client = admin();
    await client.connect();
    await client.query(`drop database ${role} with (force)`);
    await client.query(`drop role ${role}`);
    await client.end();
  });

  test('a role without BYPASSRLS can run the backfill', async () => {
    const url = Object.assign(new URL(fresh.url), { username: role, password: 'plain', pathname: `/${role}` }).href;
    const plain = await openDriver(url, { neonEndpoint: fresh.neonEndpoint });
    try {
      await plain.migrate(migrationsFolder());
      await plain.ownerDb.execute(`insert into "user" (id, name, email) values ('u', 'Test', 'u@example.com')`);
      await plain.ownerDb.transaction(async (tx) => {
        await tx.execute(`select set_config('role', 'app_user', true), set_config('app.user_id', 'u', true)`);
        await tx.execute(`insert into tasks (user_id, id, title) values ('u', gen_random_uuid(), 'Über')`);
      });
      expect(await plain.migrate(migrationsFolder())).toBe(1);
    } finally {
      await plain.close();
    }
  });
});
