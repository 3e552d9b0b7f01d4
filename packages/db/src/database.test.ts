import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { inspect } from 'node:util';
import { eq, sql } from 'drizzle-orm';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { createDatabase, type Database } from './database';
import { DatabaseUnavailable, type Driver, toDatabaseError } from './driver';
import { tasks, taskTags, user } from './schema';
import { defineStatement, type Statement } from './statement';
import { prepare, queryBuilder, statement, useFreshDatabase } from './testing';

let driver: Driver;
let db: Database;
let asUser: Database['asUser'];

useFreshDatabase((opened) => {
  ({ driver } = opened);
  db = createDatabase(driver);
  asUser = db.asUser;
});

async function newUser(): Promise<string> {
  const id = randomUUID();
  await db.ownerDb.insert(user).values({ id, name: 'Test', email: `${id}@example.com` });
  return id;
}

const asOwner = async (text: string) => (await db.ownerDb.execute<Record<string, unknown>>(text)).rows;
const titles = async (id: string) =>
  (await asUser(id, [statement(queryBuilder.select().from(tasks))]))[0].map((row) => row.title);
const newTask = (userId: string, title = 'Milk') =>
  statement(queryBuilder.insert(tasks).values({ userId, id: randomUUID(), title }));

function failure(work: Promise<unknown>): Promise<{ code: string }> {
  return work.then(
    () => expect.unreachable('it succeeded'),
    (error) => error,
  );
}

