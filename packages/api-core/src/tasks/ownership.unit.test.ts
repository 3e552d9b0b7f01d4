import { createSecretKey, randomUUID } from 'node:crypto';
import type { PGlite } from '@electric-sql/pglite';
import { createDatabase, type Driver, openDriver } from '@taskward/db';
import { user } from '@taskward/db/schema';
import { freshDatabase } from '@taskward/db/testing';
import type { PgliteDatabase } from 'drizzle-orm/pglite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Created } from '../kit/operation';
import { TaskInput } from './contract';
import * as tasks from './service';

/** The statements by themselves, executed by the superuser, to whom row-level security does not apply. */

let driver: Driver;
let drop: () => Promise<void>;
let as: (userId: string) => tasks.Context;
/** The text of every executed statement. */
const texts = new Set<string>();

beforeAll(async () => {
  const database = await freshDatabase();
  drop = database.drop;
  driver = await openDriver(database.url);
  const { $client: pg } = driver.ownerDb as PgliteDatabase & { $client: PGlite };
  const db = createDatabase({
    ...driver,
    executeBatch: (_, statements) =>
      pg.transaction(async (tx) => {
        const results: unknown[][] = [];
        for (const { text, params, rowMode } of statements) {
          texts.add(text);
          results.push((await tx.query(text, params, { rowMode })).rows);
        }
        return results;
      }),
  });
  as = (userId) => ({ db, userId, cursorKey: createSecretKey(Buffer.alloc(32)), maxTasks: 20_000, preconditions: {} });
  for (const id of ['ada', 'bob']) await db.ownerDb.insert(user).values({ id, name: id, email: `${id}@example.com` });
});

afterAll(async () => {
  await driver.close();
  await drop();
});

const input = TaskInput.parse({ title: 'Ada’s', tags: ['hers'], due_date: '2026-02-28' });
const everything = { limit: 100, sort: '-created_at' } as const;

async function createAdasTask() {
  const created = await tasks.create(as('ada'), input);
  if (!(created instanceof Created)) throw new Error('The task was not created.');
  return created.value;
}

test('without row-level security, no statement reads or changes a task of another user', async () => {
  const { id } = await createAdasTask();
  const before = await tasks.list(as('ada'), everything);
  const bob = as('bob');
  const attempts = [
    () => tasks.get(bob, id),
    () => tasks.update(bob, id, { title: 'Bob’s' }),
    () => tasks.update(bob, id, { tags: ['his'] }),
    () => tasks.update(bob, id, {}),
    () => tasks.complete(bob, id, undefined),
    () => tasks.remove(bob, id),
  ];
  for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: 'not_found' });
  const filters = { tag: ['hers'], status: ['todo' as const], q: ['ada'], due_before: '2027-01-01' };
  for (const query of [everything, { ...everything, ...filters }]) {
    expect((await tasks.list(bob, query)).data).toEqual([]);
  }
  expect(await tasks.list(as('ada'), everything)).toEqual(before);
});

test('without row-level security, the same task id addresses different tasks for two users', async () => {
  const { id } = await createAdasTask();
  const before = await tasks.get(as('ada'), id);
  const his = TaskInput.parse({ title: 'Bob’s', tags: ['his'] });
  expect(await tasks.replace(as('bob'), id, his)).toMatchObject({ value: { id, user_id: 'bob', version: 1 } });
  expect(await tasks.replace(as('bob'), id, { ...his, tags: [] })).toMatchObject({ tags: [], version: 2 });
  expect(await tasks.update(as('bob'), id, { title: 'New', tags: ['new'] })).toMatchObject({
    tags: ['new'],
    version: 3,
  });
  expect(await tasks.complete(as('bob'), id, true)).toMatchObject({ status: 'done' });
  expect((await tasks.list(as('bob'), { ...everything, tag: ['hers'] })).data).toEqual([]);
  expect(await tasks.get(as('ada'), id)).toEqual(before);
  await tasks.remove(as('bob'), id);
  expect(await tasks.get(as('ada'), id)).toEqual(before);
});

test('without row-level security, two users can use the same idempotency key', async () => {
  const idempotency = { key: randomUUID(), fingerprint: 'same' };
  const [hers, his] = [
    await tasks.create({ ...as('ada'), idempotency }, input),
    await tasks.create({ ...as('bob'), idempotency }, input),
  ];
  expect(hers).toMatchObject({ value: { user_id: 'ada' } });
  expect(his).toMatchObject({ value: { user_id: 'bob' } });
});

interface Plan {
  readonly 'Relation Name'?: string;
  readonly 'Node Type': string;
  readonly Plans?: readonly Plan[];
}

const scansOf = (plan: Plan): Plan[] => [
  ...(plan['Relation Name'] && plan['Node Type'].endsWith('Scan') ? [plan] : []),
  ...(plan.Plans ?? []).flatMap(scansOf),
];

test('every statement reads every table by user_id', async () => {
  // Alternative plans that PostgreSQL prefers for tables as small as these.
  const { $client: pg } = driver.ownerDb as PgliteDatabase & { $client: PGlite };
  for (const way of ['seqscan', 'hashjoin', 'mergejoin']) await pg.query(`set enable_${way} = off`);
  expect(texts.size).toBeGreaterThan(15);
  const scans: Plan[] = [];
  for (const text of texts) {
    const [result] = await pg.exec(`explain (generic_plan, format json) ${text}`);
    scans.push(...scansOf(result?.rows[0]?.['QUERY PLAN'][0].Plan));
  }
  expect(new Set(scans.map((scan) => scan['Relation Name']))).toEqual(
    new Set(['tasks', 'task_tags', 'idempotency_keys']),
  );
  expect(scans.filter((scan) => !/"(Index Cond|Filter)":"[^"]*\buser_id = /.test(JSON.stringify(scan)))).toEqual([]);
});
