import { randomUUID } from 'node:crypto';
import { engine } from '@taskward/db/testing';
import { expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { signUp, type TestUser, useApp } from '../harness';
import { sendAs } from '../task-requests';

/** Concurrent requests in several rounds, so that rare interleavings occur. */

useApp();

/** The embedded database has one connection, on which nothing can race. */
const ROUNDS = engine === 'pglite' ? 1 : 4;
const range = (length: number) => Array.from({ length }, (_, i) => i);
const asOwner = async (text: string) => (await (await getApp()).db.ownerDb.execute<Record<string, unknown>>(text)).rows;

const clientOf = (user: TestUser) => (method: string, path: string, body?: unknown) => sendAs(user, method, path, body);

async function inRounds(round: (request: ReturnType<typeof clientOf>) => Promise<void>): Promise<void> {
  const request = clientOf(await signUp());
  for (const _ of range(ROUNDS)) await round(request);
}

const statuses = (responses: Response[]) => responses.map(({ status }) => status).sort();

test('20 concurrent changes of one task all count, and its tags are those of the last', async () => {
  await inRounds(async (request) => {
    const { id } = await (await request('POST', '', { title: 'Milk', tags: ['old'] })).json();
    const sets = range(20).map((i) => [`a${i}`, `b${i}`, `c${i % 3}`].sort());
    const responses = await Promise.all(
      sets.map((tags, i) => request('PATCH', `/${id}`, { title: `Milk ${i}`, tags })),
    );
    expect(statuses(responses)).toEqual(sets.map(() => 200));
    const bodies = await Promise.all(responses.map((response) => response.json()));
    expect(bodies.map(({ version }) => version).sort((a, b) => a - b)).toEqual(range(20).map((i) => i + 2));
    bodies.forEach(({ title, tags }, i) => {
      expect({ title, tags }).toEqual({ title: `Milk ${i}`, tags: sets[i] });
    });
    const left = await (await request('GET', `/${id}`)).json();
    expect(left).toEqual(bodies.find(({ version }) => version === 21));
  });
});

test('of 10 concurrent PUTs of a new task one creates it and the others replace it', async () => {
  await inRounds(async (request) => {
    const id = randomUUID();
    const responses = await Promise.all(
      range(10).map((i) => request('PUT', `/${id}`, { title: `Milk ${i}`, tags: [`t${i}`] })),
    );
    expect(statuses(responses)).toEqual([...range(9).map(() => 200), 201]);
    const bodies = await Promise.all(responses.map((response) => response.json()));
    const left = await (await request('GET', `/${id}`)).json();
    expect(left).toEqual(bodies.find(({ version }) => version === 10));
    expect(left.tags).toEqual([left.title.replace('Milk ', 't')]);
  });
});

test('a change that races with a deletion is applied before it or returns 404, and leaves no tags', async () => {
  const seenStatuses = new Set<number>();
  await inRounds(async (request) => {
    const { id } = await (await request('POST', '', { title: 'Milk', tags: ['old'] })).json();
    const change = (i: number) => request('PATCH', `/${id}`, { title: `Milk ${i}`, tags: [`t${i}`] });
    const complete = () => request('PATCH', `/${id}/complete`, { completed: true });
    const works = [change(1), change(2), complete(), request('DELETE', `/${id}`), change(3), complete(), change(4)];
    const [removed] = (await Promise.all(works)).splice(3, 1);
    expect(removed?.status).toBe(204);
    for (const { status } of await Promise.all(works)) seenStatuses.add(status);
    expect((await request('GET', `/${id}`)).status).toBe(404);
    expect(await asOwner(`select from task_tags where task_id = '${id}'`)).toEqual([]);
  });
  expect([200, 204, 404]).toEqual(expect.arrayContaining([...seenStatuses]));
});

test('of 8 concurrent deletions of one task exactly one returns 204', async () => {
  await inRounds(async (request) => {
    const { id } = await (await request('POST', '', { title: 'Milk', tags: ['a'] })).json();
    const responses = await Promise.all(range(8).map(() => request('DELETE', `/${id}`)));
    expect(statuses(responses)).toEqual([204, ...range(7).map(() => 404)]);
  });
});

test('an account that is deleted during concurrent writes leaves no rows', async () => {
  for (const _ of range(ROUNDS)) {
    const user = await signUp();
    const request = clientOf(user);
    const existing = range(4).map(() => randomUUID());
    await Promise.all(existing.map((id) => request('PUT', `/${id}`, { title: 'Existing', tags: ['a'] })));
    // Few enough that none of them waits for the others longer than a request may.
    const writers = range(8).map(async (i) => {
      const id = existing[i % 4];
      const tags = [`t${i}`];
      const responses = [
        await request('PUT', `/${randomUUID()}`, { title: 'Put', tags }),
        await request('POST', '', { title: 'Posted', tags }),
        await request('PATCH', `/${id}`, { title: `Patched ${i}`, tags }),
        await request(i % 2 ? 'DELETE' : 'PATCH', i % 2 ? `/${id}` : `/${id}/complete`),
      ];
      return responses.map(({ status }) => status);
    });
    const removal = asOwner(`delete from "user" where id = '${user.id}'`);
    const seenStatuses = new Set((await Promise.all(writers)).flat());
    await removal;
    for (const status of seenStatuses) expect([200, 201, 204, 401, 404]).toContain(status);
    for (const table of ['tasks', 'task_tags', 'session', 'account']) {
      expect(await asOwner(`select from ${table} where user_id = '${user.id}'`)).toEqual([]);
    }
    expect((await request('POST', '', { title: 'Late' })).status).toBe(401);
  }
});
