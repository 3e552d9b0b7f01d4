import { Agent, type RequestOptions, request } from 'node:http';

/** One request, and the status that its response has to have. */
export interface LoadRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly status: number;
  /** Receives the body of the response. */
  readonly onBody?: (body: string) => void;
}

/** Sends so many requests over so many kept-alive connections, each as soon as the one before is responded to. */
export async function runLoad(
  port: number,
  connections: number,
  count: number,
  next: () => LoadRequest,
): Promise<{ latencies: Float64Array; seconds: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' });
  const latencies = new Float64Array(count);
  let sent = 0;
  const worker = async () => {
    for (let i = sent++; i < count; i = sent++) {
      const loadRequest = next();
      const started = performance.now();
      const { status, body } = await send({ port, agent }, loadRequest);
      latencies[i] = performance.now() - started;
      if (status !== loadRequest.status)
        throw new Error(`${loadRequest.method} ${loadRequest.path} got ${status}: ${body}`);
      loadRequest.onBody?.(body);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: connections }, worker));
  const seconds = (performance.now() - started) / 1000;
  agent.destroy();
  return { latencies: latencies.sort(), seconds };
}

/** The latency below which this share of the requests are. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Rather than the mean, since another process may have disturbed one of the samples. */
export function median(all: readonly number[]): number {
  return percentile(
    all.toSorted((a, b) => a - b),
    0.5,
  );
}

export function send(
  where: RequestOptions,
  { method, path, headers, body }: Pick<LoadRequest, 'method' | 'path' | 'headers' | 'body'>,
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const outgoing = request(
      { host: '127.0.0.1', ...where, method, path, headers: { ...headers, ...length } },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk) => {
          text += chunk;
        });
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text }));
        incoming.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
