import type { Task, TaskPage } from '@taskward/api-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { send, signUp, type TestUser, useApp } from '../harness';
import { createTask, getPage, requestPage } from '../task-requests';
import { listOf, type Parameters, SORTS, signUpWithTasks } from './list-oracle';

useApp();

let user: TestUser;
let tasks: Task[];

beforeAll(async () => {
  ({ user, tasks } = await signUpWithTasks());
});

/** All tasks that the parameters select, in one page. */
async function list(parameters: Parameters): Promise<Task[]> {
  const { data, next_cursor } = await getPage(user, [...parameters, ['limit', '100']]);
  expect(next_cursor).toBeNull();
  return data;
}

/** Compares the list with the expected one, and returns its length. */
async function compare(parameters: Parameters): Promise<number> {
  const found = await list(parameters);
  const name = JSON.stringify(parameters);
  const shown = (all: readonly Task[]) => all.map(({ title, id }) => `${title} ${id}`);
  expect.soft(shown(found), name).toEqual(shown(listOf(tasks, parameters)));
  return found.length;
}

/** For each filter two values that select some tasks and not others, then more. */
const filters: Record<string, [Parameters, Parameters, ...Parameters[]]> = {
  status: [
    [['status', 'todo,in_progress']],
    [['status', 'done']],
    [['status', 'todo']],
    [['status', 'done,todo,in_progress']],
    [['status', 'done,done']],
  ],
  priority: [
    [['priority', 'low,high']],
    [['priority', 'none']],
    [['priority', 'medium']],
    [['priority', 'high,medium,low,none']],
  ],
  tag: [
    [['tag', 'home']],
    [
      ['tag', 'home'],
      ['tag', 'work'],
    ],
    [
      ['tag', 'work'],
      ['tag', 'home'],
      ['tag', 'work'],
    ],
    [['tag', '  HOME ']],
    [['tag', 'a, "b"']],
    [['tag', 'ÉTÉ']],
    [['tag', '100%']],
  ],
  due_before: [[['due_before', '2026-03-01']], [['due_before', '2026-02-28']], [['due_before', '0001-01-01']]],
  due_after: [[['due_after', '2026-03-01']], [['due_after', '2026-02-28']], [['due_after', '9999-12-31']]],
  completed: [[['completed', 'true']], [['completed', 'false']]],
  q: [[['q', 'milk']], [['q', 'BREAD']]],
};

describe('filters', () => {
  test.each(Object.entries(filters))('filtering by %s returns exactly the matching tasks', async (_, options) => {
    for (const option of options) expect.soft(await compare(option), JSON.stringify(option)).toBeGreaterThan(0);
    const counts = await Promise.all(options.slice(0, 2).map(async (option) => (await list(option)).length));
    for (const count of counts) expect(count).toBeLessThan(tasks.length);
  });

  test('due_after and due_before include both ends of the range', async () => {
    const span = (after: string, before: string): Parameters => [
      ['due_after', after],
      ['due_before', before],
    ];
    expect(await compare(span('2026-03-01', '2026-03-01'))).toBeGreaterThan(0);
    expect(await compare(span('2026-02-28', '2026-03-02'))).toBeGreaterThan(0);
    expect(await compare(span('0001-01-01', '9999-12-31'))).toBeLessThan(tasks.length);
    expect(await compare(span('2026-03-02', '2026-03-01'))).toBe(0);
  });

  test('filters that match nothing return an empty last page', async () => {
    const none: Parameters[] = [
      [['tag', 'ghost']],
      [
        ['tag', 'home'],
        ['tag', 'ghost'],
      ],
      [['q', 'nowhere']],
      [
        ['due_after', '2030-01-01'],
        ['due_before', '2030-12-31'],
      ],
      [
        ['status', 'todo'],
        ['completed', 'true'],
      ],
    ];
    for (const parameters of none) {
      const response = await requestPage(user, parameters);
      expect.soft(await response.json(), JSON.stringify(parameters)).toEqual({ data: [], next_cursor: null });
      expect.soft(response.headers.get('link')).toBeNull();
    }
  });

  test('combining two filters returns their intersection under every sort', async () => {
    const all = Object.values(filters);
    let [round, found] = [0, 0];
    for (const [i, first] of all.entries()) {
      for (const second of all.slice(i + 1)) {
        for (const one of first.slice(0, 2)) {
          for (const other of second.slice(0, 2)) {
            const sort: Parameters = [['sort', SORTS[round++ % SORTS.length] ?? '']];
            if ((await compare([...one, ...other, ...sort])) > 0) found++;
          }
        }
      }
    }
    expect(round).toBe(84);
    expect(found).toBeGreaterThan(50);
  });

  test('combining one filter of each kind returns their intersection', async () => {
    const products = Object.values(filters)
      .filter((options) => options !== filters.completed)
      .reduce<Parameters[]>(
        (all, [one, other]) =>
          all.flatMap((before) => [
            [...before, ...one],
            [...before, ...other],
          ]),
        [[]],
      );
    let found = 0;
    for (const [i, parameters] of products.entries()) {
      const completed: Parameters = [['completed', String(i % 2 === 0)]];
      const sort: Parameters = [['sort', SORTS[i % SORTS.length] ?? '']];
      if ((await compare([...parameters, ...completed, ...sort])) > 0) found++;
    }
    expect(products).toHaveLength(64);
    expect(found).toBeGreaterThan(0);
  });
});

