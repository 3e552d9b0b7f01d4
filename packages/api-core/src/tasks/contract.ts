import { foldText, hasVisible, isStreamSafe, MAX_MARKS, normalizeText } from '@taskward/db/text';
import * as z from 'zod';
import { noInput, type Operation } from '../kit/operation';
import { toEntityTag } from '../kit/preconditions';

const control = /\p{Cc}/u;

/**
 * Text in NFC, of so many Unicode characters (code points, as PostgreSQL counts them), that a JSON text and a database can
 * both hold: no NUL and no lone surrogate. A line of text has no control character at all, and a name something to see.
 */
function text(limits: { min: number; max: number; line: boolean; name?: boolean }, schema = z.string()) {
  return schema
    .overwrite(normalizeText)
    .superRefine((value, ctx) => {
      const fault = (code: string, message: string) => ctx.addIssue({ code: 'custom', params: { code }, message });
      const length = [...value].length;
      if (length < limits.min) fault('too_short', `At least ${limits.min} character is needed`);
      if (length > limits.max) fault('too_long', `At most ${limits.max} characters are allowed`);
      if (limits.name && length > 0 && !hasVisible(value))
        fault('invisible', 'At least one visible character is needed');
      if (!isStreamSafe(value)) fault('too_many_marks', `At most ${MAX_MARKS} combining marks may follow each other`);
      if (!value.isWellFormed()) fault('malformed', 'Lone surrogates are not text');
      if (limits.line ? control.test(value) : value.includes('\0')) {
        fault('control_character', limits.line ? 'Control characters are not allowed' : 'NUL is not allowed');
      }
    })
    .meta(lengths(limits));
}

/** The same for the document, where JSON Schema counts code points too. */
function lengths({ min, max, line }: { min: number; max: number; line: boolean }) {
  return { minLength: min, maxLength: max, pattern: line ? '^\\P{Cc}*$' : '^[^\\u0000]*$' };
}

const TITLE = { min: 1, max: 255, line: true, name: true };
const DESCRIPTION = { min: 0, max: 10_000, line: false };
const TAG = { min: 1, max: 50, line: true, name: true };
const MAX_TAGS = 20;
const MAX_WORDS = 8;
const MAX_LIMIT = 100;
/** Longer than any that is given out: that of a title of 255 characters which JSON escapes. */
const MAX_CURSOR = 4096;
const MAX_FILTER_VALUES = 20;

const title = text(TITLE, z.string().trim());
// A byte order mark in front is not text, and not every decoder on the way would keep it.
const withoutBom = z.string().overwrite((value) => value.replace(/^\uFEFF+/, ''));
const description = text(DESCRIPTION, withoutBom).nullable();
const status = z.enum(['todo', 'in_progress', 'done']);
const priority = z.enum(['none', 'low', 'medium', 'high']);
const dueDate = z.iso
  .date({ error: 'A date is YYYY-MM-DD and in the calendar', abort: true })
  .refine((date) => date >= '0001-01-01', 'There is no year zero')
  .nullable();
const tags = z
  .array(text(TAG, z.string().trim().toLowerCase()))
  .max(MAX_TAGS, `At most ${MAX_TAGS} tags are allowed`)
  .transform((all) => [...new Set(all)]);

const timestamp = z.iso.datetime({ precision: 3 });

const EXAMPLE = {
  id: '019a5f3e-7a3c-7c61-9d0e-3b1f6a2c4d58',
  user_id: 'Zk3vT9qLr2WcXy7HbN4mDs8PfGa1JuKe',
  title: 'Water the plants',
  description: null,
  status: 'todo',
  completed: false,
  priority: 'high',
  due_date: '2026-03-01',
  tags: ['garden', 'home'],
  completed_at: null,
  created_at: '2026-02-27T09:30:00.000Z',
  updated_at: '2026-02-27T09:30:00.000Z',
  version: 1,
} as const;

