import { operations } from '@taskward/api-core';
import { expect, test } from 'vitest';
import { storedRows } from '../attacker';
import { type Send, send, signUp, type TestUser, useApp } from '../harness';
import { createResources, fillPath } from '../requests';
import { createTask } from '../task-requests';

useApp();

/** The operations with a body; all have to refuse an invalid one in the same way. */
const KIB = 1024;
const writes = operations.filter(({ body }) => body);

async function prepareTask(user: TestUser): Promise<{ path: string; read: () => Promise<unknown> }> {
  const { token } = user;
  const { id } = await createTask(user, { title: 'Milk', tags: ['shop'] });
  const path = `${user.tasks}/${id}`;
  return { path, read: async () => (await send('GET', path, { token })).json() };
}

/** Sends the same to every operation with a body, and expects the same error from each, and that nothing was written. */
async function expectRefused(
  options: Send | ((maxBytes: number) => Send),
  code: string,
  status: number,
): Promise<Response[]> {
  const user = await signUp();
  const params = await createResources(user);
  const before = await storedRows(user.id);
  const responses: Response[] = [];
  for (const { body, id, method, path } of writes) {
    const target = fillPath(path, params);
    const given = typeof options === 'function' ? options(body?.maxBytes ?? 64 * KIB) : options;
    const response = await send(method, target, { token: user.token, ...given });
    expect.soft(response.status, id).toBe(status);
    expect.soft(response.headers.get('content-type'), id).toBe('application/problem+json');
    expect.soft(await response.json(), id).toMatchObject({ type: `/problems/${code}`, status, instance: target });
    responses.push(response);
  }
  expect(await storedRows(user.id)).toBe(before);
  return responses;
}

const bytes = (...parts: (string | number[])[]) =>
  new Uint8Array(
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part)))),
  );

test.each([
  ['cut short', '{"title":'],
  ['of white space alone', ' \n'],
  ['with single quotes', "{'title':'x'}"],
  ['with bare member names', '{title:"x"}'],
  ['with a trailing comma', '{"title":"x",}'],
  ['with a comment', '{"title":"x"/**/}'],
  ['of two documents', '{"title":"x"} {"title":"y"}'],
  ['with something after it', '{"title":"x"}x'],
  ['with NaN', '{"title":NaN}'],
  ['with undefined', 'undefined'],
  ['with a raw line break in a string', '{"title":"x\ny"}'],
  ['with a raw NUL', '{"title":"x\0"}'],
  ['with an unknown escape', String.raw`{"title":"\x41"}`],
  ['of a form', 'title=x'],
])('a body that is not JSON returns 400: %s', async (_, body) => {
  await expectRefused({ body }, 'malformed_body', 400);
});

test.each([
  ['with a byte that is none', bytes('{"title":"', [0xff], '"}')],
  ['with a sequence cut short', bytes('{"title":"', [0xe2, 0x82], '"}')],
  ['with an overlong sequence', bytes('{"title":"', [0xc0, 0x80], '"}')],
  ['with a surrogate', bytes('{"title":"', [0xed, 0xa0, 0x80], '"}')],
  ['in Latin-1', new Uint8Array(Buffer.from('{"title":"é"}', 'latin1'))],
  ['in UTF-16', new Uint8Array(Buffer.from('{"title":"x"}', 'utf16le'))],
  ['with a byte order mark', bytes([0xef, 0xbb, 0xbf], '{"title":"x"}')],
])('a body that is not plain UTF-8 returns 400: %s', async (_, body) => {
  await expectRefused({ body }, 'malformed_body', 400);
});

test.each([
  ['at the top', '{"title":"a","title":"b"}'],
  ['at the top, with the same value', '{"completed":true,"completed":true}'],
  ['with one of the names escaped', String.raw`{"title":"a","\u0074itle":"b"}`],
  ['with a quote in the name', String.raw`{"a\"":1,"a\"":2}`],
  ['in a place where nothing belongs', '{"title":"a","other":{"b":1,"b":2}}'],
  ['in an object in an array', '{"title":"a","tags":[{"b":1,"b":2}]}'],
  ['in an array at the top', '[{"a":1,"a":2}]'],
  ['called __proto__', '{"title":"a","__proto__":1,"__proto__":2}'],
])('a body with a duplicate key returns 400: %s', async (_, body) => {
  await expectRefused({ body }, 'malformed_body', 400);
});

test('the same key in two objects, or inside a string, is not a duplicate key', async () => {
  const user = await signUp();
  const title = String.raw`{"a":1,"a":2} \" \\ : {{[[`;
  const created = await send('POST', user.tasks, {
    token: user.token,
    body: { title, description: `"title":"title":` },
  });
  expect(created.status).toBe(201);
  expect((await created.json()).title).toBe(title);
  const apart = await send('POST', user.tasks, { token: user.token, body: '{"title":{"a":1},"description":{"a":1}}' });
  expect(apart.status).toBe(422);
});

