import { sql } from 'drizzle-orm';
import { customType, pgPolicy, pgRole, timestamp } from 'drizzle-orm/pg-core';

/** The role of every user's statements: granted the tables of users, nothing else, and bound by their policies. */
const appUser = pgRole('app_user').existing();

// A scalar subquery is evaluated once for a statement; a bare function call once for a row.
const isOwnRow = sql`user_id = (select current_setting('app.user_id', true))`;

/** The policy that shows a user their own rows alone. */
export const ownRowsOnly = (name: string) =>
  pgPolicy(name, { as: 'permissive', for: 'all', to: appUser, using: isOwnRow, withCheck: isOwnRow });

/** The role that sees where the journal of each user ends, and nothing else: for event streams. */
const appWatcher = pgRole('app_watcher').existing();

// The check at start of versions that do not know this role expects the setting in every policy.
const isOfNoUser = sql`(select current_setting('app.user_id', true)) = ''`;

/** A policy that shows that role all rows, of the columns that it is granted. */
export const watchedRows = (name: string) =>
  pgPolicy(name, { as: 'permissive', for: 'select', to: appWatcher, using: isOfNoUser });

export const timestamptz = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

/** Text that is compared byte by byte, so that every PostgreSQL sorts it the same. */
export const bytewise = customType<{ data: string }>({ dataType: () => 'text collate "C"' });
