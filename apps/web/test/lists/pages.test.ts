import { randomUUID } from 'node:crypto';
import type { List } from '@taskward/api-core';
import { expect, test } from 'vitest';
import { send, signUp, type TestUser, useApp } from '../harness';
import { createTask, getPage, withQuery } from '../task-requests';
import { createList, createLists, getLists, insertLists, pathOfLists, sendToLists } from './requests';

useApp();

/** Requests all pages, and calls `between` between each two of them. */
async function walk(user: TestUser, limit: number, between: () => Promise<unknown> = async () => {}): Promise<List[]> {
  const seen: List[] = [];
  let { data, next_cursor } = await getLists(user, { limit: `${limit}` });
  seen.push(...data);
  while (next_cursor !== null) {
    expect(data).toHaveLength(limit);
    await between();
    ({ data, next_cursor } = await getLists(user, { limit: `${limit}`, cursor: next_cursor }));
    seen.push(...data);
  }
  return seen;
}

/** A user with that many lists, `First` the first. */
async function userWithLists(count: number) {
  const user = await signUp();
  await createList(user, 'First');
  await insertLists(user, count - 1);
  return { user, names: ['First', ...Array.from({ length: count - 1 }, (_, i) => `L${i + 1}`)] };
}

const namesIn = (lists: readonly List[]) => lists.map(({ name }) => name);

test('a page of lists has 50 by default and at most 100, in their order', async () => {
  const { user, names } = await userWithLists(120);
  expect(namesIn((await getLists(user)).data)).toEqual(names.slice(0, 50));
  const first = await getLists(user, { limit: '100' });
  expect(namesIn(first.data)).toEqual(names.slice(0, 100));
  const last = await getLists(user, { limit: '100', cursor: first.next_cursor ?? '' });
  expect([namesIn(last.data), last.next_cursor]).toEqual([names.slice(100), null]);
});

test('pages of lists of any size add up to all of them, and a full last page has no cursor', async () => {
  const { user, names } = await userWithLists(12);
  for (const limit of [1, 2, 3, 5, 11, 12, 13]) expect(namesIn(await walk(user, limit)), `${limit}`).toEqual(names);
  expect((await getLists(user, { limit: '12' })).next_cursor).toBeNull();
});

test('the Link header of a page of lists leads to the next one', async () => {
  const { user, names } = await userWithLists(3);
  const response = await sendToLists(user, 'GET', '?limit=2');
  const [, next = ''] = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('Link') ?? '') ?? [];
  const following = await send('GET', next, { token: user.token });
  expect(namesIn((await following.json()).data)).toEqual(names.slice(2));
  expect(following.headers.get('Link')).toBeNull();
});

test('a walk through the lists returns each that stands still exactly once, while others are created, renamed, moved and deleted', async () => {
  const { user } = await userWithLists(60);
  const all = (await getLists(user, { limit: '100' })).data;
  const disturbed = new Set<string>();
  let step = 0;
  const seen = await walk(user, 5, async () => {
    step += 1;
    await createList(user, `New ${step}`);
    // One from the pages so far, one from those to come, and the one of the cursor.
    for (const index of [step, 59 - step, 5 * step - 1]) {
      const list = all[index];
      if (!list || disturbed.has(list.id)) continue;
      disturbed.add(list.id);
      const path = `/${list.id}`;
      const response =
        index % 3 === 0
          ? await sendToLists(user, 'DELETE', path)
          : await sendToLists(user, 'PATCH', `${path}/move`, index % 3 === 1 ? { after: null } : {});
      expect(response.ok).toBe(true);
    }
    const renamed = all[20 + step];
    if (renamed) await sendToLists(user, 'PATCH', `/${renamed.id}`, { name: `Renamed ${step}` });
  });
  expect(step).toBeGreaterThan(10);
  expect(disturbed.size).toBeGreaterThan(25);
  const still = all.map(({ id }) => id).filter((id) => !disturbed.has(id));
  expect(still.length).toBeGreaterThan(15);
  expect(seen.map(({ id }) => id).filter((id) => still.includes(id))).toEqual(still);
});

