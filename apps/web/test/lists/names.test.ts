import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { send, signUp, type TestUser, useApp } from '../harness';
import { createList, getList, getLists, pathOfLists, sendToLists } from './requests';

useApp();

let user: TestUser;
beforeAll(async () => {
  user = await signUp();
});

/** The three writes that take a name, each for a list that it can be sent to. */
const writes: [string, (body: unknown) => Promise<Response>][] = [
  ['POST', (body) => sendToLists(user, 'POST', '', body)],
  ['PUT', (body) => sendToLists(user, 'PUT', `/${randomUUID()}`, body)],
  ['PATCH', async (body) => sendToLists(user, 'PATCH', `/${(await createList(user, 'Old')).id}`, body)],
];

test.each(writes)('%s trims the name of a list, and stores it in NFC', async (_, write) => {
  const names = [
    [' \t\n\u00a0\u3000two  words\u2003\r\n ', 'two  words'],
    ['u\u0308ber', 'über'],
    ['\u212bngstrom', 'Ångstrom'],
    ['👩‍👩‍👧‍👦 חלב', '👩‍👩‍👧‍👦 חלב'],
    [`'; drop table lists;--`, `'; drop table lists;--`],
    ['x', 'x'],
    [` ${'👩'.repeat(255)} `, '👩'.repeat(255)],
    [`${'e\u0301'.repeat(255)}`, 'é'.repeat(255)],
  ];
  for (const [sent, stored] of names) {
    const response = await write({ name: sent });
    expect(response.ok, sent).toBe(true);
    const list = await response.json();
    expect(list.name).toBe(stored);
    expect(await getList(user, list.id)).toStrictEqual(list);
  }
});

const refused: [string, unknown, string][] = [
  ['no text', { name: '' }, 'too_short'],
  ['white space alone', { name: ' \t\n\u3000' }, 'too_short'],
  ['256 characters', { name: 'a'.repeat(256) }, 'too_long'],
  ['256 characters that are two UTF-16 units each', { name: '👩'.repeat(256) }, 'too_long'],
  ['a line break inside', { name: 'a\nb' }, 'control_character'],
  ['NUL', { name: 'a\0b' }, 'control_character'],
  ['a C1 control character', { name: 'a\u0085b' }, 'control_character'],
  ['nothing visible', { name: '\u200b' }, 'invisible'],
  ['half a surrogate pair', '{"name": "a\\ud800"}', 'malformed'],
];

test.each(refused)('the name of a list with %s is refused with 422 by POST, PUT and PATCH', async (_, body, code) => {
  for (const [method, write] of writes) {
    const response = await write(body);
    expect(response.status, method).toBe(422);
    expect((await response.json()).errors).toMatchObject([{ in: 'body', pointer: '/name', code }]);
  }
});

test.each([[null], [1], [true], [['a']], [{}]])(
  'the name %j of a list, which is no text, is refused with 422',
  async (name) => {
    for (const [method, write] of writes) {
      const response = await write({ name });
      expect(response.status, method).toBe(422);
      expect((await response.json()).errors).toMatchObject([{ in: 'body', pointer: '/name' }]);
    }
  },
);

test('a list without a name is refused with 422 by POST and PUT', async () => {
  for (const [method, write] of writes.slice(0, 2)) {
    const response = await write({});
    expect(response.status, method).toBe(422);
    expect((await response.json()).errors).toMatchObject([{ in: 'body', pointer: '/name' }]);
  }
});

test('unknown and read-only members of a list are refused with 422, which names each', async () => {
  const members = {
    id: randomUUID(),
    user_id: user.id,
    position: '5000000000',
    version: 1,
    created_at: '2026-03-01T09:30:00.000Z',
    updated_at: '2026-03-01T09:30:00.000Z',
    colour: 'green',
  };
  for (const [method, write] of writes) {
    const response = await write({ name: 'Garden', ...members });
    expect(response.status, method).toBe(422);
    const pointers = (await response.json()).errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(pointers.sort()).toEqual(
      Object.keys(members)
        .map((name) => `/${name}`)
        .sort(),
    );
  }
});

test('a refused list is not created', async () => {
  user = await signUp();
  for (const [, body] of refused) await sendToLists(user, 'POST', '', body);
  expect((await getLists(user)).data).toEqual([]);
});

test.each([
  ['a list', '[]', 422],
  ['a text', '"Garden"', 422],
  ['null', 'null', 422],
  ['no JSON', '{"name": Garden}', 400],
  ['a duplicate member', '{"name": "A", "name": "B"}', 400],
  ['nothing', '', 400],
])('a body that is %s is refused by every write of a list', async (_, body, status) => {
  const { id } = await createList(user);
  for (const [method, path] of [
    ['POST', ''],
    ['PUT', `/${id}`],
    ['PATCH', `/${id}`],
    ['PATCH', `/${id}/move`],
  ] as const) {
    expect((await sendToLists(user, method, path, body)).status, `${method} ${path}`).toBe(status);
  }
  expect(await getList(user, id)).toMatchObject({ name: 'Garden', version: 1 });
});

test.each(['text/plain', 'application/xml', 'application/json-patch+json'])(
  'a list as %s is refused with 415',
  async (type) => {
    const { id } = await createList(user);
    const { token } = user;
    const body = '{"name": "Balcony"}';
    for (const [method, path] of [
      ['POST', ''],
      ['PUT', `/${id}`],
      ['PATCH', `/${id}`],
      ['PATCH', `/${id}/move`],
    ] as const) {
      const headers = { 'Content-Type': type };
      const response = await send(method, `${pathOfLists(user)}${path}`, { token, headers, body });
      expect(response.status, `${method} ${path}`).toBe(415);
    }
  },
);
