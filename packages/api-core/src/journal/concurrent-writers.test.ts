import { createSecretKey } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { createDatabase, type Driver, openDriver } from '@taskward/db';
import { user } from '@taskward/db/schema';
import { engine, useFreshDatabase } from '@taskward/db/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiError } from '../kit/errors';
import { type Task, TaskInput } from '../tasks/contract';
import * as tasks from '../tasks/service';
import { changes } from './service';

/**
 * Writers of one user in several processes, as far as the database can tell: each has connections and a queue of its own.
 * `JOURNAL_WRITES=20000` makes it a long run.
 */

// biome-ignore lint/style/noProcessEnv: how long it takes is up to whoever runs it.
const WRITES = Number(process.env.JOURNAL_WRITES || 400);
const PROCESSES = engine === 'pglite' ? 1 : 8;
const WRITERS_EACH = 4;
const FOLLOWERS = 4;
const IDS = Array.from({ length: 5 }, (_, i) => `019a5f3e-7a3c-7c61-9d0e-3b1f6a2c4d5${i}`);

let drivers: Driver[];
let contexts: tasks.TaskContext[];

useFreshDatabase(({ driver, fresh: { url, neonEndpoint } }) => {
  drivers = [driver];
  for (let i = 1; i < PROCESSES; i++) opening.push(openDriver(url, { neonEndpoint }));
});
const opening: Promise<Driver>[] = [];

beforeAll(async () => {
  drivers.push(...(await Promise.all(opening)));
  contexts = drivers.map((driver) => ({
    ...{ db: createDatabase(driver), userId: 'ada', cursorKey: createSecretKey(Buffer.alloc(32)) },
    ...{ preconditions: {}, maxTasks: 20_000 },
  }));
  await drivers[0]?.ownerDb.insert(user).values({ id: 'ada', name: 'Ada', email: 'ada@example.com' });
});

afterAll(() => Promise.all(drivers.slice(1).map((driver) => driver.close())));

const titles = ['a', 'b', 'c'];
const pick = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)] as T;

function writeAtRandom(ctx: tasks.TaskContext): Promise<unknown> {
  const id = pick(IDS);
  const writes = [
    () => tasks.replace(ctx, id, TaskInput.parse({ title: pick(titles), tags: pick([[], ['x'], ['x', 'y']]) })),
    () => tasks.update(ctx, id, { title: pick(titles), description: pick([null, 'Long', 'Short']) }),
    () => tasks.update(ctx, id, { tags: pick([[], ['y'], ['z']]), due_date: pick([null, '2026-03-01']) }),
    () => tasks.complete(ctx, id, undefined),
    () => tasks.remove(ctx, id),
    () => tasks.create(ctx, TaskInput.parse({ title: pick(titles) })),
  ];
  return pick(writes)().catch((error) => {
    const isMissing = error instanceof ApiError && error.code === 'not_found';
    if (!isMissing) throw error;
  });
}

/** The tasks of a client that follows, until no writer is left. */
async function follow(ctx: tasks.TaskContext, isOver: () => boolean): Promise<Map<string, Task>> {
  const copy = new Map<string, Task>();
  let since: string | undefined;
  for (;;) {
    const wasOver = isOver();
    const { body } = await changes(ctx, { since, limit: pick([1, 3, 100]) });
    for (const change of body.changes) {
      if (change.type === 'task' && change.task) copy.set(change.id, change.task);
      else copy.delete(change.id);
    }
    since = body.token;
    // The embedded database works without a turn of the event loop, which the writers wait for.
    await setImmediate();
    if (wasOver && !body.has_more) return copy;
  }
}

interface Entry extends Record<string, unknown> {
  readonly seq: number;
  readonly revision: number;
  readonly at: string;
  readonly id: string;
  readonly operation: string;
  readonly version: number;
  readonly diff: Record<string, { from: unknown; to: unknown }> | null;
}

/** Applies the entries in their order. Returns the versions that they lead to, and whatever in them does not fit. */
function replay(entries: readonly Entry[]) {
  const versions = new Map<string, number>();
  const fields = new Map<string, unknown>();
  const misfits: unknown[] = [];
  for (const [i, entry] of entries.entries()) {
    const { seq, revision, at, id, operation, version, diff } = entry;
    const before = entries[i - 1];
    if (seq !== i + 1 || revision !== seq || (before && at <= before.at)) misfits.push(entry);
    if (operation === 'deleted') versions.delete(id);
    else versions.set(id, version);
    if (operation !== 'updated') for (const name of fields.keys()) if (name.startsWith(id)) fields.delete(name);
    if (operation !== 'updated') continue;
    for (const [name, { from, to }] of Object.entries(diff ?? {})) {
      const known = fields.get(`${id} ${name}`);
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(from)) misfits.push(entry);
      fields.set(`${id} ${name}`, to);
    }
  }
  return { versions, misfits };
}

test('writers in several processes lose nothing, and every follower ends with all tasks', async () => {
  let left = WRITES;
  const writers = contexts.flatMap((ctx) =>
    Array.from({ length: WRITERS_EACH }, async () => {
      while (left-- > 0) await writeAtRandom(ctx);
    }),
  );
  let isOver = false;
  const followers = Array.from({ length: FOLLOWERS }, (_, i) =>
    follow(contexts[i % contexts.length] as tasks.TaskContext, () => isOver),
  );
  await Promise.all(writers).finally(() => {
    isOver = true;
  });

  const [ctx] = contexts as [tasks.TaskContext];
  const expected = new Map<string, Task>();
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await tasks.list(ctx, { limit: 100, sort: 'created_at', ...(cursor && { cursor }) });
    for (const task of page.body?.data ?? []) expected.set(task.id, task);
    cursor = page.body?.next_cursor ?? null;
  }
  for (const copy of await Promise.all(followers)) expect(copy).toEqual(expected);

  const { rows: entries } =
    await ctx.db.ownerDb.execute<Entry>(`select seq::int, revision::int, to_char(at, 'YYYY-MM-DD HH24:MI:SS.US') as at,
    id, operation, version, diff from changes order by seq`);
  const { versions, misfits } = replay(entries);
  expect(misfits).toEqual([]);
  expect(versions).toEqual(new Map([...expected.values()].map(({ id, version }) => [id, version])));
  const { rows: journal } = await ctx.db.ownerDb.execute('select seq::int, tasks from journals');
  expect(journal).toEqual([{ seq: entries.length, tasks: expected.size }]);
}, 600_000);
