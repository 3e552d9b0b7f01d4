import { randomUUID } from 'node:crypto';
import type { List } from '@taskward/api-core';
import { expect, test } from 'vitest';
import { send, signUp, type TestUser, useApp } from '../harness';
import { createList, getList, getLists, namesOf, pathOfLists, sendToLists } from './requests';

useApp();

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** A new list of this user. */
const newList = (user: TestUser, name = 'Garden') => ({
  id: expect.any(String),
  user_id: user.id,
  name,
  position: expect.stringMatching(/^\d{10}$/),
  created_at: expect.stringMatching(TIMESTAMP),
  updated_at: expect.stringMatching(TIMESTAMP),
  version: 1,
});

async function listOf(response: Response, status = 200): Promise<List> {
  expect(response.status).toBe(status);
  return response.json();
}

test('POST creates a list with 201, a UUID v7, its path as Location, and the ETag of version 1', async () => {
  const user = await signUp();
  const response = await sendToLists(user, 'POST', '', { name: 'Garden' });
  const list = await listOf(response, 201);
  expect(list).toStrictEqual(newList(user));
  expect(list.id).toMatch(UUID_V7);
  expect(list.updated_at).toBe(list.created_at);
  expect(Math.abs(Date.parse(list.created_at) - Date.now())).toBeLessThan(10_000);
  expect(response.headers.get('Location')).toBe(`${pathOfLists(user)}/${list.id}`);
  expect(response.headers.get('ETag')).toBe('"1"');
  expect(response.headers.get('Revision')).toBe('1');
  expect(response.headers.get('Cache-Control')).toBe('private, no-cache');
  const found = await send('GET', response.headers.get('Location') ?? '', { token: user.token });
  expect(found.headers.get('ETag')).toBe('"1"');
  expect(found.headers.get('Revision')).toBeNull();
  expect(await listOf(found)).toStrictEqual(list);
});

test('lists stand in the order in which they were created, and two can have the same name', async () => {
  const user = await signUp();
  expect(await getLists(user)).toStrictEqual({ data: [], next_cursor: null });
  const lists = [await createList(user, 'B'), await createList(user, 'A'), await createList(user, 'B')];
  expect(await getLists(user)).toStrictEqual({ data: lists, next_cursor: null });
  const positions = lists.map(({ position }) => position);
  expect(positions.toSorted()).toEqual(positions);
  expect(new Set(positions).size).toBe(3);
});

test('PUT creates a list under the id of the client, as the last one, with 201 and Location', async () => {
  const user = await signUp();
  await createList(user, 'First');
  const id = randomUUID();
  const response = await sendToLists(user, 'PUT', `/${id}`, { name: 'Garden' });
  const list = await listOf(response, 201);
  expect(list).toStrictEqual({ ...newList(user), id });
  expect(response.headers.get('Location')).toBe(`${pathOfLists(user)}/${id}`);
  expect([response.headers.get('ETag'), response.headers.get('Revision')]).toEqual(['"1"', '2']);
  expect(await getList(user, id)).toStrictEqual(list);
  expect(await namesOf(user)).toEqual(['First', 'Garden']);
});

test.each([
  ['PUT', 'application/json'],
  ['PATCH', 'application/json'],
  ['PATCH', 'application/merge-patch+json'],
])('%s as %s renames a list with 200 and a new version, and it stays where it is', async (method, type) => {
  const user = await signUp();
  const before = await createList(user);
  await createList(user, 'Last');
  const response = await sendToLists(user, method, `/${before.id}`, { name: 'Balcony' }, { 'Content-Type': type });
  const list = await listOf(response);
  expect(list).toStrictEqual({
    ...before,
    name: 'Balcony',
    version: 2,
    updated_at: expect.stringMatching(TIMESTAMP),
  });
  expect(list.updated_at >= before.updated_at).toBe(true);
  expect(response.headers.has('Location')).toBe(false);
  expect([response.headers.get('ETag'), response.headers.get('Revision')]).toEqual(['"2"', '3']);
  expect(await getList(user, before.id)).toStrictEqual(list);
  expect(await namesOf(user)).toEqual(['Balcony', 'Last']);
});

test.each([
  ['PUT', '', { name: 'Garden' }],
  ['PUT', '', { name: ' Garden ' }],
  ['PATCH', '', { name: 'Garden' }],
  ['PATCH', '', {}],
  ['PATCH', '/move', {}],
  ['PATCH', '/move', { after: null }],
])(
  '%s%s with %j, which is how the list already is, changes nothing and makes no revision',
  async (method, suffix, body) => {
    const user = await signUp();
    const before = await createList(user);
    const tag = (await sendToLists(user, 'GET')).headers.get('ETag');
    const response = await sendToLists(user, method, `/${before.id}${suffix}`, body);
    expect(await listOf(response)).toStrictEqual(before);
    expect([response.headers.get('ETag'), response.headers.get('Revision')]).toEqual(['"1"', null]);
    expect((await sendToLists(user, 'GET')).headers.get('ETag')).toBe(tag);
  },
);

test('DELETE of a list returns 204 without a body, and it is gone', async () => {
  const user = await signUp();
  const { id } = await createList(user);
  const other = await createList(user, 'Other');
  const response = await sendToLists(user, 'DELETE', `/${id}`);
  expect([response.status, await response.text()]).toEqual([204, '']);
  expect(response.headers.has('Content-Type')).toBe(false);
  expect([response.headers.get('ETag'), response.headers.get('Revision')]).toEqual([null, '3']);
  expect((await sendToLists(user, 'GET', `/${id}`)).status).toBe(404);
  expect((await sendToLists(user, 'DELETE', `/${id}`)).status).toBe(404);
  expect((await getLists(user)).data).toStrictEqual([other]);
});