describe('a batch of asUser', () => {
  const allTitles = prepare(queryBuilder.select({ title: tasks.title }).from(tasks).orderBy(tasks.title));
  const rename = prepare(
    queryBuilder
      .update(tasks)
      .set({ title: sql`${sql.placeholder('title')}` })
      .where(eq(tasks.title, sql.placeholder('old')))
      .returning({ id: tasks.id, version: tasks.version }),
  );

  test('the statements of a batch run in order in one transaction, and each returns typed rows', async () => {
    const userId = await newUser();
    const id = randomUUID();
    const results = await asUser(userId, [
      allTitles(),
      statement(
        queryBuilder
          .insert(tasks)
          .values({ userId, id, title: 'Milk' })
          .returning({ id: tasks.id, at: tasks.createdAt }),
      ),
      statement(queryBuilder.execute<{ tx: string }>('select txid_current()::text as tx')),
      rename({ old: 'Milk', title: 'Bread' }),
      statement(queryBuilder.select({ count: sql<number>`count(*)::int` }).from(tasks)),
      allTitles(),
      statement(queryBuilder.execute<{ tx: string }>('select txid_current()::text as tx')),
    ]);
    expectTypeOf(results[0]).toEqualTypeOf<{ title: string }[]>();
    expectTypeOf(results[1]).toEqualTypeOf<{ id: string; at: Date }[]>();
    const transaction = { tx: expect.stringMatching(/^\d+$/) };
    expect(results).toEqual([
      [],
      [{ id, at: expect.any(Date) }],
      [transaction],
      [{ id, version: 1 }],
      [{ count: 1 }],
      [{ title: 'Bread' }],
      [transaction],
    ]);
    expect(results[2]).toEqual(results[6]);
  });

  test('a batch may be empty, or contain the same statement twice', async () => {
    const userId = await newUser();
    expect(await asUser(userId, [])).toEqual([]);
    expect(await asUser(userId, [allTitles(), allTitles()])).toEqual([[], []]);
  });

  test.each([0, 1, 2, 3])('a batch whose statement %i fails writes nothing, and later batches work', async (place) => {
    const userId = await newUser();
    const batch: Statement[] = [newTask(userId), newTask(userId), newTask(userId)];
    batch.splice(place, 0, statement(queryBuilder.execute(sql`select 1 / ${0}::int`)));
    const error = await failure(asUser(userId, batch));
    expect(error.code).toBe('22012');
    for (let i = 0; i < 12; i++) expect(await titles(userId)).toEqual([]);
  });

  test('a batch is isolated from an open transaction of the owner', async () => {
    const userId = await newUser();
    const open = failure(
      db.ownerDb.transaction(async (tx) => {
        await tx.execute('select 1');
        await setTimeout(100);
        throw new Error('All of it is rolled back.');
      }),
    );
    await setTimeout(50);
    await asUser(userId, [newTask(userId)]);
    await open;
    expect(await titles(userId)).toEqual(['Milk']);
  });

  test('a batch fails with the error of its first failing statement', async () => {
    const userId = await newUser();
    const wrong = [
      statement(queryBuilder.execute('select 1 / 0')),
      statement(queryBuilder.execute('selec')),
      newTask('nobody'),
    ];
    const codes = ['22012', '42601', '42501'];
    for (const first of [0, 1, 2]) {
      const error = await failure(asUser(userId, [...wrong.slice(first), ...wrong.slice(0, first)]));
      expect(error.code).toBe(codes[first]);
    }
  });

  test('a batch writes nothing when a constraint fails at the commit', async () => {
    const userId = await newUser();
    await asOwner('create table late (id int unique deferrable initially deferred)');
    await asOwner('grant insert on late to app_user');
    const twice = () => statement(queryBuilder.execute('insert into late values (1)'));
    const error = await failure(asUser(userId, [newTask(userId), twice(), twice()]));
    expect(error.code).toBe('23505');
    expect(await titles(userId)).toEqual([]);
    await asOwner('drop table late');
  });

  test('a batch writes nothing when a parameter cannot be serialized', async () => {
    const userId = await newUser();
    const circle: Record<string, unknown> = {};
    circle.itself = circle;
    const error = await failure(
      asUser(userId, [newTask(userId), statement(queryBuilder.execute(sql`select ${circle}::jsonb`)), newTask(userId)]),
    );
    expect(error).toBeInstanceOf(TypeError);
    expect(error).not.toBeInstanceOf(DatabaseUnavailable);
    expect(await titles(userId)).toEqual([]);
  });

  test('statements return the right rows when there are more texts than prepared statements', async () => {
    for (let i = 0; i < 520; i++) await asUser('', [statement(queryBuilder.execute(`select ${i} as n`))]);
    for (const i of [518, 519, 518, 7]) {
      const same = statement(queryBuilder.execute<{ n: number }>(`select ${i} as n`));
      expect(await asUser('', [same, same])).toEqual([[{ n: i }], [{ n: i }]]);
    }
  });

  test('statements can only be executed by asUser', async () => {
    await expect(queryBuilder.select().from(tasks)).rejects.toMatchObject({
      cause: { message: 'Statements must be executed through Database.asUser().' },
    });
  });

  test('a statement requires a value for each parameter, and columns of one table', () => {
    const select = defineStatement('select :first, :second');
    expect(() => select({ first: 1 })).toThrow('The parameter :second has no value.');
    const joined = queryBuilder.select().from(tasks).innerJoin(taskTags, eq(tasks.id, taskTags.taskId));
    expect(() => prepare(joined)).toThrow('has to name each column');
  });
});

