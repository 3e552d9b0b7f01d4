import { subscribe } from 'node:diagnostics_channel';
import type { Server, ServerResponse } from 'node:http';
import { Server as Listener } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Less than the ten seconds after which Docker kills what it has asked to stop. */
const SHUTDOWN_TIMEOUT_MS = 9_000;
/** How long a request may be on its way on a connection that is kept alive. */
const IDLE_MS = 1_000;

/**
 * From now on SIGTERM, SIGINT and SIGHUP end the process in order: new connections are refused, requests are answered
 * with `Connection: close`, then `close` is waited for. With 0 when all of it was done in nine seconds, else with 1.
 */
export function installGracefulShutdown(close: () => Promise<void>): void {
  const inFlight = new Set<ServerResponse>();
  let server: Server | undefined;
  let isEnding = false;

  subscribe('http.server.request.start', (message) => {
    const started = message as { server: Server; response: ServerResponse };
    server = started.server;
    inFlight.add(started.response);
    started.response.once('close', () => inFlight.delete(started.response));
    if (isEnding) disableKeepAlive(started.response);
  });

  const end = async () => {
    if (isEnding) return;
    isEnding = true;
    setTimeout(() => {
      const requests = inFlight.size === 1 ? '1 request' : `${inFlight.size} requests`;
      process.stderr.write(`taskward ended with ${requests} unanswered, and the database not closed.\n`);
      process.exit(1);
    }, SHUTDOWN_TIMEOUT_MS);
    if (server) {
      // A server of HTTP would cut idle connections as well, just when a request may be on its way on one.
      const closed = new Promise((resolve) => Listener.prototype.close.call(server, resolve));
      for (const response of inFlight) disableKeepAlive(response);
      await Promise.race([closed, sleep(IDLE_MS)]);
      while (inFlight.size > 0) await sleep(20);
      server.closeAllConnections();
    }
    await close();
    process.exit();
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    // Those of Next.js wait for connections that are kept alive as long as they are used, and close no database.
    process.removeAllListeners(signal).on(signal, end);
  }
}

function disableKeepAlive(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
