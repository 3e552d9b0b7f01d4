import { createHash } from 'node:crypto';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { Client, type CustomTypesConfig, Pool, type QueryArrayConfig, type QueryConfig, types } from 'pg';
import { becomeUser, type Driver, PATIENCE, sayingWhy, toServerError } from '../driver';
import { dependable } from './pool';

const asText = new Set<number>([types.builtins.DATE, types.builtins.TIMESTAMP, types.builtins.TIMESTAMPTZ]);

/** As Drizzle wants them: dates and timestamps stay text, so that nothing is lost in a JavaScript `Date`. */
export const typesForDrizzle: CustomTypesConfig = {
  getTypeParser: (oid, format) => (asText.has(oid) ? String : types.getTypeParser(oid, format)),
};

/**
 * A PostgreSQL server, 15 or later, over TCP. The statements of a transaction leave in one write (pipeline mode) on a
 * connection borrowed for that long.
 *
 * @see https://www.postgresql.org/docs/current/libpq-pipeline-mode.html for what pipelining means to a transaction
 */
export function openPostgres(url: string, patience = PATIENCE): Driver {
  const pool = new Pool({
    connectionString: url,
    pipeline: true,
    connectionTimeoutMillis: patience.connectMs,
    query_timeout: patience.answerMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
  });
  const owner = dependable(pool);

  return {
    async send(userId, statements) {
      const client = await pool.connect().catch((error) => {
        throw toServerError(error, false);
      });
      const queries: QueryConfig[] = [
        { text: 'begin' },
        ...[becomeUser(userId, patience), ...statements].map(({ text, params, rowMode }) => {
          const query = { text, values: params, name: nameOf(text), types: typesForDrizzle };
          return rowMode === 'array' ? ({ ...query, rowMode } satisfies QueryArrayConfig) : query;
        }),
        { text: 'commit' },
      ];
      const { stream } = (client as unknown as { connection: { stream: import('node:stream').Writable } }).connection;
      stream.cork();
      const sent = queries.map((query) => client.query(query));
      stream.uncork();
      const answers = await Promise.allSettled(sent);
      // After the first error the server refuses the rest, and its commit rolls back.
      const failed = answers.find((answer) => answer.status === 'rejected');
      const error = failed && toServerError(failed.reason, true);
      client.release(answers.at(-1)?.status === 'rejected');
      if (error) throw error;
      return answers.slice(2, -1).map((answer) => (answer.status === 'fulfilled' ? answer.value.rows : []));
    },
    read: async (text) => (await owner.query(text)).rows,
    auth: drizzle(owner),
    migrate: (folder) => migrateServer(url, folder),
    close: () => pool.end(),
  };
}

const names = new Map<string, string>();
const MAX_NAMES = 500;

/** The name under which a connection prepares a statement once: the same text, the same name, in every process. */
function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known || names.size >= MAX_NAMES) return known;
  const name = `taskward_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
  names.set(text, name);
  return name;
}

/** Any number will do, as long as no other program locks it in this database. */
const MIGRATION_LOCK = 7_411_982_265;

/**
 * Runs the migrations on a connection of their own, past a pooler of Neon's, since a session's lock holds back whoever
 * else starts them meanwhile.
 */
export async function migrateServer(url: string, migrationsFolder: string): Promise<void> {
  const direct = new URL(url);
  direct.hostname = direct.hostname.replace(/^([^.]+)-pooler\./, '$1.');
  const client = new Client({ connectionString: direct.href, connectionTimeoutMillis: PATIENCE.connectMs });
  // What breaks the connection fails the query that is waiting on it, too.
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await sayingWhy(migrate(drizzle(client), { migrationsFolder }));
  } finally {
    await client.end();
  }
}
