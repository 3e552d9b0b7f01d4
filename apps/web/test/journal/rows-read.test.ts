import { createSecretKey, randomUUID } from 'node:crypto';
import { journal } from '@taskward/api-core';
import { createDatabase, type Driver, openDriver } from '@taskward/db';
import { engine, type FreshDatabase, freshDatabase } from '@taskward/db/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

/** What is read of the journal of a user with 100,000 changes. */

type Statement = Parameters<Driver['executeBatch']>[1][number];

const MANY = 100_000;
const TASKS = 1_000;
const TRASHED = 100;
const big = randomUUID();
/** They have a few changes, so that the average user is nothing like `big`. */
const crowd = Array.from({ length: 500 }, () => randomUUID());

let fresh: FreshDatabase;
let driver: Driver;
let rowsRead = 0;

/** How many rows this transaction has read. */
const readSoFar: Statement = {
  text: `select sum(seq_tup_read + idx_tup_fetch)::int as count from pg_stat_xact_user_tables
    where relname in ('changes', 'tasks')`,
  params: [],
  rowMode: 'object',
};

async function executeCounted(userId: string, statements: readonly Statement[]): Promise<unknown[][]> {
  const results = await driver.executeBatch(userId, [readSoFar, ...statements, readSoFar]);
  const [before, after] = [results[0], results.at(-1)] as [{ count: number }[], { count: number }[]];
  rowsRead = (after[0]?.count ?? 0) - (before[0]?.count ?? 0);
  return results.slice(1, -1);
}

const idOf = (n: string) => `('00000000-0000-4000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`;
const taskId = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

/** Changes of the tasks in turn, of which the last is a deletion for some, and each of its own revision. */
const load = (userId: string, count: number, from: number, to: number) => `
  insert into changes (user_id, seq, revision, at, kind, id, operation, version, diff)
  select '${userId}', i, i, now() - (${count} - i) * interval '1 second', 'task', ${idOf(`i % ${TASKS}`)},
    case when deleted then 'deleted' when i <= ${TASKS} then 'created' else 'updated' end, 1 + i / ${TASKS},
    case when deleted then json_build_object('id', ${idOf(`i % ${TASKS}`)}, 'title', 'T', 'description', null, 'status', 'todo',
        'priority', 'none', 'due_date', null, 'tags', '[]'::json, 'completed_at', null,
        'created_at', '2026-03-01T09:30:00.000Z', 'title_key', null, 'description_key', null)
      when i > ${TASKS} then json_build_object('title', json_build_object('from', 'T', 'to', 'T')) end
  from generate_series(${from}, ${to}) i,
    lateral (select i % ${TASKS} < ${TRASHED} and i > ${count - TASKS} as deleted) last`;

describe.runIf(engine === 'postgres')('rows that are read of a journal with 100,000 changes', () => {
  beforeAll(async () => {
    fresh = await freshDatabase();
    driver = await openDriver(fresh.url);
    const run = (statement: string) => driver.ownerDb.execute(statement);
    const ids = `unnest(array['${[big, ...crowd].join("', '")}'])`;
    await run(`insert into "user" (id, name, email) select id, 'Test', id from ${ids} id`);
    await run(`insert into journals (user_id, seq, at, tasks) select id, 20, now(), 20 from ${ids} id`);
    await run(`update journals set seq = ${MANY}, tasks = ${TASKS - TRASHED} where user_id = '${big}'`);
    for (let from = 1; from <= MANY; from += 20_000) await run(load(big, MANY, from, from + 19_999));
    await run(`insert into changes (user_id, seq, revision, at, kind, id, operation, version)
      select id, n, n, now(), 'task', gen_random_uuid(), 'created', 1 from unnest(array['${crowd.join("', '")}']) id,
        generate_series(1, 20) n`);
    await run(`insert into tasks (user_id, id, title, title_key, description_key, created_at)
      select '${big}', ${idOf('n')}, 'T', 't', '', '2026-03-01T09:30:00.000Z' from generate_series(${TRASHED}, ${TASKS - 1}) n`);
    await run(`insert into tasks (user_id, id, title, title_key, description_key)
      select id, gen_random_uuid(), 'T', 't', '' from unnest(array['${crowd.join("', '")}']) id, generate_series(1, 20)`);
    for (const table of ['changes', 'journals', 'tasks']) await run(`vacuum analyze ${table}`);
  }, 60_000);

  afterAll(async () => {
    await driver?.close();
    await fresh?.drop();
  });

  // No write deletes old entries, as some do.
  beforeEach(() => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const ctx = () => ({
    db: createDatabase({ ...driver, executeBatch: executeCounted }),
    userId: big,
    cursorKey: createSecretKey(Buffer.alloc(32)),
    maxTasks: 0,
    preconditions: {},
  });

  test('a page of revisions, first or deep, reads each of its entries twice', async () => {
    let cursor: string | undefined;
    for (let page = 0; page < 3; page++) {
      const { body } = await journal.revisions(ctx(), { limit: 50, cursor });
      expect(body.data).toHaveLength(50);
      expect(rowsRead).toBeLessThanOrEqual(2 * 51);
      cursor = body.next_cursor ?? undefined;
    }
  });

  test('a page of revisions of one task reads each of its entries twice', async () => {
    const { body } = await journal.revisions(ctx(), { limit: 50, task: taskId(500) });
    expect(body.data).toHaveLength(50);
    expect(rowsRead).toBeLessThanOrEqual(2 * 51);
  });

  test('a page of the trash reads its deletions alone', async () => {
    const { body } = await journal.trash(ctx(), { limit: 50 });
    expect(body.data).toHaveLength(50);
    expect(rowsRead).toBeLessThanOrEqual(2 * 51);
  });

  test('undo reads the entries of its revision, and its tasks', async () => {
    const revision = MANY - 2 * TASKS + 500;
    await driver.ownerDb.execute(`update changes set diff = '{"title": {"from": "Before", "to": "T"}}'
      where user_id = '${big}' and seq = ${revision}`);
    expect((await journal.undo(ctx(), revision)).body).toEqual({ revision: MANY + 1 });
    expect(rowsRead).toBeLessThanOrEqual(10);
  });

  test('restoring and purging read the entries of one task', async () => {
    await journal.restore(ctx(), taskId(7));
    expect(rowsRead).toBeLessThanOrEqual(10);
    await journal.purge(ctx(), taskId(8));
    expect(rowsRead).toBeLessThanOrEqual(2 * (MANY / TASKS) + 10);
  });

  test('emptying the trash reads the entries of the tasks in it', async () => {
    await journal.emptyTrash(ctx());
    expect(rowsRead).toBeLessThanOrEqual(2 * TRASHED * (MANY / TASKS) + 1_000);
  });
});
