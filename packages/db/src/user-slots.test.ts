import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { createDatabase, type Database } from './database';
import { DatabaseUnavailable, type Driver } from './driver';
import { engine, prepare, queryBuilder, statement, useFreshDatabase } from './testing';

let driver: Driver;
let db: Database;

useFreshDatabase((opened) => {
  ({ driver } = opened);
  db = createDatabase(driver);
});

const nap = (seconds: number) => statement(queryBuilder.execute(sql.raw(`select pg_sleep(${seconds})`)));

test('twelve slow statements of one user do not delay a statement of another user', async () => {
  const [ada, bob] = [randomUUID(), randomUUID()];
  let done = 0;
  const slow = Array.from({ length: 12 }, () =>
    db.asUser(ada, [nap(engine === 'pglite' ? 0.2 : 0.5)]).then(() => done++),
  );
  await sleep(20);
  await db.asUser(bob, [nap(0)]);
  // The embedded database runs one at a time, and one more may have started before this one arrived.
  expect(done).toBeLessThanOrEqual(engine === 'pglite' ? 2 : 0);
  await Promise.all(slow);
  expect(done).toBe(12);
});

test.skipIf(engine === 'pglite')('searches of one user run one at a time, beside their other reads', async () => {
  const ada = randomUUID();
  const order: string[] = [];
  const slowSearch = prepare(queryBuilder.execute('select pg_sleep(0.3)'), { useCustomPlan: true, isReadOnly: true });
  const search = () => db.asUser(ada, [slowSearch()]).then(() => order.push('search'));
  const searches = [search(), search()];
  await sleep(20);
  await db.asUser(ada, [nap(0)]).then(() => order.push('read'));
  await searches[0];
  expect(order).toEqual(['read', 'search']);
  await searches[1];
});

test('failing statements of one user release their slots', async () => {
  const ada = randomUUID();
  const failing = () => db.asUser(ada, [statement(queryBuilder.execute('select 1 / 0'))]);
  const outcomes = await Promise.allSettled(Array.from({ length: 30 }, failing));
  expect(outcomes.map((outcome) => outcome.status)).toEqual(Array(30).fill('rejected'));
  await expect(db.asUser(ada, [nap(0)])).resolves.toBeDefined();
});

test.skipIf(engine === 'pglite')(
  'a statement that waits too long for a slot of its user fails as unavailable without being sent',
  async () => {
    const impatient = createDatabase(driver, { timeouts: { connectTimeoutMs: 300, queryTimeoutMs: 10_000 } });
    const ada = randomUUID();
    const started = performance.now();
    const outcomes = await Promise.allSettled(Array.from({ length: 3 }, () => impatient.asUser(ada, [nap(0.7)])));
    const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? outcome.reason : []));
    expect(errors).toHaveLength(1);
    for (const error of errors) {
      expect(error).toBeInstanceOf(DatabaseUnavailable);
      // Nothing was sent, so that even a write may be repeated.
      expect(error.outcomeUnknown).toBe(false);
    }
    expect(performance.now() - started).toBeLessThan(1_500);
    await expect(impatient.asUser(ada, [nap(0)])).resolves.toBeDefined();
  },
);
