import { randomUUID } from 'node:crypto';
import { tasks, taskTags } from '@taskward/db/schema';
import { queryBuilder, statement } from '@taskward/db/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { storedRows } from '../attacker';
import { signUp, type TestUser, useApp } from '../harness';
import { createTask } from '../task-requests';

/** The guarantees of the database itself, even if every statement of the app were wrong. */

useApp();

let ada: TestUser;
let bob: TestUser;
let adasTask: string;
let bobsTask: string;
let asUser: Awaited<ReturnType<typeof getApp>>['db']['asUser'];

const newTask = async (user: TestUser): Promise<string> =>
  (await createTask(user, { title: 'Mine', tags: ['a', 'b'] })).id;
const asOwner = async (text: string) => (await (await getApp()).db.ownerDb.execute<Record<string, unknown>>(text)).rows;

beforeAll(async () => {
  [ada, bob] = [await signUp(), await signUp()];
  [adasTask, bobsTask] = [await newTask(ada), await newTask(bob)];
  await newTask(bob);
  asUser = (await getApp()).db.asUser;
});

/** The SQLSTATE with which it fails. */
const stateOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'succeeded',
    (error) => error.code ?? error,
  );
const DENIED = '42501';

describe('a statement without a predicate', () => {
  test.each([
    ['tasks', tasks, 1],
    ['tags', taskTags, 2],
  ] as const)("a select without a predicate returns only the user's own %s", async (_, table, count) => {
    const [rows] = await asUser(ada.id, [statement(queryBuilder.select().from(table))]);
    expect(rows.map(({ userId }) => userId)).toEqual(Array(count).fill(ada.id));
    expect(await asOwner(`select from ${table === tasks ? 'tasks' : 'task_tags'}`)).toHaveLength(count * 3);
  });

  test("an update without a predicate changes only the user's own tasks", async () => {
    const before = await storedRows(bob.id);
    const [changed] = await asUser(ada.id, [
      statement(queryBuilder.update(tasks).set({ priority: 'high' }).returning()),
    ]);
    expect(changed.map(({ id }) => id)).toEqual([adasTask]);
    expect(await storedRows(bob.id)).toBe(before);
  });

  test("a delete without a predicate deletes only the user's own tasks", async () => {
    const before = await storedRows(bob.id);
    const carl = await signUp();
    const task = await newTask(carl);
    const [tags, removed] = await asUser(carl.id, [
      statement(queryBuilder.delete(taskTags).returning()),
      statement(queryBuilder.delete(tasks).returning()),
    ]);
    expect(tags.map(({ taskId }) => taskId)).toEqual([task, task]);
    expect(removed.map(({ id }) => id)).toEqual([task]);
    expect(await storedRows(bob.id)).toBe(before);
  });

  test.each(['', ' ', '%', 'nobody', "' or true --", 'null'])(
    'a statement without a predicate reaches no row as the user %j',
    async (nobody) => {
      const before = await storedRows();
      const results = await asUser(nobody, [
        statement(queryBuilder.select().from(tasks)),
        statement(queryBuilder.select().from(taskTags)),
        statement(queryBuilder.update(tasks).set({ title: 'Taken' }).returning()),
        statement(queryBuilder.delete(taskTags).returning()),
        statement(queryBuilder.delete(tasks).returning()),
      ]);
      expect(results).toEqual([[], [], [], [], []]);
      expect(await storedRows()).toBe(before);
    },
  );
});

