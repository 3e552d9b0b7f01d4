import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** Limits on the connections of clients; times in milliseconds. */
export const CONNECTION_LIMITS = {
  /** Open connections; further ones are closed at once. */
  connections: 10_000,
  /** Timeout for a header section. Node.js checks it every 30 s. */
  headersMs: 15_000,
  /** Timeout for a whole request. Node.js checks it every 30 s. */
  requestMs: 30_000,
  /** Timeout for a connection from which no byte is read and to which none is written. */
  stallMs: 30_000,
  /** How often stalled connections are looked for. */
  checkMs: 5_000,
};

/** The bytes that a socket has transferred, and when that number last changed. */
interface Progress {
  bytes: number;
  since: number;
}

/**
 * Limits the connections to the HTTP server of this process: their number, the time in which a request must arrive, and
 * the time without progress. `server.timeout` is not enough, since a client that stops reading does not start it.
 *
 * @param configure is called with the server at its first connection, before the first request.
 * @returns a function that stops limiting new connections.
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
      applyLimits(server, limits);
      configure(server);
    }
    open.set(socket, { bytes: 0, since: performance.now() });
    socket.once('close', () => open.delete(socket));
  };
  subscribe('net.server.socket', onSocket);
  subscribe('http.server.request.start', recordResponse);
  const timer = setInterval(() => {
    const now = performance.now();
    for (const [socket, progress] of open) {
      const bytes = bytesTransferred(socket);
      if (bytes !== progress.bytes) Object.assign(progress, { bytes, since: now });
      else if (now - progress.since > limits.stallMs) socket.destroy();
    }
  }, limits.checkMs).unref();
  return () => {
    unsubscribe('net.server.socket', onSocket);
    unsubscribe('http.server.request.start', recordResponse);
    clearInterval(timer);
  };
}

function applyLimits(server: Server, { connections, headersMs, requestMs }: typeof CONNECTION_LIMITS): void {
  server.maxConnections = connections;
  server.headersTimeout = headersMs;
  server.requestTimeout = requestMs;
  // The server has no protocol to upgrade to. Without a listener, Node.js ignores the request to upgrade (RFC 9110, 7.8).
  server.removeAllListeners('upgrade');
  server.on('clientError', ({ code }: NodeJS.ErrnoException, socket) => {
    const status = PARSER_ERROR_STATUSES[code ?? ''] ?? 400;
    const response = responses.get(socket as Socket);
    // The client could take these bytes for the rest of that response.
    const isResponding = response?.headersSent && !response.writableFinished;
    if (code !== 'ECONNRESET' && socket.writable && !isResponding)
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
    else socket.destroy();
  });
}

/** The latest response of each connection. */
const responses = new WeakMap<Socket, ServerResponse>();

function recordResponse(message: unknown): void {
  const { socket, response } = message as { socket: Socket; response: ServerResponse };
  responses.set(socket, response);
}

/** The statuses, other than 400, of requests that Node's parser refuses. */
const PARSER_ERROR_STATUSES: Record<string, number | undefined> = {
  HPE_INVALID_METHOD: 501,
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Bytes read from the network and written to it, without those that are still buffered. */
function bytesTransferred(socket: Socket): number {
  return socket.bytesRead + socket.bytesWritten - socket.writableLength;
}
