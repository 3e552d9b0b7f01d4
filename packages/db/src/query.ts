import { Column, fillPlaceholders, is, type Query } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/pg-proxy';

/** Drizzle without a connection: what is written with it is prepared, and run by `Database.asUser` alone. */
export const queryBuilder = drizzle(() => {
  throw new Error('A statement is run by asUser: otherwise it would belong to nobody.');
});

/** A statement with its values, as it goes to a driver. */
export interface Statement<Row = unknown> {
  readonly text: string;
  readonly params: unknown[];
  /** `array`: rows are arrays in the order of the select list. `object`: rows are keyed by column name. */
  readonly rowMode: 'array' | 'object';
  /**
   * Whether it is planned for its values each time. A plan that a connection keeps is made for the average user.
   *
   * @see https://www.postgresql.org/docs/current/sql-prepare.html#SQL-PREPARE-NOTES
   */
  readonly useCustomPlan?: boolean;
  /** After how many milliseconds the server cancels it and its batch, where that is sooner than for all statements. */
  readonly timeoutMs?: number;
  /** What Drizzle says of the row, made of what the driver says. */
  toRow?(row: unknown): Row;
}

/** A statement as Drizzle builds it, by `select` and its like or, from SQL as it is, by `execute`. */
export type DrizzleQuery<Row> = PromiseLike<Row[]> & ({ prepare(name: string): object } | { getQuery(): Query });

interface CompiledQuery {
  getQuery(): Query;
  readonly fields?: readonly { readonly path: readonly string[]; readonly field: Field }[];
}
type Field = Column | { readonly decoder: Decoder } | { readonly sql: { readonly decoder: Decoder } };
type Decoder = Pick<Column, 'mapFromDriverValue'>;

/**
 * Builds the text of a statement once. What it answers takes the values of the placeholders and gives a statement for
 * `Database.asUser`.
 */
export function prepare<Row>(
  written: DrizzleQuery<Row>,
  options: Pick<Statement, 'useCustomPlan' | 'timeoutMs'> = {},
): (values?: Record<string, unknown>) => Statement<Row> {
  const prepared = ('prepare' in written ? written.prepare('') : written) as CompiledQuery;
  const { sql: text, params } = prepared.getQuery();
  const { fields } = prepared;
  const rowMode = fields ? 'array' : 'object';
  const toRow = fields && createRowDecoder<Row>(fields);
  const compiled = { text, rowMode, ...options, ...(toRow && { toRow }) } as const;
  return (values = {}) => ({ ...compiled, params: fillPlaceholders(params, values) });
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
