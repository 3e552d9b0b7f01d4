import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signUp } from './account';
import { type Server, startServer } from './server';

/** Unusual and expensive requests by clients without an account, and many concurrent ones by one user. */

/** For conditions that are met soon, even on a busy machine. */
const SOON = { timeout: 15_000 };

let server: Server;
let port: number;

beforeAll(async () => {
  server = await startServer('pglite', {
    API_CONCURRENCY_LIMIT: '8',
    API_RATE_LIMIT: '0',
    LOG_LEVEL: 'info',
  });
  port = Number(new URL(server.origin).port);
}, 60_000);

afterAll(() => server?.dispose());

function send(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }>((resolve, reject) => {
    const outgoing = request({ port, method, path, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    outgoing.on('error', reject).end();
  });
}

describe.runIf(process.platform === 'linux')('the cost of a long header value', () => {
  const LENGTH = 14_000;
  /** More than this in all is due to the length of the values, and not to noise. */
  const FLOOR_MS = 40;
  const shapes = [
    'a',
    '-',
    ' ',
    '/',
    '@',
    '%',
    '0',
    '.',
    'a-',
    'a ',
    'a.',
    '-a',
    'http://e.com/',
    '"',
    ',',
    ';=',
    '\\',
    'Google-',
  ];
  const names = [
    ...['User-Agent', 'Accept', 'Accept-Language', 'Accept-Encoding', 'Referer', 'Origin', 'Content-Type', 'Range'],
    ...['X-Request-Id', 'If-Match', 'If-None-Match', 'Idempotency-Key', 'Cookie', 'Authorization', 'X-Unknown'],
    ...['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'Via'],
    ...['Traceparent', 'Tracestate', 'Baggage', 'RSC', 'Next-Router-State-Tree', 'Next-Url', 'Next-Action'],
    ...['Sec-Fetch-Site', 'Access-Control-Request-Headers', 'X-Middleware-Subrequest', 'X-Client-Address'],
  ];
  const paths = ['/', '/api/health/live', '/api/nobody/tasks', '/api/auth/get-session'];

  /** CPU of one request for each shape, all with a header of that name unless it is undefined. */
  const costOf = async (path: string, name?: string) => {
    const before = server.cpuMs();
    for (const shape of shapes) {
      const value = `x${shape.repeat(LENGTH / shape.length)}x`;
      await send(path, name ? { [name]: name === 'Authorization' ? `Bearer ${value}` : value } : {});
    }
    return server.cpuMs() - before;
  };

  test.each(paths)(
    'GET %s with a long header value takes at most five times the CPU time of one without, for any header',
    { timeout: 120_000 },
    async (path) => {
      for (let i = 0; i < 3; i++) await costOf(path);
      const plain = await costOf(path);
      const slow: unknown[] = [];
      for (const name of names) {
        // A garbage collection may add to any of them, but not to each of three.
        let cost = Number.POSITIVE_INFINITY;
        for (let i = 0; i < 3 && cost > 5 * plain + FLOOR_MS; i++) cost = Math.min(cost, await costOf(path, name));
        if (cost > 5 * plain + FLOOR_MS) slow.push({ name, cost, plain });
      }
      expect(slow).toEqual([]);
    },
  );
});

describe('requests that Next.js fails on', () => {
  test.each(['/api/%zz/tasks', '/api/auth/%ff', '/problems/%ff', '/%', '/_next/static/%zz'])(
    'GET %s returns a 400 problem document, and is logged with its request id',
    async (path) => {
      const { status, headers, body } = await send(path);
      const problem = JSON.parse(body);
      expect({ status, type: headers['content-type'] }).toEqual({ status: 400, type: 'application/problem+json' });
      expect(problem).toMatchObject({ type: '/problems/malformed_path', status: 400, instance: path });
      expect(headers['x-request-id']).toBe(problem.request_id);
      expect(headers['x-content-type-options']).toBe('nosniff');
      await expect.poll(server.output, SOON).toContain(problem.request_id);
    },
  );

  test.each([
    ['TRACE', '/api/health/live', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'],
    ['PROPFIND', '/api/nobody/tasks', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'],
    ['OPTIONS', '*', ''],
    ['TRACE', '/sign-in', 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
    ['PUT', '/tasks', 'GET, HEAD'],
    ['DELETE', '/nowhere', 'GET, HEAD'],
    ['POST', '/_next/static/x.js', 'GET, HEAD'],
  ])('%s %s returns a 405 problem document', async (method, path, allow) => {
    const { status, headers, body } = await send(path, {}, method);
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow });
    expect(JSON.parse(body)).toMatchObject({ type: '/problems/method_not_allowed', status: 405 });
  });

  test.each([
    ['GET', 'http://'],
    ['GET', 'http://?x=1'],
    ['HEAD', '*?x=1'],
    ['POST', '//['],
  ])('%s %s, which is not a valid request target, is refused and logs no error', async (method, path) => {
    const { status, headers } = await send(path, {}, method);
    expect(status).toBe(method === 'POST' ? 405 : 400);
    expect(headers).toMatchObject({ 'content-type': 'application/problem+json', 'x-request-id': expect.any(String) });
    expect(server.output()).not.toContain('unhandled');
  });

  test.each(['x', '%zz', '[', 'a'.repeat(5_000)])('a page is served with the router state %j', async (state) => {
    const { status } = await send('/sign-in', { RSC: '1', 'Next-Router-State-Tree': state });
    expect(status).toBe(200);
  });

  test.each([{ RSC: '1' }, { Expect: 'nonsense' }])('the headers %o have no effect on the API', async (header) => {
    const { status, headers } = await send('/api/health/live', { ...header, 'X-Request-Id': 'mine' });
    expect({ status, id: headers['x-request-id'] }).toEqual({ status: 200, id: 'mine' });
  });

  test('a request target in absolute form is served like its path', async () => {
    const { status, body } = await send(`http://example.com:${port}/api/health/live?x=1`);
    expect({ status, body }).toEqual({ status: 200, body: '{"status":"ok"}' });
  });

  test.each(['nxtPx=1', 'nxtIx=1', '__proto__=1', '_rsc=1', 'x=1'])(
    '?%s is refused as an unknown parameter',
    async (query) => {
      const { tasks, headers } = await signUp(server.origin, `${query.replace(/\W/g, '')}@example.com`);
      const { status, body } = await send(`${new URL(tasks).pathname}?${query}`, {
        Authorization: headers.Authorization,
      });
      expect(status).toBe(422);
      expect(JSON.parse(body).errors).toMatchObject([
        { in: 'query', pointer: `/${query.split('=')[0]}`, code: 'unknown' },
      ]);
    },
  );

  test('a long path is truncated in the log', async () => {
    const id = 'a-long-path';
    await send(`/api/${'x'.repeat(5_000)}`, { 'X-Request-Id': id });
    await expect.poll(server.output, SOON).toContain(id);
    const line = server
      .output()
      .split('\n')
      .find((text) => text.includes(id));
    expect(line?.length).toBeLessThan(700);
  });
});

test('a client that disconnects while it sends is logged as 499, not as an error', async () => {
  const { tasks, headers } = await signUp(server.origin, 'hangs-up@example.com');
  const id = 'hangs-up';
  const socket = connect(port, '127.0.0.1');
  const fields = `Authorization: ${headers.Authorization}\r\nContent-Type: application/json\r\nX-Request-Id: ${id}`;
  const head = `POST ${new URL(tasks).pathname} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\nContent-Length: 100\r\n\r\n`;
  await new Promise((resolve) => socket.write(`${head}{"title"`, resolve));
  await expect.poll(async () => (await send('/api/health/live')).status, SOON).toBe(200);
  socket.destroy();
  await expect.poll(server.output, SOON).toContain(id);
  const line = JSON.parse(
    server
      .output()
      .split('\n')
      .find((text) => text.includes(id)) ?? '',
  );
  expect(line).toMatchObject({ level: 30, status: 499, operation: 'createTask' });
});

test('eight requests of one user may be in progress, and other users are not affected', {
  timeout: 120_000,
}, async () => {
  const greedy = await signUp(server.origin, 'greedy@example.com');
  const other = await signUp(server.origin, 'other@example.com');
  const { pathname } = new URL(greedy.tasks);
  for (let i = 0; i < 100; i++) {
    const body = JSON.stringify({ title: `Task ${i}`, description: '€'.repeat(10_000) });
    const { status } = await fetch(greedy.tasks, { method: 'POST', headers: greedy.headers, body });
    expect(status).toBe(201);
  }
  const list = async (who: typeof greedy) =>
    send(new URL(who.tasks).pathname, { Authorization: who.headers.Authorization });
  const isFull = async () => {
    for (let i = 0; i < 3; i++) {
      if ((await list(greedy)).status !== 429) return false;
      await sleep(300);
    }
    return true;
  };
  // Clients that send requests and never read. The buffers of both kernels take a few pages of 1 MiB, so they send
  // many.
  const asked = `GET ${pathname}?limit=100 HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${greedy.headers.Authorization}\r\n\r\n`;
  const sockets = Array.from({ length: 3 }, () =>
    connect(port, '127.0.0.1')
      .on('error', () => {})
      .pause(),
  );
  for (let round = 0; round < 20 && !(await isFull()); round++) {
    for (const socket of sockets) socket.write(asked.repeat(8));
    await sleep(1_000);
  }
  expect((await list(greedy)).status).toBe(429);
  const { headers, body } = await list(greedy);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  expect(JSON.parse(body)).toMatchObject({ type: '/problems/rate_limited', status: 429 });
  expect((await list(other)).status).toBe(200);
  for (const socket of sockets) socket.destroy();
  await expect.poll(async () => (await list(greedy)).status, SOON).toBe(200);
});

test('pipelined requests stop counting as in progress when their connection closes', async () => {
  const { tasks, headers } = await signUp(server.origin, 'pipelines@example.com');
  const { pathname } = new URL(tasks);
  const list = `GET ${pathname} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${headers.Authorization}\r\n\r\n`;
  const body = JSON.stringify({ email: 'nobody@example.com', password: 'takes a while to hash' });
  const fields = `Content-Type: application/json\r\nContent-Length: ${body.length}`;
  const signIn = `POST /api/auth/sign-in/email HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n\r\n${body}`;
  for (let i = 0; i < 3; i++) {
    const socket = connect(port, '127.0.0.1');
    // The lists have to wait for the response to the slow request.
    socket.write(signIn + list.repeat(4));
    await sleep(100);
    socket.destroy();
  }
  await expect
    .poll(async () => (await send(pathname, { Authorization: headers.Authorization })).status, SOON)
    .toBe(200);
});