describe('writes for another user', () => {
  const ofBob = () => ({ userId: bob.id, id: randomUUID(), title: 'Planted' });
  const writes = {
    'inserting a task': () => statement(queryBuilder.insert(tasks).values(ofBob())),
    'reassigning a task': () => statement(queryBuilder.update(tasks).set({ userId: bob.id })),
    'taking over a task by a conflict': () =>
      statement(
        queryBuilder
          .insert(tasks)
          .values({ ...ofBob(), id: bobsTask })
          .onConflictDoUpdate({ target: [tasks.userId, tasks.id], set: { userId: ada.id } }),
      ),
    'inserting a tag': () =>
      statement(queryBuilder.insert(taskTags).values({ userId: bob.id, taskId: bobsTask, tag: 'planted' })),
    'reassigning a tag': () => statement(queryBuilder.update(taskTags).set({ userId: bob.id, taskId: bobsTask })),
  };

  test.each(Object.entries(writes))('row-level security refuses a write for another user: %s', async (_, write) => {
    const before = await storedRows();
    expect(await stateOf(asUser(ada.id, [write()]))).toBe(DENIED);
    expect(await storedRows()).toBe(before);
  });

  test('row-level security refuses to insert a task for an empty user id', async () => {
    expect(
      await stateOf(asUser('', [statement(queryBuilder.insert(tasks).values({ ...ofBob(), userId: '' }))])),
    ).not.toBe('succeeded');
    expect(await stateOf(asUser('', [statement(queryBuilder.insert(tasks).values(ofBob()))]))).toBe(DENIED);
  });

  test("a tag cannot reference another user's task", async () => {
    const tag = statement(queryBuilder.insert(taskTags).values({ userId: ada.id, taskId: bobsTask, tag: 'x' }));
    expect(await stateOf(asUser(ada.id, [tag]))).toBe('23503');
  });
});

describe('the database role of task statements', () => {
  const secrets = ['"user"', 'account', 'session', 'verification', 'jwks', 'drizzle.__drizzle_migrations'];
  const statements = [
    ...secrets.flatMap((table) => [
      `select * from ${table}`,
      `select count(*) from ${table}`,
      `insert into ${table} default values`,
      `update ${table} set id = null`,
      `delete from ${table}`,
    ]),
    'truncate tasks',
    'drop table tasks',
    'alter table tasks disable row level security',
    'alter table tasks no force row level security',
    'drop policy tasks_owner_only on tasks',
    'create policy mine on tasks using (true)',
    'grant select on account to app_user',
    'create table public.planted (id int)',
    'create function public.planted() returns int language sql as $$ select 1 $$',
    'alter role app_user bypassrls',
    'select * from pg_authid',
    "select pg_read_file('PG_VERSION')",
    "copy tasks to program 'true'",
  ];

  test.each(statements)('the database role of task statements may not run: %s', async (text) => {
    const before = await storedRows();
    expect(await stateOf(asUser(ada.id, [statement(queryBuilder.execute(text))]))).toBe(DENIED);
    expect(await storedRows()).toBe(before);
  });

  test('the database role of task statements reaches only tables with row-level security by user', async () => {
    const reached = await asOwner(`
      select c.oid::regclass::text as name, c.relrowsecurity and c.relforcerowsecurity and c.relowner <> 'app_user'::regrole
        and bool_and(pg_get_expr(p.polqual, p.polrelid) like '%app.user_id%'
          and pg_get_expr(p.polwithcheck, p.polrelid) like '%app.user_id%') as apart
      from pg_class c left join pg_policy p on p.polrelid = c.oid and p.polroles && array[0::oid, 'app_user'::regrole]
      where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'
        and has_schema_privilege('app_user', c.relnamespace, 'usage')
        and (has_table_privilege('app_user', c.oid, 'select, insert, update, delete, truncate, references, trigger')
          or has_any_column_privilege('app_user', c.oid, 'select, insert, update, references'))
      group by c.oid order by 1`);
    expect(reached).toContainEqual({ name: 'tasks', apart: true });
    expect(reached.filter(({ apart }) => !apart)).toEqual([]);
    const definers = `select proname from pg_proc where prosecdef and has_function_privilege('app_user', oid, 'execute')`;
    // It tells nothing.
    expect(await asOwner(definers)).toEqual([{ proname: 'lock_user' }]);
  });

  test('the role of event streams reads where journals end and which accounts exist, and nothing else', async () => {
    const reached = await asOwner(`
      select c.oid::regclass::text || '.' || a.attname as name,
        array(select kind from unnest('{select,insert,update,references}'::text[]) as kind
          where has_column_privilege('app_watcher', c.oid, a.attnum, kind)) as kinds
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
      where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'
        and has_schema_privilege('app_watcher', c.relnamespace, 'usage')
        and (has_table_privilege('app_watcher', c.oid, 'delete, truncate, trigger')
          or has_column_privilege('app_watcher', c.oid, a.attnum, 'select, insert, update, references'))
      order by 1`);
    const select = ['select'];
    expect(reached).toEqual([
      { name: '"user".id', kinds: select },
      { name: 'journals.seq', kinds: select },
      { name: 'journals.user_id', kinds: select },
    ]);
    const [role] = await asOwner(`
      select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolcanlogin or rolreplication as privileged
      from pg_roles where rolname = 'app_watcher'`);
    expect(role).toEqual({ privileged: false });
  });

  test('the database role of task statements has no attributes, no memberships and owns nothing', async () => {
    const [role] = await asOwner(`
      select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolcanlogin or rolreplication as privileged,
        exists (select from pg_auth_members m where m.member = r.oid) as is_member,
        exists (select from pg_class c where c.relowner = r.oid) as owns
      from pg_roles r where rolname = 'app_user'`);
    expect(role).toEqual({ privileged: false, is_member: false, owns: false });
  });
});

