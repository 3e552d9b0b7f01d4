import { hash } from 'node:crypto';
import type { Writable } from 'node:stream';
import pg, { type Connection, type CustomTypesConfig, type Submittable, types } from 'pg';
import { serialize } from 'pg-protocol';
import type { BoundStatement } from '../statement';

const asText = new Set<number>([types.builtins.DATE, types.builtins.TIMESTAMP, types.builtins.TIMESTAMPTZ]);

/** Dates and timestamps stay text, so that a JavaScript `Date` loses nothing of them. */
export const typesForDrizzle: CustomTypesConfig = {
  getTypeParser: (oid, format) => (asText.has(oid) ? String : types.getTypeParser(oid, format)),
};

/** The part of a connection of `pg` that its types leave out. */
interface Wire {
  readonly stream: Writable;
  readonly parsedStatements: ParsedStatements;
}
/** The statements that a connection has prepared, by their name there. */
type ParsedStatements = Record<string, string>;
type Result = pg.Result & {
  addFields(fields: pg.FieldDef[]): void;
  parseRow(values: unknown[]): unknown;
};
const { Result, utils } = pg as unknown as {
  Result: new (rowMode: string, types: CustomTypesConfig) => Result;
  utils: { prepareValue(value: unknown): unknown };
};

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
  /** The rows of each, once all of it is committed. */
  readonly rows: Promise<unknown[][]>;
  /** `pg` wraps it, under this name, in its query timeout. */
  callback!: (error: unknown) => void;
  private readonly results: Result[];
  private readonly values: unknown[][];
  private readonly names: string[];
  private index = 0;

  /** @throws {TypeError} for a value that cannot be written. */
  constructor(private readonly statements: readonly BoundStatement[]) {
    this.results = statements.map(({ rowMode }) => new Result(rowMode, typesForDrizzle));
    this.values = statements.map(({ params }) => params.map((value) => utils.prepareValue(value)));
    this.names = statements.map(statementName);
    this.rows = new Promise((resolve, reject) => {
      this.callback = (error) => (error ? reject(error) : resolve(this.results.map(({ rows }) => rows)));
    });
  }

  submit(connection: Connection): void {
    const { parsedStatements, stream } = connection as unknown as Wire;
    stream.write(this.toBytes(parsedStatements));
  }

  /** The messages for a connection that has prepared these. */
  toBytes(parsedStatements: ParsedStatements): Buffer {
    const messages = this.statements.flatMap(({ text }, i) => {
      const name = this.names[i] ?? '';
      const isPrepared = name !== '' && parsedStatements[name] === text;
      return [
        // It may exist, from a transaction that failed later. Closing one that does not exist is no error.
        ...(isPrepared || name === '' ? [] : [serialize.close({ type: 'S', name })]),
        ...(isPrepared ? [] : [serialize.parse({ name, text })]),
        serialize.bind({ statement: name, values: this.values[i] ?? [] }),
        DESCRIBE,
        EXECUTE,
      ];
    });
    return Buffer.concat([...messages, SYNC]);
  }

  handleRowDescription({ fields }: { fields: pg.FieldDef[] }): void {
    this.results[this.index]?.addFields(fields);
  }

  handleDataRow({ fields }: { fields: unknown[] }): void {
    const result = this.results[this.index];
    result?.rows.push(result.parseRow(fields) as never);
  }

  handleCommandComplete(_: unknown, connection: Pick<Wire, 'parsedStatements'>): void {
    const text = this.statements[this.index]?.text;
    const name = this.names[this.index++];
    if (text && name) connection.parsedStatements[name] = text;
  }

  handleReadyForQuery(): void {
    this.callback(undefined);
  }

  handleError(error: unknown): void {
    this.callback(error);
  }
}

const names = new Map<string, string>();
const MAX_NAMES = 500;

/** The name of a prepared statement, the same in every process; empty for a statement that is parsed each time. */
function statementName({ text, useCustomPlan }: BoundStatement): string {
  if (useCustomPlan) return '';
  const existing = names.get(text);
  if (existing !== undefined) return existing;
  // Beyond them, statements are parsed each time.
  if (names.size >= MAX_NAMES) return '';
  const name = `taskward_${hash('sha256', text).slice(0, 24)}`;
  names.set(text, name);
  return name;
}
