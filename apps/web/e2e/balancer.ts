import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Backend {
  readonly origin: string;
  readonly agent: Agent;
  isReady: boolean;
}

/** A reverse proxy in front of several servers. */
export interface Balancer {
  readonly origin: string;
  /** The number of requests that each backend has responded to. */
  readonly responseCounts: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

const CHECK_MS = 100;
const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);

/**
 * Does what nginx and Caddy do by default: forwards requests round-robin, over connections that are kept alive, to
 * backends whose readiness was 200 when last asked; one that refuses a connection is left out until it is asked again,
 * and the request goes to the next. So does a request of an idempotent method whose connection breaks (nginx's
 * `proxy_next_upstream error`). Whatever else goes wrong is a 502.
 */
export async function startBalancer(origins: readonly string[]): Promise<Balancer> {
  const backends: Backend[] = origins.map((origin) => ({
    origin,
    agent: new Agent({ keepAlive: true }),
    isReady: true,
  }));
  const responseCounts = new Map(origins.map((origin) => [origin, 0]));
  let turn = 0;

  const checks = setInterval(() => {
    for (const backend of backends) {
      fetch(`${backend.origin}/api/health/ready`).then(
        ({ ok }) => {
          backend.isReady = ok;
        },
        () => {
          backend.isReady = false;
        },
      );
    }
  }, CHECK_MS);

  const front = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    // A hop-by-hop header (RFC 9110, 7.6.1).
    delete incoming.headers.connection;
    const pass = (backend = next()) => {
      if (!backend) return outgoing.writeHead(502).end('no backend is ready');
      const { origin, agent } = backend;
      const { method, headers } = incoming;
      const passed = request(origin + incoming.url, { agent, method, headers });
      passed.on('response', (response) => {
        responseCounts.set(origin, (responseCounts.get(origin) ?? 0) + 1);
        delete response.headers.connection;
        outgoing.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(outgoing);
      });
      passed.on('error', (error: NodeJS.ErrnoException) => {
        const isRetryable = error.code === 'ECONNREFUSED' || IDEMPOTENT.has(method ?? '');
        if (outgoing.headersSent) return outgoing.destroy(error);
        if (!isRetryable) return outgoing.writeHead(502).end(error.message);
        backend.isReady = false;
        pass();
      });
      passed.end(Buffer.concat(chunks));
    };
    pass();
  });
  const next = () => {
    const ready = backends.filter(({ isReady }) => isReady);
    return ready[turn++ % ready.length];
  };

  await once(front.listen(0), 'listening');
  const { port } = front.address() as AddressInfo;
  return {
    origin: `http://localhost:${port}`,
    responseCounts,
    async close() {
      clearInterval(checks);
      front.closeAllConnections();
      await once(front.close(), 'close');
      for (const { agent } of backends) agent.destroy();
    },
  };
}
