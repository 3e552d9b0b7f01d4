import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { discardBody } from '../../server/http/body';
import type { HttpResponse } from '../../server/http/message';
import { CHUNK_LENGTH, NodeBody, sendResponse } from '../../server/http/node';

let server: Server;
let handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;

beforeAll(async () => {
  server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy());
  });
  await once(server.listen(0), 'listening');
});

afterAll(() => {
  server.close().closeAllConnections();
});

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: readonly string[];
}

async function send({ method = 'GET', headers = {}, body = [] }: Sent = {}) {
  const { port } = server.address() as AddressInfo;
  const outgoing = request({ port, method, headers, agent: false });
  const responded = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  for (const piece of body) {
    outgoing.write(piece);
    await sleep(20);
  }
  outgoing.end();
  const [response] = await responded;
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(await response.toArray()) };
}

/** The response of a server that sends this one. */
function respond(source: Partial<HttpResponse>, sent?: Sent) {
  handle = async (incoming, response) => {
    // A request without a body is complete only after its event.
    await sleep(1);
    await sendResponse(incoming, response, { status: 200, headers: {}, ...source });
  };
  return send(sent);
}

const LONG = JSON.stringify('ä'.repeat(600));

describe('compression', () => {
  test.each([
    'gzip',
    'GZIP',
    'br, gzip',
    'gzip;q=0.001',
    'gzip ; q=1.0, identity;q=0.5',
    'deflate;q=1,\tgzip;Q=0.5',
    '*',
    '*;q=0.1',
    'identity;q=0, *',
    '*;q=0, gzip',
  ])('is used for Accept-Encoding: %s', async (coding) => {
    const { body, headers } = await respond({ body: LONG }, { headers: { 'Accept-Encoding': coding } });
    expect(headers).toMatchObject({ 'content-encoding': 'gzip', 'content-length': String(body.length) });
    expect(gunzipSync(body).toString()).toBe(LONG);
  });

  test.each([
    '',
    'br',
    'identity',
    'gzip;q=0',
    'gzip;q=0.0',
    'gzip; q=0.000',
    'gzip;q=0, *',
    '*;q=0',
    'gzip;q=x',
    'gzipped',
    'x gzip',
    'identity, gzip;q=0.5',
  ])('is not used for Accept-Encoding: %s', async (coding) => {
    const { body, headers } = await respond({ body: LONG }, { headers: { 'Accept-Encoding': coding } });
    expect(headers).toMatchObject({ 'content-length': String(Buffer.byteLength(LONG)), vary: 'Accept-Encoding' });
    expect(headers).not.toHaveProperty('content-encoding');
    expect(body.toString()).toBe(LONG);
  });

  test('is not used without Accept-Encoding, and not for a body below 1 KiB', async () => {
    expect((await respond({ body: LONG })).headers).not.toHaveProperty('content-encoding');
    const [short, enough] = ['x'.repeat(1023), 'x'.repeat(1024)];
    const headers = { 'Accept-Encoding': 'gzip' };
    expect((await respond({ body: short }, { headers })).headers).not.toHaveProperty('content-encoding');
    expect((await respond({ body: enough }, { headers })).headers).toHaveProperty('content-encoding');
  });
});

test.each([CHUNK_LENGTH - 1, CHUNK_LENGTH, CHUNK_LENGTH + 1, 3 * CHUNK_LENGTH, 3 * CHUNK_LENGTH + 1])(
  'a body of %d characters arrives whole, compressed or not',
  async (length) => {
    // Does not become shorter than a chunk, and has a surrogate pair across each end of one.
    const text = Array.from({ length: length - 1 }, () => String.fromCharCode(32 + Math.random() * 95)).join('');
    const body = ` ${text.replace(/../g, (pair, at) => ((at + 2) % CHUNK_LENGTH === 0 ? '🐘' : pair))}`;
    expect((await respond({ body })).body.toString()).toBe(body);
    const compressed = await respond({ body }, { headers: { 'Accept-Encoding': 'gzip' } });
    expect(gunzipSync(compressed.body).toString()).toBe(body);
  },
);

describe('a response without content', () => {
  test.each([
    ['to HEAD', { status: 200, body: LONG }, { method: 'HEAD', headers: { 'Accept-Encoding': 'gzip' } }],
    ['204', { status: 204 }, { headers: { 'Accept-Encoding': 'gzip' } }],
    ['304', { status: 304 }, {}],
  ])('%s has its header fields, and no bytes after them', async (_, source, sent) => {
    const { body, headers, status } = await respond({ ...source, headers: { etag: '"1"' } }, sent);
    expect(status).toBe(source.status);
    expect(headers).toMatchObject({ etag: '"1"', vary: 'Accept-Encoding' });
    for (const name of ['content-length', 'transfer-encoding', 'content-encoding']) {
      expect(headers).not.toHaveProperty(name);
    }
    expect(body).toHaveLength(0);
  });
});

test('header fields with several values are sent as several fields, and Vary as one', async () => {
  const headers = { 'set-cookie': ['a=1', 'b=2'], vary: 'Origin', 'content-type': 'application/json' };
  const response = await respond({ headers, body: '{}' });
  expect(response.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], vary: 'Accept-Encoding, Origin' });
  expect(response.headers).toMatchObject({ 'content-type': 'application/json', 'x-content-type-options': 'nosniff' });
});

test('the connection is closed after a response that is sent before the whole request has arrived', async () => {
  const keepAlive = { Connection: 'keep-alive' };
  expect((await respond({}, { headers: keepAlive })).headers.connection).toBe('keep-alive');
  const headers = { ...keepAlive, 'Content-Length': '10' };
  const early = await respond({}, { method: 'POST', headers, body: ['{'] });
  expect(early.headers.connection).toBe('close');
});

describe('the body of a request', () => {
  const received: string[] = [];
  const collect = (chunk: Uint8Array) => received.push(Buffer.from(chunk).toString());

  test.each([
    ['in one piece', ['one']],
    ['in pieces', ['one', 'two', 'three']],
  ])('can be read on after a first reader has stopped or thrown: %s', async (_, body) => {
    for (const stop of [() => false, () => expect.fail('enough')]) {
      received.length = 0;
      handle = async (incoming, response) => {
        const content = new NodeBody(incoming);
        await content
          .read((chunk) => {
            collect(chunk);
            return stop();
          })
          .catch(() => {});
        expect(content.isRead).toBe(false);
        await content.read((chunk) => collect(chunk) > 0);
        response.end(String(content.isRead));
      };
      expect((await send({ method: 'POST', body })).body.toString()).toBe('true');
      expect(received.join('')).toBe(body.join(''));
    }
  });

  test('is discarded at once after it has been refused', async () => {
    handle = async (incoming, response) => {
      const content = new NodeBody(incoming);
      await content.read(() => expect.fail('refused')).catch(() => {});
      const startedAt = performance.now();
      await discardBody(content);
      response.end(String(Math.round(performance.now() - startedAt)));
    };
    const { body } = await send({ method: 'POST', body: ['one', 'two'] });
    expect(Number(body)).toBeLessThan(2_000);
  });
});
