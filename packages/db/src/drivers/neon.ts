import { neon, neonConfig, Pool } from '@neondatabase/serverless';
import { drizzle } from 'drizzle-orm/neon-serverless';
import ws from 'ws';
import { becomeUser, type Driver, PATIENCE, toServerError } from '../driver';
import { dependable } from './pool';
import { migrateServer, typesForDrizzle } from './postgres';

/**
 * Neon through its own driver: tasks over HTTP, a transaction in one request; Better Auth, which needs interactive
 * transactions, over WebSockets.
 *
 * @param endpoint where a local gateway stands in for Neon's proxy, such as `http://127.0.0.1:4444`
 * @see https://neon.com/docs/serverless/serverless-driver
 */
export function openNeon(url: string, endpoint?: string, patience = PATIENCE): Driver {
  // Node.js has a WebSocket of its own from version 22.
  if (typeof WebSocket === 'undefined') neonConfig.webSocketConstructor = ws;
  if (endpoint) {
    const { host, protocol } = new URL(endpoint);
    neonConfig.fetchEndpoint = `${protocol}//${host}/sql`;
    neonConfig.wsProxy = `${host}/v2`;
    neonConfig.useSecureWebSocket = protocol === 'https:';
  }
  const http = neon(url, { arrayMode: true, fullResults: true });
  const pool = new Pool({
    connectionString: url,
    connectionTimeoutMillis: patience.connectMs,
    query_timeout: patience.answerMs,
    idleTimeoutMillis: 30_000,
  });
  const owner = dependable(pool);

  return {
    async send(userId, statements) {
      // What cannot be written fails here, where it cannot be taken for a failure of the way there.
      JSON.stringify(statements.map(({ params }) => params));
      // The parsers of types count only where they are given with the statement itself.
      const queries = [becomeUser(userId, patience), ...statements].map(({ text, params }) =>
        http.query(text, params, { types: typesForDrizzle }),
      );
      const [, ...answers] = await http
        .transaction(queries, { fetchOptions: { signal: AbortSignal.timeout(patience.answerMs) } })
        .catch((error) => {
          throw toServerError(error, !isRefused(error));
        });
      return answers.map(({ rows, fields }, i) => {
        if (statements[i]?.rowMode === 'array') return rows;
        return rows.map((row) => Object.fromEntries(fields.map((field, column) => [field.name, row[column]])));
      });
    },
    read: async (text) => (await owner.query(text)).rows,
    auth: drizzle(owner),
    migrate: (folder) => migrateServer(url, folder),
    close: () => pool.end(),
  };
}

/** Whether the connection was never made, so that nothing can have run. */
function isRefused(error: unknown): boolean {
  const source = (error as { sourceError?: { cause?: { code?: unknown } } }).sourceError;
  return source?.cause?.code === 'ECONNREFUSED';
}
