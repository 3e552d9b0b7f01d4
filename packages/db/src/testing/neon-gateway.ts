import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorFields } from '@neondatabase/serverless';
import { DatabaseError, Pool, type PoolClient } from 'pg';
import { createWebSocketStream, WebSocketServer } from 'ws';

/** The faults to inject from now on. All affect HTTP; `delayMs` and `drop` affect WebSockets as well. */
interface Faults {
  /** Wait before doing anything; a request whose client disconnects meanwhile is not executed. */
  delayMs?: number;
  /** Close the connection. Nothing is executed. */
  drop?: boolean;
  /** Respond with this HTTP status. Nothing is executed. */
  status?: number;
  /** Execute and commit, then close the connection without a response. */
  dropAfter?: boolean;
  /** Execute and commit, then close the connection after half of the response. */
  truncate?: boolean;
}

/** A local stand-in for Neon's proxy. */
export interface NeonGateway {
  /** For `neonConfig.fetchEndpoint`. */
  url: string;
  /** For `neonConfig.wsProxy`, together with `neonConfig.useSecureWebSocket = false`. */
  wsProxy: string;
  /** Requests to `/sql` so far. */
  httpRequests: number;
  /** The number of statements in them. */
  httpStatements: number;
  /** WebSockets opened so far. */
  webSockets: number;
  faults: Faults;
  /** Closes all connections and frees the port. */
  close(): Promise<void>;
}

interface Statement {
  query: string;
  params?: unknown[];
}

/**
 * Speaks Neon's protocols, SQL over HTTP at `/sql` and PostgreSQL in a WebSocket at `/v2`, in front of the
 * PostgreSQL at `target`, whatever host the connection string names. Statuses, error bodies and the treatment
 * of sessions follow `proxy/src/serverless` in neondatabase/neon. Only raw text output is served: the driver
 * requests nothing else.
 */
export async function startNeonGateway(target: { host: string; port: number }): Promise<NeonGateway> {
  const pools = new Map<string, Pool>();
  const sockets = new Set<Socket>();
  const webSockets = new WebSocketServer({ noServer: true });
  const http = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  http.on('connection', (socket) => sockets.add(socket.once('close', () => sockets.delete(socket))));
  http.on('upgrade', async (request, socket, head) => {
    const { delayMs, drop } = gateway.faults;
    socket.on('error', () => {});
    if (delayMs) await sleep(delayMs);
    if (drop || !request.url?.startsWith('/v2')) return socket.destroy();
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      gateway.webSockets++;
      const client = createWebSocketStream(webSocket);
      pipeline(client, connect({ ...target, noDelay: true }), client, () => webSocket.terminate());
    });
  });
  await once(http.listen(0, '127.0.0.1'), 'listening');
  const { port } = http.address() as AddressInfo;

  const gateway: NeonGateway = {
    url: `http://127.0.0.1:${port}/sql`,
    wsProxy: `127.0.0.1:${port}/v2`,
    httpRequests: 0,
    httpStatements: 0,
    webSockets: 0,
    faults: {},
    async close() {
      const closed = once(http.close(), 'close');
      for (const socket of sockets) socket.destroy();
      await closed;
      await Promise.all([...pools.values()].map((pool) => pool.end()));
    },
  };
  return gateway;

  async function handle(request: IncomingMessage, response: ServerResponse) {
    gateway.httpRequests++;
    const { delayMs, drop, status, dropAfter, truncate } = gateway.faults;
    const body = await text(request);
    if (delayMs) await sleep(delayMs);
    if (drop || response.destroyed) return request.socket.destroy();

    const result = status
      ? new Refusal(status, 'The gateway injects this status.')
      : await run(request, body, response).catch(toRefusal);
    if (dropAfter) return request.socket.destroy();
    const json = Buffer.from(JSON.stringify(result instanceof Refusal ? result.body : result));
    response.writeHead(result instanceof Refusal ? result.status : 200, {
      'content-type': 'application/json',
      'content-length': json.length,
    });
    if (truncate) response.write(json.subarray(0, json.length / 2), () => request.socket.destroy());
    else response.end(json);
  }

  async function run({ method, url, headers }: IncomingMessage, body: string, response: ServerResponse) {
    if (method !== 'POST' || url !== '/sql') throw new Refusal(404, 'not found');
    if (headers['neon-raw-text-output'] !== 'true') throw new Refusal(400, 'only raw text is served');
    const rowMode = headers['neon-array-mode'] === 'true' ? 'array' : undefined;
    const begin = beginWith(headers);
    const payload = parse(body);
    gateway.httpStatements += 'queries' in payload ? payload.queries.length : 1;
    const pool = poolFor(headers['neon-connection-string']);
    const session = await pool.connect().catch((error) => {
      throw connectionRefusal(error, pool.options.user);
    });
    const { processID } = session as PoolClient & { processID: number };
    // When the client disconnects, its statement is cancelled and the session closed, since the cancellation may arrive
    // late.
    const cancel = () => pool.query('select pg_cancel_backend($1)', [processID]).catch(() => {});
    response.once('close', cancel);
    try {
      const result =
        'queries' in payload
          ? { results: await runBatch(session, begin, payload.queries, rowMode) }
          : await runStatement(session, payload, rowMode);
      // Resets the session for the next request. Fails inside an open transaction.
      await session.query('discard all').then(
        () => session.release(response.destroyed),
        () => session.release(true),
      );
      return result;
    } catch (error) {
      session.release(true);
      throw error;
    } finally {
      response.off('close', cancel);
    }
  }

  function poolFor(header: string | string[] | undefined) {
    const connectionString = String(header);
    const existing = pools.get(connectionString);
    if (existing) return existing;
    if (!URL.canParse(connectionString)) throw new Refusal(400, 'invalid header: neon-connection-string');
    const { username, password, pathname } = new URL(connectionString);
    if (!password) throw new Refusal(400, 'missing authentication credentials: required password');
    const pool = new Pool({
      ...target,
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
      database: decodeURIComponent(pathname.slice(1)),
      idleTimeoutMillis: 1000,
    });
    pool.on('error', () => {});
    pool.on('connect', (session) => session.on('error', () => {}));
    pools.set(connectionString, pool);
    return pool;
  }
}

