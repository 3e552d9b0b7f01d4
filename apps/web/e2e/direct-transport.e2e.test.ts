import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signUp } from './account';
import { type Server, startServer } from './server';

/** How bodies travel, with and without Next.js in front of the API. */

const SOON = { timeout: 15_000 };
const CONCURRENCY = 2;
const KIB = 1024;

describe.each([
  ['with', { DIRECT: '0' }],
  ['without', {}],
])('%s Next.js', (_, settings) => {
  let server: Server;
  let port: number;
  let tasks: string;
  let authorization: string;

  beforeAll(async () => {
    const limits = { API_CONCURRENCY_LIMIT: String(CONCURRENCY), API_RATE_LIMIT: '0' };
    server = await startServer('pglite', { ...limits, ...settings });
    port = Number(new URL(server.origin).port);
    const { tasks: url, headers } = await signUp(server.origin);
    tasks = new URL(url).pathname;
    authorization = headers.Authorization;
    // A page of more than 1 MiB.
    for (let i = 0; i < 40; i++) {
      const body = JSON.stringify({ title: `Task ${i}`, description: '€'.repeat(10_000) });
      const response = await fetch(url, { method: 'POST', headers, body });
      await response.arrayBuffer();
      expect(response.status).toBe(201);
    }
  }, 120_000);

  afterAll(() => server?.dispose());

  const start = (method: string, path: string, headers: Record<string, string> = {}) =>
    request({ port, method, path, agent: false, headers: { Authorization: authorization, ...headers } });

  const statusOf = async () => {
    const outgoing = start('GET', `${tasks}?limit=1`);
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'close');
    return response.statusCode;
  };

  const read = async (pauseMs: number) => {
    const outgoing = start('GET', `${tasks}?limit=100`);
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) {
      chunks.push(chunk);
      await sleep(pauseMs);
    }
    return Buffer.concat(chunks);
  };

  test('a page of 1 MiB arrives whole, also when it is read slowly', { timeout: 60_000 }, async () => {
    const bytes = await read(0);
    expect(bytes.length).toBeGreaterThan(KIB * KIB);
    const { data } = JSON.parse(bytes.toString());
    expect(data.length).toBeGreaterThan(30);
    for (const { description } of data) expect(description).toBe('€'.repeat(10_000));
    expect((await read(20)).equals(bytes)).toBe(true);
  });

  test('requests of clients that disconnect within the response no longer count as concurrent', {
    timeout: 60_000,
  }, async () => {
    const asked = `GET ${tasks}?limit=100 HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n\r\n`;
    // They never read. The kernel's buffers take a few pages, so they ask for many.
    const sockets = Array.from({ length: CONCURRENCY }, () =>
      connect(port, '127.0.0.1')
        .on('error', () => {})
        .pause(),
    );
    const isFull = async () => {
      const statuses = [await statusOf(), await sleep(200).then(statusOf), await sleep(200).then(statusOf)];
      return statuses.every((status) => status === 429);
    };
    for (let round = 0; round < 40 && !(await isFull()); round++) {
      for (const socket of sockets) socket.write(asked);
    }
    expect(await statusOf()).toBe(429);
    for (const socket of sockets) socket.destroy();
    await expect.poll(statusOf, SOON).toBe(200);
  });

  const pieces = ['{"title"', ':"Käse",', '"descri', `ption":"${'x'.repeat(9_000)}`, '"}'];
  const length = String(Buffer.byteLength(pieces.join('')));

  test.each([
    ['with Content-Length', { 'Content-Length': length }],
    ['in chunks', { 'Transfer-Encoding': 'chunked' }],
  ])('a body that is sent in pieces %s is read completely', async (__, framing) => {
    const outgoing = start('POST', tasks, { 'Content-Type': 'application/json', ...framing });
    const responded = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    for (const piece of pieces) {
      outgoing.write(piece);
      await sleep(20);
    }
    outgoing.end();
    const [response] = await responded;
    const body = Buffer.concat(await response.toArray());
    expect(response.statusCode).toBe(201);
    expect(JSON.parse(body.toString())).toMatchObject({ title: 'Käse', description: 'x'.repeat(9_000) });
  });

  test.each([
    ['text/plain', '{"title":"Milk"}', 415],
    ['application/json', `{"title":"${'x'.repeat(70 * KIB)}"}`, 413],
  ])(
    'a body in chunks that is refused for its type or length gets its response at once: %s',
    async (type, body, status) => {
      const outgoing = start('POST', tasks, { 'Content-Type': type });
      const startedAt = performance.now();
      outgoing.write(body);
      outgoing.end();
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      response.resume();
      expect(response.statusCode).toBe(status);
      expect(performance.now() - startedAt).toBeLessThan(3_000);
    },
  );

  test('a body that waits for 100 Continue is asked for, and read', async () => {
    const outgoing = start('POST', tasks, {
      'Content-Type': 'application/json',
      'Content-Length': length,
      Expect: '100-continue',
    });
    const responded = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    outgoing.flushHeaders();
    await once(outgoing, 'continue');
    outgoing.end(pieces.join(''));
    const [response] = await responded;
    response.resume();
    expect(response.statusCode).toBe(201);
  });
});
