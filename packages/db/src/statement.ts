export interface StatementOptions {
  /**
   * Whether PostgreSQL plans it for its values each time. A generic plan suits the average user.
   *
   * @see https://www.postgresql.org/docs/current/sql-prepare.html#SQL-PREPARE-NOTES
   */
  readonly useCustomPlan?: boolean;
  /** After how many milliseconds the server cancels it and its batch, where that is sooner than for all statements. */
  readonly timeoutMs?: number;
  /** Whether it changes nothing, so that it can be sent again after a failure. */
  readonly isReadOnly?: boolean;
}

/** A statement as it goes to a driver: text with `$1`, `$2` …, and their values. */
export interface BoundStatement extends StatementOptions {
  readonly text: string;
  readonly params: unknown[];
  /** `array`: rows are arrays in the order of the select list. `object`: rows are keyed by column name. */
  readonly rowMode: 'array' | 'object';
}

/** A statement with its values, but for the user it runs as: that is `Database.asUser`'s to fill in. */
export interface Statement<Row = unknown> extends Omit<BoundStatement, 'params'> {
  toParams(userId: string): unknown[];
  /** Converts a row of the driver to one of the caller. */
  toRow?(row: unknown): Row;
}

export function bind({ toParams, toRow: _, ...statement }: Statement, userId: string): BoundStatement {
  return { ...statement, params: toParams(userId) };
}

/** A parameter, `:name`, whose name begins with a lower-case letter; `::` is a cast. */
const PARAMETER = /(?<!:):([a-z]\w*)/g;

/**
 * Defines a statement in plain SQL with named parameters. `:userId` is the user that it runs as.
 *
 * @returns a function that takes the values of all other parameters, and throws where one is missing.
 */
export function defineStatement<Row, Values extends object = object>(
  sql: string,
  options: StatementOptions = {},
): (values: Values) => Statement<Row> {
  const names = [...new Set(Array.from(sql.matchAll(PARAMETER), ([, name = '']) => name))];
  const text = sql.replace(PARAMETER, (_, name) => `$${names.indexOf(name) + 1}`);
  return (values) => {
    const all = values as Record<string, unknown>;
    const missing = names.find((name) => name !== 'userId' && all[name] === undefined);
    if (missing) throw new Error(`The parameter :${missing} has no value.`);
    const toParams = (userId: string) => names.map((name) => (name === 'userId' ? userId : all[name]));
    return { text, rowMode: 'object', ...options, toParams };
  };
}
