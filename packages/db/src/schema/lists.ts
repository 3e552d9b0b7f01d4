import { sql } from 'drizzle-orm';
import { check, integer, pgTable, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core';
import { user } from './auth';
import { bytewise, ownRowsOnly, timestamptz } from './columns';

export const lists = pgTable(
  'lists',
  {
    userId: text('user_id')
      .notNull()
      .references(() => user.id, { onDelete: 'cascade' }),
    id: uuid('id').notNull(),
    name: text('name').notNull(),
    /** What the lists of a user are ordered by, made by `key_between` alone. */
    position: bytewise('position').notNull(),
    createdAt: timestamptz('created_at').notNull().defaultNow(),
    updatedAt: timestamptz('updated_at').notNull().defaultNow(),
    version: integer('version').notNull().default(1),
  },
  (t) => [
    primaryKey({ name: 'lists_pkey', columns: [t.userId, t.id] }),
    // The migration makes it deferrable, so that one statement can renumber several of them.
    unique('lists_by_position').on(t.userId, t.position),
    check('lists_name_length', sql`char_length(${t.name}) between 1 and 255`),
    check('lists_name_no_control', sql`${t.name} !~ '[\\u0001-\\u001F\\u007F-\\u009F]'`),
    check('lists_version_positive', sql`${t.version} >= 1`),
    ownRowsOnly('lists_owner_only'),
  ],
);