describe('role and app.user_id of a batch', () => {
  const IDENTITY = `select current_user::text as role, coalesce(current_setting('app.user_id', true), '') as id,
    current_setting('statement_timeout') as timeout`;
  const identity = async (id: string) => (await asUser(id, [statement(queryBuilder.execute(IDENTITY))]))[0][0];

  test('a statement without a predicate reaches only rows of its user, and none for an empty user id', async () => {
    const [ada, bob] = [await newUser(), await newUser()];
    await asUser(ada, [newTask(ada, 'of Ada')]);
    await asUser(bob, [newTask(bob, 'of Bob')]);
    expect(await titles(ada)).toEqual(['of Ada']);
    expect(await titles(bob)).toEqual(['of Bob']);
    expect(await titles('')).toEqual([]);
    expect((await asUser('', [statement(queryBuilder.update(tasks).set({ title: 'x' }).returning())]))[0]).toEqual([]);
  });

  test('role, app.user_id and statement timeout are reset after each batch, even a failed one', async () => {
    const ada = await newUser();
    const [owner] = await asOwner(IDENTITY);
    expect(owner).toMatchObject({ role: expect.not.stringContaining('app_user'), id: '', timeout: '0' });
    expect(await identity(ada)).toEqual({ role: 'app_user', id: ada, timeout: '9s' });
    await failure(asUser(ada, [statement(queryBuilder.execute('select 1 / 0'))]));
    for (let i = 0; i < 12; i++) expect(await asOwner(IDENTITY)).toEqual([owner]);
    expect(await identity('')).toEqual({ role: 'app_user', id: '', timeout: '9s' });
  });

  test('the shortest timeout of its statements applies to a batch, and only to that batch', async () => {
    const ada = await newUser();
    const limited = prepare(queryBuilder.execute(IDENTITY), { timeoutMs: 1_500 });
    const [[first], [second]] = await asUser(ada, [statement(queryBuilder.execute(IDENTITY)), limited()]);
    expect([first, second]).toMatchObject([{ timeout: '1500ms' }, { timeout: '1500ms' }]);
    expect(await identity(ada)).toMatchObject({ timeout: '9s' });
  });

  test('concurrent batches of many users never mix up their users', async () => {
    const users = await Promise.all(Array.from({ length: 20 }, newUser));
    const rounds = users.flatMap((id) => [id, id, id]);
    const seen = await Promise.all(
      rounds.map(async (id, i) => {
        const title = `${id} ${i}`;
        const work = i % 7 ? newTask(id, title) : statement(queryBuilder.execute('select 1 / 0'));
        const done = await asUser(id, [work, statement(queryBuilder.execute<{ id: string }>(IDENTITY))]).catch(
          () => undefined,
        );
        return !done || done[1][0]?.id === id;
      }),
    );
    expect(seen).toEqual(rounds.map(() => true));
    for (const id of users) {
      const own = await titles(id);
      expect(own.length).toBeGreaterThan(0);
      for (const title of own) expect(title).toContain(id);
    }
  });

  test.each(['user', 'account', 'session', 'verification', 'jwks'])(
    'a batch cannot reach the table %s',
    async (table) => {
      for (const text of [`select * from "${table}"`, `delete from "${table}"`]) {
        expect((await failure(asUser('', [statement(queryBuilder.execute(text))]))).code).toBe('42501');
      }
    },
  );

  // An injected statement could set another user by `set_config('app.user_id', …)`, or `reset role`, since
  // PostgreSQL cannot forbid either. Parameters keep statements out; what then holds is the role, as long as it is on.
  test('a batch that sets app.user_id to another user reaches tables with row-level security and no other', async () => {
    const [ada, bob] = [await newUser(), await newUser()];
    await asUser(bob, [newTask(bob, 'of Bob')]);
    const imposture = () => statement(queryBuilder.execute(sql`select set_config('app.user_id', ${bob}, true)`));
    const [, rows] = await asUser(ada, [imposture(), statement(queryBuilder.select().from(tasks))]);
    expect(rows.map(({ title }) => title)).toEqual(['of Bob']);
    expect(
      (await failure(asUser(ada, [imposture(), statement(queryBuilder.execute('select * from "user"'))]))).code,
    ).toBe('42501');
    const reachable = await asOwner(`select relname as name, relforcerowsecurity as bound from pg_class
      where relkind in ('r', 'p', 'v', 'm', 'f', 'S') and relnamespace = 'public'::regnamespace
      and has_table_privilege('app_user', oid, 'select')`);
    expect(reachable).toEqual(expect.arrayContaining([{ name: 'tasks', bound: true }]));
    expect(reachable.filter(({ bound }) => !bound)).toEqual([]);
    expect(await titles(ada)).toEqual([]);
  });
});

test.each(['EPIPE', 'ECONNRESET', '57P01', undefined])(
  'the error code %s is classified as DatabaseUnavailable',
  (code) => {
    expect(toDatabaseError(Object.assign(new Error(), { code }), true)).toBeInstanceOf(DatabaseUnavailable);
  },
);

test.each(['22P02', 'XX000', 'P0001', '23505'])(
  'the error code %s is not classified as DatabaseUnavailable',
  (code) => {
    const error = Object.assign(new Error(), { code });
    expect(toDatabaseError(error, true)).toBe(error);
  },
);

