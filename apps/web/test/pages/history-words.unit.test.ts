import type { Diff, Revision } from '@taskward/api-core/contract';
import { describe, expect, test } from 'vitest';
import type { KnownTask, Names } from '../../app/history/names';
import { type Story, tell } from '../../app/history/words';
import { toText } from '../../app/online/phrase';

type Entry = Revision['entries'][number];

const task = (id: string, op: Entry['op'], diff: Diff | null = null): Entry => ({
  type: 'task',
  id,
  op,
  version: 1,
  diff,
});
const list = (id: string, op: Entry['op'], diff: Diff | null = null): Entry => ({
  type: 'list',
  id,
  op,
  version: 1,
  diff,
});
const revision = (number: number, ...entries: Entry[]): Revision => ({
  revision: number,
  at: '2026-11-30T12:00:00.000Z',
  via: 'session',
  entries,
});

const names: Names = {
  tasks: new Map<string, KnownTask>([
    ['milk', { title: 'Buy milk', parent_id: null, list_id: null }],
    ['oats', { title: 'Oats', parent_id: 'milk', list_id: null }],
    ['oven', { title: 'Oven', parent_id: 'oats', list_id: null }],
    ['beans', { title: 'Plant beans', parent_id: null, list_id: 'garden' }],
    ['peas', { title: 'Plant peas', parent_id: null, list_id: 'garden' }],
  ]),
  lists: new Map([
    ['garden', 'Garden'],
    ['home', 'Home'],
  ]),
  isComplete: true,
};

const headlines = (...revisions: Revision[]) => tell(revisions, names).map(({ headline }: Story) => toText(headline));
const headline = (...entries: Entry[]) => headlines(revision(1, ...entries))[0];

const done: Diff = { status: { from: 'todo', to: 'done' } };
const position: Diff = {};

describe('a revision of one task or list', () => {
  test.each<[string, Entry]>([
    ['Created “Buy milk”', task('milk', 'created')],
    ['Created “Oats” under “Buy milk”', task('oats', 'created')],
    ['Created “Plant beans” in list “Garden”', task('beans', 'created')],
    ['Restored “Buy milk”', task('milk', 'restored')],
    ['Deleted “Buy milk”', task('milk', 'deleted')],
    ['Completed “Buy milk”', task('milk', 'updated', done)],
    ['Reopened “Buy milk”', task('milk', 'updated', { status: { from: 'done', to: 'todo' } })],
    ['Started “Buy milk”', task('milk', 'updated', { status: { from: 'todo', to: 'in_progress' } })],
    [
      'Changed the status of “Buy milk” from In progress to To do',
      task('milk', 'updated', { status: { from: 'in_progress', to: 'todo' } }),
    ],
    ['Renamed “Milk” to “Buy milk”', task('milk', 'updated', { title: { from: 'Milk', to: 'Buy milk' } })],
    ['Renamed list “Yard” to “Garden”', list('garden', 'updated', { name: { from: 'Yard', to: 'Garden' } })],
    ['Set the priority of “Buy milk” to High', task('milk', 'updated', { priority: { from: 'none', to: 'high' } })],
    ['Removed the priority of “Buy milk” (Low)', task('milk', 'updated', { priority: { from: 'low', to: 'none' } })],
    [
      'Changed the priority of “Buy milk” from Low to High',
      task('milk', 'updated', { priority: { from: 'low', to: 'high' } }),
    ],
    ['Added a description to “Buy milk”', task('milk', 'updated', { description: { from: null, to: 'Two' } })],
    ['Edited the description of “Buy milk”', task('milk', 'updated', { description: { from: 'One', to: 'Two' } })],
    ['Removed the description of “Buy milk”', task('milk', 'updated', { description: { from: 'One', to: null } })],
    ['Tagged “Buy milk” with #home', task('milk', 'updated', { tags: { from: ['a'], to: ['a', 'home'] } })],
    ['Removed #home from “Buy milk”', task('milk', 'updated', { tags: { from: ['home'], to: [] } })],
    ['Changed the tags of “Buy milk”', task('milk', 'updated', { tags: { from: ['a'], to: ['b'] } })],
    [
      'Moved “Buy milk” from the inbox to list “Garden”',
      task('milk', 'updated', { list_id: { from: null, to: 'garden' } }),
    ],
    [
      'Moved “Buy milk” from a deleted list to the inbox',
      task('milk', 'updated', { list_id: { from: 'gone', to: null } }),
    ],
    ['Moved “Oats” under “Buy milk”', task('oats', 'updated', { parent_id: { from: null, to: 'milk' } })],
    ['Moved “Buy milk” out of “Oats”', task('milk', 'updated', { parent_id: { from: 'oats', to: null } })],
    [
      'Moved “Buy milk” from list “Garden” to list “Home”',
      task('milk', 'updated', { list_id: { from: 'garden', to: 'home' }, parent_id: { from: 'beans', to: null } }),
    ],
    ['Changed the position of “Buy milk”', task('milk', 'updated', position)],
    ['Changed the position of list “Garden”', list('garden', 'updated', position)],
    [
      'Changed title, priority and tags of “Buy milk”',
      task('milk', 'updated', {
        title: { from: 'Milk', to: 'Buy milk' },
        priority: { from: 'none', to: 'low' },
        tags: { from: [], to: ['home'] },
      }),
    ],
    ['Changed “Buy milk” (what exactly isn’t stored any more)', task('milk', 'updated', null)],
    ['Created list “Garden”', list('garden', 'created')],
    ['Deleted list “Garden”', list('garden', 'deleted')],
    ['Deleted a list', list('gone', 'deleted')],
    ['Created a since-deleted task', task('gone', 'created')],
    ['Deleted a task', task('gone', 'deleted')],
    ['Renamed “Old” to “New”', task('gone', 'updated', { title: { from: 'Old', to: 'New' } })],
  ])('is told as: %s', (expected, entry) => {
    expect(headline(entry)).toBe(expected);
  });

  test('names due dates as the locale does', () => {
    const text = headline(task('milk', 'updated', { due_date: { from: null, to: '2031-05-04' } }));
    expect(text).toMatch(/^Set the due date of “Buy milk” to .*2031/);
    const removed = headline(task('milk', 'updated', { due_date: { from: '2031-05-04', to: null } }));
    expect(removed).toMatch(/^Removed the due date of “Buy milk” \(.*2031\)$/);
  });
});

