import { createHash } from 'node:crypto';
import pg, { type Connection, type CustomTypesConfig, type Submittable } from 'pg';
import type { Statement } from '../query';

/** What `pg` gives to every query that is its own, of which its types tell only a part. */
type Wire = Pick<Connection, 'stream' | 'sync'> & {
  readonly parsedStatements: Record<string, string>;
  close(message: { type: 'S'; name: string }): void;
  parse(message: { name: string; text: string }): void;
  bind(message: { statement: string; values: unknown[] }): void;
  describe(message: { type: 'P' }): void;
  execute(message: object): void;
};
type Result = pg.Result & {
  addFields(fields: pg.FieldDef[]): void;
  parseRow(values: unknown[]): unknown;
};
const { Result, utils } = pg as unknown as {
  Result: new (rowMode: string, types: CustomTypesConfig) => Result;
  utils: { prepareValue(value: unknown): unknown };
};

/**
 * Statements that leave in one write and end with one Sync, so that they are one transaction without a `begin` and a
 * `commit`, each prepared once on its connection.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
export class Batch implements Submittable {
  /** The rows of each, once all of it is committed. */
  readonly answers: Promise<unknown[][]>;
  /** Under this name `pg` puts its time-out before it. */
  callback!: (error: unknown) => void;
  private readonly results: Result[];
  private readonly values: unknown[][];
  private at = 0;

  /** @throws {TypeError} for a value that cannot be written. */
  constructor(
    private readonly statements: readonly Statement[],
    types: CustomTypesConfig,
  ) {
    this.results = statements.map(({ rowMode }) => new Result(rowMode, types));
    this.values = statements.map(({ params }) => params.map((value) => utils.prepareValue(value)));
    this.answers = new Promise((resolve, reject) => {
      this.callback = (error) => (error ? reject(error) : resolve(this.results.map(({ rows }) => rows)));
    });
  }

  submit(connection: Connection): void {
    const wire = connection as unknown as Wire;
    wire.stream.cork();
    this.statements.forEach(({ text }, i) => {
      const name = nameOf(text);
      if (wire.parsedStatements[name] !== text) {
        // It may be there after all, from a transaction that failed later; to close one that is not is no error.
        wire.close({ type: 'S', name });
        wire.parse({ name, text });
      }
      wire.bind({ statement: name, values: this.values[i] ?? [] });
      wire.describe({ type: 'P' });
      wire.execute({});
    });
    wire.sync();
    wire.stream.uncork();
  }

  handleRowDescription({ fields }: { fields: pg.FieldDef[] }): void {
    this.results[this.at]?.addFields(fields);
  }

  handleDataRow({ fields }: { fields: unknown[] }): void {
    const result = this.results[this.at];
    result?.rows.push(result.parseRow(fields) as never);
  }

  handleCommandComplete(_: unknown, connection: Connection): void {
    const text = this.statements[this.at++]?.text ?? '';
    (connection as unknown as Wire).parsedStatements[nameOf(text)] = text;
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

/** The name under which a connection prepares a statement: the same text, the same name, in every process. */
function nameOf(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  // Beyond them, statements are parsed each time.
  if (names.size >= MAX_NAMES) return '';
  const name = `taskward_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
  names.set(text, name);
  return name;
}
