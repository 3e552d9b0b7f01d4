import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { createTask, sendAs } from '../task-requests';
import { createList, getList, getLists, sendToLists } from './requests';

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

const writes = [
  { method: 'PUT', suffix: '', body: { name: 'Replaced' } },
  { method: 'PUT', suffix: '', body: { name: 'Balcony' } },
  { method: 'PATCH', suffix: '', body: { name: 'Patched' } },
  { method: 'PATCH', suffix: '', body: {} },
  { method: 'PATCH', suffix: '/move', body: {} },
  { method: 'PATCH', suffix: '/move', body: { after: null } },
  { method: 'DELETE', suffix: '', body: undefined },
  { method: 'DELETE', suffix: '?tasks=keep', body: undefined },
];
type Write = (typeof writes)[number];

/** Creates a list of version 2, named Balcony, the first of two. */
async function prepareList() {
  const { id } = await createList(user);
  await createList(user, 'Behind');
  const changed = await sendToLists(user, 'PATCH', `/${id}`, { name: 'Balcony' });
  expect(changed.headers.get('ETag')).toBe('"2"');
  const send = (write: Write, headers: HeadersInit) =>
    sendToLists(user, write.method, `/${id}${write.suffix}`, write.body, headers);
  return { id, send };
}

test.each(writes)(
  '$method of a list$suffix $body succeeds when If-Match matches the version, is *, or is missing',
  async (write) => {
    for (const ifMatch of ['"2"', ' "7", "2" ', '*', undefined]) {
      const { send } = await prepareList();
      const response = await send(write, ifMatch === undefined ? {} : { 'If-Match': ifMatch });
      expect(response.status, ifMatch).toBe(write.method === 'DELETE' ? 204 : 200);
    }
  },
);

test.each(writes)(
  '$method of a list$suffix $body returns 412 with the current ETag and changes nothing when If-Match does not match',
  async (write) => {
    const { send } = await prepareList();
    const before = await getLists(user);
    // A weak tag never matches; nor does a foreign or malformed one.
    for (const ifMatch of ['"1"', '"1", "3"', 'W/"2"', '"02"', '2', '""', '']) {
      const response = await send(write, { 'If-Match': ifMatch });
      expect([response.status, response.headers.get('ETag')], ifMatch).toEqual([412, '"2"']);
      expect(response.headers.get('Revision')).toBeNull();
      expect(await response.json()).toMatchObject({ type: '/problems/precondition_failed', status: 412 });
    }
    expect(await getLists(user)).toStrictEqual(before);
  },
);

test.each(writes)(
  '$method of a list$suffix $body returns 412 and changes nothing when If-None-Match matches the version',
  async (write) => {
    const { send } = await prepareList();
    const before = await getLists(user);
    for (const field of ['"2"', '"1", W/"2"', '*']) {
      const response = await send(write, { 'If-None-Match': field });
      expect([response.status, response.headers.get('ETag')], field).toEqual([412, '"2"']);
    }
    expect(await getLists(user)).toStrictEqual(before);
    expect((await send(write, { 'If-None-Match': '"1"' })).status).toBe(write.method === 'DELETE' ? 204 : 200);
  },
);

test.each(writes)(
  '$method of a missing list$suffix $body with If-Match returns 404, or 412 for PUT',
  async ({ method, suffix, body }) => {
    for (const ifMatch of ['"1"', '*']) {
      const id = randomUUID();
      const response = await sendToLists(user, method, `/${id}${suffix}`, body, { 'If-Match': ifMatch });
      expect([response.status, response.headers.get('ETag')]).toEqual([method === 'PUT' ? 412 : 404, null]);
      expect((await sendToLists(user, 'GET', `/${id}`)).status).toBe(404);
    }
  },
);

test('a precondition of a move is decided before the list that it names', async () => {
  const { id } = await createList(user);
  const response = await sendToLists(user, 'PATCH', `/${id}/move`, { after: randomUUID() }, { 'If-Match': '"7"' });
  expect([response.status, response.headers.get('ETag')]).toEqual([412, '"1"']);
});

test('PUT with If-None-Match: * creates a list, but does not rename one', async () => {
  const path = `/${randomUUID()}`;
  const headers = { 'If-None-Match': '*' };
  const first = await sendToLists(user, 'PUT', path, { name: 'First' }, headers);
  expect([first.status, first.headers.get('ETag')]).toEqual([201, '"1"']);
  const second = await sendToLists(user, 'PUT', path, { name: 'Second' }, headers);
  expect([second.status, second.headers.get('ETag')]).toEqual([412, '"1"']);
  expect((await getLists(user)).data).toMatchObject([{ name: 'First', version: 1 }]);
});

