import { toJson } from '../kit/sql';
import type { TaskInput } from './contract';
import { fields } from './queries';

/** The columns of a task, for the SQL that writes them. */

/** The columns that a client writes in any write, with their types. Tags have a table of their own. */
export const inputTypes: Record<Exclude<keyof TaskInput, 'tags' | 'list_id' | 'parent_id'>, string> = {
  title: 'text',
  description: 'text',
  status: 'text',
  priority: 'text',
  due_date: 'date',
};
export type Column = keyof typeof inputTypes;
export const inputColumns = Object.keys(inputTypes) as Column[];
/** What title and description are searched by. */
export const keyColumns = ['title_key', 'description_key'] as const;
export type KeyColumn = (typeof keyColumns)[number];
export const isKeyColumn = (name: string): name is KeyColumn => (keyColumns as readonly string[]).includes(name);

/** Where a task stands. */
export const placeColumns = ['list_id', 'parent_id', 'position'] as const;

export const writtenColumns = [...inputColumns, ...keyColumns];

export const assign = <K extends string>(columns: readonly K[], value: (column: K) => string) =>
  Object.fromEntries(columns.map((column) => [column, value(column)])) as Record<K, string>;

/** How most texts are folded. A key that is equal to it need not be recorded. */
export const plainKey = (row: string, column: KeyColumn) =>
  `lower(coalesce(${row}.${column.replace('_key', '')}, '') collate "C")`;

export const journaled = { kind: 'task', count: 'tasks' } as const;
/** The fields of a task in terms of a row that has its tags. */
export const resultFields = { ...fields, tags: 'tags' };

/** A row as the journal keeps it, as JSON: with the keys, null where they are plain. */
const toImage = (row: string, tags: string) =>
  toJson({
    ...fields,
    tags,
    ...assign(keyColumns, (column) => `nullif(${column}, ${plainKey(row, column)})`),
  });
export const taskImage = toImage('tasks', fields.tags);
const imageTypes = {
  ...inputTypes,
  ...assign(keyColumns, () => 'text'),
  tags: 'text[]',
  list_id: 'uuid',
  parent_id: 'uuid',
  position: 'text',
  completed_at: 'timestamptz',
  created_at: 'timestamptz',
};
/** Such JSON as a record. */
export const imageRecord = Object.entries(imageTypes)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ');
/** The columns that are written from such a record, which is named `image`. */
export const imageColumns = Object.fromEntries(
  [...writtenColumns, ...placeColumns, 'completed_at', 'created_at'].map((column) => [
    column,
    isKeyColumn(column) ? `coalesce(image.${column}, ${plainKey('image', column)})` : `image.${column}`,
  ]),
);
