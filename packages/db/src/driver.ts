import type { NeonDatabase } from 'drizzle-orm/neon-serverless';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { PgliteDatabase } from 'drizzle-orm/pglite';
import type { Collected } from './query';

export type Statement = Pick<Collected, 'text' | 'params' | 'rowMode'>;

/** What differs between the ways to a PostgreSQL; all else is shared. */
export interface Driver {
  /**
   * Runs the statements in order, in one transaction and one network round trip, under the role `todo_user` with
   * `app.user_id` set, both until the end of that transaction. Answers the rows of each. An error rolls all back.
   */
  send(userId: string, statements: readonly Statement[]): Promise<unknown[][]>;
  /** A statement of the owner's own, without parameters: for checks, never for a user's data. */
  read(text: string): Promise<Record<string, unknown>[]>;
  /** For Better Auth: the owner's connection, with interactive transactions. */
  readonly auth: PgliteDatabase | NodePgDatabase | NeonDatabase;
  /** Brings the schema up to date from a folder of migrations; one process at a time. */
  migrate(folder: string): Promise<void>;
  close(): Promise<void>;
}

/** First in every transaction. Both settings end with it, so a pooled connection carries nobody's identity. */
export const BECOME_USER = `select set_config('role', 'todo_user', true), set_config('app.user_id', $1, true)`;