test('the versions of a list continue after it was deleted and created again under its id', async () => {
  const user = await signUp();
  const { id } = await createList(user);
  await sendToLists(user, 'PATCH', `/${id}`, { name: 'Balcony' });
  await sendToLists(user, 'DELETE', `/${id}`);
  const again = await sendToLists(user, 'PUT', `/${id}`, { name: 'Garden' });
  expect(again.headers.get('ETag')).toBe('"3"');
  expect(await listOf(again, 201)).toStrictEqual({ ...newList(user), id, version: 3 });
  const stale = await sendToLists(user, 'PATCH', `/${id}`, { name: 'Balcony' }, { 'If-Match': '"1"' });
  expect([stale.status, stale.headers.get('ETag')]).toEqual([412, '"3"']);
});

test('an id in upper case addresses the same list, and is returned in lower case', async () => {
  const user = await signUp();
  const id = 'c0ffee00-abcd-4abc-8abc-abcdefabcdef';
  const path = `/${id.toUpperCase()}`;
  expect((await listOf(await sendToLists(user, 'PUT', path, { name: 'A' }), 201)).id).toBe(id);
  await createList(user, 'B');
  expect((await listOf(await sendToLists(user, 'PATCH', path, { name: 'C' }))).version).toBe(2);
  expect((await listOf(await sendToLists(user, 'PATCH', `${path}/move`, {}))).version).toBe(3);
  expect((await getList(user, id.toUpperCase())).version).toBe(3);
  expect((await sendToLists(user, 'DELETE', path)).status).toBe(204);
  expect(await namesOf(user)).toEqual(['B']);
});

test.each([
  ['GET', '', undefined],
  ['HEAD', '', undefined],
  ['PATCH', '', { name: 'Garden' }],
  ['PATCH', '', {}],
  ['PATCH', '/move', {}],
  ['PATCH', '/move', { after: null }],
  ['PATCH', '/move', { after: randomUUID() }],
  ['DELETE', '', undefined],
  ['DELETE', '?tasks=keep', undefined],
])("%s of a list%s with %j returns 404, for a missing list as for another user's", async (method, suffix, body) => {
  const [ada, bob] = [await signUp(), await signUp()];
  const hers = await createList(ada);
  const problems: unknown[] = [];
  for (const id of [hers.id, randomUUID()]) {
    const response = await sendToLists(bob, method, `/${id}${suffix}`, body, { 'X-Request-Id': 'same' });
    expect(response.status).toBe(404);
    problems.push((await response.text()).replaceAll(id, 'ID'));
  }
  expect(problems[1]).toBe(problems[0]);
  expect(await getLists(bob)).toStrictEqual({ data: [], next_cursor: null });
  expect(await getLists(ada)).toStrictEqual({ data: [hers], next_cursor: null });
});

test.each(['x', '1', '0198c0de-0000-7000-8000-00000000000', 'inbox'])(
  'a list id that is no UUID returns 404: %s',
  async (id) => {
    const user = await signUp();
    for (const [method, body] of [['GET'], ['PUT', { name: 'A' }], ['PATCH', { name: 'A' }], ['DELETE']] as const) {
      expect((await sendToLists(user, method, `/${id}`, body)).status).toBe(404);
    }
    expect((await sendToLists(user, 'PATCH', `/${id}/move`, {})).status).toBe(404);
  },
);

test('the same id addresses different lists for two users', async () => {
  const [ada, bob] = [await signUp(), await signUp()];
  const hers = await createList(ada);
  const his = await listOf(await sendToLists(bob, 'PUT', `/${hers.id}`, { name: 'Mine' }), 201);
  expect(his).toStrictEqual({ ...newList(bob, 'Mine'), id: hers.id });
  expect(await getList(ada, hers.id)).toStrictEqual(hers);
  expect((await sendToLists(bob, 'DELETE', `/${hers.id}`)).status).toBe(204);
  expect(await getList(ada, hers.id)).toStrictEqual(hers);
});

test.each([
  ['', 'GET, HEAD, POST, OPTIONS'],
  ['/{id}', 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS'],
  ['/{id}/move', 'PATCH, OPTIONS'],
])('OPTIONS of lists%s names its methods, and each other one returns 405', async (path, methods) => {
  const user = await signUp();
  const sent = path.replace('{id}', randomUUID());
  const toSet = (header: string | null) => new Set((header ?? '').split(', '));
  expect(toSet((await sendToLists(user, 'OPTIONS', sent)).headers.get('Allow'))).toEqual(toSet(methods));
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'].filter((method) => !methods.includes(method))) {
    const response = await sendToLists(user, method, sent);
    expect([response.status, toSet(response.headers.get('Allow'))]).toEqual([405, toSet(methods)]);
  }
});

test('HEAD of a list and of the lists has the headers of GET, and no body', async () => {
  const user = await signUp();
  const { id } = await createList(user);
  for (const path of ['', `/${id}`]) {
    const [get, head] = [await sendToLists(user, 'GET', path), await sendToLists(user, 'HEAD', path)];
    expect([head.status, head.headers.get('ETag'), await head.text()]).toEqual([200, get.headers.get('ETag'), '']);
  }
});

test('twenty lists that are created at once all have a position of their own', async () => {
  const user = await signUp();
  await Promise.all(Array.from({ length: 20 }, (_, i) => createList(user, `L${i}`)));
  const { data } = await getLists(user);
  expect(new Set(data.map(({ position }) => position)).size).toBe(20);
});
