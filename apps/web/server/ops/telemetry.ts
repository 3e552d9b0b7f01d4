import {
  type Attributes,
  context,
  metrics,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { Driver } from '@taskward/db';

/** The result of a request. */
interface RequestMetrics {
  readonly method: string;
  /** The path template of the operation; undefined for all other requests. */
  readonly route: string | undefined;
  readonly status: number;
  readonly ms: number;
}

/** The totals of event streams. */
interface StreamTotals {
  readonly count: number;
  readonly totals: { readonly events: number; readonly wakeUps: number; readonly polls: number };
}

export type Telemetry = ReturnType<typeof createTelemetry>;

/**
 * Creates spans and metrics by OpenTelemetry's semantic conventions.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/
 */
export function createTelemetry() {
  const tracer = trace.getTracer('taskward');
  const meter = metrics.getMeter('taskward');
  const duration = meter.createHistogram('http.server.request.duration', { unit: 's' });
  const tokens = meter.createCounter('taskward.token.verifications', {
    description: 'Valid tokens, by whether their verification was cached.',
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
    /** Adds a span for each batch. Its statements are sent together, so they have no durations of their own. */
    observeDriver(driver: Driver): Driver {
      // The embedded database has no pool: its counts stay 0.
      const { pool } = driver;
      meter.createObservableGauge('db.client.connection.count').addCallback((result) => {
        const { totalCount = 0, idleCount = 0 } = pool ?? {};
        result.observe(idleCount, { 'db.client.connection.state': 'idle' });
        result.observe(totalCount - idleCount, { 'db.client.connection.state': 'used' });
      });
      meter
        .createObservableGauge('db.client.connection.pending_requests')
        .addCallback((result) => result.observe(pool?.waitingCount ?? 0));
      return {
        ...driver,
        executeBatch: (userId, statements) => {
          const attributes = {
            'db.system.name': 'postgresql',
            'db.operation.batch.size': statements.length,
            // Values are parameters, which are not recorded.
            'db.query.text': statements.map(({ text }) => text).join(';\n'),
          };
          return inSpan('BATCH postgresql', SpanKind.CLIENT, attributes, () => driver.executeBatch(userId, statements));
        },
      };
    },
    observeTokens<Caller extends object>(
      authenticate: (authorization: string | null) => Caller | Promise<Caller>,
    ): typeof authenticate {
      return (authorization) =>
        inSpan('authenticate', SpanKind.INTERNAL, {}, async () => {
          const result = authenticate(authorization);
          const caller = await result;
          tokens.add(1, { 'cache.hit': !(result instanceof Promise) });
          return caller;
        });
    },
    observeStreams(streams: StreamTotals): void {
      const gauge = meter.createObservableGauge('taskward.streams', { description: 'Open event streams.' });
      gauge.addCallback((result) => result.observe(streams.count));
      const counters = {
        events: 'Events that were sent to event streams.',
        wakeUps: 'Writes, of this process or another, that woke event streams.',
        polls: 'Reads of the positions of journals.',
      };
      for (const [name, description] of Object.entries(counters)) {
        const counter = meter.createObservableCounter(`taskward.stream.${name.toLowerCase()}`, { description });
        counter.addCallback((result) => result.observe(streams.totals[name as keyof typeof counters]));
      }
    },
    /** The id of the current trace, for the log. */
    traceId: () => trace.getActiveSpan()?.spanContext().traceId,
    recordRequest({ method, route, status, ms }: RequestMetrics): void {
      const attributes = { 'http.request.method': method, 'http.response.status_code': status };
      duration.record(ms / 1000, route === undefined ? attributes : { ...attributes, 'http.route': route });
    },
  };
}

interface TracedRequest {
  readonly method: string;
  readonly headers: { entries(): Iterable<[name: string, value: string]> };
}

/**
 * Responds to a request in a span of its own, in the trace of its `traceparent` (W3C Trace Context). Next.js does the same
 * for the requests that it serves.
 *
 * @param route the path template.
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server
 */
export function traceRequest<R extends { readonly status: number }>(
  { headers, method }: TracedRequest,
  route: string,
  respond: () => Promise<R>,
): Promise<R> {
  const parent = propagation.extract(ROOT_CONTEXT, Object.fromEntries(headers.entries()));
  const attributes = { 'http.request.method': method, 'http.route': route };
  return context.with(parent, () =>
    trace
      .getTracer('taskward')
      .startActiveSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes }, async (span) => {
        try {
          const response = await respond();
          span.setAttribute('http.response.status_code', response.status);
          if (response.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
          return response;
        } finally {
          span.end();
        }
      }),
  );
}

/** Records the kind of the error only: a message may quote what a user wrote. */
function recordError(span: Span, error: unknown): void {
  const { name, code } = error as { name?: string; code?: unknown };
  span.setAttribute('error.type', String(code ?? name ?? typeof error));
  span.setStatus({ code: SpanStatusCode.ERROR });
}
