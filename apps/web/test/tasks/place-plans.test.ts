import { createSecretKey, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { listTasks, tasks } from '@taskward/api-core';
import { createDatabase, type Database, type Driver, openDriver } from '@taskward/db';
import { engine, type FreshDatabase, freshDatabase } from '@taskward/db/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/**
 * What lists by list, parent and position read for a user with 100,000 tasks: most in one list, some in the inbox, in another
 * list, and below another task.
 */

type Statement = Parameters<Driver['executeBatch']>[1][number];

const MANY = 100_000;
const SELECTED = 50;
const userId = randomUUID();
const [most, some, parent] = [randomUUID(), randomUUID(), randomUUID()];

let fresh: FreshDatabase;
let driver: Driver;
let db: Database;
let sent: Statement | undefined;

/** The oldest tasks are those that are looked for, so that they are at the far end of the default order. */
const load = (from: number, to: number) => `
  insert into tasks (user_id, id, title, title_key, description_key, status, list_id, parent_id, position, created_at)
  select '${userId}', case when i = 1 then '${parent}' else gen_random_uuid() end, 'Task', 'task', '', 'todo',
    case when i <= ${SELECTED} then null when i <= ${2 * SELECTED} then '${some}'::uuid else '${most}' end,
    null, (5000000000 + i)::text,
    now() - (${MANY} - i) * interval '1 minute'
  from generate_series(${from}, ${to}) i`;

describe.runIf(engine === 'postgres')('query plans of places with 100,000 tasks', () => {
  beforeAll(async () => {
    fresh = await freshDatabase();
    driver = await openDriver(fresh.url);
    db = createDatabase({
      ...driver,
      executeBatch: (id, statements) => {
        sent = statements.at(-1);
        return driver.executeBatch(id, statements);
      },
    });
    const run = (statement: string) => driver.ownerDb.execute(statement);
    await run(`insert into "user" (id, name, email) values ('${userId}', 'Test', '${userId}')`);
    await run(`insert into lists (user_id, id, name, position)
      values ('${userId}', '${most}', 'Most', '5000000000'), ('${userId}', '${some}', 'Some', '5000000001')`);
    for (let from = 1; from <= MANY; from += 10_000) await run(load(from, from + 9_999));
    await run(`insert into tasks (user_id, id, title, title_key, description_key, status, list_id, parent_id, position, created_at)
      select '${userId}', gen_random_uuid(), 'Below', 'below', '', 'todo', null, '${parent}', (5000000000 + i)::text,
        now() - interval '1 year'
      from generate_series(1, ${SELECTED}) i`);
    await run('vacuum analyze tasks');
  }, 60_000);

  afterAll(async () => {
    await driver?.close();
    await fresh?.drop();
  });

  interface Plan {
    'Node Type': string;
    'Relation Name'?: string;
    'Index Name'?: string;
    'Actual Rows': number;
    'Actual Loops': number;
    'Rows Removed by Filter'?: number;
    Plans?: Plan[];
  }

  /** The index of tasks that the list reads, how many rows it reads there, and how many it returns. */
  async function readingOf(
    query: object,
  ): Promise<{ index: string | undefined; read: number; returned: number; cursor: string | null }> {
    const ctx = { db, userId, cursorKey: createSecretKey(Buffer.alloc(32)), maxTasks: 20_000, preconditions: {} };
    const { body } = await tasks.list(ctx, listTasks.query.parse(query));
    if (!sent) throw new Error('Nothing was sent.');
    const explained = { ...sent, text: `explain (analyze, format json) ${sent.text}`, rowMode: 'object' } as const;
    const [[row]] = (await driver.executeBatch(userId, [explained])) as [[{ 'QUERY PLAN': [{ Plan: Plan }] }]];
    const { Plan: plan } = row['QUERY PLAN'][0];
    const nodes: Plan[] = [];
    const collect = (node: Plan) => {
      nodes.push(node);
      node.Plans?.forEach(collect);
    };
    collect(plan);
    const ofTasks = nodes.filter((node) => node['Relation Name'] === 'tasks');
    const rows = (node: Plan) => (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
    return {
      index: nodes.find((node) => node['Index Name']?.startsWith('tasks_'))?.['Index Name'],
      read: ofTasks.reduce((sum, node) => sum + rows(node), 0),
      returned: plan['Actual Rows'],
      cursor: body?.next_cursor ?? null,
    };
  }

  /** The index of each in docs/pagination.md. */
  const page = new Map(
    readFileSync(new URL('../../../../docs/pagination.md', import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.replaceAll('`', '').split('|').slice(1, 3))
      .map(([name = '', index = '']) => [name.trim(), index.trim()]),
  );

  test.each([
    ['list', { list: most }],
    ['list', { list: some }],
    ['list=inbox', { list: 'inbox' }],
    ['parent', { parent }],
    ['list, sort=position', { list: most, sort: 'position' }],
    ['list, sort=position', { list: some, sort: '-position' }],
    ['list=inbox, sort=position', { list: 'inbox', sort: 'position' }],
    ['parent, sort=position', { parent, sort: 'position' }],
    ['list, sort=position', { list: most, parent: 'none', sort: 'position' }],
  ])('a list by %s reads no more than it returns: %o', async (name, query) => {
    const first = await readingOf(query);
    expect(page.get(name)).toContain(first.index);
    expect(first.returned).toBeGreaterThanOrEqual(SELECTED);
    expect(first.read).toBeLessThanOrEqual(first.returned + 1);
    if (first.cursor === null) return;
    const next = await readingOf({ ...query, cursor: first.cursor });
    expect(page.get(name)).toContain(next.index);
    // The row of the cursor may be read, too.
    expect(next.read).toBeLessThanOrEqual(next.returned + 2);
  });
});
