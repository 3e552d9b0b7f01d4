import { inspect } from 'node:util';
import { DrizzleQueryError } from 'drizzle-orm';
import type { NeonDatabase } from 'drizzle-orm/neon-serverless';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { PgliteDatabase } from 'drizzle-orm/pglite';
import type { BoundStatement, StatementOptions } from './statement';

/** In place of a user: who sees where the journal of each user ends, and nothing else. */
export const WATCHER = Symbol('watcher');

/** What differs between the database drivers; all else is shared. */
export interface Driver {
  /**
   * Runs the statements in order, in one transaction and one network round trip, under the role `app_user` with
   * `app.user_id` set, both until the end of that transaction. Returns the rows of each. An error rolls all back.
   *
   * @param userId `WATCHER` for the role `app_watcher`.
   *
   * @throws {DatabaseUnavailable} when the database cannot be reached or does not respond in time.
   * @throws the database's own error for a statement that failed.
   */
  executeBatch(userId: string | typeof WATCHER, statements: readonly BoundStatement[]): Promise<unknown[][]>;
  /** Runs a statement without parameters as the owner: for checks, never for a user's data. */
  queryAsOwner(text: string): Promise<Record<string, unknown>[]>;
  /** How many batches run at once in this process; more wait for a connection. */
  readonly connections: number;
  /** The owner's connection, with interactive transactions: for Better Auth, shared rate limits and commands. */
  readonly ownerDb: PgliteDatabase | NodePgDatabase | NeonDatabase;
  /** The pool under `ownerDb`, with the same errors; undefined where there is a single connection. */
  readonly pool?: ConnectionPool | undefined;
  /**
   * Brings the schema up to date from a folder of migrations, then the text of tasks, one process at a time. Interrupted, it
   * can be run again.
   *
   * @returns how many tasks had text to normalize and fold.
   * @throws {Error} `Migration failed: …`, with the reason in one line.
   */
  migrate(folder: string): Promise<number>;
  /** Resolves with the reason when the database can never be used again in this process; where that can happen. */
  readonly crashed?: Promise<DatabaseUnavailable>;
  close(): Promise<void>;
}

/** What the pools of `pg` and of Neon's driver have in common. */
export interface ConnectionPool {
  /**
   * Runs a statement on a free connection, and prepares it there if it has a name.
   *
   * @throws {DatabaseUnavailable} when the database cannot be reached or does not respond in time.
   * @throws the database's own error for a statement that failed.
   */
  query(statement: {
    readonly name?: string;
    readonly text: string;
    readonly values?: unknown[];
  }): Promise<{ rows: Record<string, unknown>[] }>;
  /** Takes a connection out of the pool, until it is released. */
  connect(): Promise<{ release(): void }>;
  /** Open connections, whether in use or idle. */
  readonly totalCount: number;
  readonly idleCount: number;
  /** How many callers wait for a connection. */
  readonly waitingCount: number;
}

/** The database cannot be reached, is out of connections, or did not respond in time. */
export class DatabaseUnavailable extends Error {
  constructor(
    /** Whether the statements may have run all the same: then only reads are safe to retry. */
    readonly outcomeUnknown: boolean,
    cause: unknown,
  ) {
    super('The database is unavailable.', { cause });
    this.name = 'DatabaseUnavailable';
  }
}

/** By name: a bundler may load this module twice, and an `instanceof` across the two would be false. */
export function isDatabaseUnavailable(error: unknown): error is DatabaseUnavailable {
  return error instanceof Error && error.name === 'DatabaseUnavailable';
}

/** @throws {Error} with the database's message, without the statement that failed. */
export async function withMigrationError<T>(migration: Promise<T>): Promise<T> {
  return migration.catch((error) => {
    throw new Error(`Migration failed: ${error.cause?.message ?? error.message}`, { cause: error.cause ?? error });
  });
}

/** In milliseconds. */
export interface Timeouts {
  /** Until a connection is open, or one of the pool is free. */
  readonly connectTimeoutMs: number;
  /** Until a batch has returned its rows; the server cancels a statement a little sooner. */
  readonly queryTimeoutMs: number;
}

