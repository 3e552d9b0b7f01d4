import { once } from 'node:events';
import { createServer, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { guardRequests } from '../../server/http/incoming';
import { PAGE_LIMITS } from '../../server/http/page-queue';
import { createHandle } from '../../server/http/request';

/** The number of pages that are rendered at the same time is limited, since the API shares their thread. */

const HELD_MS = 500;
let server: Server;
let arrived: number;
/** The requests that the framework would be rendering. */
let rendering: { path: string; response: ServerResponse }[];

beforeEach(async () => {
  rendering = [];
  arrived = 0;
  server = createServer(({ url = '' }, response) => {
    rendering.push({ path: url, response });
  });
  const services = { corsOrigins: [], isDevelopment: false, log: pino({ enabled: false }), telemetry: undefined };
  const pageLimits = { ...PAGE_LIMITS, waiting: 3, heldMs: HELD_MS };
  guardRequests(server, { handle: createHandle(async () => services), pageLimits });
  server.on('request', () => arrived++);
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Sends a request over a connection of its own; resolves with the status, or undefined where it was aborted. */
function get(path: string) {
  const { port } = server.address() as AddressInfo;
  const outgoing = request({ host: '127.0.0.1', port, path, agent: false });
  const status = new Promise<number | undefined>((resolve) => {
    outgoing.on('response', (response) => resolve(response.resume().statusCode)).on('error', () => resolve(undefined));
  });
  outgoing.end();
  return { status, giveUp: () => outgoing.destroy() };
}

const paths = () => rendering.map(({ path }) => path);
const untilArrived = (count: number) => expect.poll(() => arrived, { timeout: 5_000 }).toBe(count);
const finish = (path: string) => rendering.find((page) => page.path === path)?.response.end();

test('one page is rendered at a time, while API requests and static files do not wait', async () => {
  const pages = [];
  for (const path of ['/1', '/2']) {
    pages.push(get(path));
    await untilArrived(pages.length);
  }
  const others = [get('/api/health/live'), get('/_next/static/a.js')];
  await expect.poll(() => paths().toSorted()).toEqual(['/1', '/_next/static/a.js', '/api/health/live']);
  finish('/1');
  await expect.poll(paths).toContain('/2');
  for (const { response } of rendering) response.end();
  expect(await Promise.all([...pages, ...others].map(({ status }) => status))).toEqual(Array(4).fill(200));
});

test('a page is not rendered if its client disconnects while it waits', async () => {
  get('/1');
  await untilArrived(1);
  const disconnected = get('/2');
  await untilArrived(2);
  const patient = get('/3');
  await untilArrived(3);
  disconnected.giveUp();
  await disconnected.status;
  for (const { response } of rendering) response.end();
  await expect.poll(() => rendering.length).toBe(2);
  expect(paths()[1]).toBe('/3');
  finish('/3');
  expect(await patient.status).toBe(200);
});

test('a page that is never finished delays the next page only for a limited time', async () => {
  get('/1');
  get('/2');
  await untilArrived(2);
  expect(rendering).toHaveLength(1);
  await expect.poll(() => rendering.length, { timeout: 5_000 }).toBe(2);
});

test('a page beyond the limit of waiting pages returns 503 with Retry-After', async () => {
  const pages = Array.from({ length: 4 }, (_, i) => get(`/${i}`));
  await untilArrived(4);
  expect(await get('/one-too-many').status).toBe(503);
  await expect
    .poll(() => {
      for (const { response } of rendering) response.end();
      return rendering.length;
    })
    .toBe(4);
  expect(await Promise.all(pages.map(({ status }) => status))).toEqual(Array(4).fill(200));
});
