import { randomUUID } from 'node:crypto';
import type { TaskPage } from '@taskward/api-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { signUp, type TestUser, useApp } from '../harness';
import { createTask, getPage, sendAs } from '../task-requests';

useApp();

let user: TestUser;

beforeEach(async () => {
  user = await signUp();
});

const titles = async (query: Record<string, string>): Promise<string[]> =>
  (await getPage(user, query)).data.map(({ title }) => title);

test('a search finds a word in any case, accent and normalization form', async () => {
  await createTask(user, { title: 'Über', description: 'Straße' });
  await createTask(user, { title: 'МОСКВА', description: 'Ёлка' });
  await createTask(user, { title: 'Cafe\u0301', description: 'ΟΔΥΣΣΕΥΣ' });
  for (const q of ['uber', 'Über', 'U\u0308BER', 'strasse', 'STRASSE', 'STRAẞE', 'straße uber']) {
    expect.soft(await titles({ q }), q).toEqual(['Über']);
  }
  for (const q of ['москва', 'Москва', 'елка', 'ёлка', 'е\u0308лка'])
    expect.soft(await titles({ q }), q).toEqual(['МОСКВА']);
  for (const q of ['cafe', 'CAFÉ', 'οδυσσευς', 'Οδυσσεύς']) expect.soft(await titles({ q }), q).toEqual(['Café']);
  for (const q of ['иоска', 'берстра', 'berstr']) expect.soft(await titles({ q }), q).toEqual([]);
});

test('titles are sorted by their folded text', async () => {
  for (const title of ['zebra', 'Äpfel', 'Apfel', 'éclair', 'Эхо', 'Ёлка', 'дом']) await createTask(user, { title });
  const sorted = await titles({ sort: 'title' });
  // These two are equal, and sorted by id.
  expect(sorted.slice(0, 2).sort()).toEqual(['Apfel', 'Äpfel']);
  expect(sorted.slice(2)).toEqual(['éclair', 'zebra', 'дом', 'Ёлка', 'Эхо']);
});

test('a search reflects every change of title and description', async () => {
  const { id } = await createTask(user, { title: 'Über', description: 'Größe' });
  expect((await sendAs(user, 'PATCH', `/${id}`, { title: 'Éclair' })).status).toBe(200);
  expect(await titles({ q: 'eclair grosse' })).toEqual(['Éclair']);
  expect(await titles({ q: 'uber' })).toEqual([]);
  expect((await sendAs(user, 'PATCH', `/${id}`, { description: 'Ähre' })).status).toBe(200);
  expect(await titles({ q: 'eclair ahre' })).toEqual(['Éclair']);
  expect(await titles({ q: 'grosse' })).toEqual([]);
  expect((await sendAs(user, 'PATCH', `/${id}`, { description: null })).status).toBe(200);
  expect(await titles({ q: 'ahre' })).toEqual([]);
  expect((await sendAs(user, 'PUT', `/${id}`, { title: 'Öl', description: 'É' })).status).toBe(200);
  expect(await titles({ q: 'e ol' })).toEqual(['Öl']);
  expect((await sendAs(user, 'PATCH', `/${id}/complete`)).status).toBe(200);
  expect(await titles({ q: 'e ol' })).toEqual(['Öl']);
});

test('a change of case or accent is a new version, and a change of normalization form is not', async () => {
  const { id } = await createTask(user, { title: 'Über' });
  const patch = async (title: string) => (await (await sendAs(user, 'PATCH', `/${id}`, { title })).json()).version;
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
  await createTask(user, { title: longest });
  await createTask(user, { title: longest });
  const first = await getPage(user, { sort: 'title', limit: '1' });
  const second = await getPage(user, { sort: 'title', limit: '1', cursor: first.next_cursor ?? '' });
  expect(second).toMatchObject({ data: [{ title: longest }], next_cursor: null });
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
    await createTask(user, { title: 'bread' });
    await insertBefore('Zebra');
    await createTask(user, { title: 'Über' });
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: TaskPage = await getPage(user, { sort: 'title', limit: '1', ...(cursor && { cursor }) });
      seen.push(...page.data.map(({ title }) => title));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(['bread', 'Milk', 'Über', 'Zebra']);
  });

  test('a PATCH without visible changes keeps the version of a task that is not backfilled yet', async () => {
    const id = await insertBefore('Über', 'Größe');
    const patched = await sendAs(user, 'PATCH', `/${id}`, { title: 'Über', description: 'Größe' });
    expect((await patched.json()).version).toBe(1);
  });

  test('a PUT backfills the search text of a task', async () => {
    const id = await insertBefore('Cafe\u0301', 'Cafe\u0301');
    const put = await sendAs(user, 'PUT', `/${id}`, { title: 'Café', description: 'Café' });
    // The bytes of the text have changed.
    expect((await put.json()).version).toBe(2);
    expect(await titles({ q: 'cafe' })).toEqual(['Café']);
    const { rows } = await (await getApp()).db.ownerDb.execute(`select description_key from tasks where id = '${id}'`);
    expect(rows).toEqual([{ description_key: 'cafe' }]);
  });

  test('a PATCH of one text leaves a task to the backfill', async () => {
    const id = await insertBefore('Cafe\u0301', 'x');
    await sendAs(user, 'PATCH', `/${id}`, { description: 'Größe' });
    const { rows } = await (await getApp()).db.ownerDb.execute(`select description_key from tasks where id = '${id}'`);
    expect(rows).toEqual([{ description_key: null }]);
  });
});
