import { type Driver, openDriver, type Statement } from '@taskward/db';
import { freshDatabase } from '@taskward/db/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as idempotency from '../kit/idempotency';
import * as queries from './queries';

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

test('the SQL of every statement is the one in queries.sql', async () => {
  const texts = all.map(([name, { text }]) => `-- ${name}\n${text.trim()};\n`);
  await expect(texts.join('\n')).toMatchFileSnapshot('queries.sql');
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
