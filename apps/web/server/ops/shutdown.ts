import { subscribe } from 'node:diagnostics_channel';
import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';

/** Less than the 10 s after which Docker kills a container that it has asked to stop. */
const SHUTDOWN_TIMEOUT_MS = 9_000;
/** How long a request may still be on the network of a connection that is kept alive. */
const IDLE_MS = 1_000;
const POLL_MS = 20;

interface ShutdownSteps {
  /** Ends the responses that would not end by themselves. */
  readonly begin: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Installs the graceful shutdown: on SIGTERM, SIGINT or SIGHUP the server refuses new connections, finishes the requests in
 * flight with `Connection: close`, and waits for `close`. The exit code is 0, or 1 if that takes more than 9 s.
 */
export function installGracefulShutdown({ begin, close }: ShutdownSteps): void {
  const inFlight = new Set<ServerResponse>();
  let server: Server | undefined;
  let isShuttingDown = false;

  subscribe('http.server.request.start', (message) => {
    const started = message as { server: Server; response: ServerResponse };
    server = started.server;
    inFlight.add(started.response);
    started.response.once('close', () => inFlight.delete(started.response));
    if (isShuttingDown) disableKeepAlive(started.response);
  });

  const shutDown = async () => {
    if (isShuttingDown) return;
    isShuttingDown = true;
    setTimeout(() => forceShutdown(inFlight.size), SHUTDOWN_TIMEOUT_MS);
    await begin();
    if (server) {
      // Connections that wait to be accepted would be reset: a turn of the event loop accepts them.
      await setImmediate();
      // `Server.close` of node:http also closes idle connections, on which a request may be about to arrive.
      const closed = new Promise((resolve) => NetServer.prototype.close.call(server, resolve));
      for (const response of inFlight) disableKeepAlive(response);
      await Promise.race([closed, sleep(IDLE_MS)]);
      while (inFlight.size > 0) await sleep(POLL_MS);
      server.closeAllConnections();
    }
    await close();
    process.exit();
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    // The listeners of Next.js wait for kept-alive connections as long as they are in use, and close no database.
    process.removeAllListeners(signal).on(signal, shutDown);
  }
}

function forceShutdown(requestsInFlight: number): void {
  const requests = requestsInFlight === 1 ? '1 request' : `${requestsInFlight} requests`;
  process.stderr.write(`Forced shutdown after 9 s: ${requests} in flight, database not closed.\n`);
  process.exit(1);
}

function disableKeepAlive(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
