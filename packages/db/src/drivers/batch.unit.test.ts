import { expect, test } from 'vitest';
import type { BoundStatement } from '../statement';
import { Batch } from './batch';

const statement: BoundStatement = { text: 'select 1 as one, now() as at', params: [], rowMode: 'object' };
const fields = [
  { name: 'one', dataTypeID: 23 },
  { name: 'at', dataTypeID: 1114 },
];
const row = { fields: ['1', '2026-03-01 09:30:00.1'] };
const DESCRIBE_PORTAL = Buffer.from([0x44, 0, 0, 0, 6, 0x50, 0]);

/** Runs the statement on a connection, which describes its columns if it is asked to. */
function run(parsedStatements: Record<string, string>, options: Partial<BoundStatement> = {}) {
  const batch = new Batch([{ ...statement, ...options }]);
  const isDescribed = batch.toBytes(parsedStatements).includes(DESCRIBE_PORTAL);
  if (isDescribed) batch.handleRowDescription({ fields: fields as never });
  batch.handleDataRow(row);
  batch.handleCommandComplete({}, { parsedStatements });
  return { isDescribed, rows: batch.rows[0] };
}

test('a prepared statement is described once for each connection, and its rows are parsed alike afterwards', () => {
  const rows = [{ one: 1, at: '2026-03-01T09:30:00.100Z' }];
  const [connection, another] = [{}, {}];
  expect(run(connection)).toEqual({ isDescribed: true, rows });
  expect(run(connection)).toEqual({ isDescribed: false, rows });
  expect(run(another)).toEqual({ isDescribed: true, rows });
});

test('a statement with a custom plan, which is not prepared, is described each time', () => {
  const connection = {};
  for (let i = 0; i < 2; i++) expect(run(connection, { useCustomPlan: true }).isDescribed).toBe(true);
});

test('a connection prepares 500 statements and goes on using them; others are parsed each time', () => {
  const connection = {};
  for (let i = 0; i < 501; i++) run(connection, { text: `select ${i}` });
  expect(Object.keys(connection)).toHaveLength(500);
  expect(run(connection, { text: 'select 0' }).isDescribed).toBe(false);
  expect(run(connection, { text: 'select 500' }).isDescribed).toBe(true);
  expect(run({}, { text: 'select 500' }).isDescribed).toBe(true);
});
