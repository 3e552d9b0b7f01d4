import { neon, neonConfig, Pool } from '@neondatabase/serverless';
import { drizzle } from 'drizzle-orm/neon-serverless';
import ws from 'ws';
import { ANSWER_TIMEOUT_MS, BECOME_USER, CONNECT_TIMEOUT_MS, type Driver, toServerError } from '../driver';
import { migrateServer, typesForDrizzle } from './postgres';

/**
 * Neon through its own driver: tasks over HTTP, a transaction in one request; Better Auth, which needs interactive
 * transactions, over WebSockets.
 *
 * @param endpoint where a local gateway stands in for Neon's proxy, such as `http://127.0.0.1:4444`
 * @see https://neon.com/docs/serverless/serverless-driver
 */
export function openNeon(url: string, endpoint?: string): Driver {
  // Node.js has a WebSocket of its own from version 22.
  if (typeof WebSocket === 'undefined') neonConfig.webSocketConstructor = ws;
  if (endpoint) {
    const { host, protocol } = new URL(endpoint);
    neonConfig.fetchEndpoint = `${protocol}//${host}/sql`;
    neonConfig.wsProxy = `${host}/v2`;
    neonConfig.useSecureWebSocket = protocol === 'https:';
  }
  const http = neon(url, { arrayMode: true, fullResults: true, types: typesForDrizzle });
  const pool = new Pool({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 30_000,
  });
  // The pool drops an idle connection that fails; without a listener the failure would end the process.
  pool.on('error', () => {});

  return {
    async send(userId, statements) {
      const queries = statements.map(({ text, params }) => http.query(text, params));
      const [, ...answers] = await http
        .transaction([http.query(BECOME_USER, [userId]), ...queries], {
          fetchOptions: { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) },
        })
        .catch((error) => {
          throw toServerError(error, !isRefused(error));
        });
      return answers.map(({ rows, fields }, i) => {
        if (statements[i]?.rowMode === 'array') return rows;
        return rows.map((row) => Object.fromEntries(fields.map((field, column) => [field.name, row[column]])));
      });
    },
    async read(text) {
      const { rows } = await pool.query(text).catch((error) => {
        throw toServerError(error, false);
      });
      return rows;
    },
    auth: drizzle(pool),
    migrate: (folder) => migrateServer(url, folder),
    close: () => pool.end(),
  };
}

/** Whether the connection was never made, so that nothing can have run. */
function isRefused(error: unknown): boolean {
  const source = (error as { sourceError?: { cause?: { code?: unknown } } }).sourceError;
  return source?.cause?.code === 'ECONNREFUSED';
}