export interface DriverOptions {
  /**
   * The origin of a gateway that stands in for Neon's proxy, such as `http://127.0.0.1:4444`. With it, any server is reached
   * through Neon's driver.
   */
  readonly neonEndpoint?: string | undefined;
  /** `DEFAULT_TIMEOUTS` when omitted. The embedded database has none: it runs in this process. */
  readonly timeouts?: Timeouts | undefined;
}

export const DEFAULT_TIMEOUTS: Timeouts = { connectTimeoutMs: 5_000, queryTimeoutMs: 10_000 };

/**
 * The first statement of every transaction. Its settings end with the transaction, so that a pooled connection carries
 * nobody's identity. The shortest timeout of the statements that follow applies to each of them.
 *
 * Where these write, it also locks the user until the end of the transaction, so that the writes of one user queue up: each
 * sees what the one before left (READ COMMITTED), and the positions of the journal grow in the order of commits.
 *
 * @see https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
export function setUserContext(
  userId: string | typeof WATCHER,
  following: readonly BoundStatement[],
  { queryTimeoutMs } = DEFAULT_TIMEOUTS,
): BoundStatement {
  const timeoutMs = following.reduce(
    (least, { timeoutMs = least }) => Math.min(least, timeoutMs),
    queryTimeoutMs * 0.9,
  );
  // PostgreSQL's own choice depends on the first five users, and can be to plan a statement each time it runs.
  const planCacheMode = following.some(({ useCustomPlan }) => useCustomPlan) ? 'auto' : 'force_generic_plan';
  const settings = [String(timeoutMs), planCacheMode];
  if (userId === WATCHER) return { text: setContext('app_watcher'), params: ['', ...settings], rowMode: 'array' };
  const text = isReadOnly(following) ? SET_USER_CONTEXT : SET_USER_CONTEXT_AND_LOCK;
  return { text, params: [userId, ...settings], rowMode: 'array' };
}

/** Whether no statement writes. */
export const isReadOnly = (batch: readonly StatementOptions[]): boolean =>
  batch.every((statement) => statement.isReadOnly);

// That this version writes the keys of text by itself, a trigger would not see.
const setContext = (role: string) => `select set_config('role', '${role}', true), set_config('app.user_id', $1, true), \
set_config('statement_timeout', $2, true), set_config('plan_cache_mode', $3, true), \
set_config('app.writes_text_keys', 'on', true)`;
const SET_USER_CONTEXT = setContext('app_user');
// A statement timeout applies from the next statement on, a lock timeout at once.
const SET_USER_CONTEXT_AND_LOCK = `${SET_USER_CONTEXT}, set_config('lock_timeout', $2, true), \
pg_advisory_xact_lock(hashtextextended($1, 0))::text`;

/**
 * SQLSTATE classes and codes of transient errors: connection exceptions, insufficient resources, operator intervention, and
 * a lock that was not free in time.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const TRANSIENT_SQLSTATES = /^(08...|53...|57P0[1-5]|57014|55P03)$/;
/** The form of the codes that PostgreSQL gives its errors. Each has a digit, unlike the system's `EPIPE`, which is as long. */
export const SQLSTATE = /^(?=\w*\d)[0-9A-Z]{5}$/;

/** Classifies an error: that of a statement is returned as it is, any other means that the database is unavailable. */
export function toDatabaseError(error: unknown, outcomeUnknown: boolean): unknown {
  const code = (error as { code?: unknown }).code;
  const isServerError = typeof code === 'string' && SQLSTATE.test(code) && !TRANSIENT_SQLSTATES.test(code);
  return isServerError ? error : new DatabaseUnavailable(outcomeUnknown, error);
}

/** Keeps the statement and its parameters, which an error of Drizzle's holds, out of whatever prints it. */
Object.defineProperty(DrizzleQueryError.prototype, inspect.custom, {
  value(this: DrizzleQueryError) {
    const { name = '', code = '' } = (this.cause ?? {}) as { name?: string; code?: string };
    return `A query failed: ${name} ${code}`.trimEnd();
  },
});
