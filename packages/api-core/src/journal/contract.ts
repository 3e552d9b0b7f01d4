import * as z from 'zod';
import { commonErrors, noInput, type Operation, UserPathParams } from '../kit/operation';
import { toEntityTag } from '../kit/preconditions';
import { MAX_TOKEN, TOKEN } from '../kit/sync-token';
import { List, type ListInput } from '../lists/contract';
import { Task, type TaskInput } from '../tasks/contract';

const MAX_LIMIT = 500;
const MAX_PAGE_LIMIT = 100;
const MAX_CURSOR = 200;
const MAX_ENTRIES = 16_384;

/** A resource that was changed, as it is now. */
const Change = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('task'),
    id: z.uuid(),
    task: Task.nullable().describe('As it is now; null where it does not exist any more.'),
  }),
  z.strictObject({
    type: z.literal('list'),
    id: z.uuid(),
    list: List.nullable().describe('As it is now; null where it does not exist any more.'),
  }),
]);
export type Change = z.output<typeof Change>;

const token = z
  .string()
  .meta({ maxLength: MAX_TOKEN, pattern: '^[A-Za-z0-9.~-]+$', description: 'For `since`, the next time.' });

export const ChangePage = z
  .strictObject({
    changes: z.array(Change).meta({ maxItems: MAX_LIMIT, description: 'To be applied in this order.' }),
    token,
    has_more: z.boolean().describe('Whether more follows, with `since=token`.'),
    reset: z
      .boolean()
      .describe('Whether this is the first page of everything: once `has_more` is false, drop what was not in a page.'),
  })
  .meta({
    id: 'ChangePage',
    examples: [
      {
        changes: [{ type: 'task', id: '019a5f3e-7a3c-7c61-9d0e-3b1f6a2c4d58', task: null }],
        token: '1042.hd3k9x2f7q',
        has_more: false,
        reset: false,
      },
    ],
  });
export type ChangePage = z.output<typeof ChangePage>;

const singleValue = z.string({ error: 'One value is expected' });

export const ChangesQuery = z.strictObject({
  since: singleValue
    .max(MAX_TOKEN, { error: 'Invalid token', abort: true })
    .regex(TOKEN, 'Invalid token')
    .optional()
    .meta({ description: 'The `token` of the page before.' }),
  limit: singleValue
    .refine((text) => /^(500|[1-4]\d\d|[1-9]\d?)$/.test(text), `A whole number from 1 to ${MAX_LIMIT} is expected`)
    .transform(Number)
    .default(100)
    .meta({ type: 'integer', format: 'int32', minimum: 1, maximum: MAX_LIMIT, default: 100, description: 'How many.' }),
});
export type ChangesQuery = z.output<typeof ChangesQuery>;

const changesTag = { name: 'Changes', description: 'What was changed: for clients that keep a copy, and to undo it.' };

export const listChanges = {
  tag: changesTag,
  access: 'token',
  id: 'listChanges',
  method: 'GET',
  path: '/api/{user_id}/changes',
  summary: 'List changes',
  description: `Everything, in pages; with \`since\`, what was changed after that token. One loop serves the first
    synchronization and each later one: get, apply, keep \`token\`, and continue while \`has_more\`. After a page without
    \`has_more\`, the client has what the server had at one moment. A page also ends with the change that passes 1 MiB.
    A token is valid for 30 days after it ceased to be the newest one; one that is not is a 410: start without \`since\`.`,
  params: UserPathParams,
  query: ChangesQuery,
  success: { 200: ChangePage },
  errors: [...commonErrors, 'gone'],
} as const satisfies Operation;

export const streamChanges = {
  tag: changesTag,
  access: 'token',
  id: 'streamChanges',
  method: 'GET',
  path: '/api/{user_id}/events',
  summary: 'Stream changes',
  description: `The same as they happen, as server-sent events: each is a page of changes, named \`changes\`, with its token as
    the id. With \`Last-Event-ID\`, or \`since\`, what was missed comes first; without either, an event that has no changes
    gives the position. Comments keep the connection open. It ends when the access token expires, when the account is
    deleted, after at most an hour, when the client takes nothing for 30 s, and when the server shuts down: come back with
    the last id. Ten streams of a user may be open at once. A change that was made through another process of the server
    arrives within about two seconds.`,
  params: UserPathParams,
  query: ChangesQuery.pick({ since: true }),
  success: { 200: ChangePage },
  event: 'changes',
  errors: [...commonErrors, 'gone'],
} as const satisfies Operation;

