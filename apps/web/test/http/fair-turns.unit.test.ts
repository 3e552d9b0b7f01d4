import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { FairTurns } from '../../server/http/fair-turns';
import { guardRequests } from '../../server/http/incoming';
import { createHandle } from '../../server/http/request';

function create() {
  const turns = new FairTurns();
  const begun: string[] = [];
  const run = (client: string, count: number) => {
    for (let i = 1; i <= count; i++) turns.run(client, () => begun.push(`${client}${i}`));
  };
  /** What has begun since the last time. */
  const take = () => begun.splice(0).join(' ');
  return { run, take, turns };
}

test('eight requests begin at once, and eight more in each turn of the event loop', async () => {
  const { run, take } = create();
  run('a', 18);
  expect(take()).toBe('a1 a2 a3 a4 a5 a6 a7 a8');
  await setImmediate();
  expect(take()).toBe('a9 a10 a11 a12 a13 a14 a15 a16');
  await setImmediate();
  expect(take()).toBe('a17 a18');
  await setImmediate();
  run('a', 9);
  expect(take()).toBe('a1 a2 a3 a4 a5 a6 a7 a8');
});

test('a request of another client begins in the next turn, however many of the first one wait', async () => {
  const { run, take } = create();
  run('a', 600);
  run('b', 1);
  run('c', 4);
  take();
  await setImmediate();
  expect(take()).toBe('a9 b1 c1 a10 c2 a11 c3 a12');
  await setImmediate();
  expect(take()).toBe('c4 a13 a14 a15 a16 a17 a18 a19');
});

test('a request does not overtake those that wait', async () => {
  const { run, take, turns } = create();
  run('a', 9);
  const order: string[] = [];
  turns.run('b', () => order.push(take()));
  await setImmediate();
  expect(order).toEqual(['a1 a2 a3 a4 a5 a6 a7 a8 a9']);
});

test.each([
  ['authorization', 'Bearer a', 'Bearer b'],
  ['cookie', 'session=a', 'session=b'],
])('a server begins the request of another client before the rest of a burst, by %s', async (name, one, other) => {
  const begun: unknown[] = [];
  const server = createServer((request) => begun.push(request.headers[name]));
  const services = { corsOrigins: [], isDevelopment: false, log: pino({ enabled: false }), telemetry: undefined };
  guardRequests(server, { handle: createHandle(async () => services) });
  for (const value of [...Array(20).fill(one), other]) {
    const request = new IncomingMessage(new Socket());
    Object.assign(request, { method: 'GET', url: '/api/health/live', headers: { [name]: value } });
    server.emit('request', request, new ServerResponse(request));
  }
  expect(begun).toEqual(Array(8).fill(one));
  await setImmediate();
  expect(begun).toContain(other);
  expect(begun).toHaveLength(16);
});
