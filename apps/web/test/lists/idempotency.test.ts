import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { getRevisions } from '../journal/requests';
import { sendAs } from '../task-requests';
import { createList, createLists, getLists, namesOf, sendToLists } from './requests';

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

const write = (key: string, method: string, path: string, body?: unknown, headers: HeadersInit = {}) =>
  sendToLists(user, method, path, body, { ...headers, 'Idempotency-Key': key });

/** Everything in a response except what is specific to the request. */
async function comparable(response: Response) {
  const headers = new Headers(response.headers);
  headers.delete('X-Request-Id');
  headers.delete('Idempotency-Replayed');
  return { status: response.status, headers: [...headers], body: await response.text() };
}

test('a repeated POST of a list with the same Idempotency-Key returns the same response and creates no second list', async () => {
  const key = randomUUID();
  const first = await write(key, 'POST', '', { name: 'Über "x" \\' });
  expect([first.status, first.headers.get('Idempotency-Replayed')]).toEqual([201, null]);
  const second = await write(key, 'POST', '', { name: ' Über "x" \\ ' });
  expect(second.headers.get('Idempotency-Replayed')).toBe('true');
  expect(second.headers.get('Revision')).toBe('1');
  expect(await comparable(second)).toEqual(await comparable(first));
  expect(await namesOf(user)).toEqual(['Über "x" \\']);
});

test.each([
  ['', { name: 'Balcony' }],
  ['', {}],
  ['/move', { after: null }],
  ['/move', {}],
])(
  'a repeated PATCH of a list%s with %j and the same Idempotency-Key returns the same response, even if the list has changed since',
  async (suffix, body) => {
    const { A, B } = await createLists(user, 'A', 'B', 'C');
    const key = randomUUID();
    const path = `/${B.id}${suffix}`;
    const first = await write(key, 'PATCH', path, body, { 'If-Match': '"1"' });
    expect([first.status, first.headers.get('Idempotency-Replayed')]).toEqual([200, null]);
    await sendToLists(user, 'PATCH', `/${B.id}`, { name: 'Since' });
    await sendToLists(user, 'PATCH', `/${B.id}/move`, { after: A.id });
    const before = await getLists(user);
    const second = await write(key, 'PATCH', path, body, { 'If-Match': '"1"' });
    expect(second.headers.get('Idempotency-Replayed')).toBe('true');
    expect(await comparable(second)).toEqual(await comparable(first));
    expect(await getLists(user)).toStrictEqual(before);
  },
);

test('an Idempotency-Key of a list reused with another body, path, method or resource returns 422, and writes nothing', async () => {
  const { A, B } = await createLists(user, 'A', 'B');
  const key = randomUUID();
  expect((await write(key, 'PATCH', `/${A.id}`, { name: 'New' })).status).toBe(200);
  const before = await getLists(user);
  const others = [
    write(key, 'PATCH', `/${A.id}`, { name: 'Newer' }),
    write(key, 'PATCH', `/${B.id}`, { name: 'New' }),
    write(key, 'PATCH', `/${A.id}/move`, {}),
    write(key, 'POST', '', { name: 'New' }),
    sendAs(user, 'POST', '', { title: 'New' }, { 'Idempotency-Key': key }),
  ];
  for (const response of await Promise.all(others)) {
    expect(response.status).toBe(422);
    expect((await response.json()).errors).toMatchObject([
      { in: 'header', pointer: '/Idempotency-Key', code: 'reused' },
    ]);
  }
  expect(await getLists(user)).toStrictEqual(before);
});

test('20 concurrent POSTs of a list with the same Idempotency-Key create one list and return one response', async () => {
  const key = randomUUID();
  const responses = await Promise.all(Array.from({ length: 20 }, () => write(key, 'POST', '', { name: 'Raced' })));
  expect(responses.filter((response) => response.headers.get('Idempotency-Replayed') === null)).toHaveLength(1);
  const all = await Promise.all(responses.map(comparable));
  expect(new Set(all.map((response) => JSON.stringify(response))).size).toBe(1);
  expect(await namesOf(user)).toEqual(['Raced']);
});

test('an Idempotency-Key of a refused write of a list can be used again', async () => {
  const { id } = await createList(user);
  const key = randomUUID();
  expect((await write(key, 'PATCH', `/${id}`, { name: 'New' }, { 'If-Match': '"7"' })).status).toBe(412);
  expect((await write(key, 'PATCH', `/${randomUUID()}`, { name: 'New' })).status).toBe(404);
  expect((await write(key, 'PATCH', `/${id}/move`, { after: randomUUID() })).status).toBe(422);
  expect((await write(key, 'POST', '', { name: '' })).status).toBe(422);
  expect((await write(key, 'POST', '', { name: 'New' })).status).toBe(201);
});

test('PUT of a list is a safe retry without an Idempotency-Key: the second one changes nothing', async () => {
  const path = `/${randomUUID()}`;
  const first = await sendToLists(user, 'PUT', path, { name: 'Garden' });
  const second = await sendToLists(user, 'PUT', path, { name: 'Garden' });
  expect([first.status, second.status]).toEqual([201, 200]);
  expect(await second.json()).toEqual(await first.json());
  expect((await getRevisions(user)).data).toHaveLength(1);
});

test.each(['', ' ', 'a b', 'ä', 'x'.repeat(256), '"unclosed'])(
  'the Idempotency-Key %j is refused with 400 by the writes of lists that honour one',
  async (key) => {
    const { id } = await createList(user);
    for (const [method, path, body] of [
      ['POST', '', { name: 'A' }],
      ['PATCH', `/${id}`, { name: 'A' }],
      ['PATCH', `/${id}/move`, {}],
    ] as const) {
      expect((await write(key, method, path, body)).status, method + path).toBe(400);
    }
  },
);
