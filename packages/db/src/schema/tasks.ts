import { sql } from 'drizzle-orm';
import {
  check,
  date,
  foreignKey,
  index,
  integer,
  pgEnum,
  pgPolicy,
  pgRole,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';
import { user } from './auth';

/** The role every task statement runs under: granted these tables, nothing else, and bound by their policies. */
export const todoUser = pgRole('todo_user').existing();

export const taskStatus = pgEnum('task_status', ['todo', 'in_progress', 'done']);
/** In rank order, so that sorting by the column sorts by urgency. */
export const taskPriority = pgEnum('task_priority', ['none', 'low', 'medium', 'high']);

// A scalar subquery is evaluated once for a statement; a bare function call once for a row.
const isOwner = sql`user_id = (select current_setting('app.user_id', true))`;
const ownerOnly = (name: string) =>
  pgPolicy(name, { as: 'permissive', for: 'all', to: todoUser, using: isOwner, withCheck: isOwner });

const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

export const tasks = pgTable(
  'tasks',
  {
    userId: text('user_id')
      .notNull()
      .references(() => user.id, { onDelete: 'cascade' }),
    id: uuid('id').notNull(),
    title: text('title').notNull(),
    description: text('description'),
    status: taskStatus('status').notNull().default('todo'),
    priority: taskPriority('priority').notNull().default('none'),
    dueDate: date('due_date', { mode: 'string' }),
    completedAt: moment('completed_at'),
    createdAt: moment('created_at').notNull().defaultNow(),
    updatedAt: moment('updated_at').notNull().defaultNow(),
    version: integer('version').notNull().default(1),
  },
  (t) => [
    primaryKey({ name: 'tasks_pkey', columns: [t.userId, t.id] }),
    index('tasks_user_id_created_at_idx').on(t.userId, t.createdAt, t.id),
    check('tasks_title_length', sql`char_length(${t.title}) between 1 and 255`),
    check('tasks_title_no_control', sql`${t.title} !~ '[\\u0001-\\u001F\\u007F-\\u009F]'`),
    check('tasks_description_length', sql`char_length(${t.description}) <= 10000`),
    check('tasks_done_has_completed_at', sql`(${t.status} = 'done') = (${t.completedAt} is not null)`),
    check('tasks_due_date_year', sql`${t.dueDate} between '0001-01-01' and '9999-12-31'`),
    check('tasks_version_positive', sql`${t.version} >= 1`),
    ownerOnly('tasks_owner_only'),
  ],
);

export const taskTags = pgTable(
  'task_tags',
  {
    userId: text('user_id').notNull(),
    taskId: uuid('task_id').notNull(),
    tag: text('tag').notNull(),
  },
  (t) => [
    primaryKey({ name: 'task_tags_pkey', columns: [t.userId, t.taskId, t.tag] }),
    foreignKey({
      name: 'task_tags_task_fkey',
      columns: [t.userId, t.taskId],
      foreignColumns: [tasks.userId, tasks.id],
    }).onDelete('cascade'),
    check('task_tags_tag_length', sql`char_length(${t.tag}) between 1 and 50`),
    ownerOnly('task_tags_owner_only'),
  ],
);