describe('a revision of several tasks or lists', () => {
  const [oats, oven] = [task('oats', 'updated', done), task('oven', 'updated', done)];
  const moved = (id: string) => task(id, 'updated', { list_id: { from: null, to: 'garden' } });

  test.each<[string, Entry[]]>([
    ['Completed “Buy milk” and 2 sub-tasks', [task('milk', 'updated', done), oats, oven]],
    [
      'Completed “Buy milk” and 1 sub-task',
      [oats, task('milk', 'updated', { status: { from: 'in_progress', to: 'done' } })],
    ],
    ['Completed “Plant beans” and “Plant peas”', [task('beans', 'updated', done), task('peas', 'updated', done)]],
    [
      'Completed “Buy milk” and 2 other tasks',
      [task('milk', 'updated', done), task('beans', 'updated', done), task('peas', 'updated', done)],
    ],
    ['Deleted “Buy milk” and 2 sub-tasks', [task('milk', 'deleted'), task('oats', 'deleted'), task('oven', 'deleted')]],
    ['Moved “Buy milk” and 2 sub-tasks to list “Garden”', [moved('milk'), moved('oats'), moved('oven')]],
    [
      'Moved “Oats” and 1 sub-task under “Buy milk”',
      [
        task('oats', 'updated', { parent_id: { from: null, to: 'milk' }, list_id: { from: 'garden', to: null } }),
        task('oven', 'updated', { list_id: { from: 'garden', to: null } }),
      ],
    ],
    ['Created “Plant beans” and “Plant peas” in list “Garden”', [task('beans', 'created'), task('peas', 'created')]],
    [
      'Set the priority of “Plant beans” and “Plant peas” to High',
      ['beans', 'peas'].map((id) => task(id, 'updated', { priority: { from: 'none', to: 'high' } })),
    ],
    [
      'Changed “Buy milk” and 1 sub-task',
      [task('milk', 'updated', { ...done, priority: { from: 'none', to: 'high' } }), oats],
    ],
    ['Changed the order of 2 tasks', [task('milk', 'updated', position), task('beans', 'updated', position)]],
    [
      'Moved “Oats” under “Buy milk”',
      [task('oats', 'updated', { parent_id: { from: null, to: 'milk' } }), task('oven', 'updated', position)],
    ],
    [
      'Deleted list “Garden” with 2 tasks',
      [task('beans', 'deleted'), task('peas', 'deleted'), list('garden', 'deleted')],
    ],
    ['Restored list “Garden” with 1 task', [list('garden', 'restored'), task('beans', 'restored')]],
    [
      'Deleted list “Garden” and moved 1 task to the inbox',
      [task('beans', 'updated', { list_id: { from: 'garden', to: null } }), list('garden', 'deleted')],
    ],
    [
      'Restored list “Garden” and moved 1 task back to it',
      [list('garden', 'restored'), task('beans', 'updated', { list_id: { from: null, to: 'garden' } })],
    ],
    [
      'Created 2 lists and 2 tasks',
      [list('garden', 'created'), list('home', 'created'), task('milk', 'created'), task('beans', 'created')],
    ],
    [
      'Created “Buy milk”, changed “Plant beans” and deleted 2 tasks',
      [task('milk', 'created'), task('beans', 'updated', done), task('oats', 'deleted'), task('peas', 'deleted')],
    ],
    ['Created “Buy milk”', [task('milk', 'created'), task('milk', 'updated', done)]],
    ['Deleted “Buy milk”', [task('milk', 'updated', done), task('milk', 'deleted')]],
    ['Made changes that cancel each other out', [task('milk', 'created'), task('milk', 'deleted')]],
    [
      'Renamed “A” to “C”',
      [
        task('milk', 'updated', { title: { from: 'A', to: 'B' } }),
        task('milk', 'updated', { title: { from: 'B', to: 'C' } }),
      ],
    ],
  ])('is told as: %s', (expected, entries) => {
    expect(headline(...entries)).toBe(expected);
  });
});

test('revisions name tasks and lists as they were called then', () => {
  expect(
    headlines(
      revision(6, task('milk', 'updated', done)),
      revision(5, task('milk', 'updated', { title: { from: 'Milk', to: 'Buy milk' } })),
      revision(4, task('milk', 'updated', { list_id: { from: 'garden', to: null } })),
      revision(3, list('garden', 'updated', { name: { from: 'Yard', to: 'Garden' } })),
      revision(2, task('milk', 'created')),
      revision(1, list('garden', 'created')),
    ),
  ).toEqual([
    'Completed “Buy milk”',
    'Renamed “Milk” to “Buy milk”',
    'Moved “Milk” from list “Garden” to the inbox',
    'Renamed list “Yard” to “Garden”',
    'Created “Milk” in list “Yard”',
    'Created list “Yard”',
  ]);
});

test('without all names, a task without one may still exist', () => {
  const [story] = tell([revision(1, task('unknown', 'created'))], { ...names, isComplete: false });
  expect(story && toText(story.headline)).toBe('Created a task');
});
