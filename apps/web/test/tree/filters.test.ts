import { randomUUID } from 'node:crypto';
import type { Task } from '@taskward/api-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { createTask, getPage, type QueryParameters, requestPage, sendAs } from '../task-requests';
import { createList, errorsOf, foreignIds, move, patch, plant } from './requests';

/** `?list=`, `?parent=` and the order made by hand. */

useApp();

let user: TestUser;
let list: string;
let empty: string;
let ids: Record<'A' | 'B' | 'C' | 'D' | 'E' | 'F' | 'G' | 'H' | 'leaf', string>;

beforeAll(async () => {
  user = await signUp();
  [list, empty] = [await createList(user), await createList(user)];
  ids = {
    ...(await plant(user, { A: { B: { C: {} }, D: {}, E: {} }, F: {} }, { list_id: list })),
    ...(await plant(user, { G: { leaf: {} }, H: {} })),
  };
  // So that the order by hand is no order of creation.
  await move(user, ids.E, { after: null });
  await move(user, ids.F, { after: null });
  await move(user, ids.G, {});
  await patch(user, ids.B, { status: 'in_progress', tags: ['x'], priority: 'high', due_date: '2026-03-01' });
  await patch(user, ids.E, { tags: ['x'], description: 'Oat milk' });
  // Tasks of others, under the same ids.
  const other = await signUp();
  for (const id of Object.values(ids)) {
    const body = { title: 'Not yours' };
    const response = await sendAs(other, 'PUT', `/${id}`, body);
    expect(response.status).toBe(201);
  }
});

const titlesOf = async (query: QueryParameters) => (await getPage(user, query)).data.map(({ title }) => title);
const sortedTitlesOf = async (query: QueryParameters) => (await titlesOf(query)).sort().join(' ');

describe('filters', () => {
  test('?list= selects the tasks of a list on all levels, and ?list=inbox those of none', async () => {
    expect(await sortedTitlesOf({ list })).toBe('A B C D E F');
    expect(await sortedTitlesOf({ list: list.toUpperCase() })).toBe('A B C D E F');
    expect(await sortedTitlesOf({ list: 'inbox' })).toBe('G H leaf');
    expect(await sortedTitlesOf({ list: empty })).toBe('');
  });

  test('?parent= selects what is directly below a task, and ?parent=none the top level of all lists', async () => {
    expect(await sortedTitlesOf({ parent: ids.A })).toBe('B D E');
    expect(await sortedTitlesOf({ parent: ids.B.toUpperCase() })).toBe('C');
    expect(await sortedTitlesOf({ parent: ids.leaf })).toBe('');
    expect(await sortedTitlesOf({ parent: 'none' })).toBe('A F G H');
  });

  test('?list= and ?parent= together select their intersection', async () => {
    expect(await sortedTitlesOf({ list, parent: 'none' })).toBe('A F');
    expect(await sortedTitlesOf({ list: 'inbox', parent: 'none' })).toBe('G H');
    expect(await sortedTitlesOf({ list, parent: ids.A })).toBe('B D E');
    expect(await sortedTitlesOf({ list: 'inbox', parent: ids.A })).toBe('');
    expect(await sortedTitlesOf({ list: empty, parent: ids.A })).toBe('');
  });

  test.each<[QueryParameters, string]>([
    [{ status: 'in_progress' }, 'B'],
    [{ completed: 'false' }, 'A B C D E F'],
    [{ completed: 'true' }, ''],
    [{ tag: 'x' }, 'B E'],
    [{ priority: 'high' }, 'B'],
    [{ due_after: '2026-03-01' }, 'B'],
    [{ q: 'oat' }, 'E'],
  ])('?list= combines with %j under every sort', async (filter, expected) => {
    for (const sort of ['created_at', '-updated_at', 'due_date', '-priority', 'title']) {
      expect(await sortedTitlesOf({ ...filter, list, sort }), sort).toBe(expected);
    }
    const below = expected.replace(/[ACF] ?/g, '').trim();
    expect(await sortedTitlesOf({ ...filter, parent: ids.A, sort: 'position' })).toBe(below);
  });

  test('an id that is not of a list or task of the user selects nothing', async () => {
    const foreign = await foreignIds(await signUp());
    const queries: QueryParameters[] = [
      ...[foreign.list, foreign.task, foreign.missing, ids.A].map((id) => ({ list: id })),
      ...[foreign.list, foreign.task, foreign.missing, list].map((id) => ({ parent: id })),
    ];
    for (const query of queries) {
      for (const sort of ['title', 'position', '-position']) {
        expect(await getPage(user, { ...query, sort })).toEqual({ data: [], next_cursor: null });
      }
    }
  });

  test.each<[QueryParameters, string]>([
    [{ list: '' }, '/list'],
    [{ list: 'none' }, '/list'],
    [{ list: 'Inbox' }, '/list'],
    [{ list: 'x' }, '/list'],
    [
      [
        ['list', 'inbox'],
        ['list', 'inbox'],
      ],
      '/list',
    ],
    [{ parent: '' }, '/parent'],
    [{ parent: 'inbox' }, '/parent'],
    [{ parent: 'null' }, '/parent'],
    [{ parent: randomUUID().slice(1) }, '/parent'],
    [
      [
        ['parent', 'none'],
        ['parent', 'none'],
      ],
      '/parent',
    ],
    [{ list_id: randomUUID() }, '/list_id'],
  ])('%j is a 422 at %s', async (query, pointer) => {
    const response = await requestPage(user, query);
    expect(response.status).toBe(422);
    expect((await response.json()).errors).toMatchObject([{ in: 'query', pointer }]);
  });
});

