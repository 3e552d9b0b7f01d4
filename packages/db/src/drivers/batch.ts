import { hash } from 'node:crypto';
import type { Writable } from 'node:stream';
import pg, { type Connection, type CustomTypesConfig, type Submittable, types } from 'pg';
import { serialize } from 'pg-protocol';
import type { BoundStatement } from '../statement';

const parsers = new Map<number, (text: string) => unknown>([
  [types.builtins.DATE, String],
  [types.builtins.TIMESTAMP, toTimestamp],
  [types.builtins.TIMESTAMPTZ, String],
]);

/**
 * Dates stay text, so that a JavaScript `Date` loses nothing of them. A timestamp without a time zone is one in UTC: it is
 * formatted as in RFC 3339, to the millisecond.
 */
export const batchTypes: CustomTypesConfig = {
  getTypeParser: (oid, format) => parsers.get(oid) ?? types.getTypeParser(oid, format),
};

/** PostgreSQL leaves out zeros at the end. */
function toTimestamp(text: string): string {
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${text.slice(20, 23).padEnd(3, '0')}Z`;
}

/** The part of a connection of `pg` that its types leave out. */
interface Wire {
  readonly stream: Writable;
  readonly parsedStatements: ParsedStatements;
}
/** The statements that a connection has prepared, by their name there. */
type ParsedStatements = Record<string, string>;
// Exported by `pg`, but left out of its types.
const { prepareValue } = (pg as unknown as { utils: { prepareValue(value: unknown): unknown } }).utils;

interface Column {
  readonly name: string;
  readonly parse: (text: string) => unknown;
}

/**
 * The columns of the statements that each connection has prepared. They stay as they are: if a migration changed them,
 * PostgreSQL would reject the statement ("cached plan must not change result type").
 */
const columnsOfConnection = new WeakMap<ParsedStatements, Map<string, readonly Column[]>>();

/** PostgreSQL keeps a plan for each, in the memory of the connection. Beyond them, statements are parsed each time. */
const MAX_PREPARED_STATEMENTS = 500;

const DESCRIBE = serialize.describe({ type: 'P' });
const EXECUTE = serialize.execute();
const SYNC = serialize.sync();

/**
 * Statements that leave in one write and end with one Sync, so that they are one transaction without a `begin` and a
 * `commit`. Those with a name are prepared once on their connection.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
export class Batch implements Submittable {
  /** The rows of each; complete once `callback` was called without an error. */
  readonly rows: unknown[][];
  /** Called once all of it is committed, or with an error. `pg` wraps it, under this name, in its query timeout. */
  callback: (error: unknown) => void = () => {};
  private readonly values: unknown[][];
  private readonly names: string[] = [];
  private readonly columns: (readonly Column[] | undefined)[] = [];
  private index = 0;

  /** @throws {TypeError} for a value that cannot be written. */
  constructor(private readonly statements: readonly BoundStatement[]) {
    this.rows = statements.map(() => []);
    this.values = statements.map(({ params }) => params.map(prepareValue));
  }

  submit(connection: Connection): void {
    const { parsedStatements, stream } = connection as unknown as Wire;
    stream.write(this.toBytes(parsedStatements));
  }

  /** The messages for a connection that has prepared these. */
  toBytes(parsedStatements: ParsedStatements): Buffer {
    const known = columnsOfConnection.get(parsedStatements);
    const isFull = known !== undefined && known.size >= MAX_PREPARED_STATEMENTS;
    const messages = this.statements.flatMap((statement, i) => {
      const { text } = statement;
      let name = statementName(statement);
      const isPrepared = name !== '' && parsedStatements[name] === text;
      if (isFull && !isPrepared) name = '';
      this.names[i] = name;
      this.columns[i] = isPrepared ? known?.get(name) : undefined;
      return [
        // It may exist, from a transaction that failed later. Closing one that does not exist is no error.
        ...(isPrepared || name === '' ? [] : [serialize.close({ type: 'S', name })]),
        ...(isPrepared ? [] : [serialize.parse({ name, text })]),
        serialize.bind({ statement: name, values: this.values[i] ?? [] }),
        ...(this.columns[i] ? [] : [DESCRIBE]),
        EXECUTE,
      ];
    });
    return Buffer.concat([...messages, SYNC]);
  }

  handleRowDescription({ fields }: { fields: pg.FieldDef[] }): void {
    this.columns[this.index] = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: batchTypes.getTypeParser(dataTypeID),
    }));
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    const columns = this.columns[this.index] ?? [];
    const isArray = this.statements[this.index]?.rowMode === 'array';
    this.rows[this.index]?.push(isArray ? toArray(columns, fields) : toObject(columns, fields));
  }

  handleCommandComplete(_: unknown, { parsedStatements }: Pick<Wire, 'parsedStatements'>): void {
    const text = this.statements[this.index]?.text;
    const name = this.names[this.index];
    const columns = this.columns[this.index++] ?? [];
    if (!text || !name) return;
    parsedStatements[name] = text;
    const known = columnsOfConnection.get(parsedStatements) ?? new Map<string, readonly Column[]>();
    columnsOfConnection.set(parsedStatements, known.set(name, columns));
  }

  handleReadyForQuery(): void {
    this.callback(undefined);
  }

  handleError(error: unknown): void {
    this.callback(error);
  }
}

function toArray(columns: readonly Column[], texts: readonly (string | null)[]): unknown[] {
  return columns.map(({ parse }, i) => (texts[i] == null ? null : parse(texts[i])));
}

function toObject(columns: readonly Column[], texts: readonly (string | null)[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (let i = 0; i < columns.length; i++) {
    const { name, parse } = columns[i] as Column;
    const text = texts[i];
    row[name] = text == null ? null : parse(text);
  }
  return row;
}

const names = new Map<string, string>();
const MAX_NAMES = 1_000;

/** The name of a prepared statement, the same in every process; empty for a statement that is parsed each time. */
function statementName({ text, useCustomPlan }: BoundStatement): string {
  if (useCustomPlan) return '';
  const existing = names.get(text);
  if (existing !== undefined) return existing;
  if (names.size >= MAX_NAMES) names.clear();
  const name = `taskward_${hash('sha256', text).slice(0, 24)}`;
  names.set(text, name);
  return name;
}