describe('the search parameter q', () => {
  const some = [
    ...[
      'milk',
      'MILK',
      'mIlK',
      'il',
      'bakery',
      'BAKERY',
      'milk bread',
      'bread milk',
      ' milk \u00a0 BREAD ',
      'milk milk',
    ],
    ...[
      '%',
      '10%',
      '50%',
      '_',
      'a_b',
      'a%b',
      'file_name',
      '\\',
      'a\\b',
      'C:\\dir',
      '"',
      "'",
      `"quoted"`,
      "it's",
      '"x"',
    ],
    ...['😀', '𝒜', 'äpfel', 'Äpfel', 'e\u0301', 'İ', '～', '[', '^', 'of', '10% bread', '% off', 'b a'],
    ...['APFEL', 'éclair', 'eclair', 'strasse', 'ISTANBUL', 'москва', 'елка', 'ёлка', 'е\u0308лка'],
    'milk MILK m mi mil ilk lk l k milk',
  ];
  test.each(some)('q=%j finds the tasks that contain each word, and no others', async (q) => {
    const count = await compare([['q', q]]);
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(tasks.length);
  });

  test.each([
    '%%',
    '\\%',
    '__',
    'a__b',
    'milkoat',
    'milkfrom',
    'null',
    '\\\\',
    "'; select",
    '.*',
    'a.b',
    'name bakery',
  ])('q=%j finds nothing', async (q) => {
    expect(await compare([['q', q]])).toBe(0);
  });

  test('q finds words in the title, in the description, or one in each', async () => {
    const user = await signUp();
    await createTask(user, { title: 'red green', description: null });
    await createTask(user, { title: 'other', description: 'green\nand red' });
    await createTask(user, { title: 'Green', description: 'RED' });
    await createTask(user, { title: 'red', description: 'gre en' });
    const response = await send('GET', `${user.tasks}?q=red+green&sort=title`, { token: user.token });
    const { data } = await response.json();
    expect(data.map(({ title }: Task) => title)).toEqual(['Green', 'other', 'red green']);
  });
});

test('unusual but valid query parameters return 200', async () => {
  const odd = [
    `q=${encodeURIComponent('😀'.repeat(200))}`,
    `q=${Array.from({ length: 100 }, () => 'm').join('+')}`,
    `q=${'%25'.repeat(200)}`,
    `q=${'%5C'.repeat(200)}`,
    `q=${'_%25'.repeat(100)}`,
    'q=%zz',
    'q=%ED%A0%80',
    'q=%FF',
    `q=${encodeURIComponent(`'; drop table tasks; --`)}`,
    'q={"a","b"}',
    'tag={a,b}',
    'tag=%22%5C',
    'tag=NULL',
    'tag=a,b',
    `tag=${'x'.repeat(50)}`,
    `tag=${encodeURIComponent('😀'.repeat(50))}`,
    'due_before=0001-01-01&due_after=9999-12-31',
    `status=${'todo,'.repeat(19)}done`,
    'due_after=2028-02-29',
    'completed=false&status=done',
  ];
  for (const query of odd)
    expect
      .soft((await send('GET', `${user.tasks}?${query}`, { token: user.token })).status, query.slice(0, 60))
      .toBe(200);
});

describe.each(SORTS)('sort=%s', (sort) => {
  test(`sort=${sort} orders the whole list, and tasks with equal values by id`, async () => {
    expect(await compare([['sort', sort]])).toBe(60);
  });

  test(`sort=${sort} has the same order in pages of any size`, async () => {
    const whole = listOf(tasks, [['sort', sort]]).map(({ id }) => id);
    for (const limit of ['2', '7']) {
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const rest: Parameters = cursor ? [['cursor', cursor]] : [];
        const page: TaskPage = await getPage(user, [['sort', sort], ['limit', limit], ...rest]);
        seen.push(...page.data.map(({ id }) => id));
        expect(page.data.length === Number(limit) || page.next_cursor === null).toBe(true);
        cursor = page.next_cursor;
      }
      expect(seen, limit).toEqual(whole);
    }
  });
});
