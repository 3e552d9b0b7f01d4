import { createSecretKey, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { listTasks, tasks } from '@taskward/api-core';
import { createDatabase, type Database, type Driver, openDriver } from '@taskward/db';
import { engine, type FreshDatabase, freshDatabase } from '@taskward/db/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** The cost of lists for a user with 100,000 tasks, compared with one who has 100. */

type Statement = Parameters<Driver['executeBatch']>[1][number];
type Query = Record<string, string>;

const MANY = 100_000;
const FEW = 100;
/** The number of tasks of each user that match a selective filter. */
const SELECTED = 50;
const big = randomUUID();
const small = randomUUID();
/** They have a few tasks, all alike, so that the average user is nothing like `big`. */
const crowd = Array.from({ length: 500 }, () => randomUUID());

let fresh: FreshDatabase;
let driver: Driver;
let db: Database;
/** The last statement that the service sent. */
let sent: Statement | undefined;

const load = (userId: string, count: number, from: number, to: number) => `
  insert into tasks
    (user_id, id, title, title_key, description, description_key, status, priority, due_date, completed_at, created_at,
      updated_at, position)
  select '${userId}', gen_random_uuid(), title, lower(title), text, coalesce(text, ''),
    case when one then 'in_progress' when other then 'done' else 'todo' end,
    case when one then 'high' when i % 3 = 0 then 'low' else 'none' end,
    case when one then date '2020-01-01' when other then date '2040-01-01'
      when i % 4 > 0 then date '2026-01-01' + i % 1000 end,
    case when other then now() end, now() - i * interval '1 minute', now() - i * 7919 % ${count} * interval '1 minute',
    (5000000000 + i)::text
  from generate_series(${from}, ${to}) i,
    lateral (select i % ${count / SELECTED} = 0 as one, i % ${count / SELECTED} = 1 as other) picked,
    lateral (
      select case when one then 'Needle ' else 'Task ' end || md5(i::text) as title,
        case when i % 3 = 0 then repeat(md5(i::text) || ' ', 8) end as text
    ) written`;

describe.runIf(engine === 'postgres')('query plans with 100,000 tasks', () => {
  beforeAll(async () => {
    fresh = await freshDatabase();
    driver = await openDriver(fresh.url);
    db = createDatabase({
      ...driver,
      executeBatch: (userId, statements) => {
        sent = statements.at(-1);
        return driver.executeBatch(userId, statements);
      },
    });
    const run = (statement: string) => driver.ownerDb.execute(statement);
    await run(
      `insert into "user" (id, name, email) select id, 'Test', id from unnest(array['${[big, small, ...crowd].join("', '")}']) id`,
    );
    // Indexes and the foreign key are restored after inserting the rows, which is several times as fast.
    const { rows: indexes } = await driver.ownerDb.execute<{ name: string; definition: string }>(
      `select indexname as name, indexdef as definition from pg_indexes
      where tablename in ('tasks', 'task_tags') and indexname not like '%_pkey' and indexname <> 'tasks_by_place'`,
    );
    await run(`drop index ${indexes.map(({ name }) => name)}`);
    await run('alter table task_tags drop constraint task_tags_task_fkey');
    // In batches, each within the query timeout.
    for (let from = 1; from <= MANY; from += 20_000) await run(load(big, MANY, from, from + 19_999));
    await run(load(small, FEW, 1, FEW));
    await run(`insert into tasks (user_id, id, title, title_key, description_key, status, priority, created_at, updated_at)
      select id, gen_random_uuid(), 'Task', 'task', '', 'todo', 'none', now(), now()
      from "user", generate_series(1, 10) where id not in ('${big}', '${small}')`);
    await run(`insert into task_tags select user_id, id, 'rare' from tasks
      where status = 'in_progress' or user_id not in ('${big}', '${small}')`);
    await run(`insert into task_tags select user_id, id, 'common' from tasks where priority <> 'low'`);
    await run(`alter table task_tags add constraint task_tags_task_fkey foreign key (user_id, task_id)
      references tasks (user_id, id) on delete cascade`);
    for (const { definition } of indexes) await run(definition);
    await run('vacuum analyze tasks');
    await run('vacuum analyze task_tags');
  }, 60_000);

  afterAll(async () => {
    await driver?.close();
    await fresh?.drop();
  });

  const as = (userId: string) => ({
    db,
    userId,
    cursorKey: createSecretKey(Buffer.alloc(32)),
    maxTasks: 20_000,
    preconditions: {},
  });

  /** The statement that the service runs for this query, and the cursor that it returns. */
  async function statementOf(userId: string, query: object): Promise<{ statement: Statement; cursor: string | null }> {
    const page = await tasks.list(as(userId), listTasks.query.parse(query));
    if (!sent) throw new Error('Nothing was sent.');
    return { statement: sent, cursor: page.body?.next_cursor ?? null };
  }

  /** That statement for a deep page, after half of the tasks. */
  async function deepStatementOf(query: Query, key: string): Promise<Statement> {
    const { cursor } = await statementOf(big, query);
    const { statement } = await statementOf(big, { ...query, cursor: cursor ?? '' });
    const position = JSON.parse(
      Buffer.from(cursor ?? '', 'base64url')
        .subarray(16)
        .toString(),
    );
    const at = statement.params.indexOf(position[1]);
    expect(statement.params[at - 1]).toBe(position[0]);
    const direction = query.sort?.startsWith('-') ? 'desc' : 'asc';
    const { rows } = await driver.ownerDb.execute<Record<string, string>>(`
      select (${key})::text as key, id from tasks where user_id = '${big}'
      order by ${key} ${direction}, id ${direction} offset ${MANY / 2} limit 1`);
    return { ...statement, params: statement.params.with(at, rows[0]?.id).with(at - 1, rows[0]?.key) };
  }

  interface Plan {
    'Node Type': string;
    'Relation Name'?: string;
    'Index Name'?: string;
    'Index Cond'?: string;
    'Actual Rows': number;
    'Actual Loops': number;
    'Rows Removed by Filter'?: number;
    'Shared Hit Blocks': number;
    'Shared Read Blocks': number;
    Plans?: Plan[];
  }

  async function explain(userId: string, { text, params }: Statement) {
    const explained = { text: `explain (analyze, buffers, format json) ${text}`, params, rowMode: 'object' } as const;
    const [[row]] = (await driver.executeBatch(userId, [explained])) as [
      [{ 'QUERY PLAN': [{ Plan: Plan; 'Execution Time': number }] }],
    ];
    const { Plan: plan, 'Execution Time': ms } = row['QUERY PLAN'][0];
    const nodes: Plan[] = [];
    const collect = (node: Plan) => {
      nodes.push(node);
      node.Plans?.forEach(collect);
    };
    collect(plan);
    const ofTasks = nodes.filter((node) => node['Relation Name'] === 'tasks');
    const rows = (node: Plan) => node['Actual Rows'] * node['Actual Loops'];
    const removed = (node: Plan) => (node['Rows Removed by Filter'] ?? 0) * node['Actual Loops'];
    return {
      ms,
      nodes,
      ofTasks,
      returned: plan['Actual Rows'],
      read: ofTasks.reduce((sum, node) => sum + rows(node) + removed(node), 0),
      buffers: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
      sorted: Math.max(0, ...nodes.filter((node) => node['Node Type'].includes('Sort')).map(rows)),
      indexes: [...new Set(nodes.flatMap((node) => node['Index Name'] ?? []))],
    };
  }
  interface Read {
    readonly count: number;
  }
  const readSoFar: Statement = {
    text: `select (seq_tup_read + idx_tup_fetch)::int as count from pg_stat_xact_user_tables where relname = 'tasks'`,
    params: [],
    rowMode: 'object',
  };
  type Explained = Awaited<ReturnType<typeof explain>>;

  function expectNoSeqScan({ nodes }: Explained) {
    expect(nodes.map((node) => node['Node Type'])).not.toContainEqual(expect.stringContaining('Seq Scan'));
  }

  /** The index of each sort and filter in docs/pagination.md. */
  const page = new Map(
    readFileSync(new URL('../../../../docs/pagination.md', import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.replaceAll('`', '').split('|').slice(1, 3))
      .map(([name = '', index = '']) => [name.trim(), index.trim()]),
  );

  const due = (none: string) => `case when due_date is null then '${none}'::date else due_date end`;
  const keys: Record<string, string> = {
    created_at: 'created_at',
    '-created_at': 'created_at',
    updated_at: 'updated_at',
    '-updated_at': 'updated_at',
    due_date: due('infinity'),
    '-due_date': due('-infinity'),
    priority: 'priority_rank',
    '-priority': 'priority_rank',
    title: 'title_key',
    '-title': 'title_key',
  };

  test.each(Object.entries(keys))('a list sorted by %s reads only its page, first or deep', async (sort, key) => {
    const first = await explain(big, (await statementOf(big, { sort })).statement);
    const deep = await explain(big, await deepStatementOf({ sort }, key));
    const little = await explain(small, (await statementOf(small, { sort })).statement);
    for (const plan of [first, deep]) {
      expectNoSeqScan(plan);
      expect(plan.ofTasks).toMatchObject([{ 'Index Name': page.get(`sort=${sort}`) }]);
      expect(plan.sorted).toBe(0);
      expect(plan.returned).toBe(51);
      expect(plan.read).toBeLessThanOrEqual(plan.returned + 1);
      expect(plan.buffers).toBeLessThan(little.buffers * 1.5);
    }
    expect(deep.ofTasks[0]?.['Index Cond']).toContain('ROW(');
  });

  test.each<Query>([
    { status: 'in_progress' },
    { completed: 'true' },
    { priority: 'high' },
    { tag: 'rare' },
    { due_before: '2020-12-31' },
    { due_after: '2039-01-01' },
  ])('a list filtered by %o with few matches reads only those', async (query) => {
    const { statement } = await statementOf(big, query);
    const plan = await explain(big, statement);
    const little = await explain(small, (await statementOf(small, query)).statement);
    expectNoSeqScan(plan);
    expect(plan.indexes).toContain(page.get(Object.keys(query)[0] ?? ''));
    expect(plan.returned).toBe(SELECTED);
    expect(plan.read).toBe(SELECTED);
    expect(plan.sorted).toBeLessThanOrEqual(SELECTED);
    expect(plan.buffers).toBeLessThan(little.buffers * (query.tag ? 2 : 1.5));
  });

  test.each<Query>([
    { tag: 'common' },
    { status: 'todo' },
    { completed: 'false' },
    { priority: 'none' },
    { due_after: '2020-06-01' },
    { due_before: '2039-01-01', sort: '-due_date' },
    { due_after: '2026-06-01', sort: 'due_date' },
    { due_after: '2026-06-01', due_before: '2026-06-30', sort: '-due_date' },
    { tag: 'common', sort: 'title' },
    { q: 'task' },
  ])('a list filtered by %o with many matches reads about one page', async (query) => {
    const plan = await explain(big, (await statementOf(big, query)).statement);
    expectNoSeqScan(plan);
    expect(plan.returned).toBe(51);
    expect(plan.read).toBeLessThan(51 * 4);
    expect(plan.sorted).toBeLessThan(51 * 4);
  });

  test.each<Record<string, string | string[]>>([
    {},
    { status: 'todo' },
    { status: 'in_progress' },
    { priority: 'none' },
    { priority: 'high' },
    { tag: 'rare' },
    { tag: 'common' },
    { tag: ['common', 'rare'] },
    { due_before: '2020-12-31' },
    { due_after: '2020-06-01', sort: 'due_date' },
  ])("a list filtered by %o reads about one page, even if another user's query was planned before", async (query) => {
    const [other = ''] = crowd;
    const { statement: theirs } = await statementOf(other, query);
    // After five executions, PostgreSQL may switch to a generic plan.
    for (let i = 0; i < 10; i++) await driver.executeBatch(other, [theirs]);
    const { statement } = await statementOf(big, query);
    expect(statement.text).toBe(theirs.text);
    // So that it is retried when a connection breaks.
    expect(statement.isReadOnly).toBe(true);
    const [[before], , [after]] = (await driver.executeBatch(big, [readSoFar, statement, readSoFar])) as [
      [Read],
      unknown,
      [Read],
    ];
    expect(after.count - before.count).toBeGreaterThanOrEqual(SELECTED);
    expect(after.count - before.count).toBeLessThan(51 * 4);
  });

  test.each<Query>([
    { tag: 'common' },
    { tag: 'common', sort: 'title' },
    { tag: 'common', status: 'todo', sort: '-due_date' },
  ])('a list filtered by %o with many matches returns the next tasks in order', async ({ tag = '', ...query }) => {
    const { sort = '-created_at', status } = query;
    const direction = sort.startsWith('-') ? 'desc' : 'asc';
    const key = keys[sort] ?? '';
    const { rows } = await driver.ownerDb.execute<{ id: string }>(`
      select id from tasks join task_tags on task_id = id and tasks.user_id = task_tags.user_id
      where tasks.user_id = '${big}' and tag = '${tag}' ${status ? `and status = '${status}'` : ''}
      order by ${key} ${direction}, id ${direction} limit 100`);
    const toQuery = (cursor: object) => listTasks.query.parse({ ...query, ...cursor, tag: [tag, tag] });
    const first = await tasks.list(as(big), toQuery({}));
    const next = await tasks.list(as(big), toQuery({ cursor: first.body?.next_cursor }));
    expect([first, next].flatMap(({ body }) => body?.data ?? []).map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
  });

  test('a search for a rare word reads every task of the user, as documented, within two seconds', async () => {
    const plan = await explain(big, (await statementOf(big, { q: 'needle' })).statement);
    expect(plan.returned).toBe(SELECTED);
    expect(plan.read).toBeGreaterThan(MANY * 0.99);
    expect(plan.ms).toBeLessThan(2_000);
  });
});
