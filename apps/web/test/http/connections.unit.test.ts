import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CONNECTION_LIMITS, guardConnections } from '../../server/http/connections';

const STALL_MS = 600;
const MAX_CONNECTIONS = 20;

let server: Server;
let stopGuard: () => void;
const configured: Server[] = [];
const clients = new Set<Socket>();

beforeAll(async () => {
  const limits = { ...CONNECTION_LIMITS, connections: MAX_CONNECTIONS, stallMs: STALL_MS, checkMs: 50 };
  stopGuard = guardConnections((found) => configured.push(found), limits);
  server = createServer(async ({ method, headers }, response) => {
    if (headers['x-short']) return void response.end('short');
    if (method === 'POST') return;
    // Larger than the buffers of both kernels, and in chunks, so that a slow reader is seen to read.
    for (let i = 0; i < 200 && !response.destroyed; i++) {
      if (!response.write(Buffer.alloc(64 * 1024)))
        await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
    response.end();
  });
  // Like Next.js, which never closes an upgrade that it does not support.
  server.on('upgrade', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(() => {
  for (const client of clients) client.destroy();
  server.closeAllConnections();
  server.close();
  stopGuard();
});

async function open(sent = ''): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
  clients.add(socket);
  await once(socket, 'connect');
  socket.write(sent);
  return socket;
}

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n';
const isClosed = (socket: Socket) => expect.poll(() => socket.closed, { timeout: 5_000 }).toBe(true);

test('the HTTP server is configured once, with its first connection', async () => {
  for (let i = 0; i < 2; i++) (await open()).destroy();
  await expect.poll(() => configured).toEqual([server]);
  expect(server.headersTimeout).toBe(CONNECTION_LIMITS.headersMs);
  expect(server.requestTimeout).toBe(CONNECTION_LIMITS.requestMs);
});

test('a connection whose client sends nothing is closed', async () => {
  const socket = await open();
  socket.resume();
  await isClosed(socket);
});

test('a connection whose client stops in the middle of a body is closed', async () => {
  const socket = await open('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc');
  socket.resume();
  await isClosed(socket);
});

test('a connection whose client stops reading is closed; one that reads slowly is not', async () => {
  const stopped = await open(`${GET}\r\n`);
  const slow = await open(`${GET}\r\n`);
  let read = 0;
  const reading = setInterval(() => {
    read += slow.read(128 * 1024)?.length ?? 0;
  }, 20);
  const connections = () => new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
  await expect.poll(connections).toBe(2);
  await expect.poll(connections, { timeout: 5_000 }).toBe(1);
  await sleep(2 * STALL_MS);
  clearInterval(reading);
  expect(read).toBeGreaterThan(0);
  expect(slow.closed).toBe(false);
  stopped.destroy();
  slow.destroy();
});

async function exchange(sent: string): Promise<string> {
  const socket = await open(sent);
  const [first] = await once(socket, 'data');
  socket.destroy();
  return String(first).split('\r\n', 1)[0] ?? '';
}

test('a request to upgrade the protocol is served without an upgrade', async () => {
  const upgrade = `${GET}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
  expect(await exchange(upgrade)).toBe('HTTP/1.1 200 OK');
});

test.each([
  ['an unknown method', 'FOO / HTTP/1.1\r\nHost: localhost\r\n\r\n', 'HTTP/1.1 501 Not Implemented'],
  [
    'a header section of 20 kB',
    `${GET}X: ${'x'.repeat(20_000)}\r\n\r\n`,
    'HTTP/1.1 431 Request Header Fields Too Large',
  ],
  ['what is not HTTP', 'GET / HTTP/x\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
])('%s gets an HTTP status instead of a closed connection', async (_, sent, status) => {
  expect(await exchange(sent)).toBe(status);
});

test('a malformed request on a reused connection gets an HTTP status', async () => {
  const socket = await open('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nX-Short: 1\r\n\r\n');
  await once(socket, 'data');
  socket.write('FOO / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [second] = await once(socket, 'data');
  expect(String(second)).toMatch(/^HTTP\/1\.1 501 /);
  socket.destroy();
});

test('a connection beyond the limit is closed at once, and the others stay open', async () => {
  const opened = await Promise.all(Array.from({ length: MAX_CONNECTIONS }, () => open()));
  const next = await open();
  next.resume();
  await once(next, 'close');
  expect(opened.filter(({ closed }) => closed)).toEqual([]);
  for (const socket of opened) socket.destroy();
});