test('a cursor of lists can be used again, with another limit, and after its list was moved or deleted', async () => {
  const user = await signUp();
  const { C, B } = await createLists(user, 'A', 'B', 'C', 'D', 'E');
  const cursor = (await getLists(user, { limit: '3' })).next_cursor ?? '';
  const again = async (limit: string) => namesIn((await getLists(user, { limit, cursor })).data);
  expect([await again('1'), await again('9')]).toEqual([['D'], ['D', 'E']]);
  await sendToLists(user, 'PATCH', `/${C.id}/move`, { after: null });
  expect(await again('9')).toEqual(['D', 'E']);
  await sendToLists(user, 'DELETE', `/${C.id}`);
  await sendToLists(user, 'PATCH', `/${B.id}/move`, {});
  expect(await again('9')).toEqual(['D', 'E', 'B']);
});

async function expectRefusedCursor(user: TestUser, cursor: string) {
  const response = await sendToLists(user, 'GET', withQuery('', { cursor }));
  expect.soft(response.status, cursor).toBe(422);
  expect.soft((await response.json()).errors, cursor).toMatchObject([{ in: 'query', pointer: '/cursor' }]);
}

test('a cursor of lists that is damaged or invented returns 422', async () => {
  const { user } = await userWithLists(2);
  const cursor = (await getLists(user, { limit: '1' })).next_cursor ?? '';
  const position = Buffer.from(JSON.stringify(['5000000000', randomUUID()]));
  const damaged = [
    ...['', ' ', 'x', '=', '0', 'null', '😀', 'A'.repeat(10_000)],
    position.toString('base64url'),
    Buffer.concat([Buffer.from(cursor, 'base64url').subarray(0, 16), position]).toString('base64url'),
    ...[cursor.slice(1), cursor.slice(0, -1), `${cursor}A`, `${cursor}=`, `${cursor}${cursor}`, cursor.toUpperCase()],
  ];
  for (const i of [0, 20, 30, cursor.length - 1]) {
    damaged.push(cursor.slice(0, i) + (cursor[i] === 'A' ? 'B' : 'A') + cursor.slice(i + 1));
  }
  for (const cursor of damaged) await expectRefusedCursor(user, cursor);
});

test('a cursor of another user, or of tasks, returns 422 for lists, and one of lists for tasks', async () => {
  const [ada, bob] = [await userWithLists(2), await userWithLists(2)];
  const hers = (await getLists(ada.user, { limit: '1' })).next_cursor ?? '';
  await expectRefusedCursor(bob.user, hers);
  for (const title of ['One', 'Two']) await createTask(ada.user, { title });
  await expectRefusedCursor(ada.user, (await getPage(ada.user, { limit: '1' })).next_cursor ?? '');
  const { tasks, token } = ada.user;
  expect((await send('GET', withQuery(tasks, { cursor: hers }), { token })).status).toBe(422);
});

test.each(['limit=0', 'limit=101', 'limit=1.5', 'limit=', 'limit=1&limit=2', 'sort=name', 'name=A', 'tasks=keep'])(
  'lists refuse the query ?%s with 422',
  async (query) => {
    const { id, token } = await signUp();
    const response = await send('GET', `${pathOfLists({ id } as TestUser)}?${query}`, { token });
    expect(response.status).toBe(422);
    expect((await response.json()).errors).toMatchObject([{ in: 'query' }]);
  },
);

test.each(['?tasks=drop', '?tasks=', '?tasks=keep&tasks=keep', '?keep=true'])(
  'the deletion of a list refuses the query %s with 422, and deletes nothing',
  async (query) => {
    const user = await signUp();
    const { id } = await createList(user);
    expect((await sendToLists(user, 'DELETE', `/${id}${query}`)).status).toBe(422);
    expect((await getLists(user)).data).toHaveLength(1);
  },
);