const revision = z.int().min(1);
const timestamp = z.iso.datetime({ precision: 3 });

/** A field before and after a change. */
const difference = <T extends z.ZodType>(value: T) => z.strictObject({ from: value, to: value });
const { title, description, status, priority, due_date, tags, list_id, parent_id } = Task.shape;

/** What an update changed, of what a client can write of a task or a list: nothing where it moved among its siblings. */
export const Diff = z
  .strictObject({
    title: difference(title),
    description: difference(description),
    status: difference(status),
    priority: difference(priority),
    due_date: difference(due_date),
    tags: difference(tags),
    list_id: difference(list_id),
    parent_id: difference(parent_id),
    name: difference(List.shape.name),
  } satisfies Record<keyof TaskInput | keyof ListInput, unknown>)
  .partial();
export type Diff = z.output<typeof Diff>;

const Entry = z.strictObject({
  type: z.enum(['task', 'list']),
  id: z.uuid(),
  op: z.enum(['created', 'updated', 'deleted', 'restored']),
  version: z.int32().min(1).describe('After the change; of a deletion, the last one.'),
  diff: Diff.nullable().describe('Of an update, unless its contents were purged.'),
});

const Revision = z.strictObject({
  revision,
  at: timestamp,
  via: z.string().meta({ maxLength: 100, pattern: '^\\S+$', description: '`session`, or the id of the access key.' }),
  entries: z.array(Entry).meta({ maxItems: MAX_ENTRIES, description: 'In the order in which they were made.' }),
});
export type Revision = z.output<typeof Revision>;

const nextCursor = z
  .string()
  .meta({ maxLength: MAX_CURSOR, pattern: '^[\\w-]+$', description: 'Of the page after this one; null on the last.' })
  .nullable();

export const RevisionPage = z
  .strictObject({ data: z.array(Revision).meta({ maxItems: MAX_PAGE_LIMIT }), next_cursor: nextCursor })
  .meta({
    id: 'RevisionPage',
    examples: [
      {
        data: [
          {
            revision: 1042,
            at: '2026-03-01T09:30:00.000Z',
            via: 'session',
            entries: [
              {
                type: 'task',
                id: '019a5f3e-7a3c-7c61-9d0e-3b1f6a2c4d58',
                op: 'updated',
                version: 2,
                diff: { status: { from: 'todo', to: 'done' } },
              },
            ],
          },
        ],
        next_cursor: null,
      },
    ],
  });
export type RevisionPage = z.output<typeof RevisionPage>;

const PageQuery = z.strictObject({
  limit: singleValue
    .refine((text) => /^(100|[1-9]\d?)$/.test(text), `A whole number from 1 to ${MAX_PAGE_LIMIT} is expected`)
    .transform(Number)
    .default(50)
    .meta({
      ...{ type: 'integer', format: 'int32', minimum: 1, maximum: MAX_PAGE_LIMIT, default: 50 },
      description: 'How many.',
    }),
  cursor: singleValue
    .max(MAX_CURSOR, 'Invalid cursor')
    .optional()
    .meta({ minLength: 1, pattern: '^[\\w-]+$', description: '`next_cursor` of the page before, in the same list.' }),
});
export type PageQuery = z.output<typeof PageQuery>;

export const RevisionsQuery = PageQuery.extend({
  task: singleValue.pipe(z.uuid().toLowerCase()).optional().meta({
    type: 'string',
    format: 'uuid',
    maxLength: 36,
    description: 'Those that changed this task, with its entries alone.',
  }),
});
export type RevisionsQuery = z.output<typeof RevisionsQuery>;

export const listRevisions = {
  tag: changesTag,
  access: 'token',
  id: 'listRevisions',
  method: 'GET',
  path: '/api/{user_id}/revisions',
  summary: 'List revisions',
  description: `What was changed in the last 30 days, newest first; each write that changed something is a revision. Continue
    with \`next_cursor\`, or the \`Link\` header, until it is null. A page also ends with the revision that passes 1 MiB, so it
    may have fewer than \`limit\` revisions and still not be the last.`,
  params: UserPathParams,
  query: RevisionsQuery,
  success: { 200: RevisionPage },
  next: (page: RevisionPage) => page.next_cursor,
  errors: commonErrors,
} as const satisfies Operation;

export const UndoResult = z
  .strictObject({
    revision: revision.nullable().describe('The one that the undo made; null where it changed nothing.'),
  })
  .meta({ id: 'UndoResult', examples: [{ revision: 1043 }] });
export type UndoResult = z.output<typeof UndoResult>;