/** The task as every answer shows it. */
export const Task = z
  .strictObject({
    id: z.uuid().describe('Made by the server (version 7, RFC 9562), or the one it was PUT under.'),
    user_id: z.string().meta({ maxLength: 255, pattern: '^\\S+$', description: 'Whose task it is.' }),
    title: z.string().meta(lengths(TITLE)),
    description: z.string().meta(lengths(DESCRIPTION)).nullable(),
    status,
    completed: z.boolean().describe('Whether `status` is `done`.'),
    priority,
    due_date: z.iso.date().nullable().describe('A day in the calendar, in no time zone.'),
    tags: z.array(z.string().meta(lengths(TAG))).meta({ maxItems: MAX_TAGS, description: 'A set, sorted.' }),
    completed_at: timestamp.nullable().describe('When it became `done`; null while it is not.'),
    created_at: timestamp,
    updated_at: timestamp.describe('When it last changed.'),
    version: z.int32().min(1).describe('Grows by one with each change. The `ETag` is made from it.'),
  })
  .meta({ id: 'Task', examples: [EXAMPLE] });
export type Task = z.output<typeof Task>;

/** A whole task as a client writes it; members left out take their default. */
export const TaskInput = z
  .strictObject({
    title,
    description: description.default(null),
    status: status.default('todo'),
    priority: priority.default('none'),
    due_date: dueDate.default(null),
    tags: tags.prefault([]),
  })
  .meta({
    id: 'TaskInput',
    description: 'A whole task; members left out take their default.',
    examples: [{ title: 'Water the plants', priority: 'high', due_date: '2026-03-01', tags: ['home', 'garden'] }],
  });
export type TaskInput = z.output<typeof TaskInput>;

/** A JSON Merge Patch (RFC 7396): only the members given change; null clears those that may be null. */
export const TaskPatch = z
  .strictObject({ title, description, status, priority, due_date: dueDate, tags })
  .partial()
  .meta({
    id: 'TaskPatch',
    description: 'A JSON Merge Patch (RFC 7396): the members given change; null clears those that may be null.',
    examples: [{ status: 'in_progress', due_date: null }],
  });
export type TaskPatch = z.output<typeof TaskPatch>;

export const Completion = z
  .strictObject({ completed: z.boolean() })
  .meta({ id: 'Completion', examples: [{ completed: true }] });

export const TaskPage = z
  .strictObject({
    data: z.array(Task).meta({ maxItems: MAX_LIMIT }),
    next_cursor: z
      .string()
      .meta({
        maxLength: MAX_CURSOR,
        pattern: '^[\\w-]+$',
        description: 'Of the page after this one; null on the last.',
      })
      .nullable(),
  })
  .meta({ id: 'TaskPage', examples: [{ data: [EXAMPLE], next_cursor: null }] });
export type TaskPage = z.output<typeof TaskPage>;

const singleValue = z.string({ error: 'One value is expected' });
const commaSeparated = <T extends string>(one: z.ZodType<T>) =>
  singleValue
    .transform((all): unknown[] => all.split(','))
    .pipe(z.array(one).max(MAX_FILTER_VALUES, `At most ${MAX_FILTER_VALUES} values are allowed`));
const repeated = z.union([z.string(), z.array(z.string())]).transform((given) => [given].flat());
const date = singleValue.pipe(dueDate.unwrap());
const SORT_KEYS = ['created_at', 'updated_at', 'due_date', 'priority', 'title'] as const;
const SORTS = SORT_KEYS.flatMap((key) => [key, `-${key}`] as const);

/** What a parameter stands for, where its text on the wire does not show it. */
const listOf = ({ options }: { options: readonly string[] }) => ({
  type: 'array',
  items: { type: 'string', enum: options },
  maxItems: MAX_FILTER_VALUES,
});
const day = { type: 'string', format: 'date', maxLength: 10 };