test("a printed error of an owner's query contains neither the statement nor its parameters", async () => {
  const failed = await failure(db.ownerDb.execute(sql`select ${'ada@example.com'}::uuid`));
  expect(inspect(failed)).toMatch(/^A query failed: \w+ 22P02$/);
});

test('every engine returns the same values', async () => {
  const userId = await newUser();
  const id = randomUUID();
  const created = new Date('2026-03-01T09:30:00.123Z');
  const values = { userId, id, title: 'Zoë’s 🐘 \\ "x"', dueDate: '0001-01-01', createdAt: created };
  const [, , [row], [raw], [returned]] = await asUser(userId, [
    statement(queryBuilder.insert(tasks).values(values)),
    statement(
      queryBuilder.insert(taskTags).values([
        { userId, taskId: id, tag: 'b' },
        { userId, taskId: id, tag: 'a, "q"' },
      ]),
    ),
    statement(
      queryBuilder
        .select({
          ...{ title: tasks.title, due: tasks.dueDate, at: tasks.createdAt, done: tasks.completedAt, v: tasks.version },
          tags: sql<string[]>`array_to_json(array(select tag from task_tags order by tag))`,
          list: sql<string[]>`array(select tag from task_tags order by tag)`,
        })
        .from(tasks),
    ),
    statement(
      queryBuilder.execute<
        Record<string, unknown>
      >(sql`select created_at, due_date, version, status, completed_at, true as yes,
      9007199254740993::int8 as big, 7::int8 as small, 1.50::numeric as exact, '{"a": [1, null]}'::jsonb as json, array[1, 2] as numbers,
      ${sql.param(['x', 'y"'])}::text[] as texts, '2026-01-01 10:00'::timestamp as local, null::text as nothing from tasks`),
    ),
    statement(
      queryBuilder.update(tasks).set({ dueDate: '9999-12-31' }).returning({ due: tasks.dueDate, at: tasks.createdAt }),
    ),
  ]);
  const tags = ['a, "q"', 'b'];
  expect(row).toEqual({ title: values.title, due: '0001-01-01', at: created, done: null, v: 1, tags, list: tags });
  expect(raw).toEqual({
    created_at: '2026-03-01 09:30:00.123+00',
    due_date: '0001-01-01',
    version: 1,
    status: 'todo',
    completed_at: null,
    yes: true,
    big: '9007199254740993',
    small: '7',
    exact: '1.50',
    json: { a: [1, null] },
    numbers: [1, 2],
    texts: ['x', 'y"'],
    local: '2026-01-01T10:00:00.000Z',
    nothing: null,
  });
  expect(returned).toEqual({ due: '9999-12-31', at: created });
});

test('transactions of Better Auth are interactive: they read their own writes, and commit or roll back as a whole', async () => {
  const [committed, rolledBack] = [randomUUID(), randomUUID()];
  const row = (id: string) => ({ id, name: 'Test', email: `${id}@example.com` });
  const found = await db.ownerDb.transaction(async (tx) => {
    await tx.insert(user).values(row(committed));
    const [own] = await tx.select().from(user).where(eq(user.id, committed));
    await tx
      .update(user)
      .set({ name: `${own?.name}, renamed` })
      .where(eq(user.id, committed));
    return tx.select({ name: user.name }).from(user).where(eq(user.id, committed));
  });
  expect(found).toEqual([{ name: 'Test, renamed' }]);
  const aborted = db.ownerDb.transaction(async (tx) => {
    await tx.insert(user).values(row(rolledBack));
    throw new Error('changed my mind');
  });
  await expect(aborted).rejects.toThrow('changed my mind');
  const twice = db.ownerDb.transaction(async (tx) => {
    await tx.insert(user).values(row(rolledBack));
    await tx.insert(user).values(row(rolledBack));
  });
  expect(await failure(twice)).toMatchObject({ cause: { code: '23505' } });
  const left = await asOwner(`select id from "user" where id in ('${committed}', '${rolledBack}')`);
  expect(left).toEqual([{ id: committed }]);
});
