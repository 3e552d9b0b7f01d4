import type { Task, TaskPage } from '@taskward/api-core';
import { beforeAll, expect, test } from 'vitest';
import { send, signUp, type TestUser, useApp } from '../harness';
import { getPage, requestPage, withQuery } from '../task-requests';
import { listOf, type Parameters, SORTS, signUpWithTasks } from './list-oracle';

useApp();

let user: TestUser;
let tasks: Task[];

beforeAll(async () => {
  ({ user, tasks } = await signUpWithTasks());
});

async function cursorOf(parameters: Parameters): Promise<string> {
  const { next_cursor } = await getPage(user, [...parameters, ['limit', '2']]);
  expect(next_cursor, JSON.stringify(parameters)).toEqual(expect.any(String));
  return next_cursor ?? '';
}

async function expectRefusedCursor(response: Response, name: string) {
  expect.soft(response.status, name).toBe(422);
  expect.soft((await response.json()).errors, name).toMatchObject([{ in: 'query', pointer: '/cursor' }]);
}

const broad: Parameters[] = [
  [],
  [['status', 'todo,done']],
  [['status', 'todo']],
  [['priority', 'none,low']],
  [['priority', 'high']],
  [['tag', 'home']],
  [
    ['tag', 'home'],
    ['tag', 'work'],
  ],
  [['due_before', '2026-03-01']],
  [['due_after', '2026-03-01']],
  [['due_after', '2026-02-28']],
  [['completed', 'false']],
  [['q', 'b']],
  [['q', 'b a']],
];

test('a cursor is valid only with the filters of its list', async () => {
  for (const own of broad) {
    const cursor: Parameters = [['cursor', await cursorOf(own)]];
    for (const other of broad) {
      const name = `${JSON.stringify(own)} ${JSON.stringify(other)}`;
      const response = await requestPage(user, [...other, ...cursor]);
      if (own !== other) await expectRefusedCursor(response, name);
      else expect.soft(await response.json(), name).toMatchObject({ data: listOf(tasks, own).slice(2, 52) });
    }
  }
});

test('a cursor is valid only with the sort of its list', async () => {
  for (const own of SORTS) {
    const cursor = await cursorOf([['sort', own]]);
    for (const other of SORTS) {
      const response = await requestPage(user, [
        ['sort', other],
        ['cursor', cursor],
      ]);
      if (own !== other) await expectRefusedCursor(response, `${own} ${other}`);
      else expect.soft((await response.json()).data).toStrictEqual(listOf(tasks, [['sort', own]]).slice(2, 52));
    }
  }
});

test('a cursor of the default sort is valid with sort=-created_at', async () => {
  const cursor = await cursorOf([]);
  const { data } = await getPage(user, [
    ['sort', '-created_at'],
    ['cursor', cursor],
  ]);
  expect(data).toStrictEqual(listOf(tasks, []).slice(2, 52));
});

test('the limit may change from page to page', async () => {
  for (const sort of SORTS) {
    const parameters: Parameters = [['sort', sort], ...(broad[1] ?? [])];
    const whole = listOf(tasks, parameters);
    const cursor = await cursorOf(parameters);
    for (const limit of [1, 5, 100]) {
      const { data } = await getPage(user, [...parameters, ['cursor', cursor], ['limit', String(limit)]]);
      expect.soft(data, sort).toStrictEqual(whole.slice(2, 2 + limit));
    }
  }
});

test('a cursor of another user with the same tasks is refused, for each sort and filter', async () => {
  const stranger = await signUp();
  const { token } = stranger;
  for (const body of [{ title: 'Milk' }, { title: 'Bread' }, { title: 'Bread' }]) {
    expect((await send('POST', stranger.tasks, { token, body })).status).toBe(201);
  }
  const lists: Parameters[] = [...broad, ...SORTS.map((sort) => [['sort', sort]] as const)];
  for (const parameters of lists) {
    const path = withQuery(stranger.tasks, [...parameters, ['cursor', await cursorOf(parameters)]]);
    await expectRefusedCursor(await send('GET', path, { token }), JSON.stringify(parameters));
  }
});

const NEXT = /^<(\/[^<>]*)>; rel="next"$/;

/** Follows the `Link` headers from page to page. */
async function follow(parameters: Parameters, each: (url: URL) => void): Promise<Task[]> {
  const seen: Task[] = [];
  let path: string | undefined = withQuery(user.tasks, parameters);
  while (path) {
    const response: Response = await send('GET', path, { token: user.token });
    expect(response.status).toBe(200);
    const { data, next_cursor }: TaskPage = await response.json();
    seen.push(...data);
    const link = response.headers.get('link');
    path = NEXT.exec(link ?? '')?.[1];
    expect(link === null, String(link)).toBe(next_cursor === null);
    expect(path === undefined, String(link)).toBe(next_cursor === null);
    if (!path) continue;
    const url = new URL(path, 'http://localhost');
    expect(url.pathname).toBe(user.tasks);
    expect(url.searchParams.getAll('cursor')).toEqual([next_cursor]);
    each(url);
  }
  return seen;
}

test('following Link headers visits the whole list, with all parameters preserved', async () => {
  const walks: Parameters[] = [
    [['limit', '7']],
    [['sort', 'title']],
    [
      ...([
        ['q', 'b'],
        ['limit', '1'],
        ['sort', '-due_date'],
      ] as const),
      ...([
        ['tag', 'home'],
        ['status', 'todo,in_progress,done'],
        ['tag', 'work'],
      ] as const),
      ...([
        ['priority', 'none,low,medium,high'],
        ['due_before', '9999-12-31'],
        ['due_after', '0001-01-01'],
      ] as const),
    ],
    [
      ['tag', ' A, "B" '],
      ['limit', '2'],
      ['completed', 'false'],
    ],
    [
      ['q', '"'],
      ['limit', '1'],
    ],
    [
      ['q', "it's"],
      ['limit', '3'],
      ['sort', 'priority'],
    ],
  ];
  let pages = 0;
  for (const parameters of walks) {
    const before = pages;
    const seen = await follow(parameters, (url) => {
      pages++;
      url.searchParams.delete('cursor');
      url.searchParams.sort();
      expect([...url.searchParams]).toEqual(parameters.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b))));
    });
    expect(seen, JSON.stringify(parameters)).toStrictEqual(listOf(tasks, parameters));
    if (parameters.some(([name]) => name === 'limit'))
      expect(pages, JSON.stringify(parameters)).toBeGreaterThan(before);
  }
});

test('the last page has no Link header even if it is full, nor has any response that is not a page', async () => {
  const link = async (parameters: Parameters) => (await requestPage(user, parameters)).headers.get('link');
  expect(await link([['limit', '100']])).toBeNull();
  expect(await link([['limit', '60']])).toBeNull();
  expect(await link([['limit', '59']])).toMatch(NEXT);
  expect(
    await link([
      ['limit', '30'],
      ['cursor', (await getPage(user, [['limit', '30']])).next_cursor ?? ''],
    ]),
  ).toBeNull();
  expect(await link([['cursor', 'x']])).toBeNull();
  expect((await send('GET', `${user.tasks}/${tasks[0]?.id}`, { token: user.token })).headers.get('link')).toBeNull();
});
