import { setTimeout } from 'node:timers/promises';
import journal from '../migrations/meta/_journal.json';
import {
  DEFAULT_TIMEOUTS,
  type Driver,
  type DriverOptions,
  isDatabaseUnavailable,
  isReadOnly,
  type Timeouts,
  WATCHER,
} from './driver';
import { pgliteDataDir } from './location';
import { type BoundStatement, bind, defineStatement, type Statement } from './statement';
import { UserSlots } from './user-slots';

/** Statements in the order in which they run: a list, or by name. */
export type Batch = readonly Statement[] | Readonly<Record<string, Statement>>;
/** The rows of each statement of a batch, in a list or by name as the statements are. */
export type BatchRows<B extends Batch> = {
  -readonly [K in keyof B]: Exclude<B[K], undefined> extends Statement<infer Row> ? Row[] : never;
};

export interface Database extends Pick<Driver, 'ownerDb' | 'pool'> {
  /**
   * The only entry point to the rows of users: runs the statements, in order, in one transaction and one round trip, as
   * this user. Two batches that read, one that searches, and one that writes, run at a time; more of them wait in order.
   *
   * @returns the rows of each.
   * @throws {DatabaseUnavailable} when the wait takes too long; nothing has been sent then.
   * @throws the driver's error, of the first statement that failed; nothing has been written then.
   */
  asUser<const B extends Batch>(userId: string, batch: B): Promise<BatchRows<B>>;
  /**
   * Where the journals of users end: the position of the last entry, by user; 0 where there is none. A user whose account was
   * deleted is missing.
   *
   * @throws {DatabaseUnavailable}
   */
  readPositions(userIds: readonly string[]): Promise<Map<string, number>>;
  /** What has to hold before it is used; each throws an {Error} that says what is wrong. */
  readonly checks: Readonly<Record<'schema' | 'row-level security', () => Promise<void>>>;
  /** Makes all of the checks. */
  assertReady(): Promise<void>;
}

/** At a time, so that a user who sends many leaves connections, and cores of the database, to all others. */
const READS_PER_USER = 2;
/** Of batches that are planned for their values, such as searches. Each can occupy a core of the database. */
const SEARCHES_PER_USER = 1;
/** They would wait for each other in the database, each with a connection. */
const WRITES_PER_USER = 1;

/**
 * Opens a driver for the database that a URL names. Neither migrates nor checks the database, and does not connect to a
 * server yet. A driver is imported only when it is picked, so that a deployment carries no other.
 *
 * @param url `postgres://user:password@host:port/database`, or `pglite:folder` for the embedded database. A host that ends
 *   in `.neon.tech` is reached through Neon's driver.
 * @throws {Error} with one line for the operator when the URL, or the folder that it names, cannot be used.
 */
export async function openDriver(url: string, options: DriverOptions = {}): Promise<Driver> {
  const folder = pgliteDataDir(url);
  // biome-ignore lint/style/noProcessEnv: a build for Vercel writes its value in, and so leaves the embedded database out.
  const isVercel = process.env.VERCEL;
  if (folder !== undefined && !isVercel) return (await import('./drivers/pglite')).openPglite(folder);
  const { protocol, hostname } = new URL(url);
  if (!/^postgres(ql)?:$/.test(protocol)) throw new Error('DATABASE_URL has an unknown scheme.');
  const isNeon = options.neonEndpoint !== undefined || hostname.endsWith('.neon.tech');
  if (isNeon) return (await import('./drivers/neon')).openNeon(url, options);
  return (await import('./drivers/postgres')).openPostgres(url, options);
}

interface DatabaseOptions {
  /** `connectTimeoutMs` is also how long a batch waits behind others of its user. */
  readonly timeouts?: Timeouts;
  /** Called after each batch that may have written something. */
  readonly onWrite?: (userId: string) => void;
}

