import type { List } from '@taskward/api-core/contract';
import { foldText } from '@taskward/db/text';
import { byPosition, childrenOf, INBOX, type Row, type View } from '../sync/view';
import { type Address, hasFilters, type Sort } from './address';

/** A task in a list. */
export interface ListItem {
  readonly row: Row;
  /** How deep it stands below the first level shown. */
  readonly level: number;
}

export interface Group {
  /** `overdue`, `today`, a date, `tasks` or `done`. */
  readonly key: string;
  readonly items: readonly ListItem[];
}

export interface Counts {
  readonly today: number;
  readonly overdue: number;
  readonly upcoming: number;
  readonly all: number;
  readonly done: number;
  /** Open tasks by the id of their list, or `inbox`. */
  readonly lists: ReadonlyMap<string, number>;
}

export function sortedLists({ lists }: View): List[] {
  return [...lists.values()].sort(byPosition);
}

/** Whether the user arranges this view by hand. */
export function isManual(address: Address, view: View): boolean {
  return !hasFilters(address) && address.sort === undefined && isList(address, view);
}

export function isList({ view: name }: Address, { lists }: View): boolean {
  return name === INBOX || lists.has(name);
}

export function countOpen({ tasks }: View, today: string): Counts {
  const counts = { today: 0, overdue: 0, upcoming: 0, all: 0, done: 0 };
  const lists = new Map<string, number>();
  for (const { completed, due_date: due, list_id } of tasks.values()) {
    if (completed) {
      counts.done++;
      continue;
    }
    counts.all++;
    if (due !== null && due < today) counts.overdue++;
    if (due !== null && due <= today) counts.today++;
    if (due !== null && due > today) counts.upcoming++;
    const list = list_id ?? INBOX;
    lists.set(list, (lists.get(list) ?? 0) + 1);
  }
  return { ...counts, lists };
}

/** The tags in use, the most frequent first. */
export function tagsOf({ tasks }: View): string[] {
  const counts = new Map<string, number>();
  for (const { tags } of tasks.values()) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([tag]) => tag);
}

/** What an address shows, in groups. */
export function select(view: View, address: Address, today: string): Group[] {
  if (isManual(address, view)) return selectTree(view, address.view);
  const rows = [...view.tasks.values()].filter(matcher(view, address, today));
  // A search is in all views.
  const name = address.q ? 'search' : address.view;
  rows.sort(compare(address.sort ?? (name === 'done' ? 'completed' : 'due')));
  const items = rows.map((row) => ({ row, level: 0 }));
  const byDate = address.sort ? undefined : BY_DATE[name];
  const keyOf = byDate ?? ((row: Row) => (row.completed && name !== 'done' ? 'done' : 'tasks'));
  return groupBy(items, ({ row }) => keyOf(row, today));
}

/** The groups of the views of which the date is the point. */
const BY_DATE: Record<string, ((row: Row, today: string) => string) | undefined> = {
  today: (row, today) => (isOverdue(row, today) ? 'overdue' : 'today'),
  upcoming: ({ due_date }) => due_date ?? '',
};

export function isOverdue({ due_date: due, completed }: Row, today: string): boolean {
  return due !== null && due < today && !completed;
}

function selectTree(view: View, name: string): Group[] {
  const walk = (rows: readonly Row[], level: number): ListItem[] =>
    rows.flatMap((row) => [{ row, level }, ...walk(childrenOf(view, row.id), level + 1)]);
  const top = childrenOf(view, name);
  const done = top.filter(({ completed }) => completed).sort(compare('completed'));
  const groups = [
    {
      key: 'tasks',
      items: walk(
        top.filter(({ completed }) => !completed),
        0,
      ),
    },
    { key: 'done', items: walk(done, 0) },
  ];
  return groups.filter(({ items }) => items.length > 0);
}

/** What a row says of the tasks around it: the sub-tasks directly below, and its parent where that is not shown above it. */
export function relativesOf(view: View, { row, level }: ListItem) {
  const below = childrenOf(view, row.id);
  const done = below.filter(({ completed }) => completed).length;
  const parent = level === 0 && row.parent_id !== null ? view.tasks.get(row.parent_id) : undefined;
  return { done, total: below.length, parentTitle: parent?.title };
}

function groupBy(items: readonly ListItem[], keyOf: (item: ListItem) => string): Group[] {
  const groups = new Map<string, ListItem[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups].map(([key, group]) => ({ key, items: group }));
}

function matcher(view: View, address: Address, today: string): (row: Row) => boolean {
  const words = foldText(address.q).split(/\s+/).filter(Boolean);
  const inView = words.length > 0 ? () => true : viewMatcher(view, address, today);
  return (row) =>
    inView(row) &&
    address.tags.every((tag) => row.tags.includes(tag)) &&
    (address.priority === undefined || row.priority === address.priority) &&
    words.every((word) => has(row, word));
}

/** A word with `#` is the beginning of a tag. */
function has(row: Row, word: string): boolean {
  const tag = word.startsWith('#') ? word.slice(1) : '';
  return tag === '' ? searchText(row).includes(word) : row.tags.some((one) => foldText(one).startsWith(tag));
}

function viewMatcher(view: View, address: Address, today: string): (row: Row) => boolean {
  const matchers: Record<string, (row: Row) => boolean> = {
    today: ({ completed, due_date: due }) => !completed && due !== null && due <= today,
    upcoming: ({ completed, due_date: due }) => !completed && due !== null && due > today,
    all: ({ completed }) => !completed,
    done: ({ completed }) => completed,
    inbox: ({ list_id }) => list_id === null,
  };
  return matchers[address.view] ?? (({ list_id }) => view.lists.has(address.view) && list_id === address.view);
}

/** As the API searches: title, description and tags, without case and accents. */
function searchText(row: Row): string {
  const known = SEARCH_TEXTS.get(row);
  if (known !== undefined) return known;
  const text = foldText([row.title, row.description ?? '', ...row.tags].join('\n'));
  SEARCH_TEXTS.set(row, text);
  return text;
}
const SEARCH_TEXTS = new WeakMap<Row, string>();

const RANKS = { high: 0, medium: 1, low: 2, none: 3 };
const collator = new Intl.Collator(undefined, { numeric: true });
const newest = (a: Row, b: Row) => (a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : 0);
const descending = (a: string, b: string) => (a < b ? 1 : a > b ? -1 : 0);
const COMPARE: Record<Sort | 'completed', (a: Row, b: Row) => number> = {
  due: (a, b) =>
    -descending(a.due_date ?? '~', b.due_date ?? '~') || RANKS[a.priority] - RANKS[b.priority] || newest(a, b),
  priority: (a, b) => RANKS[a.priority] - RANKS[b.priority] || COMPARE.due(a, b),
  newest,
  updated: (a, b) => descending(a.updated_at, b.updated_at),
  title: (a, b) => collator.compare(a.title, b.title),
  completed: (a, b) => descending(a.completed_at ?? '', b.completed_at ?? ''),
};

/** Open tasks come before done ones. */
function compare(sort: Sort | 'completed'): (a: Row, b: Row) => number {
  return (a, b) => Number(a.completed) - Number(b.completed) || COMPARE[sort](a, b);
}
