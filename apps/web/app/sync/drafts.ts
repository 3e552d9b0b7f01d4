import type { Task } from '@taskward/api-core/contract';
import type { FieldError } from '@taskward/api-core/kit/client';

/** The id of the draft that is the line in which tasks are added. */
export const NEW_TASK = 'new';

/** Text that was typed and not saved. */
export type Draft =
  | { readonly id: typeof NEW_TASK; readonly text: string }
  | {
      /** Of the task. */
      readonly id: string;
      /** As the user saw it when the editor was opened. */
      readonly base: Task;
      readonly fields: FieldChanges;
      /** What the API said of it. */
      readonly errors?: readonly FieldError[];
    };

export type TaskDraft = Extract<Draft, { base: Task }>;

/** Some of the fields of a task. */
export type FieldChanges = { readonly [K in keyof Fields]?: Fields[K] | undefined };

/** What a user can edit of a task. */
export type Fields = Pick<Task, 'title' | 'description' | 'status' | 'priority' | 'due_date' | 'tags' | 'list_id'>;
