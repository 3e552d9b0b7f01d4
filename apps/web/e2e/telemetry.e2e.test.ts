import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signUp } from './account';
import { type Server, startServer } from './server';

/** What a collector receives by OTLP over HTTP, as JSON (https://opentelemetry.io/docs/specs/otlp/). */

interface Attribute {
  readonly key: string;
  readonly value: Record<string, unknown>;
}
interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly Attribute[];
}
interface Sent {
  readonly resourceSpans?: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[];
  readonly resourceMetrics?: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeMetrics: readonly { readonly metrics: readonly { readonly name: string }[] }[];
  }[];
}

let collector: HttpServer;
let server: Server;
const received: { path: string; text: string }[] = [];

beforeAll(async () => {
  collector = createServer(async (request, response) => {
    const chunks = await request.toArray();
    received.push({ path: request.url ?? '', text: Buffer.concat(chunks).toString() });
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const { port } = collector.address() as AddressInfo;
  server = await startServer('postgres', {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_SERVICE_NAME: 'todo',
    OTEL_BSP_SCHEDULE_DELAY: '200',
  });
}, 60_000);

afterAll(async () => {
  await server?.dispose();
  collector?.close();
});

const sent = () => received.map(({ text }): Sent => JSON.parse(text));
const spans = () =>
  sent().flatMap(({ resourceSpans = [] }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
  );
const attribute = (attributes: readonly Attribute[], name: string) =>
  Object.values(attributes.find(({ key }) => key === name)?.value ?? {})[0];

test('a request is a span in the trace of its traceparent, with child spans for its token and statements', async () => {
  const { tasks, headers } = await signUp(server.origin);
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
  const body = JSON.stringify({ title: 'A title that is nobody’s business' });
  const response = await fetch(tasks, { method: 'POST', headers: { ...headers, traceparent }, body });
  expect(response.status).toBe(201);

  const inTrace = () => spans().filter((span) => span.traceId === traceId);
  await expect.poll(() => inTrace().map(({ name }) => name), { timeout: 10_000 }).toContain('BATCH postgresql');
  await expect.poll(() => inTrace().some(({ parentSpanId }) => parentSpanId === '00f067aa0ba902b7')).toBe(true);
  const byId = new Map(inTrace().map((span) => [span.spanId, span]));
  const rootOf = (span: Span): Span => {
    const parent = byId.get(span.parentSpanId ?? '');
    return parent ? rootOf(parent) : span;
  };
  for (const name of ['authenticate', 'BATCH postgresql']) {
    const found = inTrace().find((span) => span.name === name);
    expect(found, name).toBeDefined();
    if (found) expect(rootOf(found).parentSpanId, name).toBe('00f067aa0ba902b7');
  }
  const batch = inTrace().find(({ name }) => name === 'BATCH postgresql');
  // Now and then, a write also deletes from the journal.
  expect([1, 3]).toContain(attribute(batch?.attributes ?? [], 'db.operation.batch.size'));
  expect(attribute(batch?.attributes ?? [], 'db.query.text')).toContain('insert into tasks');
});

test('metrics of requests, tokens and the pool are exported at shutdown, and no telemetry contains user input', async () => {
  const { tasks, headers } = await signUp(server.origin, 'bob@example.com');
  for (let i = 0; i < 3; i++) expect((await fetch(tasks, { headers })).status).toBe(200);
  expect(await server.stop('SIGTERM')).toBe(0);

  const resources = sent().flatMap(({ resourceMetrics = [] }) => resourceMetrics);
  expect(attribute(resources[0]?.resource.attributes ?? [], 'service.name')).toBe('todo');
  const metrics = resources.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  expect(new Set(metrics.map(({ name }) => name))).toEqual(
    new Set([
      ...['taskward.streams', 'taskward.stream.events', 'taskward.stream.wakeups', 'taskward.stream.polls'],
      'http.server.request.duration',
      'taskward.token.verifications',
      'db.client.connection.count',
      'db.client.connection.pending_requests',
    ]),
  );
  const all = received.map(({ text }) => text).join('\n');
  expect(all).toContain('"/api/{user_id}/tasks"');
  const token = headers.Authorization.slice('Bearer '.length);
  for (const secret of [token, 'nobody’s business', 'correct horse battery', 'bob@example.com']) {
    expect(all).not.toContain(secret);
  }
});
