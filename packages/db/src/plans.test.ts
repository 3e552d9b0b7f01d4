import { expect, test } from 'vitest';
import { createDatabase, type Database } from './database';
import { defineStatement } from './statement';
import { engine, useFreshDatabase } from './testing';

let db: Database;

useFreshDatabase(({ driver }) => {
  db = createDatabase(driver);
});

// PostgreSQL's own choice for this statement is a custom plan each time, since a limit that is a parameter looks expensive.
const selectNumbers = defineStatement<{ n: number }, { limit: number }>(
  'select n from generate_series(1, 1000000) n where :userId::text is not null order by n limit :limit::int',
);
const countPlans = defineStatement<{ generic: number; custom: number }>(
  `select generic_plans::int as generic, custom_plans::int as custom from pg_prepared_statements
  where statement like 'select n from generate_series%'`,
);

// Over HTTP, Neon's driver prepares nothing.
test.skipIf(engine === 'neon')('a prepared statement is planned once, not for each user and request', async () => {
  for (let i = 0; i < 8; i++) await db.asUser('ada', [selectNumbers({ limit: 3 })]);
  expect(await db.asUser('ada', [countPlans({})])).toEqual([[{ generic: 8, custom: 0 }]]);
});
