import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FUZZ_TIMEOUT_MS, runFuzz, Stats } from '../test/run-fuzz';
import { signUp } from './account';
import { type Message, type Script, SMALLEST_TASK, script } from './fuzz-messages';
import { RawConnection, type RawResponse } from './raw-connection';
import { type Server, startServer } from './server';

/** Whatever comes over a connection, each request on it gets its own well-formed response, and so does the next one. */

const EVERYDAY_REQUESTS = 800;
const REQUESTS_PER_USER = 2_000;
const HANG_MS = 5_000;
/**
 * Of a longer body that is refused, the rest may not be read: by the reset, the client may lose that response and
 * earlier ones.
 */
const MAX_DISCARDED = 2 ** 20;
/** The memory by which the process may grow. */
const MAX_GROWTH = 400 * 2 ** 20;
/** Statuses of Node's parser for what it cannot parse; they come without a body or a header field of ours. */
const UNPARSABLE = [400, 408, 431, 501];

const secret = `secret-${randomUUID()}`;
const stats = new Stats();
let server: Server;
let port: number;
let other: Awaited<ReturnType<typeof signUp>>;
let me: typeof other;
let sentByMe = Number.POSITIVE_INFINITY;
let count = 0;
let memory: number;

beforeAll(async () => {
  server = await startServer('pglite', { API_RATE_LIMIT: '0' });
  port = Number(new URL(server.origin).port);
  other = await signUp(server.origin, `${secret}@example.com`);
  const body = JSON.stringify({ title: secret, description: secret, tags: [secret] });
  const { status } = await fetch(other.tasks, { method: 'POST', headers: other.headers, body });
  expect(status).toBe(201);
  memory = server.memory();
}, 60_000);

afterAll(() => server?.dispose());

test('each request on a connection gets its own well-formed response in time, whatever was sent before', {
  timeout: FUZZ_TIMEOUT_MS,
}, async () => {
  await runFuzz(script, { numRuns: 100 }, { stats, count: EVERYDAY_REQUESTS }, play);
});

test('after fuzzing, the server has logged no error and its memory is bounded', () => {
  const isError = (line: string) => /"status":500|"level":60|unhandled|uncaught|⨯|^\s+at /i.test(line);
  expect(server.output().split('\n').filter(isError)).toEqual([]);
  const growth = server.memory() - memory;
  console.log(`The server grew by ${Math.round(growth / 2 ** 20)} MiB.`);
  expect(growth).toBeLessThan(MAX_GROWTH);
});

async function play({ batches, truncated }: Script): Promise<void> {
  if (sentByMe > REQUESTS_PER_USER) await renewMe();
  let connection = new RawConnection(port, HANG_MS);
  for (const batch of batches) connection = await send(batch, connection);
  if (truncated) connection = await truncate(truncated, connection);
  await expectLive(connection);
}

async function renewMe(): Promise<void> {
  me = await signUp(server.origin, `${randomUUID()}@example.com`);
  sentByMe = 0;
}

/** Sends all of a batch at once and reads the responses. Returns a connection that can be used further. */
async function send(batch: readonly Message[], connection: RawConnection): Promise<RawConnection> {
  const sent = batch.map((message) => ({ message, id: `fuzz-${++count}` }));
  sentByMe += sent.length;
  connection.write(Buffer.concat(sent.map(({ message, id }) => encode(message, id))));
  const isDoomed = batch.at(-1)?.isHostile;
  for (const [i, { message, id }] of sent.entries()) {
    const response = await connection.next(message.method);
    stats.add(response?.status ?? 'closed');
    const isCut = batch.slice(i).some(({ body }) => (body?.bytes ?? 0) > MAX_DISCARDED);
    if (!response) {
      expect(isDoomed || isCut, `${name(message)}: the connection was closed without a response`).toBe(true);
      return new RawConnection(port, HANG_MS);
    }
    if (isDoomed && isBare(response)) {
      await connection.expectClosed();
      return new RawConnection(port, HANG_MS);
    }
    verify(message, id, response);
    if (response.closes) {
      await connection.expectClosed();
      connection.destroy();
      const rest = batch.slice(i + 1);
      const next = new RawConnection(port, HANG_MS);
      return rest.length > 0 ? send(rest, next) : next;
    }
  }
  connection.expectNothing();
  if (!batch.at(-1)?.headers.some((line) => /upgrade/i.test(line))) return connection;
  // From then on, Node.js ignores what it cannot parse (`parser_.upgrade` in node_http_parser.cc): a good request comes
  // next.
  await expectLive(connection);
  return new RawConnection(port, HANG_MS);
}

