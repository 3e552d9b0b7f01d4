import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { Client, Pool } from 'pg';
import {
  DatabaseUnavailable,
  DEFAULT_TIMEOUTS,
  type Driver,
  type DriverOptions,
  setUserContext,
  toDatabaseError,
  withMigrationError,
} from '../driver';
import { backfillText } from '../text-backfill';
import { Batch } from './batch';
import { withErrorTranslation } from './pool';

/**
 * A PostgreSQL server, 15 or later, over TCP. The statements of a transaction leave in one write, on a connection
 * borrowed for that long.
 */
export function openPostgres(url: string, { timeouts = DEFAULT_TIMEOUTS }: DriverOptions): Driver {
  const pool = new Pool({
    connectionString: url,
    connectionTimeoutMillis: timeouts.connectTimeoutMs,
    query_timeout: timeouts.queryTimeoutMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
  });
  const owner = withErrorTranslation(pool);

  const driver: Driver = {
    executeBatch(userId, statements) {
      const batch = new Batch([setUserContext(userId, statements, timeouts), ...statements]);
      return new Promise((resolve, reject) => {
        pool.connect((connectError, client, release) => {
          if (!client) return reject(toDatabaseError(connectError, false));
          batch.callback = (error) => {
            const translated = error && toDatabaseError(error, true);
            release(translated instanceof DatabaseUnavailable);
            if (translated) reject(translated);
            else resolve(batch.rows.slice(1));
          };
          client.query(batch);
        });
      });
    },
    queryAsOwner: async (text) => (await owner.query(text)).rows,
    connections: pool.options.max,
    ownerDb: drizzle(owner),
    pool: owner,
    migrate: (folder) => migrateServer(url, folder, driver),
    close: () => pool.end(),
  };
  return driver;
}

/** Any number will do, as long as no other program locks it in this database. */
const MIGRATION_LOCK = 7_411_982_265;

export function migrateServer(url: string, migrationsFolder: string, driver: Driver): Promise<number> {
  return withMigrationError(migrateUnderLock(url, migrationsFolder, driver));
}

/** Uses a connection of its own, past a pooler of Neon's, since the lock of a session blocks any concurrent migration. */
async function migrateUnderLock(url: string, migrationsFolder: string, driver: Driver): Promise<number> {
  const direct = new URL(url);
  direct.hostname = direct.hostname.replace(/^([^.]+)-pooler\./, '$1.');
  const client = new Client({
    connectionString: direct.href,
    connectionTimeoutMillis: DEFAULT_TIMEOUTS.connectTimeoutMs,
  });
  // What breaks the connection fails the query that is waiting on it, too.
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await migrate(drizzle(client), { migrationsFolder });
    return await backfillText(driver);
  } finally {
    await client.end();
  }
}
