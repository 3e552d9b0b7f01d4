import { z } from 'zod';
import { noQuery, type Operation } from '../operation';
import { toEntityTag } from '../precondition';

const control = /\p{Cc}/u;

/**
 * Text of so many Unicode characters (code points, as PostgreSQL counts them) that a JSON text and a database can
 * both hold: no NUL and no lone surrogate. A line of text has no control character at all.
 */
function text(limits: { min: number; max: number; line: boolean }, schema = z.string()) {
  return schema
    .superRefine((value, ctx) => {
      const fault = (code: string, message: string) => ctx.addIssue({ code: 'custom', params: { code }, message });
      const length = [...value].length;
      if (length < limits.min) fault('too_short', `At least ${limits.min} character is needed`);
      if (length > limits.max) fault('too_long', `At most ${limits.max} characters are allowed`);
      if (!value.isWellFormed()) fault('malformed', 'Lone surrogates are not text');
      if (limits.line ? control.test(value) : value.includes('\0')) {
        fault('control_character', limits.line ? 'Control characters are not allowed' : 'NUL is not allowed');
      }
    })
    .meta({ minLength: limits.min, maxLength: limits.max });
}

const title = text({ min: 1, max: 255, line: true }, z.string().trim());
// A byte order mark in front is not text, and not every decoder on the way would keep it.
const withoutMark = z.string().overwrite((value) => value.replace(/^\uFEFF+/, ''));
const description = text({ min: 0, max: 10_000, line: false }, withoutMark).nullable();
const status = z.enum(['todo', 'in_progress', 'done']);
const priority = z.enum(['none', 'low', 'medium', 'high']);
const dueDate = z.iso
  .date({ error: 'A date is YYYY-MM-DD and in the calendar', abort: true })
  .refine((date) => date >= '0001-01-01', 'There is no year zero')
  .nullable();
const tags = z
  .array(text({ min: 1, max: 50, line: true }, z.string().trim().toLowerCase()))
  .max(20, 'At most 20 tags are allowed')
  .transform((all) => [...new Set(all)]);

const timestamp = z.iso.datetime({ precision: 3 });

/** The task as every answer shows it. */
export const Task = z
  .strictObject({
    id: z.uuid(),
    user_id: z.string(),
    title: z.string(),
    description: z.string().nullable(),
    status,
    completed: z.boolean().describe('Whether `status` is `done`.'),
    priority,
    due_date: z.iso.date().nullable(),
    tags: z.array(z.string()),
    completed_at: timestamp.nullable(),
    created_at: timestamp,
    updated_at: timestamp,
    version: z.int().min(1).describe('Grows by one with each change.'),
  })
  .meta({ id: 'Task' });
export type Task = z.output<typeof Task>;

/** A whole task as a client writes it; members left out take their default. */
export const TaskInput = z
  .strictObject({
    title,
    description: description.default(null),
    status: status.default('todo'),
    priority: priority.default('none'),
    due_date: dueDate.default(null),
    tags: tags.default([]),
  })
  .meta({ id: 'TaskInput' });
export type TaskInput = z.output<typeof TaskInput>;

/** A JSON Merge Patch (RFC 7396): only the members given change; null clears those that may be null. */
export const TaskPatch = z
  .strictObject({ title, description, status, priority, due_date: dueDate, tags })
  .partial()
  .meta({ id: 'TaskPatch' });
export type TaskPatch = z.output<typeof TaskPatch>;

export const Completion = z.strictObject({ completed: z.boolean() }).meta({ id: 'Completion' });

export const TaskPage = z
  .strictObject({ data: z.array(Task), next_cursor: z.string().nullable() })
  .meta({ id: 'TaskPage' });
export type TaskPage = z.output<typeof TaskPage>;

const once = z.string({ error: 'One value is expected' });
const commaSeparated = <T extends string>(one: z.ZodType<T>) =>
  once.transform((all): unknown[] => all.split(',')).pipe(z.array(one));
const repeated = z.union([z.string(), z.array(z.string())]).transform((given) => [given].flat());
const date = once.pipe(dueDate.unwrap());
const SORTS = ['created_at', 'updated_at', 'due_date', 'priority', 'title'] as const;

