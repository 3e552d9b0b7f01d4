import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  date,
  foreignKey,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  smallint,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';
import { user } from './auth';
import { bytewise, ownRowsOnly, timestamptz } from './columns';
import { lists } from './lists';

// Text with a check, not an enum: row-level security keeps operators that are not leakproof from using an index, and
// those of enums are not (https://www.postgresql.org/docs/current/rules-privileges.html).
const statuses = ['todo', 'in_progress', 'done'] as const;
const priorities = ['none', 'low', 'medium', 'high'] as const;
const oneOf = (values: readonly string[]) => sql.raw(values.map((value) => `'${value}'`).join(', '));

export const tasks = pgTable(
  'tasks',
  {
    userId: text('user_id')
      .notNull()
      .references(() => user.id, { onDelete: 'cascade' }),
    id: uuid('id').notNull(),
    title: text('title').notNull(),
    description: text('description'),
    status: text('status', { enum: statuses }).notNull().default('todo'),
    priority: text('priority', { enum: priorities }).notNull().default('none'),
    dueDate: date('due_date', { mode: 'string' }),
    completedAt: timestamptz('completed_at'),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
    updatedAt: timestamptz('updated_at').notNull().defaultNow(),
    version: integer('version').notNull().default(1),
    /** The title, folded: what `title` sorts by, and one of the two that `q` searches. */
    titleKey: bytewise('title_key'),
    /** The description, folded, empty where there is none. Null until the text of the row has been normalized and folded. */
    descriptionKey: bytewise('description_key'),
    /** Null for the inbox; that of its parent, where it has one. */
    listId: uuid('list_id'),
    parentId: uuid('parent_id'),
    /** What the tasks of a place are ordered by. A trigger puts one without it last. */
    position: bytewise('position')
      .notNull()
      .$defaultFn(() => sql`default`),
    /** Among which tasks it stands: those with the same parent or, at the top level, in the same list. */
    place: uuid('place').generatedAlwaysAs(
      sql`coalesce(parent_id, list_id, '00000000-0000-0000-0000-000000000000'::uuid)`,
    ),
    /** What `priority` sorts by. */
    priorityRank: smallint('priority_rank').generatedAlwaysAs(
      sql`case priority when 'none' then 0 when 'low' then 1 when 'medium' then 2 else 3 end`,
    ),
  },
  (t) => [
    primaryKey({ name: 'tasks_pkey', columns: [t.userId, t.id] }),
    // The migration makes these three deferrable. None cascades: the journal would not have what a cascade deletes.
    unique('tasks_by_place').on(t.userId, t.place, t.position),
    foreignKey({ name: 'tasks_list_fkey', columns: [t.userId, t.listId], foreignColumns: [lists.userId, lists.id] }),
    foreignKey({ name: 'tasks_parent_fkey', columns: [t.userId, t.parentId], foreignColumns: [t.userId, t.id] }),
    index('tasks_in_inbox').on(t.userId, t.createdAt, t.id).where(sql`list_id is null`),
    index('tasks_by_list').on(t.userId, t.listId, t.createdAt, t.id).where(sql`list_id is not null`),
    index('tasks_by_parent').on(t.userId, t.parentId, t.createdAt, t.id).where(sql`parent_id is not null`),
    // One for each order of a list; each is read forwards and backwards.
    index('tasks_by_created_at').on(t.userId, t.createdAt, t.id),
    index('tasks_by_updated_at').on(t.userId, t.updatedAt, t.id),
    index('tasks_by_priority').on(t.userId, t.priorityRank, t.id),
    index('tasks_by_title').on(t.userId, t.titleKey, t.id),
    // Two for due dates, as tasks without one come last either way. `coalesce` would say it shorter, but counts as leaky.
    index('tasks_by_due_date').on(
      t.userId,
      sql`(case when due_date is null then 'infinity'::date else due_date end)`,
      t.id,
    ),
    index('tasks_by_due_date_desc').on(
      t.userId,
      sql`(case when due_date is null then '-infinity'::date else due_date end)`,
      t.id,
    ),
    index('tasks_by_status').on(t.userId, t.status, t.createdAt, t.id),
    check('tasks_status', sql`${t.status} in (${oneOf(statuses)})`),
    check('tasks_priority', sql`${t.priority} in (${oneOf(priorities)})`),
    check('tasks_title_length', sql`char_length(${t.title}) between 1 and 255`),
    check('tasks_title_no_control', sql`${t.title} !~ '[\\u0001-\\u001F\\u007F-\\u009F]'`),
    check('tasks_description_length', sql`char_length(${t.description}) <= 10000`),
    check('tasks_done_has_completed_at', sql`(${t.status} = 'done') = (${t.completedAt} is not null)`),
    check('tasks_due_date_year', sql`${t.dueDate} between '0001-01-01' and '9999-12-31'`),
    check('tasks_version_positive', sql`${t.version} >= 1`),
    ownRowsOnly('tasks_owner_only'),
  ],
);

export const taskTags = pgTable(
  'task_tags',
  {
    userId: text('user_id').notNull(),
    taskId: uuid('task_id').notNull(),
    tag: bytewise('tag').notNull(),
  },
  (t) => [
    primaryKey({ name: 'task_tags_pkey', columns: [t.userId, t.taskId, t.tag] }),
    foreignKey({
      name: 'task_tags_task_fkey',
      columns: [t.userId, t.taskId],
      foreignColumns: [tasks.userId, tasks.id],
    }).onDelete('cascade'),
    index('task_tags_by_tag').on(t.userId, t.tag, t.taskId),
    check('task_tags_tag_length', sql`char_length(${t.tag}) between 1 and 50`),
    ownRowsOnly('task_tags_owner_only'),
  ],
);

/** The responses to writes with an `Idempotency-Key`, stored for a day to be replayed. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    userId: text('user_id')
      .notNull()
      .references(() => user.id, { onDelete: 'cascade' }),
    key: bytewise('key').notNull(),
    /** Of method, path and body: the same key with another request is refused. */
    fingerprint: text('fingerprint').notNull(),
    /** The resource as it was returned, its fields in that order. */
    response: json('answer').notNull(),
    /** The revision that the write made; null where it changed nothing. */
    revision: bigint('revision', { mode: 'number' }),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'idempotency_keys_pkey', columns: [t.userId, t.key] }),
    index('idempotency_keys_by_created_at').on(t.userId, t.createdAt),
    check('idempotency_keys_key_length', sql`char_length(${t.key}) between 1 and 255`),
    ownRowsOnly('idempotency_keys_owner_only'),
  ],
);