describe('sort=position', () => {
  test('is the order made by hand, and -position its reverse', async () => {
    for (const [query, expected] of [
      [{ parent: ids.A }, ['E', 'B', 'D']],
      [{ list, parent: ids.A }, ['E', 'B', 'D']],
      [{ list, parent: 'none' }, ['F', 'A']],
      [{ list: 'inbox', parent: 'none' }, ['H', 'G']],
    ] as const) {
      expect(await titlesOf({ ...query, sort: 'position' })).toEqual(expected);
      expect(await titlesOf({ ...query, sort: '-position' })).toEqual(expected.toReversed());
    }
  });

  test.each(['position', '-position'])(
    '%s needs a list or the id of a parent, else is a 422 at /sort',
    async (sort) => {
      for (const query of [{}, { parent: 'none' }, { status: 'todo' }, { parent: 'none', tag: 'x' }]) {
        expect(
          (await errorsOf(await requestPage(user, { ...query, sort }))).map((error) => error.split(' ')[0]),
        ).toEqual(['/sort']);
      }
    },
  );

  test('with a list alone selects the top level of it, among which alone positions compare', async () => {
    expect(await titlesOf({ list, sort: 'position' })).toEqual(['F', 'A']);
    expect(await titlesOf({ list: 'inbox', sort: '-position' })).toEqual(['G', 'H']);
    expect(await titlesOf({ list, tag: 'x', sort: 'position' })).toEqual([]);
  });
});

describe('pages', () => {
  async function walk(query: Record<string, string>, between = async (_: Task[]) => {}): Promise<string[]> {
    const seen: Task[] = [];
    let cursor: string | null = null;
    do {
      const page = await getPage(user, { ...query, limit: '2', ...(cursor && { cursor }) });
      seen.push(...page.data);
      cursor = page.next_cursor;
      if (cursor) await between(seen);
    } while (cursor);
    return seen.map(({ title }) => title);
  }

  test.each(['position', '-position', 'created_at', '-title'])(
    'of any size in the sort %s are those of the whole list',
    async (sort) => {
      for (const place of [{ list }, { list: 'inbox' }, { parent: ids.A }, { list, parent: 'none' }]) {
        expect(await walk({ ...place, sort })).toEqual(await titlesOf({ ...place, sort }));
      }
    },
  );

  test('in the order made by hand have each task that was not moved exactly once, whatever is done meanwhile', async () => {
    const parent = await createTask(user, { title: 'Parent' });
    const many = await plant(user, { a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, moved: {} }, { parent_id: parent.id });
    const found = await walk({ parent: parent.id, sort: 'position' }, async (seen) => {
      await createTask(user, { title: 'new', parent_id: parent.id });
      const after = seen.length % 4 === 0 ? null : many.c;
      await move(user, many.moved ?? '', { after });
    });
    expect(found.filter((title) => title.length === 1)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  test('have cursors that belong to their list, parent and sort', async () => {
    const cursorOf = async (query: Record<string, string>) =>
      (await getPage(user, { ...query, limit: '1' })).next_cursor ?? '';
    const queries: Record<string, string>[] = [
      { list, sort: 'position' },
      { list, sort: '-position' },
      { list: 'inbox', sort: 'position' },
      { parent: ids.A, sort: 'position' },
      { list, parent: ids.A, sort: 'position' },
      { list },
      { parent: ids.A },
      { parent: 'none' },
      { list: 'inbox' },
      {},
    ];
    for (const query of queries) {
      const cursor = await cursorOf(query);
      expect(cursor).not.toBe('');
      for (const other of queries) {
        const response = await requestPage(user, { ...other, limit: '1', cursor });
        const name = `${JSON.stringify(query)} ${JSON.stringify(other)}`;
        if (other === query) expect(response.status, name).toBe(200);
        else expect(await errorsOf(response), name).toEqual([expect.stringMatching(/^\/cursor /)]);
      }
    }
  });
});

test('a list of a place is a 304 until something of the user changes', async () => {
  const request = async (tag?: string) => {
    const headers: HeadersInit = tag ? { 'If-None-Match': tag } : {};
    return sendAs(user, 'GET', `?list=${list}&sort=position`, undefined, headers);
  };
  const tag = (await request()).headers.get('ETag') ?? '';
  expect((await request(tag)).status).toBe(304);
  await move(user, ids.F, {});
  expect((await request(tag)).status).toBe(200);
  await move(user, ids.F, { after: null });
});