export const ListQuery = z.strictObject({
  limit: once
    .refine((text) => /^(100|[1-9]\d?)$/.test(text), 'A whole number from 1 to 100 is expected')
    .transform(Number)
    .default(50),
  cursor: once.optional(),
  status: commaSeparated(status).optional(),
  priority: commaSeparated(priority).optional(),
  tag: repeated.pipe(tags).optional(),
  due_before: date.optional(),
  due_after: date.optional(),
  completed: once
    .pipe(z.enum(['true', 'false']))
    .transform((text) => text === 'true')
    .optional(),
  q: once
    .pipe(text({ min: 1, max: 200, line: true }, z.string().trim()))
    .transform((words) => words.split(/\s+/))
    .optional(),
  sort: once.pipe(z.enum(SORTS.flatMap((key) => [key, `-${key}` as const]))).default('-created_at'),
});
export type ListQuery = z.output<typeof ListQuery>;

const ofUser = z.strictObject({ user_id: z.string() });
const ofTask = z.strictObject({ user_id: z.string(), task_id: z.uuid().toLowerCase() });
const json = ['application/json'];
const mergePatch = ['application/merge-patch+json', 'application/json'];
const location = (task: Task) => `/api/${encodeURIComponent(task.user_id)}/tasks/${task.id}`;

const etag = (task: Task) => toEntityTag(task.version);

const authenticated = ['unauthorized', 'forbidden', 'internal', 'unavailable'] as const;
const withBody = ['malformed_body', 'payload_too_large', 'unsupported_media_type', 'validation'] as const;

export const listTasks = {
  id: 'listTasks',
  method: 'GET',
  path: '/api/{user_id}/tasks',
  summary: 'A page of your tasks',
  params: ofUser,
  query: ListQuery,
  success: { 200: TaskPage },
  next: (page: TaskPage) => page.next_cursor,
  errors: [...authenticated, 'validation'],
} as const satisfies Operation;

export const createTask = {
  id: 'createTask',
  method: 'POST',
  path: '/api/{user_id}/tasks',
  summary: 'Create a task',
  params: ofUser,
  query: noQuery,
  body: { schema: TaskInput, mediaTypes: json },
  success: { 201: Task },
  idempotent: true,
  etag,
  location,
  errors: [...authenticated, ...withBody, 'malformed_header'],
} as const satisfies Operation;

export const getTask = {
  id: 'getTask',
  method: 'GET',
  path: '/api/{user_id}/tasks/{task_id}',
  summary: 'One task',
  params: ofTask,
  query: noQuery,
  success: { 200: Task, 304: null },
  etag,
  errors: [...authenticated, 'not_found', 'validation'],
} as const satisfies Operation;

export const replaceTask = {
  id: 'replaceTask',
  method: 'PUT',
  path: '/api/{user_id}/tasks/{task_id}',
  summary: 'Replace a task whole, or create it under this id',
  params: ofTask,
  query: noQuery,
  body: { schema: TaskInput, mediaTypes: json },
  success: { 200: Task, 201: Task },
  etag,
  location,
  errors: [...authenticated, 'not_found', 'precondition_failed', ...withBody],
} as const satisfies Operation;

export const updateTask = {
  id: 'updateTask',
  method: 'PATCH',
  path: '/api/{user_id}/tasks/{task_id}',
  summary: 'Change some members of a task',
  params: ofTask,
  query: noQuery,
  body: { schema: TaskPatch, mediaTypes: mergePatch },
  success: { 200: Task },
  idempotent: true,
  etag,
  errors: [...authenticated, 'not_found', 'precondition_failed', ...withBody, 'malformed_header'],
} as const satisfies Operation;

export const deleteTask = {
  id: 'deleteTask',
  method: 'DELETE',
  path: '/api/{user_id}/tasks/{task_id}',
  summary: 'Remove a task',
  params: ofTask,
  query: noQuery,
  success: { 204: null },
  errors: [...authenticated, 'not_found', 'precondition_failed', 'validation'],
} as const satisfies Operation;

export const completeTask = {
  id: 'completeTask',
  method: 'PATCH',
  path: '/api/{user_id}/tasks/{task_id}/complete',
  summary: 'Complete a task, reopen it, or, with no body, toggle between the two',
  params: ofTask,
  query: noQuery,
  body: { schema: Completion, mediaTypes: mergePatch, optional: true },
  success: { 200: Task },
  idempotent: true,
  etag,
  errors: [...authenticated, 'not_found', 'precondition_failed', ...withBody, 'malformed_header'],
} as const satisfies Operation;
