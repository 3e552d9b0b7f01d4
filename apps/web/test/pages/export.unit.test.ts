import type { Client } from '@taskward/api-core/client';
import type { Change, List, Task } from '@taskward/api-core/contract';
import { describe, expect, test } from 'vitest';
import { readCopy, toCsv, toJson } from '../../app/(account)/account/export';
import { problem } from './requests';

const list = (id: string, position: string): List => ({
  id,
  user_id: 'ada',
  name: `List ${id}`,
  position,
  created_at: '2026-11-30T12:00:00.000Z',
  updated_at: '2026-11-30T12:00:00.000Z',
  version: 1,
});
const task = (id: string, position: string, more: Partial<Task> = {}): Task => ({
  id,
  user_id: 'ada',
  title: `Task ${id}`,
  description: null,
  status: 'todo',
  completed: false,
  priority: 'none',
  due_date: null,
  tags: [],
  list_id: null,
  parent_id: null,
  position,
  completed_at: null,
  created_at: '2026-11-30T12:00:00.000Z',
  updated_at: '2026-11-30T12:00:00.000Z',
  version: 1,
  ...more,
});
const ofTask = (one: Task): Change => ({ type: 'task', id: one.id, task: one });
const ofList = (one: List): Change => ({ type: 'list', id: one.id, list: one });

interface Page {
  readonly changes: readonly Change[];
  readonly has_more?: boolean;
  readonly reset?: boolean;
}

/** A client that returns the pages one after the other, or throws what is none. */
function clientOf(pages: readonly (Page | Error)[]) {
  const since: (string | undefined)[] = [];
  const listChanges = async ({ query }: { query: { since?: string } }) => {
    const page = pages[since.length];
    since.push(query.since);
    if (!page || page instanceof Error) throw page;
    return { body: { token: `token ${since.length}`, has_more: false, reset: false, ...page } };
  };
  // Of a client, it uses this alone.
  return { client: { listChanges } as unknown as Client, since };
}

const { signal } = new AbortController();
const idsOf = (all: readonly { id: string }[]) => all.map(({ id }) => id);

describe('the copy of an account', () => {
  test('is read page by page, and later pages change what earlier ones had', async () => {
    const { client, since } = clientOf([
      {
        changes: [ofList(list('l', '1')), ofTask(task('a', '1')), ofTask(task('b', '2'))],
        has_more: true,
        reset: true,
      },
      { changes: [ofTask(task('c', '3'))], has_more: true },
      { changes: [ofTask(task('a', '1', { title: 'New' })), { type: 'task', id: 'b', task: null }] },
    ]);
    const copy = await readCopy(client, 'ada', { signal });
    expect(since).toEqual([undefined, 'token 1', 'token 2']);
    expect([idsOf(copy.lists), idsOf(copy.tasks), copy.tasks[0]?.title]).toEqual([['l'], ['a', 'c'], 'New']);
  });

  test('is begun again where the token is not valid any more', async () => {
    const { client, since } = clientOf([
      { changes: [ofTask(task('a', '1'))], has_more: true, reset: true },
      problem(410),
      { changes: [ofTask(task('b', '1'))], reset: true },
    ]);
    expect(idsOf((await readCopy(client, 'ada', { signal })).tasks)).toEqual(['b']);
    expect(since).toEqual([undefined, 'token 1', undefined]);
  });

  test('waits as long as the API asks, and ends with an error that waiting does not help against', async () => {
    const waits: number[] = [];
    const sleep = async (ms: number) => void waits.push(ms);
    const busy = problem(429, { retryAfter: 30 });
    const { client } = clientOf([busy, busy, { changes: [], reset: true }]);
    expect((await readCopy(client, 'ada', { signal, sleep })).tasks).toEqual([]);
    expect(waits).toEqual([30_000, 30_000]);
    await expect(readCopy(clientOf([problem(500)]).client, 'ada', { signal, sleep })).rejects.toThrow('Refused.');
  });

  test('has lists in their order, and each task before its sub-tasks, in the order of positions', async () => {
    const tasks = [
      task('below b', '1', { parent_id: 'b' }),
      task('in second', '1', { list_id: 'second' }),
      task('in first', '1', { list_id: 'first' }),
      task('b', '50000000005'),
      task('a', '5000000000'),
      task('c', '5000000001'),
      task('below that', '1', { parent_id: 'below b' }),
      task('first below b', '0', { parent_id: 'b' }),
    ];
    const changes = [ofList(list('second', '2')), ofList(list('first', '1')), ...tasks.map(ofTask)];
    const copy = await readCopy(clientOf([{ changes, reset: true }]).client, 'ada', { signal });
    expect(idsOf(copy.lists)).toEqual(['first', 'second']);
    expect(idsOf(copy.tasks)).toEqual([
      ...['a', 'b', 'first below b', 'below b', 'below that', 'c'],
      ...['in first', 'in second'],
    ]);
  });
});

test('JSON has every field of tasks and lists but the user', () => {
  const [one, two] = [task('a', '1', { title: '"\u2028\n' }), task('b', '2')];
  const parts = toJson({ lists: [list('l', '1')], tasks: [one, two] }, new Date('2026-11-30T12:00:00Z'));
  const { user_id: _1, ...first } = one;
  const { user_id: _2, ...second } = two;
  const { user_id: _3, ...only } = list('l', '1');
  expect(JSON.parse(parts.join(''))).toEqual({
    format: 'taskward',
    version: 1,
    exported_at: '2026-11-30T12:00:00.000Z',
    lists: [only],
    tasks: [first, second],
  });
  const empty = toJson({ lists: [], tasks: [] }, new Date(0)).join('');
  expect(JSON.parse(empty)).toMatchObject({ lists: [], tasks: [] });
});

describe('CSV', () => {
  const rowOf = (one: Task) => toCsv({ lists: [list('l', '1')], tasks: [one] })[2];

  test('begins with a byte order mark and the columns, and ends each row with CRLF', () => {
    const [bom, head, ...rows] = toCsv({ lists: [list('l', '1')], tasks: [task('a', '1'), task('b', '2')] });
    expect(bom).toBe('\uFEFF');
    const columns = [
      ...['id', 'title', 'description', 'status', 'priority', 'due_date', 'tags', 'list', 'parent_id'],
      ...['completed_at', 'created_at', 'updated_at'],
    ];
    expect(head).toBe(`${columns.join(',')}\r\n`);
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row.endsWith('"\r\n')).toBe(true);
  });

  test('names lists and tags, and quotes what is text', () => {
    const row = rowOf(
      task('a', '1', { title: 'a "b", c;d\ne', list_id: 'l', tags: ['x', 'y'], due_date: '2026-12-31' }),
    );
    expect(row).toBe(
      `"a","a ""b"", c;d\ne","","todo","none","2026-12-31","x, y","List l","","","2026-11-30T12:00:00.000Z","2026-11-30T12:00:00.000Z"\r\n`,
    );
  });

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', '＋1', '－1', '＠1'])(
    'neutralises a cell that a spreadsheet could run: %j',
    (title) => {
      expect(rowOf(task('a', '1', { title }))).toContain(`,"'${title}",`);
      expect(rowOf(task('a', '1', { description: title }))).toContain(`,"'${title}",`);
      expect(rowOf(task('a', '1', { tags: [title] }))).toContain(`,"'${title}",`);
    },
  );
});
