import { expect, test } from 'vitest';
import type { Driver } from '../driver';
import { useFreshDatabase } from '../testing';

/** No key spans two users, so that the rows of each user could be stored on a different machine. */

let driver: Driver;

useFreshDatabase((opened) => {
  ({ driver } = opened);
});

const column = (table: string, number: string) =>
  `(select attname::text from pg_attribute where attrelid = ${table} and attnum = ${number})`;
/** The tables with row-level security by user. */
const theirs = `select oid from pg_class where relnamespace = 'public'::regnamespace and relrowsecurity`;

test('every index on rows of a user begins with user_id', async () => {
  const indexes = await driver.queryAsOwner(
    `select indexrelid::regclass::text as name, ${column('indrelid', 'indkey[0]')} as first
     from pg_index where indrelid in (${theirs})`,
  );
  const names = indexes.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['tasks_pkey', 'task_tags_pkey', 'idempotency_keys_pkey']));
  expect(indexes.filter(({ first }) => first !== 'user_id')).toEqual([]);
});

test('every foreign key from rows of a user references that user, or rows of the same user', async () => {
  const keys = await driver.queryAsOwner(
    `select conname::text as name, ${column('conrelid', 'conkey[1]')} as first, confrelid::regclass::text as parent,
       ${column('confrelid', 'confkey[1]')} as "of", cardinality(conkey) as columns, confrelid in (${theirs}) as "isTheirs",
       conrelid in (${theirs}) as "fromTheirs"
     from pg_constraint where contype = 'f' and (conrelid in (${theirs}) or confrelid in (${theirs})) order by 1`,
  );
  const names = keys.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['tasks_user_id_user_id_fk', 'task_tags_task_fkey']));
  const ofOneUser = ({ first, parent, of, columns, isTheirs, fromTheirs }: (typeof keys)[number]) =>
    fromTheirs &&
    first === 'user_id' &&
    (isTheirs ? of === 'user_id' : parent === '"user"' && of === 'id' && columns === 1);
  expect(keys.filter((key) => !ofOneUser(key))).toEqual([]);
});
