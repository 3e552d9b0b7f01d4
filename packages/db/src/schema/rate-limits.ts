import { bigint, integer, pgTable, text } from 'drizzle-orm/pg-core';

/** What each key has used up of a limit, where several processes count together. Laid out as rate-limiter-flexible has it. */
export const rateLimits = pgTable('rate_limits', {
  key: text('key').primaryKey(),
  points: integer('points').notNull(),
  /** In milliseconds since 1970. */
  expire: bigint('expire', { mode: 'number' }),
});
