import type { Task } from '@taskward/api-core/contract';
import { formatDue } from '../dates';
import type { Field } from '../sync/merge';

export const STATUS = { todo: 'To do', in_progress: 'In progress', done: 'Done' } as const;
export const PRIORITY = { none: 'None', low: 'Low', medium: 'Medium', high: 'High' } as const;

export const FIELD_LABELS: Record<Field, string> = {
  title: 'Title',
  description: 'Description',
  status: 'Status',
  priority: 'Priority',
  due_date: 'Due date',
  tags: 'Tags',
  list_id: 'List',
};

/** The value of a field as text. */
export function inWords(field: Field, value: Task[Field], listName: (id: string | null) => string): string {
  if (field === 'list_id') return listName(value as Task['list_id']);
  if (value === null || value.length === 0) return 'None';
  if (field === 'status') return STATUS[value as Task['status']];
  if (field === 'priority') return PRIORITY[value as Task['priority']];
  if (field === 'due_date') return formatDue(value as string);
  return typeof value === 'string' ? value : value.join(', ');
}

/** “Title”, shortened. */
export function quote(title: string): string {
  return `“${title.length > 60 ? `${title.slice(0, 60)}…` : title}”`;
}

/** "1 task", "2 tasks". */
export function count(n: number, noun: string): string {
  return `${new Intl.NumberFormat().format(n)} ${n === 1 ? noun : `${noun}s`}`;
}