async function runBatch(session: PoolClient, begin: string, statements: Statement[], rowMode?: 'array') {
  await session.query(begin);
  try {
    const results = [];
    for (const statement of statements) results.push(await runStatement(session, statement, rowMode));
    await session.query('commit');
    return results;
  } catch (error) {
    await session.query('rollback').catch(() => {});
    throw error;
  }
}

async function runStatement(session: PoolClient, { query, params = [] }: Statement, rowMode?: 'array') {
  // The extended protocol takes one statement only, as at Neon.
  const config = { text: query, values: params, rowMode, queryMode: 'extended', types: rawText };
  const { fields, rows, command, rowCount } = await session.query(config);
  return { fields, rows, command, rowCount, rowAsArray: rowMode === 'array' };
}

const rawText = { getTypeParser: () => (value: string) => value };

const isolationLevels = new Map([
  ['ReadUncommitted', 'read uncommitted'],
  ['ReadCommitted', 'read committed'],
  ['RepeatableRead', 'repeatable read'],
  ['Serializable', 'serializable'],
]);

function beginWith(headers: IncomingHttpHeaders) {
  const level = headers['neon-batch-isolation-level'];
  const isolation = isolationLevels.get(String(level));
  if (level && !isolation) throw new Refusal(400, 'invalid isolation level');
  const modes = [
    isolation && `isolation level ${isolation}`,
    headers['neon-batch-read-only'] === 'true' && 'read only',
    headers['neon-batch-deferrable'] === 'true' && 'deferrable',
  ];
  return `start transaction ${modes.filter(Boolean).join(', ')}`;
}

function parse(body: string): Statement | { queries: Statement[] } {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new Refusal(400, `could not parse the HTTP request body: ${error}`);
  }
}

class Refusal extends Error {
  status: number;
  body: Record<string, unknown>;

  constructor(status: number, message: string, error?: DatabaseError) {
    super(message);
    this.status = status;
    this.body = { message };
    for (const field of errorFields) this.body[field] = error?.[field] ?? null;
    this.body.code ??= '';
    this.body.severity ??= '';
  }
}

function connectionRefusal(error: unknown, user: unknown) {
  if (!(error instanceof DatabaseError)) return new Refusal(500, 'Control plane request failed');
  if (error.code === '28P01') return new Refusal(400, `password authentication failed for user '${user}'`);
  return new Refusal(500, error.message, error);
}

function toRefusal(error: unknown) {
  if (error instanceof Refusal) return error;
  if (error instanceof DatabaseError) return new Refusal(400, error.message, error);
  return new Refusal(400, `error communicating with the server: ${error}`);
}
