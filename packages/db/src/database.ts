import { setTimeout } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import journal from '../migrations/meta/_journal.json';
import { DatabaseUnavailable, type Driver } from './driver';
import { embeddedFolder } from './location';
import { type Collected, collect, type Queries, query, type Results } from './query';

export interface Database extends Pick<Driver, 'auth'> {
  /**
   * The one way to tasks: runs the queries that `build` returns, in order, in one transaction and one round trip, as
   * this user.
   *
   * @throws {DrizzleQueryError} whose `cause` is the driver's error; nothing has been written then.
   */
  asUser<const Q extends Queries>(userId: string, build: () => Q): Promise<Results<Q>>;
  /** @throws {Error} saying what is wrong: not reachable, schema not current, or row-level security not in force. */
  assertReady(): Promise<void>;
}

/**
 * Opens the way to the database that a URL names. Neither migrates nor checks it. Each driver is loaded only when
 * picked, so that a deployment carries no other.
 *
 * @throws {Error} with one line for the operator when the URL, or what it names, cannot be used.
 */
export async function openDriver(url: string, neonEndpoint?: string): Promise<Driver> {
  const folder = embeddedFolder(url);
  if (folder !== undefined) return (await import('./drivers/pglite')).openPglite(folder);
  const { protocol, hostname } = new URL(url);
  if (!/^postgres(ql)?:$/.test(protocol)) throw new Error('DATABASE_URL has an unknown scheme.');
  const isNeon = neonEndpoint !== undefined || hostname.endsWith('.neon.tech');
  if (isNeon) return (await import('./drivers/neon')).openNeon(url, neonEndpoint);
  return (await import('./drivers/postgres')).openPostgres(url);
}

export function createDatabase(driver: Driver): Database {
  const asUser: Database['asUser'] = async (userId, build) => {
    const [batch, results] = collect(build);
    try {
      const answers = await sendPatiently(driver, userId, batch);
      batch.forEach((one, i) => {
        one.resolve({ rows: answers[i] ?? [] });
      });
    } catch (error) {
      for (const one of batch) one.reject(error);
    }
    return results;
  };
  return {
    asUser,
    auth: driver.auth,
    async assertReady() {
      await assertSchemaCurrent(driver);
      await assertRowSecurity(asUser);
    },
  };
}

/** Tries once more, a little later, where that can do nothing twice. */
async function sendPatiently(driver: Driver, userId: string, batch: readonly Collected[]): Promise<unknown[][]> {
  try {
    return await driver.send(userId, batch);
  } catch (error) {
    const isRead = batch.every(({ text }) => text.startsWith('select '));
    if (!(error instanceof DatabaseUnavailable) || (error.mayHaveRun && !isRead)) throw error;
    await setTimeout(50 + Math.random() * 100);
    return driver.send(userId, batch);
  }
}

async function assertSchemaCurrent(driver: Driver): Promise<void> {
  const exists = await driver.read(`select to_regclass('drizzle.__drizzle_migrations') is not null as migrated`);
  const [last] = exists[0]?.migrated
    ? await driver.read('select max(created_at)::text as at from drizzle.__drizzle_migrations')
    : [];
  if (Number(last?.at) !== journal.entries.at(-1)?.when) {
    throw new Error('The schema of the database is not the one this version needs: run `pnpm db:migrate`.');
  }
}

async function assertRowSecurity(asUser: Database['asUser']): Promise<void> {
  const [[check]] = await asUser('', () => [
    query.execute<{ role: string; bound: boolean }>(sql`
      select r.rolname as role, not r.rolsuper and not r.rolbypassrls and bool_and(
        c.relrowsecurity and c.relforcerowsecurity and c.relowner <> r.oid
      ) as bound
      from pg_roles r, pg_class c
      where r.rolname = current_user and c.oid in ('tasks'::regclass, 'task_tags'::regclass)
      group by r.oid, r.rolname, r.rolsuper, r.rolbypassrls`),
  ]);
  if (!check?.bound) throw new Error(`Row-level security does not bind the role ${check?.role}: run the migrations.`);
}
