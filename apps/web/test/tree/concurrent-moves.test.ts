import { createSecretKey } from 'node:crypto';
import { ApiError, batch, tasks } from '@taskward/api-core';
import { createDatabase, type Driver, openDriver } from '@taskward/db';
import { engine } from '@taskward/db/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { send, signUp, type TestUser, useApp } from '../harness';
import { execute } from '../journal/requests';
import { createList, move, patch, plant, requestMove, treeProblems } from './requests';

/**
 * Sixteen movers in one tree: through the API, and, as far as the database can tell, in other processes, each of which has
 * connections and a queue of its own. `TREE_MOVES=10000` makes it a long run.
 */

const MOVES = Number(process.env.TREE_MOVES || 320);
const MOVERS = 16;
/** The embedded database belongs to one process. */
const OTHER_PROCESSES = engine === 'pglite' ? 0 : 3;

useApp();

let drivers: Driver[] = [];
let user: TestUser;
let ids: string[];
let lists: (string | null)[];

beforeAll(async () => {
  const { DATABASE_URL = '', NEON_ENDPOINT } = process.env;
  drivers = await Promise.all(
    Array.from({ length: OTHER_PROCESSES }, () =>
      openDriver(DATABASE_URL, { neonEndpoint: NEON_ENDPOINT || undefined }),
    ),
  );
  user = await signUp();
  lists = [await createList(user), await createList(user), null];
  const branch = (name: string) => ({
    [name]: { [`${name}a`]: { [`${name}b`]: { [`${name}c`]: {} } }, [`${name}d`]: {} },
  });
  for (const [i, list_id] of lists.entries()) {
    const planted = await plant(user, { ...branch(`${i}x`), ...branch(`${i}y`) }, { list_id });
    ids = [...(ids ?? []), ...Object.values(planted)];
  }
});

afterAll(() => Promise.all(drivers.map((driver) => driver.close())));

const pick = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)] as T;
const chance = (probability: number) => Math.random() < probability;

/** A move of any kind, most of which are possible. */
function anyMove(): { list_id?: string | null; parent_id?: string | null; after?: string | null } {
  const target = chance(0.6)
    ? { parent_id: chance(0.8) ? pick(ids) : null }
    : chance(0.7)
      ? { list_id: pick(lists) }
      : {};
  return { ...target, ...(chance(0.3) && { after: chance(0.6) ? null : pick(ids) }) };
}

function anyPatch() {
  return pick([
    { parent_id: pick(ids) },
    { list_id: pick(lists) },
    { parent_id: null },
    { parent_id: null, list_id: pick(lists) },
  ]);
}

const toOperations = () =>
  Array.from({ length: 3 }, () => ({ op: 'moveTask' as const, task_id: pick(ids), body: anyMove() }));

type Mover = () => Promise<number>;

/** Moves through the API; returns the status. */
const moveByRequest: Mover = async () => {
  const requests = [
    () => requestMove(user, pick(ids), anyMove()),
    () => requestMove(user, pick(ids), anyMove()),
    () => patch(user, pick(ids), anyPatch()),
    () => send('POST', `/api/${user.id}/batch`, { token: user.token, body: { operations: toOperations() } }),
  ];
  return (await pick(requests)()).status;
};

/** The same in a process of its own. */
function moverOf(driver: Driver): Mover {
  const ctx = {
    ...{ db: createDatabase(driver), userId: user.id, cursorKey: createSecretKey(Buffer.alloc(32)) },
    ...{ preconditions: {}, maxTasks: 0 },
  };
  const writes = [
    () => tasks.move(ctx, pick(ids), anyMove()),
    () => tasks.move(ctx, pick(ids), anyMove()),
    () => tasks.update(ctx, pick(ids), anyPatch()),
    () => batch.run(ctx, { operations: toOperations() }),
  ];
  return () =>
    pick(writes)().then(
      ({ status }) => status,
      (error) => {
        if (error instanceof ApiError && error.code === 'validation') return 422;
        throw error;
      },
    );
}

test(`a tree stays a tree under ${MOVERS} concurrent movers`, async () => {
  const movers = [moveByRequest, ...drivers.map(moverOf)];
  const counts: Record<number, number> = {};
  let left = MOVES;
  let checks = 0;
  const moving = Array.from({ length: MOVERS }, async (_, i) => {
    const mover = movers[i % movers.length] ?? moveByRequest;
    while (left-- > 0) {
      const status = await mover();
      counts[status] = (counts[status] ?? 0) + 1;
    }
  });
  let isOver = false;
  const checking = (async () => {
    while (!isOver) {
      expect(await treeProblems(user)).toEqual([]);
      checks++;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  await Promise.all(moving).finally(() => {
    isOver = true;
  });
  await checking;
  expect(await treeProblems(user)).toEqual([]);
  expect(await execute(`select count(*)::int as tasks from tasks where user_id = '${user.id}'`)).toEqual([
    { tasks: ids.length },
  ]);
  // Neither all of them nor none.
  expect(Object.keys(counts)).toEqual(['200', '422']);
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(MOVES / 10);
  expect(checks).toBeGreaterThan(3);
  if (process.env.TREE_MOVES) console.log({ engine, ...counts, checks });
}, 1_800_000);

test('of two moves that would put each task below the other, at once, one succeeds', async () => {
  const movers = [undefined, ...drivers];
  for (let round = 0; round < 10; round++) {
    const pair = Object.values(await plant(user, { A: {}, B: {} }));
    const statuses = await Promise.all(
      pair.map(async (id, i) => {
        const parent_id = pair[1 - i] as string;
        const driver = movers[(round + i) % movers.length];
        if (!driver) return (await requestMove(user, id, { parent_id })).status;
        const ctx = {
          ...{ db: createDatabase(driver), userId: user.id, cursorKey: createSecretKey(Buffer.alloc(32)) },
          ...{ preconditions: {}, maxTasks: 0 },
        };
        return tasks.move(ctx, id, { parent_id }).then(
          ({ status }) => status,
          ({ code }) => code === 'validation' && 422,
        );
      }),
    );
    expect(statuses.sort()).toEqual([200, 422]);
  }
  expect(await treeProblems(user)).toEqual([]);
});

test('tasks that are moved to the first place of a list at once have different positions there', async () => {
  const list_id = await createList(user);
  const all = Object.values(await plant(user, Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`t${i}`, {}]))));
  await Promise.all(all.map((id) => move(user, id, { list_id, after: null })));
  expect(await treeProblems(user)).toEqual([]);
});
