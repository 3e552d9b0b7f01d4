import { type Driver, openDriver, type Statement } from '@taskward/db';
import { freshDatabase } from '@taskward/db/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WriteStatement } from '../kit/write';

type Named = readonly [name: string, statement: Statement];

/** Has a value for every parameter. */
export const anyValues: Record<string, never> = new Proxy({}, { get: () => null });

/** Every statement that the module exports: a new one is covered without a change of its test. */
export function statementsOf(module: object): Named[] {
  return Object.entries(module).flatMap(([name, define]) => {
    const forms: [string, unknown][] = isWrite(define)
      ? [
          [name, define.withoutKey],
          [`${name} with Idempotency-Key`, define.withKey],
        ]
      : [[name, define]];
    return forms.flatMap(([form, create]): Named[] => {
      const statement: unknown = typeof create === 'function' ? create(anyValues) : undefined;
      return isStatement(statement) ? [[form, statement]] : [];
    });
  });
}

const isWrite = (value: unknown): value is WriteStatement<unknown, object> =>
  typeof value === 'object' && value !== null && 'withKey' in value;

const isStatement = (value: unknown): value is Statement =>
  typeof value === 'object' && value !== null && 'toParams' in value;

/**
 * Tests that the statements are those in `queries.sql` beside the test file, and that each names its user.
 *
 * @param describe returns a comment for the beginning of that file.
 */
export function testStatements(statements: readonly Named[], describe?: (driver: Driver) => Promise<string>): void {
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

  test('the SQL of every statement, and the statements of every operation, are those in queries.sql', async () => {
    const texts = statements.map(([name, { text }]) => `-- ${name}\n${text.trim()};\n`);
    await expect([...(describe ? [await describe(driver)] : []), ...texts].join('\n')).toMatchFileSnapshot(
      'queries.sql',
    );
  });

  test.each(statements)('the statement %s reads and writes rows of its user alone', async (_, { text, toParams }) => {
    await driver.queryAsOwner(`prepare planned as ${text}`);
    const values = toParams('').map(() => 'null');
    const [result] = await driver.queryAsOwner(`explain (format json) execute planned(${values})`);
    await driver.queryAsOwner('deallocate planned');
    const plans = result?.['QUERY PLAN'] as { Plan: Plan }[];
    const scans = plans.flatMap(({ Plan }) => scansOf(Plan));
    const unowned = scans.filter((scan) => !/"(Index Cond|Filter)":"[^"]*\buser_id = /.test(JSON.stringify(scan)));
    expect(unowned).toEqual([]);
  });
}

interface Plan {
  readonly 'Relation Name'?: string;
  readonly 'Node Type': string;
  readonly Plans?: readonly Plan[];
}

const scansOf = (plan: Plan): Plan[] => [
  ...(plan['Relation Name'] && plan['Node Type'].endsWith('Scan') ? [plan] : []),
  ...(plan.Plans ?? []).flatMap(scansOf),
];
