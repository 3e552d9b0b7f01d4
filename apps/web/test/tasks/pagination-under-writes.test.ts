import { randomUUID } from 'node:crypto';
import type { TaskPage } from '@taskward/api-core';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { signUp, type TestUser, useApp } from '../harness';
import { createTask, getPage, sendAs } from '../task-requests';
import { SORTS } from './list-oracle';

useApp();

let user: TestUser;

beforeAll(async () => {
  user = await signUp();
});

/** Few values, so that most tasks have equal ones. */
const fields = {
  title: fc.constantFrom('a', 'A', 'b', 'é', '～', '😀'),
  priority: fc.constantFrom('none', 'low', 'medium', 'high'),
  due_date: fc.constantFrom(null, '2026-03-01', '2026-03-02'),
  status: fc.constantFrom('todo', 'done'),
  description: fc.constantFrom(null, 'x'),
  tags: fc.subarray(['x', 'y']),
};
const newTask = fc.record(fields);
const change = fc.record(fields, { requiredKeys: [] });
/** A write between two pages, to the existing task at some index. */
const event = fc.oneof(
  fc.record({ does: fc.constant('insert' as const), task: newTask }),
  fc.record({ does: fc.constant('delete' as const), place: fc.nat() }),
  fc.record({ does: fc.constant('change' as const), place: fc.nat(), change }),
);
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

async function write(method: string, path: string, body?: unknown): Promise<void> {
  const response = await sendAs(user, method, path, body);
  expect(response.ok, `${method} ${response.status}`).toBe(true);
}

/** Replaces all tasks, with three different timestamps. */
async function start(bodies: object[]): Promise<string[]> {
  const { db } = await getApp();
  await db.ownerDb.execute(`delete from tasks where user_id = '${user.id}'`);
  const ids = (await Promise.all(bodies.map((body) => createTask(user, body)))).map(({ id }) => id);
  const timestamp = (at: number) =>
    `timestamptz '2026-03-01T09:30:00Z' + ascii(substr(id::text, ${at})) % 3 * interval '1 ms'`;
  await db.ownerDb.execute(
    `update tasks set created_at = ${timestamp(36)}, updated_at = ${timestamp(35)} where user_id = '${user.id}'`,
  );
  return ids;
}

test.each(SORTS)(
  'paging by %s returns each task that exists throughout exactly once, despite concurrent writes',
  (sort) => {
    const sortedBy = sort.replace('-', '');
    const property = fc.asyncProperty(
      fc.array(newTask, { minLength: 8, maxLength: 16 }),
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.array(event, { maxLength: 3 }), { minLength: 3, maxLength: 8 }),
      async (bodies, limit, between) => {
        const there = await start(bodies);
        /** The tasks that exist throughout. */
        const throughout = new Set(there);

        const applyEvent = async (event: Event) => {
          if (event.does === 'insert') {
            // Under a random id, which may be sorted anywhere among the others.
            const id = randomUUID();
            await write('PUT', `/${id}`, event.task);
            there.push(id);
            return;
          }
          const id = there[event.place % there.length];
          if (id === undefined) return;
          if (event.does === 'delete') {
            await write('DELETE', `/${id}`);
            there.splice(there.indexOf(id), 1);
            throughout.delete(id);
            return;
          }
          const rest = Object.entries(event.change).filter(([field]) => field !== sortedBy);
          await write('PATCH', `/${id}`, Object.fromEntries(rest));
          if (sortedBy === 'updated_at') throughout.delete(id);
        };

        const seen: string[] = [];
        let cursor: string | null = null;
        let step = 0;
        do {
          const query: Record<string, string> = { sort, limit: String(limit), ...(cursor && { cursor }) };
          const { data, next_cursor }: TaskPage = await getPage(user, query);
          seen.push(...data.map(({ id }) => id));
          cursor = next_cursor;
          for (const event of between[step++] ?? []) await applyEvent(event);
        } while (cursor !== null);

        expect(seen.filter((id) => throughout.has(id)).sort()).toEqual([...throughout].sort());
        if (sortedBy !== 'updated_at') expect(new Set(seen).size).toBe(seen.length);
      },
    );
    return fc.assert(property, { seed: 20260301, numRuns: 3, endOnFailure: true });
  },
);
