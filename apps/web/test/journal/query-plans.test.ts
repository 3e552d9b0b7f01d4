import { createSecretKey, randomUUID } from 'node:crypto';
import { journal, tasks } from '@taskward/api-core';
import { createDatabase, type Database, type Driver, openDriver } from '@taskward/db';
import { engine, type FreshDatabase, freshDatabase } from '@taskward/db/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** What reads of the journal cost a user with 100,000 tasks and as many changes, with the generic plans that are used. */

type Statement = Parameters<Driver['executeBatch']>[1][number];

const MANY = 100_000;
const big = randomUUID();
/** They have a few tasks and changes, so that the average user is nothing like `big`. */
const crowd = Array.from({ length: 500 }, () => randomUUID());

describe.runIf(engine === 'postgres')('reads of a journal with 100,000 entries', () => {
  let fresh: FreshDatabase;
  let driver: Driver;
  let db: Database;
  let sent: readonly Statement[] = [];

  beforeAll(async () => {
    fresh = await freshDatabase();
    driver = await openDriver(fresh.url);
    db = createDatabase({
      ...driver,
      executeBatch: (userId, statements) => {
        sent = statements;
        return driver.executeBatch(userId, statements);
      },
    });
    const run = (statement: string) => driver.ownerDb.execute(statement);
    await run(
      `insert into "user" (id, name, email) select id, 'Test', id from unnest(array['${[big, ...crowd].join("', '")}']) id`,
    );
    const load = (userId: string, from: number, to: number) => `
      insert into tasks (user_id, id, title, title_key, description_key)
      select ${userId}, md5(${userId} || i)::uuid, 'Task ' || i, 'task ' || i, '' from "user", generate_series(${from}, ${to}) i`;
    // In batches, each within the query timeout on a busy machine.
    for (let from = 1; from <= MANY; from += 20_000)
      await run(`${load(`'${big}'`, from, from + 19_999)} where id = '${big}'`);
    await run(`${load('id', 1, 10)} where id <> '${big}'`);
    await run(`insert into task_tags select user_id, id, 'tag' from tasks`);
    await run(`insert into journals (user_id, seq, at, tasks)
      select user_id, count(*), timestamptz '2026-03-01' + count(*) * interval '1 second', count(*) from tasks group by 1`);
    for (let from = 1; from <= MANY; from += 20_000)
      await run(`insert into changes (user_id, seq, revision, at, kind, id, operation, version)
        select user_id, seq, seq, timestamptz '2026-03-01' + seq * interval '1 second', 'task', id, 'created', 1
        from (select user_id, id, row_number() over (partition by user_id order by id) as seq from tasks) numbered
        where seq between ${from} and ${from + 19_999}`);
    for (const table of ['tasks', 'task_tags', 'journals', 'changes']) await run(`vacuum analyze ${table}`);
  }, 60_000);

  afterAll(async () => {
    await driver?.close();
    await fresh?.drop();
  });

  const ctx = (ifNoneMatchTags?: string[]) => ({
    db,
    userId: big,
    cursorKey: createSecretKey(Buffer.alloc(32)),
    maxTasks: 200_000,
    preconditions: { ifNoneMatchTags },
  });

  /** The blocks that the statements read and the milliseconds that they take, all together. */
  async function costOf(statements: readonly Statement[]) {
    let [buffers, ms] = [0, 0];
    for (const { text, params } of statements) {
      const literals = params.map((value) => {
        const elements = Array.isArray(value) ? `{${value}}` : value;
        return elements === null ? 'null' : `'${elements}'`;
      });
      const explained = [
        `prepare measured as ${text}`,
        `explain (analyze, buffers, format json) execute measured${literals.length > 0 ? `(${literals})` : ''}`,
        'deallocate measured',
      ].map((one): Statement => ({ text: one, params: [], rowMode: 'object' }));
      const [, [row]] = (await driver.executeBatch(big, explained)) as [
        unknown,
        [
          {
            'QUERY PLAN': [
              { Plan: Record<'Shared Hit Blocks' | 'Shared Read Blocks', number>; 'Execution Time': number },
            ];
          },
        ],
      ];
      const [{ Plan: plan, 'Execution Time': time }] = row['QUERY PLAN'];
      buffers += plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
      ms += time;
    }
    return { buffers, ms };
  }

  const at = (seq: number) => `${seq}.${(Date.UTC(2026, 2, 1) * 1000 + seq * 1_000_000).toString(36)}`;

  test.each([
    ['near the beginning', 10],
    ['in the middle', MANY / 2],
    ['near the end', MANY - 150],
  ])('a hundred changes after a token %s read no more than 800 blocks', async (_, seq) => {
    const { body } = await journal.changes(ctx(), { since: at(seq), limit: 100 });
    expect(body.changes).toHaveLength(100);
    expect((await costOf(sent)).buffers).toBeLessThanOrEqual(800);
  });

  test('no changes after the last token read no more than 12 blocks', async () => {
    const { body } = await journal.changes(ctx(), { since: at(MANY), limit: 500 });
    expect(body.changes).toEqual([]);
    expect((await costOf(sent)).buffers).toBeLessThanOrEqual(12);
  });

  test('each page of everything reads only its own tasks', async () => {
    const first = await journal.changes(ctx(), { limit: 100 });
    expect((await costOf(sent)).buffers).toBeLessThanOrEqual(800);
    const middle = first.body.token.replace(/~.*/, '~80000000-0000-0000-0000-000000000000');
    const { body } = await journal.changes(ctx(), { since: middle, limit: 100 });
    expect(body.changes).toHaveLength(100);
    expect((await costOf(sent)).buffers).toBeLessThanOrEqual(800);
  });

  test.each(['-created_at', 'title', 'due_date'] as const)(
    'an unchanged list by %s reads no more than 6 blocks',
    async (sort) => {
      expect(await tasks.list(ctx([at(MANY)]), { limit: 100, sort })).toMatchObject({ status: 304 });
      expect((await costOf(sent)).buffers).toBeLessThanOrEqual(6);
    },
  );
});