/** Connects nothing by itself: closing the driver closes it. */
export function createDatabase(
  driver: Driver,
  { timeouts: { connectTimeoutMs } = DEFAULT_TIMEOUTS, onWrite }: DatabaseOptions = {},
): Database {
  const reads = new UserSlots(Math.min(READS_PER_USER, Math.ceil(driver.connections / 2)), connectTimeoutMs);
  const searches = new UserSlots(SEARCHES_PER_USER, connectTimeoutMs);
  const writes = new UserSlots(WRITES_PER_USER, connectTimeoutMs);
  const asUser: Database['asUser'] = async (userId, batch) => {
    const statements: Statement[] = Object.values(batch);
    const isRead = isReadOnly(statements);
    const isSearch = statements.some(({ useCustomPlan }) => useCustomPlan);
    const slots = !isRead ? writes : isSearch ? searches : reads;
    const turn = slots.acquire(userId);
    if (turn) await turn;
    try {
      const bound = statements.map((statement) => bind(statement, userId));
      const started = performance.now();
      const results = await driver
        .executeBatch(userId, bound)
        .catch((error) => retry(driver, userId, bound, error, performance.now() - started));
      const rows = statements.map(({ toRow }, i) => (toRow ? results[i]?.map(toRow) : results[i]) ?? []);
      if (Array.isArray(batch)) return rows as never;
      return Object.fromEntries(Object.keys(batch).map((name, i) => [name, rows[i]])) as never;
    } finally {
      slots.release(userId);
      if (!isRead) onWrite?.(userId);
    }
  };
  const checks = {
    schema: () => assertSchemaCurrent(driver),
    'row-level security': () => assertRowSecurity(asUser),
  };
  return {
    asUser,
    async readPositions(userIds) {
      const [rows] = await driver.executeBatch(WATCHER, [bind(selectPositions({ userIds }), '')]);
      return new Map((rows as { user_id: string; seq: number }[]).map(({ user_id, seq }) => [user_id, seq]));
    },
    ownerDb: driver.ownerDb,
    pool: driver.pool,
    checks,
    async assertReady() {
      for (const check of Object.values(checks)) await check();
    },
  };
}

/** Runs the batch once more, after a short pause, where that can do nothing twice and the first attempt did not take long. */
async function retry(
  driver: Driver,
  userId: string,
  batch: readonly BoundStatement[],
  error: unknown,
  elapsedMs: number,
): Promise<unknown[][]> {
  const isRetryable = isDatabaseUnavailable(error) && (isReadOnly(batch) || !error.outcomeUnknown);
  if (!isRetryable || elapsedMs > MAX_ELAPSED_BEFORE_RETRY_MS) throw error;
  await setTimeout(50 + Math.random() * 100);
  return driver.executeBatch(userId, batch);
}

const MAX_ELAPSED_BEFORE_RETRY_MS = 1_000;

const latestMigration = Math.max(...journal.entries.map(({ when }) => when));

async function assertSchemaCurrent(driver: Driver): Promise<void> {
  const exists = await driver.queryAsOwner(
    `select to_regclass('drizzle.__drizzle_migrations') is not null as migrated`,
  );
  const [last] = exists[0]?.migrated
    ? await driver.queryAsOwner('select max(created_at)::text as at from drizzle.__drizzle_migrations')
    : [];
  // During a rolling deployment, a later version may have migrated it already.
  if (!(Number(last?.at) >= latestMigration)) {
    throw new Error('Database schema is out of date: run `pnpm db:migrate`.');
  }
}

async function assertRowSecurity(asUser: Database['asUser']): Promise<void> {
  const [open] = await asUser('', [tablesWithoutRowSecurity({})]);
  if (open.length > 0) {
    const names = open.map(({ name }) => name).join(' and ');
    throw new Error(
      `Row-level security is missing or misconfigured on ${names}: restore it as the migrations define it.`,
    );
  }
}

const selectPositions = defineStatement<unknown, { userIds: readonly string[] }>(
  `select u.id as user_id, coalesce(j.seq, 0)::float8 as seq
  from "user" u left join journals j on j.user_id = u.id where u.id = any(:userIds::text[])`,
  { isReadOnly: true },
);

const tablesWithoutRowSecurity = defineStatement<{ name: string }>(
  `
      select c.relname as name
      from pg_class c join pg_roles r on r.rolname = current_user
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and has_table_privilege(c.oid, 'select, insert, update, delete') and (
        r.rolsuper or r.rolbypassrls or c.relowner = r.oid or not c.relrowsecurity or not c.relforcerowsecurity or (
          select bool_and(pg_get_expr(coalesce(p.polqual, p.polwithcheck), p.polrelid) like '%app.user_id%')
          from pg_policy p where p.polrelid = c.oid and p.polpermissive and p.polroles && array[0::oid, r.oid]
        ) is not true
      )`,
  { isReadOnly: true },
);
