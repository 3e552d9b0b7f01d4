import { pgTable, text, uuid } from 'drizzle-orm/pg-core';

/**
 * The users with tasks whose text has yet to be normalized and folded: one row for each user when the columns came, and one
 * for each write by a version of the app that does not know them. Without a foreign key, which would need an index here.
 */
export const textBackfill = pgTable('text_backfill', {
  id: uuid('id').primaryKey().defaultRandom(),
  userId: text('user_id').notNull(),
});
