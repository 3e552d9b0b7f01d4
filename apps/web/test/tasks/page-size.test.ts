import type { Task, TaskPage } from '@taskward/api-core';
import { beforeAll, expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { ORIGIN, send, signUp, type TestUser, useApp } from '../harness';

useApp();

const MIB = 2 ** 20;
const COUNT = 40;
let user: TestUser;

/** By tag, the characters of descriptions of 10,000: one, four and six bytes each in JSON. */
const characters = { ascii: 'chr(97)', emoji: "'🐘'", control: 'chr(1)' };

beforeAll(async () => {
  user = await signUp();
  const { db } = await getApp();
  for (const [name, character] of Object.entries(characters)) {
    await db.ownerDb.execute(`
      with inserted as (
        insert into tasks (user_id, id, title, description, created_at)
        select '${user.id}', gen_random_uuid(), i::text, repeat(${character}, 10000), now() - i % 7 * interval '1 ms'
        from generate_series(1, ${COUNT}) i returning user_id, id
      ) insert into task_tags select user_id, id, '${name}' from inserted`);
  }
  await db.ownerDb.execute(`insert into task_tags select user_id, id, 'any' from tasks where user_id = '${user.id}'`);
});

const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

async function* walk(query: string): AsyncGenerator<{ page: TaskPage; limit: number }> {
  let path: string | undefined = `${user.tasks}?${query}`;
  while (path) {
    const response = await send('GET', path, { token: user.token });
    expect(response.status).toBe(200);
    yield { page: await response.json(), limit: Number(new URL(path, ORIGIN).searchParams.get('limit') ?? 50) };
    path = /^<(.+)>; rel="next"$/.exec(response.headers.get('Link') ?? '')?.[1];
  }
}

test.each([
  'limit=100&tag=ascii',
  'limit=100&tag=emoji',
  'limit=20&tag=control',
  'limit=100&q=1&sort=-due_date',
  'sort=created_at',
  'limit=100&sort=title',
])(
  'paging by %s returns each task once, and a page ends at its limit or with the task that exceeds 1 MiB',
  async (query) => {
    const seen: Task[] = [];
    for await (const { page, limit } of walk(query)) {
      const { data, next_cursor } = page;
      expect(bytes(data.slice(0, -1))).toBeLessThanOrEqual(MIB);
      expect(data.length).toBeLessThanOrEqual(limit);
      // Less than the limit only at the end of the list or of the bytes; the spaces between tokens count as well.
      if (next_cursor !== null && data.length < limit) expect(bytes(data)).toBeGreaterThan(MIB * 0.99);
      seen.push(...data);
    }
    const tag = new URLSearchParams(query).get('tag') ?? 'any';
    const { db } = await getApp();
    const { rows } = await db.ownerDb.execute<{ id: string }>(`
    select id from tasks join task_tags on task_id = id
    where tag = '${tag}' and (title ~ '1' or '${query}' !~ 'q=1') and tasks.user_id = '${user.id}' order by id`);
    expect(seen.map(({ id }) => id).sort()).toEqual(rows.map(({ id }) => id));
  },
);
