import { setTimeout } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import journal from '../migrations/meta/_journal.json';
import { DEFAULT_TIMEOUTS, type Driver, isDatabaseUnavailable } from './driver';
import { pgliteDataDir } from './location';
import { prepare, queryBuilder, type Statement } from './query';
import { UserSlots } from './user-slots';

type Rows<S extends readonly Statement[]> = {
  -readonly [I in keyof S]: S[I] extends Statement<infer Row> ? Row[] : never;
};

export interface Database extends Pick<Driver, 'ownerDb'> {
  /**
   * The one way to tasks: runs the statements, in order, in one transaction and one round trip, as this user. Answers
   * the rows of each. Two batches of one user run at a time; more of them wait in order.
   *
   * @throws {DatabaseUnavailable} when it has to wait too long; nothing has been sent then.
   * @throws the driver's error, of the first statement that failed; nothing has been written then.
   */
  asUser<const S extends readonly Statement[]>(userId: string, statements: S): Promise<Rows<S>>;
  /** What has to hold before it is used; each throws an {Error} that says what is wrong. */
  readonly checks: Readonly<Record<'schema' | 'row-level security', () => Promise<void>>>;
  /** Makes all of the checks. */
  assertReady(): Promise<void>;
}

/** At a time, so that a user who sends many leaves connections, and cores of the database, to all others. */
const BATCHES_PER_USER = 2;

/**
 * Opens the way to the database that a URL names. Neither migrates nor checks it. Each driver is loaded only when
 * picked, so that a deployment carries no other.
 *
 * @throws {Error} with one line for the operator when the URL, or what it names, cannot be used.
 */
export async function openDriver(url: string, neonEndpoint?: string, patience = DEFAULT_TIMEOUTS): Promise<Driver> {
  const folder = pgliteDataDir(url);
  // biome-ignore lint/style/noProcessEnv: a build for Vercel writes its value in, and so leaves the embedded database out.
  const isVercel = process.env.VERCEL;
  if (folder !== undefined && !isVercel) return (await import('./drivers/pglite')).openPglite(folder);
  const { protocol, hostname } = new URL(url);
  if (!/^postgres(ql)?:$/.test(protocol)) throw new Error('DATABASE_URL has an unknown scheme.');
  const isNeon = neonEndpoint !== undefined || hostname.endsWith('.neon.tech');
  if (isNeon) return (await import('./drivers/neon')).openNeon(url, neonEndpoint, patience);
  return (await import('./drivers/postgres')).openPostgres(url, patience);
}

export function createDatabase(driver: Driver, { connectTimeoutMs } = DEFAULT_TIMEOUTS): Database {
  const slots = new UserSlots(Math.min(BATCHES_PER_USER, Math.ceil(driver.connections / 2)), connectTimeoutMs);
  const asUser: Database['asUser'] = async (userId, statements) => {
    const turn = slots.acquire(userId);
    if (turn) await turn;
    try {
      const results = await executeWithRetry(driver, userId, statements);
      return statements.map(({ toRow }, i) => {
        const rows = results[i] ?? [];
        return toRow ? rows.map(toRow) : rows;
      }) as never;
    } finally {
      slots.release(userId);
    }
  };
  const checks = {
    schema: () => assertSchemaCurrent(driver),
    'row-level security': () => assertRowSecurity(asUser),
  };
  return {
    asUser,
    ownerDb: driver.ownerDb,
    checks,
    async assertReady() {
      for (const check of Object.values(checks)) await check();
    },
  };
}

/** Tries once more, a little later, where that can do nothing twice, and nobody has waited long already. */
async function executeWithRetry(driver: Driver, userId: string, batch: readonly Statement[]): Promise<unknown[][]> {
  const started = performance.now();
  try {
    return await driver.executeBatch(userId, batch);
  } catch (error) {
    const isRead = batch.every(({ text }) => text.startsWith('select '));
    const isRetryable = isDatabaseUnavailable(error) && (isRead || !error.outcomeUnknown);
    if (!isRetryable || performance.now() - started > MAX_ELAPSED_BEFORE_RETRY_MS) throw error;
    await setTimeout(50 + Math.random() * 100);
    return driver.executeBatch(userId, batch);
  }
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
  // A later version may have migrated it already, while this one is still being replaced.
  if (!(Number(last?.at) >= latestMigration)) {
    throw new Error('The schema of the database is not the one this version needs: run `pnpm db:migrate`.');
  }
}

async function assertRowSecurity(asUser: Database['asUser']): Promise<void> {
  const [open] = await asUser('', [tablesWithoutRowSecurity()]);
  if (open.length > 0) {
    const names = open.map(({ name }) => name).join(' and ');
    throw new Error(
      `Row-level security does not hold users apart in ${names}: put it back as the migrations define it.`,
    );
  }
}

const tablesWithoutRowSecurity = prepare(
  queryBuilder.execute<{ name: string }>(sql`
      select c.relname as name
      from pg_class c join pg_roles r on r.rolname = current_user
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and has_table_privilege(c.oid, 'select, insert, update, delete') and (
        r.rolsuper or r.rolbypassrls or c.relowner = r.oid or not c.relrowsecurity or not c.relforcerowsecurity or (
          select bool_and(pg_get_expr(coalesce(p.polqual, p.polwithcheck), p.polrelid) like '%app.user_id%')
          from pg_policy p where p.polrelid = c.oid and p.polpermissive
        ) is not true
      )`),
);
