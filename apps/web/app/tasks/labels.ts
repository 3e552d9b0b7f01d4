import type { Task, TaskInput } from '@taskward/api-core/contract';
import { formatDue } from '../dates';

export const STATUS = { todo: 'To do', in_progress: 'In progress', done: 'Done' } as const;
export const PRIORITY = { none: 'No priority', low: 'Low', medium: 'Medium', high: 'High' } as const;

/** What a person can change of a task, by its name on the page. */
export const FIELDS = {
  title: 'Title',
  description: 'Description',
  status: 'Status',
  priority: 'Priority',
  due_date: 'Due',
  tags: 'Tags',
} as const satisfies Record<Exclude<keyof TaskInput, 'list_id' | 'parent_id'>, string>;
export type Field = keyof typeof FIELDS;

/** The value of a field, in words. */
export function inWords<F extends Field>(field: F, value: Task[F]): string {
  if (value === null || value.length === 0) return 'none';
  if (field === 'status') return STATUS[value as Task['status']];
  if (field === 'priority') return PRIORITY[value as Task['priority']];
  if (field === 'due_date') return formatDue(value as string);
  return typeof value === 'string' ? value : value.join(', ');
}

export function isSame(a: Task[Field] | undefined, b: Task[Field] | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
