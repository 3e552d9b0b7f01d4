import { randomUUID } from 'node:crypto';
import type { Task } from '@taskward/api-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { send, signUp, type TestUser, useApp } from '../harness';

useApp();

let user: TestUser;

beforeEach(async () => {
  user = await signUp();
});

const ask = (method: string, path: string, body?: object) =>
  send(method, `${user.tasks}${path}`, { token: user.token, ...(body && { body }) });
const titles = async (query: Record<string, string>): Promise<string[]> => {
  const response = await ask('GET', `?${new URLSearchParams(query)}`);
  expect(response.status).toBe(200);
  return (await response.json()).data.map(({ title }: Task) => title);
};
const make = async (body: object): Promise<Task> => {
  const response = await ask('POST', '', body);
  expect(response.status).toBe(201);
  return response.json();
};

test('a search finds a word in any case, accent and normalization form', async () => {
  await make({ title: 'Über', description: 'Straße' });
  await make({ title: 'МОСКВА', description: 'Ёлка' });
  await make({ title: 'Cafe\u0301', description: 'ΟΔΥΣΣΕΥΣ' });
  for (const q of ['uber', 'Über', 'U\u0308BER', 'strasse', 'STRASSE', 'STRAẞE', 'straße uber']) {
    expect.soft(await titles({ q }), q).toEqual(['Über']);
  }
  for (const q of ['москва', 'Москва', 'елка', 'ёлка', 'е\u0308лка'])
    expect.soft(await titles({ q }), q).toEqual(['МОСКВА']);
  for (const q of ['cafe', 'CAFÉ', 'οδυσσευς', 'Οδυσσεύς']) expect.soft(await titles({ q }), q).toEqual(['Café']);
  for (const q of ['иоска', 'берстра', 'berstr']) expect.soft(await titles({ q }), q).toEqual([]);
});

test('titles are sorted by their folded text', async () => {
  for (const title of ['zebra', 'Äpfel', 'Apfel', 'éclair', 'Эхо', 'Ёлка', 'дом']) await make({ title });
  const sorted = await titles({ sort: 'title' });
  // These two are equal, and sorted by id.
  expect(sorted.slice(0, 2).sort()).toEqual(['Apfel', 'Äpfel']);
  expect(sorted.slice(2)).toEqual(['éclair', 'zebra', 'дом', 'Ёлка', 'Эхо']);
});

test('a search reflects every change of title and description', async () => {
  const { id } = await make({ title: 'Über', description: 'Größe' });
  expect((await ask('PATCH', `/${id}`, { title: 'Éclair' })).status).toBe(200);
  expect(await titles({ q: 'eclair grosse' })).toEqual(['Éclair']);
  expect(await titles({ q: 'uber' })).toEqual([]);
  expect((await ask('PATCH', `/${id}`, { description: 'Ähre' })).status).toBe(200);
  expect(await titles({ q: 'eclair ahre' })).toEqual(['Éclair']);
  expect(await titles({ q: 'grosse' })).toEqual([]);
  expect((await ask('PATCH', `/${id}`, { description: null })).status).toBe(200);
  expect(await titles({ q: 'ahre' })).toEqual([]);
  expect((await ask('PUT', `/${id}`, { title: 'Öl', description: 'É' })).status).toBe(200);
  expect(await titles({ q: 'e ol' })).toEqual(['Öl']);
  expect((await ask('PATCH', `/${id}/complete`)).status).toBe(200);
  expect(await titles({ q: 'e ol' })).toEqual(['Öl']);
});

test('a change of case or accent is a new version, and a change of normalization form is not', async () => {
  const { id } = await make({ title: 'Über' });
  const patch = async (title: string) => (await (await ask('PATCH', `/${id}`, { title })).json()).version;
  expect(await patch('U\u0308ber')).toBe(1);
  expect(await patch('über')).toBe(2);
  expect(await patch('uber')).toBe(3);
});

test.each([
  ['that grow by folding', 'և'],
  ['that become three', 'ﬃ'],
  ['of four bytes', '😀'],
])('the longest title of characters %s can be sorted, searched and paged', async (_, character) => {
  const longest = character.repeat(255);
  await make({ title: longest });
  await make({ title: longest });
  const first = await (await ask('GET', '?sort=title&limit=1')).json();
  const second = await ask('GET', `?sort=title&limit=1&cursor=${first.next_cursor}`);
  expect(await second.json()).toMatchObject({ data: [{ title: longest }], next_cursor: null });
  expect(await titles({ q: character.repeat(200) })).toHaveLength(2);
});

/** Inserts a task as the previous version did, without search text. */
async function insertBefore(title: string, description: string | null = null): Promise<string> {
  const { db } = await getApp();
  const id = randomUUID();
  await db.ownerDb.execute(`insert into tasks (user_id, id, title, description)
    values ('${user.id}', '${id}', '${title}', ${description === null ? null : `'${description}'`})`);
  return id;
}

describe('tasks whose search text is not backfilled yet', () => {
  test('a task that is not backfilled yet is found regardless of ASCII case', async () => {
    await insertBefore('Oat MILK', 'from the BAKERY');
    await insertBefore('Bread');
    expect(await titles({ q: 'milk Bakery' })).toEqual(['Oat MILK']);
    expect(await titles({ q: 'milkfrom' })).toEqual([]);
  });

  test('a task that is not backfilled yet is in its place in pages sorted by title', async () => {
    await insertBefore('Milk');
    await make({ title: 'bread' });
    await insertBefore('Zebra');
    await make({ title: 'Über' });
    const seen: string[] = [];
    for (let cursor = ''; cursor !== undefined; ) {
      const page = await (await ask('GET', `?sort=title&limit=1${cursor && `&cursor=${cursor}`}`)).json();
      seen.push(page.data[0].title);
      cursor = page.next_cursor ?? undefined;
    }
    expect(seen).toEqual(['bread', 'Milk', 'Über', 'Zebra']);
  });

  test('a PATCH without visible changes keeps the version of a task that is not backfilled yet', async () => {
    const id = await insertBefore('Über', 'Größe');
    const patched = await ask('PATCH', `/${id}`, { title: 'Über', description: 'Größe' });
    expect((await patched.json()).version).toBe(1);
  });

  test('a PUT backfills the search text of a task', async () => {
    const id = await insertBefore('Cafe\u0301', 'Cafe\u0301');
    const put = await ask('PUT', `/${id}`, { title: 'Café', description: 'Café' });
    // The bytes of the text have changed.
    expect((await put.json()).version).toBe(2);
    expect(await titles({ q: 'cafe' })).toEqual(['Café']);
    const { rows } = await (await getApp()).db.ownerDb.execute(`select description_key from tasks where id = '${id}'`);
    expect(rows).toEqual([{ description_key: 'cafe' }]);
  });

  test('a PATCH of one text leaves a task to the backfill', async () => {
    const id = await insertBefore('Cafe\u0301', 'x');
    await ask('PATCH', `/${id}`, { description: 'Größe' });
    const { rows } = await (await getApp()).db.ownerDb.execute(`select description_key from tasks where id = '${id}'`);
    expect(rows).toEqual([{ description_key: null }]);
  });
});
