import { createSecretKey, randomUUID } from 'node:crypto';
import { createDatabase, type Driver, openDriver, type Statement } from '@taskward/db';
import { user } from '@taskward/db/schema';
import { freshDatabase } from '@taskward/db/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as idempotency from '../kit/idempotency';
import * as contract from './contract';
import * as queries from './queries';
import * as tasks from './service';

/** Every statement that these modules export: a new one is covered without a change here. */

/** Has a value for every parameter. */
const anyValues = new Proxy({}, { get: () => null });

const SORTS: readonly queries.SortKey[] = ['created_at', 'updated_at', 'due_date', 'priority', 'title'];
const FILTERS: readonly queries.Filter[] = ['status', 'priority', 'due_before', 'due_after', 'tag', 'q'];

/** Each sort in both directions, from the start and from a cursor; each filter by itself, and all together. */
const shapes: readonly queries.PageShape[] = [
  ...SORTS.flatMap((sort) =>
    [false, true].flatMap((descending) =>
      [false, true].map((afterCursor) => ({ sort, descending, afterCursor, filters: [] })),
    ),
  ),
  ...[...FILTERS.map((filter) => [filter]), FILTERS].map((filters) => ({
    ...{ sort: 'due_date' as const, descending: false, afterCursor: true },
    filters,
  })),
];

function statementsOf(module: object): [name: string, statement: Statement][] {
  return Object.entries(module).flatMap(([name, define]) => {
    const statement: unknown = typeof define === 'function' ? define(anyValues) : undefined;
    return isStatement(statement) ? [[name, statement] as const] : [];
  }) as [string, Statement][];
}

const isStatement = (value: unknown): value is Statement =>
  typeof value === 'object' && value !== null && 'toParams' in value;

const { selectPage, ...fixed } = queries;
const { defineStoreResponse: _, ...ofKit } = idempotency;
const all = [
  ...statementsOf(fixed),
  ...statementsOf(ofKit),
  ...shapes.map((shape) => [`selectPage ${JSON.stringify(shape)}`, selectPage(shape)(anyValues)] as const),
];

let driver: Driver;
let drop: () => Promise<void>;

beforeAll(async () => {
  const database = await freshDatabase();
  drop = database.drop;
  driver = await openDriver(database.url);
  await driver.queryAsOwner('set plan_cache_mode = force_generic_plan');
  // Tables as small as these would be read whole.
  for (const kind of ['seqscan', 'hashjoin', 'mergejoin']) await driver.queryAsOwner(`set enable_${kind} = off`);
});

afterAll(async () => {
  await driver.close();
  await drop();
});

/** Runs each operation, and returns the names of its statements as a line of comment. */
async function describeOperations(): Promise<string[]> {
  const userId = 'ada';
  await driver.ownerDb.insert(user).values({ id: userId, name: 'Ada', email: 'ada@example.com' });
  const names = new Map(all.map(([name, { text }]) => [text, name.split(' ')[0]]));
  let batches: string[] = [];
  const db = createDatabase({
    ...driver,
    executeBatch(userId, statements) {
      batches.push(statements.map(({ text }) => names.get(text)).join(', '));
      return driver.executeBatch(userId, statements);
    },
  });
  const ctx = { db, userId, cursorKey: createSecretKey(Buffer.alloc(32)), maxTasks: 20_000, preconditions: {} };
  const withKey = () => ({ ...ctx, idempotency: { key: randomUUID(), fingerprint: '' } });
  const input = contract.TaskInput.parse({ title: 'Milk' });
  const { id } = (await tasks.create(ctx, input)).body;
  const cases: Record<string, () => Promise<unknown>> = {
    listTasks: () => tasks.list(ctx, { limit: 1, sort: 'title' }),
    getTask: () => tasks.get(ctx, id),
    createTask: () => tasks.create(ctx, input),
    'createTask with Idempotency-Key': () => tasks.create(withKey(), input),
    'createTask within 100 tasks of the quota': () => tasks.create({ ...ctx, maxTasks: 101 }, input),
    replaceTask: () => tasks.replace(ctx, id, input),
    'replaceTask within 100 tasks of the quota, new': () =>
      tasks.replace({ ...ctx, maxTasks: 101 }, randomUUID(), input),
    'updateTask without tags': () => tasks.update(ctx, id, { title: 'Bread' }),
    'updateTask with tags': () => tasks.update(ctx, id, { tags: ['shop'] }),
    'updateTask with Idempotency-Key': () => tasks.update(withKey(), id, { title: 'Bread' }),
    completeTask: () => tasks.complete(ctx, id, true),
    'completeTask with Idempotency-Key': () => tasks.complete(withKey(), id, true),
    deleteTask: () => tasks.remove(ctx, id),
  };
  const described = Object.keys(cases).map((name) => name.split(' ')[0]);
  const ids = Object.values(contract).flatMap((value) => ('method' in value ? [value.id] : []));
  expect(new Set(described)).toEqual(new Set(ids));
  const lines: string[] = [];
  for (const [name, run] of Object.entries(cases)) {
    batches = [];
    await run();
    lines.push(`--   ${name}: ${batches.join('; then ')}`);
  }
  return lines;
}

const HEADER = `-- Generated by queries.unit.test.ts: every statement on tasks, as it is sent.
--
-- The statements of each operation, in the order in which they run. Those of one batch are sent together and are one
-- transaction, after the statement that sets the role and the user (setUserContext in packages/db/src/driver.ts).
--
`;

test('the SQL of every statement, and the statements of every operation, are those in queries.sql', async () => {
  const texts = all.map(([name, { text }]) => `-- ${name}\n${text.trim()};\n`);
  const header = `${HEADER}${(await describeOperations()).join('\n')}\n`;
  await expect([header, ...texts].join('\n')).toMatchFileSnapshot('queries.sql');
});

interface Plan {
  readonly 'Relation Name'?: string;
  readonly 'Node Type': string;
  readonly Plans?: readonly Plan[];
}

const scansOf = (plan: Plan): Plan[] => [
  ...(plan['Relation Name'] && plan['Node Type'].endsWith('Scan') ? [plan] : []),
  ...(plan.Plans ?? []).flatMap(scansOf),
];

test.each(all)('the statement %s reads and writes rows of its user alone', async (_, { text, toParams }) => {
  await driver.queryAsOwner(`prepare planned as ${text}`);
  const values = toParams('').map(() => 'null');
  const [result] = await driver.queryAsOwner(`explain (format json) execute planned(${values})`);
  await driver.queryAsOwner('deallocate planned');
  const plans = result?.['QUERY PLAN'] as { Plan: Plan }[];
  const scans = plans.flatMap(({ Plan }) => scansOf(Plan));
  const unowned = scans.filter((scan) => !/"(Index Cond|Filter)":"[^"]*\buser_id = /.test(JSON.stringify(scan)));
  expect(unowned).toEqual([]);
});