test.each([
  ['arrays, never closed', '['.repeat(30_000)],
  ['arrays', '['.repeat(30_000) + ']'.repeat(30_000)],
  ['objects', `${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`],
  ['arrays in a field', `{"title":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
])('a body of thousands of nested %s returns 400, and logs no error', async (_, body) => {
  await expectRefused({ body }, 'malformed_body', 400);
});

test('an empty body returns 400 where a body is required', async () => {
  const user = await signUp();
  const { path, read } = await prepareTask(user);
  const before = await read();
  for (const [method, target] of [
    ['POST', user.tasks],
    ['PUT', path],
    ['PATCH', path],
  ] as const) {
    for (const body of [undefined, '', new Uint8Array()]) {
      const response = await send(method, target, { token: user.token, body });
      expect.soft(response.status).toBe(400);
      expect.soft((await response.json()).type).toBe('/problems/malformed_body');
    }
  }
  expect(await read()).toStrictEqual(before);
});

test('an empty body toggles on PATCH /complete, with or without a Content-Type', async () => {
  const user = await signUp();
  const { path } = await prepareTask(user);
  const { token } = user;
  for (const body of [undefined, '', new Uint8Array()]) {
    const [done, todo] = [
      await (await send('PATCH', `${path}/complete`, { token, body })).json(),
      await (await send('PATCH', `${path}/complete`, { token, body })).json(),
    ];
    expect([done.status, todo.status]).toEqual(['done', 'todo']);
  }
});

const padded = (size: number) => '{"title":"Milk"}'.padEnd(size, ' ');

/** The text in chunks, without a Content-Length. */
function streamed(text: string, chunk: number): ReadableStream<Uint8Array> {
  const all = Buffer.from(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(all.subarray(at, at + chunk)));
      at += chunk;
      if (at >= all.length) controller.close();
    },
  });
}

test.each([
  ['whole', () => padded(64 * KIB)],
  ['in chunks of 1,000 bytes', () => streamed(padded(64 * KIB), 1000)],
  ['in one chunk', () => streamed(padded(64 * KIB), 64 * KIB)],
])('a body of exactly 64 KiB is accepted, sent %s', async (_, body) => {
  const user = await signUp();
  const { path } = await prepareTask(user);
  expect((await send('POST', user.tasks, { token: user.token, body: body() })).status).toBe(201);
  expect((await send('PUT', path, { token: user.token, body: body() })).status).toBe(200);
  expect((await send('PATCH', path, { token: user.token, body: body() })).status).toBe(200);
});

test.each([
  ['whole', (length: number) => padded(length), {}],
  ['in chunks', (length: number) => streamed(padded(length), 1000), {}],
  ['in one chunk', (length: number) => streamed(padded(length), length), {}],
  [
    'with a Content-Length that says less',
    (length: number) => streamed(padded(length), 1000),
    { 'Content-Length': '16' },
  ],
  ['as what is not JSON', (length: number) => 'x'.repeat(length), {}],
  ['as what is not UTF-8', (length: number) => new Uint8Array(length).fill(0xff), {}],
])('a body of one byte more than an operation takes returns 413, sent %s', async (_, body, headers) => {
  await expectRefused((maxBytes) => ({ headers, body: body(maxBytes + 1) }), 'payload_too_large', 413);
});

test('an operation takes 64 KiB, but a batch 256', () => {
  const limits = writes.map(({ id, body }) => [id, body?.maxBytes]);
  expect(limits.filter(([, limit]) => limit !== undefined)).toEqual([['runBatch', 256 * KIB]]);
});

test('the size of a body is counted in bytes, not in characters', async () => {
  const user = await signUp();
  const description = '👩'.repeat(10_000);
  const body = { title: 'Milk', description, tags: ['é'.repeat(50)] };
  expect((await send('POST', user.tasks, { token: user.token, body })).status).toBe(201);
  const escaped = `{"title":"Milk","description":"${String.raw`\ud83d\udc69`.repeat(10_000)}"}`;
  expect((await send('POST', user.tasks, { token: user.token, body: escaped })).status).toBe(413);
});

test('a Content-Length larger than the body does not matter', async () => {
  const user = await signUp();
  const headers = { 'Content-Length': '999999' };
  const response = await send('POST', user.tasks, {
    token: user.token,
    headers,
    body: streamed('{"title":"Milk"}', 4),
  });
  expect(response.status).toBe(201);
});

/** White space without end, and how many KiB of it were read. */
function endless() {
  const read = { chunks: 0 };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        read.chunks += 1;
        controller.enqueue(new Uint8Array(KIB).fill(0x20));
      },
    },
    { highWaterMark: 0 },
  );
  return { body, read };
}

/**
 * The part of a refused body that is read and discarded, so that its connection can be used again, and a little more.
 */
const MAX_DROPPED_CHUNKS = 1024 + 4;

test('an endless body returns 413 after what an operation takes, and at most 1 MiB more of it is read and discarded', async () => {
  const reads: { read: ReturnType<typeof endless>['read']; taken: number }[] = [];
  const next = (maxBytes: number) => {
    const { body, read } = endless();
    reads.push({ read, taken: maxBytes / KIB });
    return { body };
  };
  await expectRefused(next, 'payload_too_large', 413);
  expect(reads).toHaveLength(writes.length);
  for (const { read, taken } of reads) {
    expect(read.chunks).toBeGreaterThan(taken);
    expect(read.chunks).toBeLessThan(taken + MAX_DROPPED_CHUNKS);
  }
});

test.each([
  [
    'of another media type',
    415,
    (user: TestUser) => ({ token: user.token, headers: { 'Content-Type': 'text/plain' } }),
  ],
  ['without a token', 401, () => ({})],
])('an endless body %s returns %i, and at most 1 MiB of it is read and discarded', async (_, status, options) => {
  const user = await signUp();
  const { body, read } = endless();
  expect((await send('POST', user.tasks, { ...options(user), body })).status).toBe(status);
  expect(read.chunks).toBeLessThan(MAX_DROPPED_CHUNKS);
});
