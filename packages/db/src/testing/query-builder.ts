import { Column, fillPlaceholders, is, type Query } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/pg-proxy';
import type { Statement, StatementOptions } from '../statement';

/** Drizzle without a connection: its queries are run by `Database.asUser`. */
export const queryBuilder = drizzle(() => {
  throw new Error('Statements must be executed through Database.asUser().');
});

/** A statement as Drizzle builds it, by `select` and its like or, from plain SQL, by `execute`. */
type DrizzleQuery<Row> = PromiseLike<Row[]> & ({ prepare(name: string): object } | { getQuery(): Query });

interface CompiledQuery {
  getQuery(): Query;
  readonly fields?: readonly { readonly path: readonly string[]; readonly field: Field }[];
}
type Field = Column | { readonly decoder: Decoder } | { readonly sql: { readonly decoder: Decoder } };
type Decoder = Pick<Column, 'mapFromDriverValue'>;

/** Compiles a query of Drizzle's once. The function that it returns takes the values of the query's placeholders. */
export function prepare<Row>(
  query: DrizzleQuery<Row>,
  options: StatementOptions = {},
): (values?: Record<string, unknown>) => Statement<Row> {
  const prepared = ('prepare' in query ? query.prepare('') : query) as CompiledQuery;
  const { sql: text, params } = prepared.getQuery();
  const { fields } = prepared;
  const rowMode = fields ? 'array' : 'object';
  const toRow = fields && createRowDecoder<Row>(fields);
  const compiled = { text, rowMode, ...options, ...(toRow && { toRow }) } as const;
  return (values = {}) => ({ ...compiled, toParams: (userId) => fillPlaceholders(params, { userId, ...values }) });
}

/** @throws {Error} for columns of joined tables, which Drizzle would nest. */
function createRowDecoder<Row>(fields: NonNullable<CompiledQuery['fields']>): (row: unknown) => Row {
  const columns = fields.map(({ path: [name = '', ...more], field }) => {
    if (more.length > 0) throw new Error('A statement that joins tables has to name each column of its rows.');
    const decoder = is(field, Column) ? field : 'sql' in field ? field.sql.decoder : field.decoder;
    return { name, decoder };
  });
  return (row) => {
    const values = row as unknown[];
    const decoded: Record<string, unknown> = {};
    columns.forEach(({ name, decoder }, i) => {
      decoded[name] = values[i] === null ? null : decoder.mapFromDriverValue(values[i]);
    });
    return decoded as Row;
  };
}

/** Compiles a query that is executed once. */
export function statement<Row>(query: DrizzleQuery<Row>): Statement<Row> {
  const prepared = prepare(query)();
  return { ...prepared, isReadOnly: prepared.text.startsWith('select ') };
}