export const undoRevision = {
  tag: changesTag,
  access: 'token',
  id: 'undoRevision',
  method: 'POST',
  path: '/api/{user_id}/revisions/{revision}/undo',
  summary: 'Undo a revision',
  description: `Takes back all that a revision of the last 30 days changed, or nothing: deletes what it created, restores what it
    deleted, and sets the fields that it changed to their former values. Other fields stay as they are. This is a revision
    too, so that undoing it is a redo. What a revision did to one task or list counts as a whole; where that leaves nothing to
    take back, \`revision\` is null. 409 names each entry that prevents it: \`changed\`, where a field is not what the revision
    made it, or what it created was changed or deleted; \`taken\`, where the id of what it deleted is in use again; \`purged\`,
    where the contents of the task were purged; \`in_use\`, where there are newer tasks below or in what would be deleted or
    moved; \`parent_gone\`, where the parent or the list that it was in is deleted, or cannot take it back. With an \`Idempotency-Key\`, a retry returns the first response, for
    24 hours.`,
  params: UserPathParams.extend({
    revision: z
      .string()
      .regex(/^[1-9]\d{0,14}$/)
      .transform(Number)
      .meta({ type: 'integer', format: 'int64', minimum: 1, maximum: 999_999_999_999_999, description: 'Its number.' }),
  }),
  query: noInput,
  success: { 200: UndoResult },
  idempotent: true,
  errors: [...commonErrors, 'malformed_header', 'not_found', 'conflict'],
} as const satisfies Operation;

const TrashedTask = z.strictObject({
  task: Task.describe('As it was.'),
  deleted_at: timestamp,
  revision: revision.describe('The one that deleted it.'),
});
export type TrashedTask = z.output<typeof TrashedTask>;

export const TrashPage = z
  .strictObject({ data: z.array(TrashedTask).meta({ maxItems: MAX_PAGE_LIMIT }), next_cursor: nextCursor })
  .meta({ id: 'TrashPage', examples: [{ data: [], next_cursor: null }] });
export type TrashPage = z.output<typeof TrashPage>;

const trash = {
  tag: { name: 'Trash', description: 'Deleted tasks, for 30 days.' },
  access: 'token',
} as const;
const TrashPathParams = UserPathParams.extend({
  task_id: z.uuid().toLowerCase().meta({ description: 'The id of the deleted task.' }),
});

export const listTrash = {
  ...trash,
  id: 'listTrash',
  method: 'GET',
  path: '/api/{user_id}/trash',
  summary: 'List deleted tasks',
  description: `Those that were deleted in the last 30 days and were not created again, restored or purged since, newest
    deletion first. Continue with \`next_cursor\`, or the \`Link\` header, until it is null. A page also ends with the task that
    passes 1 MiB.`,
  params: UserPathParams,
  query: PageQuery,
  success: { 200: TrashPage },
  next: (page: TrashPage) => page.next_cursor,
  errors: commonErrors,
} as const satisfies Operation;

export const emptyTrash = {
  ...trash,
  id: 'emptyTrash',
  method: 'DELETE',
  path: '/api/{user_id}/trash',
  summary: 'Purge all deleted tasks',
  description: 'As the purge of each of them.',
  params: UserPathParams,
  query: noInput,
  success: { 204: null },
  errors: commonErrors,
} as const satisfies Operation;

export const restoreTask = {
  ...trash,
  id: 'restoreTask',
  method: 'POST',
  path: '/api/{user_id}/trash/{task_id}/restore',
  summary: 'Restore a deleted task',
  description: `Puts it back under its id, as it was; to the top level, or to the inbox, where its parent or list does not exist
    any more. Its version is one more than it had, so that no \`ETag\` names two
    contents.`,
  params: TrashPathParams,
  query: noInput,
  success: { 201: Task },
  etag: (task: Task) => toEntityTag(task.version),
  location: (task: Task) => `/api/${encodeURIComponent(task.user_id)}/tasks/${task.id}`,
  errors: [...commonErrors, 'not_found', 'conflict'],
} as const satisfies Operation;

export const purgeTask = {
  ...trash,
  id: 'purgeTask',
  method: 'DELETE',
  path: '/api/{user_id}/trash/{task_id}',
  summary: 'Purge a deleted task',
  description: `Deletes its contents at once, in its revisions and in stored responses, too. It cannot be restored, and its
    revisions cannot be undone. Makes no revision.`,
  params: TrashPathParams,
  query: noInput,
  success: { 204: null },
  errors: [...commonErrors, 'not_found'],
} as const satisfies Operation;
