import { expect, test } from 'vitest';
import type { Row, View } from '../../app/sync/view';
import { parseAddress, toSearch } from '../../app/tasks/address';
import { countOpen, relativesOf, select, tagsOf } from '../../app/tasks/views';

const TODAY = '2026-03-04';

function row(id: string, fields: Partial<Row> = {}): Row {
  const status = fields.status ?? 'todo';
  return {
    id,
    user_id: 'ada',
    title: id,
    description: null,
    status,
    completed: status === 'done',
    priority: 'none',
    due_date: null,
    tags: [],
    list_id: null,
    parent_id: null,
    position: id,
    completed_at: status === 'done' ? '2026-03-01T00:00:00.000Z' : null,
    created_at: '2026-03-01T00:00:00.000Z',
    updated_at: '2026-03-01T00:00:00.000Z',
    version: 1,
    ...fields,
  };
}

const view = (...rows: Row[]): View => ({
  tasks: new Map(rows.map((one) => [one.id, one])),
  lists: new Map([
    [
      'garden',
      { id: 'garden', user_id: 'ada', name: 'Garden', position: '1', created_at: '', updated_at: '', version: 1 },
    ],
  ]),
});

/** The ids that an address shows, by the keys of their groups. */
const shown = (of: View, search: string) =>
  select(of, parseAddress(search), TODAY).map(({ key, items }) => [key, items.map((item) => item.row.id).join(' ')]);

const DATED = view(
  row('late', { due_date: '2026-03-01' }),
  row('now', { due_date: TODAY }),
  row('soon', { due_date: '2026-03-05' }),
  row('later', { due_date: '2026-04-01' }),
  row('some day'),
  row('finished', { due_date: '2026-03-01', status: 'done' }),
);

test('Today shows what is overdue first, and then what is due today', () => {
  expect(shown(DATED, '?view=today')).toEqual([
    ['overdue', 'late'],
    ['today', 'now'],
  ]);
});

test('Upcoming shows what is due later, by day', () => {
  expect(shown(DATED, '?view=upcoming')).toEqual([
    ['2026-03-05', 'soon'],
    ['2026-04-01', 'later'],
  ]);
});

test('All shows open tasks by due date, those without a date last, and Done shows the others', () => {
  expect(shown(DATED, '')).toEqual([['tasks', 'late now soon later some day']]);
  expect(shown(DATED, '?view=done')).toEqual([['tasks', 'finished']]);
});

test('counts are of open tasks', () => {
  const { lists, ...counts } = countOpen(DATED, TODAY);
  expect(counts).toEqual({ today: 2, overdue: 1, upcoming: 2, all: 5, done: 1 });
  expect(lists.get('inbox')).toBe(5);
});

test('a list shows the order of the user with sub-tasks below their task, and done tasks in a group of their own', () => {
  const list_id = 'garden';
  const garden = view(
    row('b', { list_id, position: '2' }),
    row('a', { list_id, position: '1' }),
    row('b1', { list_id, parent_id: 'b', position: '1', status: 'done' }),
    row('c', { list_id, position: '3', status: 'done' }),
    row('elsewhere'),
  );
  expect(shown(garden, '?view=garden')).toEqual([
    ['tasks', 'a b b1'],
    ['done', 'c'],
  ]);
  const [{ items = [] } = {}] = select(garden, parseAddress('?view=garden'), TODAY);
  expect(items.map((item) => [item.level, relativesOf(garden, item)])).toEqual([
    [0, { done: 0, total: 0, parentTitle: undefined }],
    [0, { done: 1, total: 1, parentTitle: undefined }],
    [1, { done: 0, total: 0, parentTitle: undefined }],
  ]);
  const [{ items: done = [] } = {}] = select(garden, parseAddress('?view=done'), TODAY);
  expect(done.map((item) => relativesOf(garden, item).parentTitle).filter(Boolean)).toEqual(['b']);
});

test.each([
  ['über', 'Über den Wolken'],
  ['ete', 'ÉTÉ'],
  ['москва', 'МОСКВА'],
  ['strasse', 'Straße fegen'],
])('a search for %s finds “%s”, in every view', (q, title) => {
  const texts = view(row('found', { title, status: 'done' }), row('other'));
  expect(shown(texts, `?view=today&q=${q}`)).toEqual([['done', 'found']]);
});

test('several tags and a priority are all required', () => {
  const tagged = view(
    row('both', { tags: ['home', 'garden'], priority: 'high' }),
    row('one', { tags: ['home'], priority: 'high' }),
    row('low', { tags: ['home', 'garden'], priority: 'low' }),
  );
  expect(shown(tagged, '?tag=home&tag=garden&priority=high')).toEqual([['tasks', 'both']]);
  expect(tagsOf(tagged)).toEqual(['home', 'garden']);
});

test('an address survives its URL, and what is not understood is left out', () => {
  const address = parseAddress('?view=today&q=a%26b&tag=home&tag=red, dark&priority=low&sort=title');
  expect(parseAddress(toSearch(address))).toEqual(address);
  expect(parseAddress('?priority=urgent&sort=nonsense&view=')).toEqual(parseAddress(''));
});
