import type { Client } from '@taskward/api-core/client';
import type { Revision } from '@taskward/api-core/contract';
import { ProblemError } from '@taskward/api-core/kit/client';
import { describe, expect, test } from 'vitest';
import { whyNotUndone } from '../../app/history/conflicts';
import { cut } from '../../app/history/cut';
import { NameLoader, type Names } from '../../app/history/names';
import { HistorySource } from '../../app/history/source';
import { toText } from '../../app/online/phrase';

const names: Names = {
  tasks: new Map([['milk', { title: 'Buy milk' }]]),
  lists: new Map([['garden', 'Garden']]),
  isComplete: true,
};
const entry = (type: 'task' | 'list', id: string) => ({ type, id, op: 'deleted', version: 1, diff: null }) as const;
const revision: Revision = {
  revision: 7,
  at: '2026-11-30T12:00:00.000Z',
  via: 'session',
  entries: [entry('task', 'milk'), entry('list', 'garden'), entry('task', 'unknown')],
};
const problem = (status: number, codes: readonly (readonly [number, string])[] = []) =>
  new ProblemError(
    status,
    {
      detail: 'Refused.',
      errors: codes.map(([i, code]) => ({
        in: 'resource',
        pointer: `/entries/${i}`,
        code,
        message: 'As the API says.',
      })),
    },
    new Headers(),
  );

describe('why an undo was refused', () => {
  const reasons = (error: unknown) => whyNotUndone(error, revision, names).map(toText);

  test('is a sentence for each task and list that prevents it', () => {
    const codes = ['changed', 'taken', 'purged', 'in_use', 'parent_gone', 'a_new_one'];
    expect(
      reasons(
        problem(
          409,
          codes.map((code) => [0, code] as const),
        ),
      ),
    ).toEqual([
      '“Buy milk” was changed or deleted since. Undo the later changes first.',
      '“Buy milk” exists again already.',
      '“Buy milk” was deleted forever, so its former contents are gone.',
      '“Buy milk” has newer sub-tasks. Move or delete them first.',
      '“Buy milk” can’t go back to where it was: that task or list was deleted, moved, or is full.',
      'As the API says.',
    ]);
    expect(
      reasons(
        problem(409, [
          [1, 'in_use'],
          [2, 'changed'],
          [9, 'changed'],
        ]),
      ),
    ).toEqual([
      'List “Garden” has newer tasks. Move or delete them first.',
      'A task was changed or deleted since. Undo the later changes first.',
      'As the API says.',
    ]);
  });

  test('is the quota where the API names no entry, and the age where it does not know the revision', () => {
    expect(reasons(problem(409))[0]).toMatch(/more tasks or lists than one account can have/);
    expect(reasons(problem(404))[0]).toMatch(/too old/);
  });
});

test('a long text is cut between characters that people see, a short one is not', () => {
  expect(cut('short\ntext')).toBeUndefined();
  expect(cut('1\n2\n3\n4\n5\n6\n7')).toBe('1\n2\n3\n4\n5\n6');
  const family = '👩‍👩‍👧‍👦';
  const start = cut(family.repeat(100)) ?? '';
  expect(start.length).toBeLessThanOrEqual(300);
  expect(start).toBe(family.repeat(start.length / family.length));
});

/** A client of tasks that were changed each minute, newest first; each list has pages of 100. */
function fakeClient(tasks: number) {
  const requests: string[] = [];
  const minute = (i: number) => new Date(Date.UTC(2026, 10, 30) - i * 60_000).toISOString();
  const page = (name: string, count: number, toItem: (i: number) => object, cursor: string | undefined) => {
    requests.push(name);
    const start = Number(cursor ?? 0);
    const end = Math.min(start + 100, count);
    const data = Array.from({ length: end - start }, (_, i) => toItem(start + i));
    return { body: { data, next_cursor: end < count ? String(end) : null } };
  };
  type Request = { query: { cursor?: string } };
  const task = (i: number) => ({
    id: `t${i}`,
    title: `Task ${i}`,
    parent_id: null,
    list_id: null,
    updated_at: minute(i),
  });
  const client = {
    listTasks: async ({ query }: Request) => page('tasks', tasks, task, query.cursor),
    listTrash: async ({ query }: Request) =>
      page('trash', 1, () => ({ task: task(-1), deleted_at: minute(0) }), query.cursor),
    listLists: async ({ query }: Request) => page('lists', 1, () => ({ id: 'l', name: 'Garden' }), query.cursor),
  } as unknown as Client;
  return { client, requests, minute };
}

describe('names for revisions', () => {
  test('are read as far back as the revisions, and not further', async () => {
    const { client, requests, minute } = fakeClient(1_000);
    const loader = new NameLoader(client, { user_id: 'ada' });
    await loader.begin();
    await loader.load([minute(0), minute(50)], false);
    expect(requests.sort()).toEqual(['lists', 'tasks', 'trash']);
    await loader.load([minute(60), minute(250)], false);
    expect(requests.filter((name) => name === 'tasks')).toHaveLength(3);
    const { tasks, lists, isComplete } = loader.names();
    expect([tasks.get('t250')?.title, tasks.get('t-1')?.title, lists.get('l'), isComplete]).toEqual([
      'Task 250',
      'Task -1',
      'Garden',
      true,
    ]);
    await loader.load([minute(0), minute(50)], true);
    expect(requests.filter((name) => name === 'tasks')).toHaveLength(4);
  });

  test('are given up after 500 tasks for one page of revisions', async () => {
    const { client, requests, minute } = fakeClient(5_000);
    const loader = new NameLoader(client, { user_id: 'ada' });
    await loader.begin();
    await loader.load([minute(0), minute(4_000)], false);
    expect(requests.filter((name) => name === 'tasks')).toHaveLength(6);
    expect(loader.names().isComplete).toBe(false);
  });
});

test('an undo whose response was lost is tried again with the same key, any other one with a new key', async () => {
  const keys: (string | undefined)[] = [];
  const outcomes: (() => unknown)[] = [
    () => Promise.reject(new TypeError('Failed to fetch')),
    () => Promise.reject(problem(503)),
    () => Promise.resolve({ body: { revision: 8 } }),
    () => Promise.reject(problem(409)),
    () => Promise.resolve({ body: { revision: null } }),
  ];
  const undoRevision = ({ idempotencyKey }: { idempotencyKey?: string }) => {
    keys.push(idempotencyKey);
    return outcomes.shift()?.();
  };
  // Of a client, undoing uses this alone.
  const source = new HistorySource({ undoRevision } as unknown as Client, 'ada');
  for (let i = 0; i < 2; i++) await expect(source.undo(7)).rejects.toThrow();
  expect(await source.undo(7)).toBe(8);
  await expect(source.undo(7)).rejects.toThrow();
  expect(await source.undo(7)).toBeNull();
  expect(new Set(keys.slice(0, 3)).size).toBe(1);
  expect(new Set(keys).size).toBe(3);
});