const IDENTITY = `select current_user::text as role, coalesce(current_setting('app.user_id', true), '') as id`;
const identify = async (userId: string) => (await asUser(userId, [statement(queryBuilder.execute(IDENTITY))]))[0][0];
const ofUser = (id: string) => ({ role: 'app_user', id });

describe('role and app.user_id of a transaction', () => {
  test('role and app.user_id are reset after each transaction', async () => {
    const [owner] = await asOwner(IDENTITY);
    expect(owner).toEqual({ role: expect.not.stringContaining('app_user'), id: '' });
    for (const { id } of [ada, bob, { id: '' }, ada]) {
      expect(await identify(id)).toEqual(ofUser(id));
      expect(await asOwner(IDENTITY)).toEqual([owner]);
    }
  });

  test('role and app.user_id are reset after a failed transaction', async () => {
    const [owner] = await asOwner(IDENTITY);
    expect(await stateOf(asUser(ada.id, [statement(queryBuilder.execute('select 1 / 0'))]))).toBe('22012');
    expect(await asOwner(IDENTITY)).toEqual([owner]);
    expect(await identify(bob.id)).toEqual(ofUser(bob.id));
  });

  test('role and app.user_id are those of its own user in each of many concurrent transactions', async () => {
    const [owner] = await asOwner(IDENTITY);
    const rounds = Array.from({ length: 40 }, async (_, i) => {
      const { id } = i % 2 ? ada : bob;
      const failing = i % 5 ? undefined : stateOf(asUser(id, [statement(queryBuilder.execute('select 1 / 0'))]));
      const [identity, [rows], asked] = await Promise.all([
        identify(id),
        asUser(id, [statement(queryBuilder.select().from(tasks))]),
        asOwner(IDENTITY),
        failing,
      ]);
      expect(identity).toEqual(ofUser(id));
      expect(new Set(rows.map(({ userId }) => userId))).toEqual(new Set([id]));
      expect(asked).toEqual([owner]);
    });
    await Promise.all(rounds);
  });
});

describe('a batch with a failing statement', () => {
  const planted = () =>
    statement(queryBuilder.insert(tasks).values({ userId: ada.id, id: randomUUID(), title: 'Half' }));
  const renamed = () => statement(queryBuilder.update(tasks).set({ title: 'Half' }));
  const failures = {
    '22012': () => statement(queryBuilder.execute('select 1 / 0')),
    '42601': () => statement(queryBuilder.execute('selec')),
    '42P01': () => statement(queryBuilder.execute('select * from nowhere')),
    '23505': () => statement(queryBuilder.insert(tasks).values({ userId: ada.id, id: adasTask, title: 'Twice' })),
    '23514': () => statement(queryBuilder.insert(tasks).values({ userId: ada.id, id: randomUUID(), title: '' })),
    '23503': () => statement(queryBuilder.insert(taskTags).values({ userId: ada.id, taskId: randomUUID(), tag: 'x' })),
    [DENIED]: () => statement(queryBuilder.execute('select * from jwks')),
  };

  test.each(Object.entries(failures))(
    'a batch that fails with SQLSTATE %s writes nothing and does not affect the next batch',
    async (state, fail) => {
      const before = await storedRows();
      for (const batch of [
        [planted(), renamed(), fail()],
        [fail(), planted(), renamed()],
        [planted(), fail(), renamed()],
      ]) {
        expect(await stateOf(asUser(ada.id, batch))).toBe(state);
        expect(await storedRows()).toBe(before);
        expect(await identify(bob.id)).toEqual(ofUser(bob.id));
      }
    },
  );
});
