import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  foreignKey,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';
import { user } from './auth';
import { ownRowsOnly, watchedRows } from './columns';

/** To the microsecond: with its position, it identifies an entry across copies and restores of the database. */
const moment = () => timestamp('at', { withTimezone: true, precision: 6, mode: 'string' }).notNull();

/**
 * Where the journal of a user ends. Updated by every write; without an index besides its key, and with space left on its
 * pages, such an update touches no index (https://www.postgresql.org/docs/current/storage-hot.html).
 */
export const journals = pgTable(
  'journals',
  {
    userId: text('user_id')
      .primaryKey()
      .references(() => user.id, { onDelete: 'cascade' }),
    /** The position of the last entry. */
    seq: bigint('seq', { mode: 'number' }).notNull(),
    at: moment(),
    /** No entry of a deletion that was pruned had a higher version. */
    floor: integer('floor').notNull().default(0),
    /** How many tasks the user has. */
    tasks: integer('tasks').notNull().default(0),
    /** How many lists the user has. */
    lists: integer('lists').notNull().default(0),
    /** Of the differences of all entries. */
    bytes: bigint('bytes', { mode: 'number' }).notNull().default(0),
    /** The entries up to this position have lost their differences. */
    trimmed: bigint('trimmed', { mode: 'number' }).notNull().default(0),
  },
  () => [
    check('journals_seq_positive', sql`seq >= 1`),
    ownRowsOnly('journals_owner_only'),
    watchedRows('journals_watcher'),
  ],
);

const kinds = ['start', 'task', 'list'] as const;
const operations = ['started', 'created', 'updated', 'deleted', 'restored'] as const;
const oneOf = (values: readonly string[]) => sql.raw(values.map((value) => `'${value}'`).join(', '));

/** What was changed, in order: append-only, except that old entries are pruned. */
export const changes = pgTable(
  'changes',
  {
    // Its journal and not its user: the check of a foreign key locks the row, and that one the write has updated anyway.
    userId: text('user_id').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    /** The position of the first entry of the same write. */
    revision: bigint('revision', { mode: 'number' }).notNull(),
    /** The same for all entries of a revision. */
    at: moment(),
    kind: text('kind', { enum: kinds }).notNull(),
    /** Of the resource; the nil UUID of a `start`. */
    id: uuid('id').notNull(),
    operation: text('operation', { enum: operations }).notNull(),
    /** Of the resource after the change; of a deletion, its last. */
    version: integer('version').notNull(),
    /** `session`, or the access key that made the change. */
    via: text('via').notNull().default('session'),
    /** Of an update, each field that changed with `from` and `to`; of a deletion, the resource as it was. */
    diff: json('diff'),
  },
  (t) => [
    primaryKey({ name: 'changes_pkey', columns: [t.userId, t.seq] }),
    foreignKey({
      name: 'changes_journal_fkey',
      columns: [t.userId],
      foreignColumns: [journals.userId],
    }).onDelete('cascade'),
    index('changes_by_resource').on(t.userId, t.id, t.seq),
    index('changes_in_trash').on(t.userId, t.seq).where(sql`operation = 'deleted' and diff is not null`),
    check('changes_position', sql`seq >= 1 and revision between 1 and seq`),
    check('changes_operation', sql`operation in (${oneOf(operations)})`),
    check('changes_via_length', sql`char_length(via) <= 100`),
    ownRowsOnly('changes_owner_only'),
  ],
);
