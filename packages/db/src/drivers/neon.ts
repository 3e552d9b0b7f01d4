import http from 'node:http';
import https from 'node:https';
import { neon, neonConfig, Pool } from '@neondatabase/serverless';
import { drizzle } from 'drizzle-orm/neon-serverless';
import ws from 'ws';
import { DEFAULT_TIMEOUTS, type Driver, type DriverOptions, setUserContext, toDatabaseError } from '../driver';
import { batchTypes } from './batch';
import { withErrorTranslation } from './pool';
import { migrateServer } from './postgres';

/**
 * Neon through its own driver: rows of users over HTTP, a transaction in one request; Better Auth, which needs interactive
 * transactions, over WebSockets.
 *
 * @see https://neon.com/docs/serverless/serverless-driver
 */
export function openNeon(url: string, { neonEndpoint, timeouts = DEFAULT_TIMEOUTS }: DriverOptions): Driver {
  // Node.js has a WebSocket of its own from version 22.
  if (typeof WebSocket === 'undefined') neonConfig.webSocketConstructor = ws;
  neonConfig.fetchFunction = fetchOverNodeHttp;
  if (neonEndpoint) {
    const { host, protocol } = new URL(neonEndpoint);
    neonConfig.fetchEndpoint = `${protocol}//${host}/sql`;
    neonConfig.wsProxy = `${host}/v2`;
    neonConfig.useSecureWebSocket = protocol === 'https:';
  }
  const overHttp = neon(url, { arrayMode: true, fullResults: true });
  const pool = new Pool({
    connectionString: url,
    connectionTimeoutMillis: timeouts.connectTimeoutMs,
    query_timeout: timeouts.queryTimeoutMs,
    idleTimeoutMillis: 30_000,
  });
  const owner = withErrorTranslation(pool);

  const driver: Driver = {
    async executeBatch(userId, statements) {
      // A value that cannot be serialized fails here, where its error is not taken for one of the connection.
      JSON.stringify(statements.map(({ params }) => params));
      // The parsers of types count only where they are given with the statement itself.
      const queries = [setUserContext(userId, statements, timeouts), ...statements].map(({ text, params }) =>
        overHttp.query(text, params, { types: batchTypes }),
      );
      const [, ...results] = await overHttp
        .transaction(queries, { fetchOptions: { signal: AbortSignal.timeout(timeouts.queryTimeoutMs) } })
        .catch((error) => {
          throw toDatabaseError(error, !isRefused(error));
        });
      return results.map(({ rows, fields }, i) => {
        if (statements[i]?.rowMode === 'array') return rows;
        return rows.map((row) => Object.fromEntries(fields.map((field, column) => [field.name, row[column]])));
      });
    },
    queryAsOwner: async (text) => (await owner.query(text)).rows,
    // For statements over HTTP, the proxy holds the connections.
    connections: pool.options.max,
    ownerDb: drizzle(owner),
    pool: owner,
    migrate: (folder) => migrateServer(url, folder, driver),
    close: () => pool.end(),
  };
  return driver;
}

/** Whether the connection was refused, so that nothing can have run. */
function isRefused(error: unknown): boolean {
  return (error as { sourceError?: { code?: unknown } }).sourceError?.code === 'ECONNREFUSED';
}

/** An idle connection is let go of after as many milliseconds, before the other side is likely to do it. */
const KEEP_ALIVE_OPTIONS = { keepAlive: true, timeout: 4_000 };
const clients = {
  'http:': { request: http.request, agent: new http.Agent(KEEP_ALIVE_OPTIONS) },
  'https:': { request: https.request, agent: new https.Agent(KEEP_ALIVE_OPTIONS) },
};

/** As much of `fetch` as Neon's driver uses. The `fetch` of Next.js costs a millisecond more for each request. */
function fetchOverNodeHttp(
  to: string,
  { body, ...options }: http.RequestOptions & { body: string },
): Promise<Pick<Response, 'ok' | 'status' | 'json' | 'text'>> {
  const url = new URL(to);
  const { request, agent } = clients[url.protocol as keyof typeof clients];
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ...options, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0 } = response;
        const text = Buffer.concat(chunks).toString();
        resolve({
          ok: status >= 200 && status < 300,
          status,
          json: async () => JSON.parse(text),
          text: async () => text,
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