test.each(['If-Match', 'If-None-Match'])(
  'POST creates a list whatever %s has, since it has no version yet',
  async (name) => {
    for (const field of ['"1"', '*', 'x']) {
      const response = await sendToLists(user, 'POST', '', { name: 'Garden' }, { [name]: field });
      expect([response.status, response.headers.get('ETag')]).toEqual([201, '"1"']);
    }
  },
);

test.each(['"2"', 'W/"2"', '"1", W/"2"', '*'])(
  'GET of a list with a matching If-None-Match: %s returns 304 with the ETag and no body',
  async (field) => {
    const { id } = await prepareList();
    const response = await sendToLists(user, 'GET', `/${id}`, undefined, { 'If-None-Match': field });
    expect([response.status, response.headers.get('ETag'), await response.text()]).toEqual([304, '"2"', '']);
  },
);

test.each(['"1"', '"22"', 'x', ''])(
  'GET of a list with a different If-None-Match: %s returns the list',
  async (field) => {
    const { id } = await prepareList();
    expect((await sendToLists(user, 'GET', `/${id}`, undefined, { 'If-None-Match': field })).status).toBe(200);
  },
);

test('of 20 concurrent writers of a list with the same ETag exactly one succeeds', async () => {
  const { id, send } = await prepareList();
  const attempts = Array.from({ length: 20 }, (_, i) => {
    const [rename, move] = [{ name: `Writer ${i}` }, {}];
    return i % 2 === 0
      ? send({ method: 'PATCH', suffix: '', body: rename }, { 'If-Match': '"2"' })
      : send({ method: 'PATCH', suffix: '/move', body: move }, { 'If-Match': '"2"' });
  });
  const responses = await Promise.all(attempts);
  const winners = responses.filter(({ status }) => status === 200);
  expect(responses.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(412)]);
  expect(await winners[0]?.json()).toEqual(await getList(user, id));
});

describe('the ETag of the lists', () => {
  const get = (tag?: string | null, query = '') =>
    sendToLists(user, 'GET', query, undefined, tag ? { 'If-None-Match': tag } : {});
  const tagOf = async () => (await get()).headers.get('ETag');

  test('unchanged lists are a 304 without a body, and changed ones are returned with another ETag', async () => {
    const { id } = await createList(user);
    const other = await createList(user, 'Other');
    const tag = await tagOf();
    expect(tag).toMatch(/^W\/"[A-Za-z0-9.~-]+"$/);
    const unchanged = await get(tag);
    expect([unchanged.status, unchanged.headers.get('ETag'), await unchanged.text()]).toEqual([304, tag, '']);
    for (const same of [`"1", ${tag}`, tag?.slice(2), '*']) expect((await get(same)).status, same).toBe(304);
    for (const another of ['"1"', 'W/"1.a"', 'W/"0"', 'nonsense']) expect((await get(another)).status).toBe(200);
    const changes: [string, string, unknown?][] = [
      ['POST', '', { name: 'New' }],
      ['PATCH', `/${id}`, { name: 'Balcony' }],
      ['PUT', `/${id}`, { name: 'Terrace' }],
      ['PATCH', `/${id}/move`, { after: other.id }],
      ['DELETE', `/${id}`],
    ];
    for (const [method, path, body] of changes) {
      const before = await tagOf();
      await sendToLists(user, method, path, body);
      const after = await get(before);
      expect(after.status, method + path).toBe(200);
      expect(after.headers.get('ETag')).not.toBe(before);
    }
  });

  test('the tasks of a user and their lists have the same ETag, which any change of either moves on', async () => {
    const tasksTag = async () => (await sendAs(user, 'GET')).headers.get('ETag');
    await createList(user);
    const first = await tagOf();
    expect(await tasksTag()).toBe(first);
    await createTask(user);
    expect((await get(first)).status).toBe(200);
    expect(await tagOf()).toBe(await tasksTag());
  });

  test('every page of the lists has the ETag, and a refused write leaves it', async () => {
    const { id } = await createList(user);
    await createList(user, 'Other');
    const tag = await tagOf();
    const cursor = (await getLists(user, { limit: '1' })).next_cursor;
    await sendToLists(user, 'PATCH', `/${id}`, { name: 'New' }, { 'If-Match': '"7"' });
    await sendToLists(user, 'PATCH', `/${id}/move`, { after: randomUUID() });
    for (const query of ['?limit=1', `?cursor=${cursor}`]) {
      expect((await get(null, query)).headers.get('ETag')).toBe(tag);
      expect((await get(tag, query)).status).toBe(304);
    }
  });

  test('the empty lists of a new user have an ETag, too', async () => {
    const tag = await tagOf();
    expect((await get(tag)).status).toBe(304);
    await createList(user);
    expect((await get(tag)).status).toBe(200);
  });

  test("the ETag of another user's lists does not match", async () => {
    await createList(user);
    const tag = await tagOf();
    user = await signUp();
    expect((await get(tag)).status).toBe(200);
    await createList(user);
    expect((await get(tag)).status).toBe(200);
  });
});
