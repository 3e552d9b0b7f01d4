import { type Attributes, metrics, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Driver } from '@taskward/db';
import type { Authenticate } from '../auth/access-token';

/** What a request came to, when it has been answered. */
interface RequestMetrics {
  readonly method: string;
  /** As the operation writes its path; undefined for all else. */
  readonly route: string | undefined;
  readonly status: number;
  readonly ms: number;
}

export type Telemetry = ReturnType<typeof createTelemetry>;

/** Spans and metrics by OpenTelemetry's conventions; the span of the request itself is the one of Next.js. */
export function createTelemetry() {
  const tracer = trace.getTracer('taskward');
  const meter = metrics.getMeter('taskward');
  const duration = meter.createHistogram('http.server.request.duration', { unit: 's' });
  const tokens = meter.createCounter('taskward.tokens', {
    description: 'Tokens that were good, by whether they were known.',
  });

  const inSpan = async <T>(name: string, kind: SpanKind, attributes: Attributes, work: () => Promise<T> | T) =>
    tracer.startActiveSpan(name, { kind, attributes }, async (span) => {
      try {
        return await work();
      } catch (error) {
        recordError(span, error);
        throw error;
      } finally {
        span.end();
      }
    });

  return {
    /** With a span for each batch. Its statements travel together, and have no times of their own. */
    observeDriver(driver: Driver): Driver {
      // Drizzle's type of all drivers together does not have it.
      const { $client } = driver.ownerDb as unknown as { $client: Partial<PoolCounts> };
      meter.createObservableGauge('db.client.connection.count').addCallback((result) => {
        const { totalCount = 0, idleCount = 0 } = $client;
        result.observe(idleCount, { 'db.client.connection.state': 'idle' });
        result.observe(totalCount - idleCount, { 'db.client.connection.state': 'used' });
      });
      meter
        .createObservableGauge('db.client.connection.pending_requests')
        .addCallback((result) => result.observe($client.waitingCount ?? 0));
      return {
        ...driver,
        executeBatch: (userId, statements) => {
          const attributes = {
            'db.system.name': 'postgresql',
            'db.operation.batch.size': statements.length,
            // The values are parameters, which stay out of it.
            'db.query.text': statements.map(({ text }) => text).join(';\n'),
          };
          return inSpan('BATCH postgresql', SpanKind.CLIENT, attributes, () => driver.executeBatch(userId, statements));
        },
      };
    },
    observeTokens(authenticate: Authenticate): Authenticate {
      return (authorization) =>
        inSpan('authenticate', SpanKind.INTERNAL, {}, async () => {
          const answer = authenticate(authorization);
          const userId = await answer;
          tokens.add(1, { known: typeof answer === 'string' });
          return userId;
        });
    },
    /** The id of the trace that the request belongs to, for the log. */
    traceId: () => trace.getActiveSpan()?.spanContext().traceId,
    note({ method, route, status, ms }: RequestMetrics): void {
      const attributes = { 'http.request.method': method, 'http.response.status_code': status };
      duration.record(ms / 1000, route === undefined ? attributes : { ...attributes, 'http.route': route });
    },
  };
}

/** As the pools of `pg` and of Neon's driver have them; the embedded database has none. */
interface PoolCounts {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

/** By its kind alone: a message may quote what a user wrote. */
function recordError(span: Span, error: unknown): void {
  const { name, code } = error as { name?: string; code?: unknown };
  span.setAttribute('error.type', String(code ?? name ?? typeof error));
  span.setStatus({ code: SpanStatusCode.ERROR });
}