export const ListQuery = z.strictObject({
  limit: singleValue
    .refine((text) => /^(100|[1-9]\d?)$/.test(text), `A whole number from 1 to ${MAX_LIMIT} is expected`)
    .transform(Number)
    .default(50)
    .meta({ type: 'integer', format: 'int32', minimum: 1, maximum: MAX_LIMIT, default: 50, description: 'How many.' }),
  cursor: singleValue
    .max(MAX_CURSOR, 'No cursor is that long')
    .optional()
    .meta({ minLength: 1, pattern: '^[\\w-]+$', description: '`next_cursor` of the page before, in the same list.' }),
  status: commaSeparated(status)
    .optional()
    .meta({ ...listOf(status), description: 'With one of these.' }),
  priority: commaSeparated(priority)
    .optional()
    .meta({ ...listOf(priority), description: 'With one of these.' }),
  tag: repeated
    .pipe(tags)
    .optional()
    .meta({
      type: 'array',
      items: { type: 'string', ...lengths(TAG) },
      maxItems: MAX_TAGS,
      description: 'With all of these: `?tag=home&tag=garden`.',
    }),
  due_before: date.optional().meta({ ...day, description: 'Due on this day or before.' }),
  due_after: date.optional().meta({ ...day, description: 'Due on this day or after.' }),
  completed: singleValue
    .pipe(z.enum(['true', 'false']))
    .transform((text) => text === 'true')
    .optional()
    .meta({ type: 'boolean', description: 'Whether `status` is `done`.' }),
  q: singleValue
    .pipe(text({ min: 1, max: 200, line: true }, z.string().trim()))
    .transform((words) => [...new Set(foldText(words).split(/\s+/))])
    .pipe(z.array(z.string()).max(MAX_WORDS, `At most ${MAX_WORDS} different words are allowed`))
    .optional()
    .meta({
      ...lengths({ min: 1, max: 200, line: true }),
      description: `With each of these words, at most ${MAX_WORDS} different ones, in title or description. Compared without
        case (Unicode's full case folding), without accents on Latin and Greek letters, and \`ё\` as \`е\`.`,
    }),
  sort: singleValue
    .pipe(z.enum(SORTS))
    .default('-created_at')
    .meta({
      enum: SORTS,
      default: '-created_at',
      description: `\`-\` is descending. Ties go by id; tasks without a due date come last either way. Titles are compared as
      \`q\` compares words, then by code point.`,
    }),
});
export type ListQuery = z.output<typeof ListQuery>;

const UserPathParams = z.strictObject({
  user_id: z
    .string()
    .meta({ maxLength: 255, pattern: '^\\S+$', description: 'Your own id, which is the `sub` of your token.' }),
});
const TaskPathParams = UserPathParams.extend({
  task_id: z.uuid().toLowerCase().meta({ description: 'The id of the task.' }),
});
const json = ['application/json'];
const mergePatch = ['application/merge-patch+json', 'application/json'];
const location = (task: Task) => `/api/${encodeURIComponent(task.user_id)}/tasks/${task.id}`;
const etag = (task: Task) => toEntityTag(task.version);

const shared = { tag: 'Tasks', access: 'token' } as const;
const commonErrors = ['unauthorized', 'forbidden', 'validation', 'rate_limited', 'internal', 'unavailable'] as const;
const bodyErrors = ['malformed_body', 'payload_too_large', 'unsupported_media_type'] as const;

export const listTasks = {
  ...shared,
  id: 'listTasks',
  method: 'GET',
  path: '/api/{user_id}/tasks',
  summary: 'A page of your tasks',
  description: `Go on with \`next_cursor\`, or by the \`Link\` header, until it is null. A walk through the pages gives each
    task that was there throughout exactly once, whatever is written meanwhile, as long as what it is sorted by stays as it
    is. A cursor belongs to its sort and its filters. A page costs the same wherever it is. A page also ends with the
    task that passes 1 MiB, so it may have fewer than \`limit\` tasks and still not be the last.`,
  params: UserPathParams,
  query: ListQuery,
  success: { 200: TaskPage },
  next: (page: TaskPage) => page.next_cursor,
  errors: commonErrors,
} as const satisfies Operation;

