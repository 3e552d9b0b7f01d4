import type { Diff, Task } from '@taskward/api-core/contract';
import { formatDue } from '../dates';
import type { Phrase } from '../online/phrase';
import { PRIORITY, STATUS } from '../tasks/labels';
import { listPhrase, type Names, taskPhrase } from './names';

export type Field = keyof Diff;
export type Difference = { readonly from: unknown; readonly to: unknown };

/** The fields by their names in a sentence. */
export const FIELDS: Readonly<Record<Field, string>> = {
  title: 'title',
  name: 'name',
  description: 'description',
  status: 'status',
  priority: 'priority',
  due_date: 'due date',
  tags: 'tags',
  list_id: 'list',
  parent_id: 'parent task',
};

export const differencesOf = (diff: Diff): [Field, Difference][] =>
  // The keys of a diff are fields.
  Object.entries(diff) as [Field, Difference][];

/** A value of a field in words. Titles and descriptions are left as they are. */
export function inWords(field: Field, value: unknown, names: Names): Phrase {
  // The values of a diff have the types of their fields; `difference` in the contract relates them.
  if (field === 'status') return [STATUS[value as Task['status']]];
  if (field === 'priority') return [PRIORITY[value as Task['priority']]];
  if (field === 'list_id') return value === null ? ['Inbox'] : listPhrase(names, value as string);
  if (value === null || (Array.isArray(value) && value.length === 0)) return ['None'];
  if (field === 'parent_id') return taskPhrase(names, value as string);
  if (field === 'due_date') return [formatDue(value as string)];
  if (field === 'tags') return (value as string[]).flatMap((tag, i) => [...(i > 0 ? [', '] : []), { tag }]);
  return [value as string];
}