/** Sends half of a body, and ends the connection. */
async function truncate(
  { message, how }: NonNullable<Script['truncated']>,
  connection: RawConnection,
): Promise<RawConnection> {
  const bytes = encode(message, `fuzz-${++count}`);
  connection.write(bytes.subarray(0, bytes.indexOf('\r\n\r\n') + 4 + (message.body?.bytes ?? 0) / 2));
  if (how === 'destroy') connection.destroy();
  else {
    connection.halfClose();
    const response = await connection.next(message.method);
    if (response) expect(response.status).toBeLessThan(500);
    if (response) await connection.expectClosed();
  }
  stats.add(how);
  return new RawConnection(port, HANG_MS);
}

async function expectLive(connection: RawConnection): Promise<void> {
  const id = `live-${++count}`;
  connection.write(`GET /api/health/live HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: ${id}\r\n\r\n`);
  const response = await connection.next('GET');
  connection.destroy();
  expect({ status: response?.status, id: response?.headers.get('x-request-id') }).toEqual({ status: 200, id });
}

function encode({ method, target, headers, body, raw = '' }: Message, id: string): Buffer {
  const idOf = ({ tasks }: typeof me) => tasks.split('/')[4] ?? '';
  const values = { me: idOf(me), other: idOf(other), token: me.headers.Authorization.slice('Bearer '.length) };
  const framing = body && (body.framing === 'fixed' ? `Content-Length: ${body.bytes}` : 'Transfer-Encoding: chunked');
  const host = headers.some((line) => line.startsWith('Host:')) ? [] : ['Host: localhost'];
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...host,
    `X-Request-Id: ${id}`,
    ...headers,
    ...(framing ? [framing] : []),
  ];
  const head = lines.join('\r\n').replace(/\{(me|other|token)\}/g, (_, name: keyof typeof values) => values[name]);
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n${raw}`, 'latin1'), encodeBody(body)]);
}

/** A task, filled up with spaces. */
function encodeBody(body: Message['body']): Buffer {
  if (!body) return Buffer.alloc(0);
  const bytes = Buffer.alloc(body.bytes, ' ');
  if (body.bytes >= SMALLEST_TASK.length) bytes.write(SMALLEST_TASK);
  if (body.framing === 'fixed') return bytes;
  const third = Math.ceil(body.bytes / 3);
  const chunks = [0, 1, 2].map((i) => bytes.subarray(i * third, (i + 1) * third)).filter(({ length }) => length > 0);
  const framed = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...framed, Buffer.from('0\r\n\r\n')]);
}

/** Whether it is a status line of Node's parser, which has seen no request. */
function isBare({ status, headers, body, closes }: RawResponse): boolean {
  return closes && body === '' && UNPARSABLE.includes(status) && !headers.has('x-request-id');
}

function verify(message: Message, id: string, { status, headers, body }: RawResponse): void {
  const what = `${name(message)}: ${status} ${body.slice(0, 300)}`;
  if (message.statuses) expect(message.statuses, what).toContain(status);
  else expect(status < 500 || status === 501, what).toBe(true);
  const output = `${body}\n${JSON.stringify([...headers])}`;
  expect(output, what).not.toContain(secret);
  expect(headers.get('x-injected'), what).toBeNull();
  const location = headers.get('location');
  if (location) expect(new URL(location, server.origin).origin, what).toBe(server.origin);
  if (!/^\/api(?=[/?#]|$)/.test(message.target)) return;
  // Next.js removes trailing slashes.
  if (status === 308) return;
  const returned = headers.get('x-request-id');
  if (!hasOwnId(message)) expect(returned, what).toBe(id);
  if (status < 400) return;
  expect(headers.get('content-type'), what).toBe('application/problem+json');
  if (message.method !== 'HEAD') expect(JSON.parse(body), what).toMatchObject({ status, request_id: returned });
}

/** Whether one of its header lines is, or may be, another request id. */
function hasOwnId({ headers }: Message): boolean {
  return headers.some((line) => /x-request-id/i.test(line));
}

function name({ method, target }: Message): string {
  return JSON.stringify(`${method} ${target}`.slice(0, 200));
}
