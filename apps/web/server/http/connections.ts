import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** What clients may hold open; times in milliseconds. */
export const CONNECTION_LIMITS = {
  /** Connections at once; more are closed as they arrive. */
  connections: 10_000,
  /** To send a header section. Node.js looks at this twice a minute. */
  headersMs: 15_000,
  /** To send a whole request. Node.js looks at this twice a minute. */
  requestMs: 30_000,
  /** Without a byte read from a connection or written to it. */
  stallMs: 30_000,
  /** Between two looks at all connections. */
  checkMs: 5_000,
};

/** Bytes that a socket has moved, and since when it has moved no more. */
interface Progress {
  bytes: number;
  since: number;
}

/**
 * Limits what clients can hold open, from now on, on the HTTP server of this process: the number of connections, the time
 * a request may take to arrive, and how long a connection may make no progress. `server.timeout` would not do: a reader
 * that stops does not start it.
 *
 * @param configure gets the server with its first connection, before the first request.
 * @returns a function that ends it, for connections that come then.
 */
export function guardConnections(configure: (server: Server) => void, limits = CONNECTION_LIMITS): () => void {
  const guarded = new WeakSet<Server>();
  const open = new Map<Socket, Progress>();
  const onSocket = (message: unknown) => {
    const { socket } = message as { socket: Socket & { server?: unknown } };
    const { server } = socket;
    if (!(server instanceof Server)) return;
    if (!guarded.has(server)) {
      guarded.add(server);
      limit(server, limits);
      configure(server);
    }
    open.set(socket, { bytes: 0, since: performance.now() });
    socket.once('close', () => open.delete(socket));
  };
  subscribe('net.server.socket', onSocket);
  subscribe('http.server.request.start', noteResponse);
  const timer = setInterval(() => {
    const now = performance.now();
    for (const [socket, progress] of open) {
      const bytes = bytesMoved(socket);
      if (bytes !== progress.bytes) Object.assign(progress, { bytes, since: now });
      else if (now - progress.since > limits.stallMs) socket.destroy();
    }
  }, limits.checkMs).unref();
  return () => {
    unsubscribe('net.server.socket', onSocket);
    unsubscribe('http.server.request.start', noteResponse);
    clearInterval(timer);
  };
}

function limit(server: Server, { connections, headersMs, requestMs }: typeof CONNECTION_LIMITS): void {
  server.maxConnections = connections;
  server.headersTimeout = headersMs;
  server.requestTimeout = requestMs;
  // There is no protocol to upgrade to: without a listener the request is served as if it had not asked (RFC 9110, 7.8).
  server.removeAllListeners('upgrade');
  server.on('clientError', ({ code }: NodeJS.ErrnoException, socket) => {
    const status = UNPARSABLE[code ?? ''] ?? 400;
    const response = responses.get(socket as Socket);
    // These bytes could be taken for the rest of it.
    const isResponding = response?.headersSent && !response.writableFinished;
    if (code !== 'ECONNRESET' && socket.writable && !isResponding)
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
    else socket.destroy();
  });
}

/** The last response that was begun on a connection. */
const responses = new WeakMap<Socket, ServerResponse>();

function noteResponse(message: unknown): void {
  const { socket, response } = message as { socket: Socket; response: ServerResponse };
  responses.set(socket, response);
}

/** Statuses for what Node's parser refuses, other than 400. */
const UNPARSABLE: Record<string, number | undefined> = {
  HPE_INVALID_METHOD: 501,
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Bytes read from the network, and written to it: not those that still wait to be written. */
function bytesMoved(socket: Socket): number {
  return socket.bytesRead + socket.bytesWritten - socket.writableLength;
}