export const createTask = {
  ...shared,
  id: 'createTask',
  method: 'POST',
  path: '/api/{user_id}/tasks',
  summary: 'Create a task',
  description: 'With an `Idempotency-Key`, sending it again gives the first answer again, for 24 hours.',
  params: UserPathParams,
  query: noInput,
  body: { schema: TaskInput, mediaTypes: json },
  success: { 201: Task },
  idempotent: true,
  etag,
  location,
  errors: [...commonErrors, ...bodyErrors, 'malformed_header', 'conflict'],
} as const satisfies Operation;

export const getTask = {
  ...shared,
  id: 'getTask',
  method: 'GET',
  path: '/api/{user_id}/tasks/{task_id}',
  summary: 'One task',
  description: 'With `If-None-Match`, a task that is still at that version is answered with 304 and no body.',
  params: TaskPathParams,
  query: noInput,
  success: { 200: Task, 304: null },
  etag,
  errors: [...commonErrors, 'not_found'],
} as const satisfies Operation;

export const replaceTask = {
  ...shared,
  id: 'replaceTask',
  method: 'PUT',
  path: '/api/{user_id}/tasks/{task_id}',
  summary: 'Replace a task whole, or create it under this id',
  description: `Members left out take their default. Safe to send again. \`If-Match\` replaces only that version of it,
    \`If-None-Match: *\` only creates.`,
  params: TaskPathParams,
  query: noInput,
  body: { schema: TaskInput, mediaTypes: json },
  success: { 200: Task, 201: Task },
  etag,
  location,
  errors: [...commonErrors, ...bodyErrors, 'not_found', 'conflict', 'precondition_failed'],
} as const satisfies Operation;

export const updateTask = {
  ...shared,
  id: 'updateTask',
  method: 'PATCH',
  path: '/api/{user_id}/tasks/{task_id}',
  summary: 'Change some members of a task',
  description: `A JSON Merge Patch (RFC 7396). \`{}\` changes nothing. \`If-Match\` changes only that version of it. With an
    \`Idempotency-Key\`, sending it again gives the first answer again, for 24 hours.`,
  params: TaskPathParams,
  query: noInput,
  body: { schema: TaskPatch, mediaTypes: mergePatch },
  success: { 200: Task },
  idempotent: true,
  etag,
  errors: [...commonErrors, ...bodyErrors, 'malformed_header', 'not_found', 'precondition_failed'],
} as const satisfies Operation;

export const deleteTask = {
  ...shared,
  id: 'deleteTask',
  method: 'DELETE',
  path: '/api/{user_id}/tasks/{task_id}',
  summary: 'Remove a task',
  description: '`If-Match` removes only that version of it.',
  params: TaskPathParams,
  query: noInput,
  success: { 204: null },
  errors: [...commonErrors, 'not_found', 'precondition_failed'],
} as const satisfies Operation;

export const completeTask = {
  ...shared,
  id: 'completeTask',
  method: 'PATCH',
  path: '/api/{user_id}/tasks/{task_id}/complete',
  summary: 'Complete a task, or reopen it',
  description: `\`{"completed": true}\` makes it \`done\`, \`false\` makes what is done \`todo\` again; without a body it
    toggles between the two. \`If-Match\` changes only that version of it. With an \`Idempotency-Key\`, sending it again gives
    the first answer again, for 24 hours.`,
  params: TaskPathParams,
  query: noInput,
  body: { schema: Completion, mediaTypes: mergePatch, optional: true },
  success: { 200: Task },
  idempotent: true,
  etag,
  errors: [...commonErrors, ...bodyErrors, 'malformed_header', 'not_found', 'precondition_failed'],
} as const satisfies Operation;
