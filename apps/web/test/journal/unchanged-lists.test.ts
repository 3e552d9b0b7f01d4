import { beforeEach, describe, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { createTask, requestPage, sendAs } from '../task-requests';

useApp();

let user: TestUser;

beforeEach(async () => {
  user = await signUp();
});

describe('the ETag of a list', () => {
  const list = (tag?: string | null, query: Record<string, string> = {}) =>
    sendAs(user, 'GET', `?${new URLSearchParams(query)}`, undefined, tag ? { 'If-None-Match': tag } : {});

  test('an unchanged list is a 304 without a body, and a changed one is returned with another tag', async () => {
    const { id } = await createTask(user);
    const tag = (await list()).headers.get('ETag');
    expect(tag).toMatch(/^W\/"[A-Za-z0-9.~-]+"$/);
    const unchanged = await list(tag);
    expect([unchanged.status, unchanged.headers.get('ETag'), await unchanged.text()]).toEqual([304, tag, '']);
    expect((await list(`"1", ${tag}`)).status).toBe(304);
    expect((await list(tag?.slice(2))).status).toBe(304);
    expect((await list('*')).status).toBe(304);
    for (const other of ['"1"', 'W/"1.a"', 'W/"0"', 'nonsense']) expect((await list(other)).status, other).toBe(200);
    const changes: [string, string, object?][] = [
      ['PATCH', `/${id}`, { title: 'Bread' }],
      ['POST', '', { title: 'Oats' }],
      ['DELETE', `/${id}`],
    ];
    for (const [method, path, body] of changes) {
      const before = (await list()).headers.get('ETag');
      await sendAs(user, method, path, body);
      const after = await list(before);
      expect([after.status, (await after.json()).data.length]).toEqual([200, method === 'POST' ? 2 : 1]);
      expect(after.headers.get('ETag')).not.toBe(before);
    }
  });

  test('every list has the tag, whatever its filters and cursor, and a write that changes nothing leaves it', async () => {
    const tasks = [await createTask(user), await createTask(user, { title: 'Milk', tags: ['shop'] })];
    const tag = (await list()).headers.get('ETag');
    const cursor = (await (await list(null, { limit: '1' })).json()).next_cursor;
    await sendAs(user, 'PATCH', `/${tasks[0]?.id}`, {});
    for (const query of [{ tag: 'shop' }, { sort: 'title', q: 'milk' }, { cursor }]) {
      expect((await requestPage(user, query)).headers.get('ETag')).toBe(tag);
      expect((await list(tag, query)).status).toBe(304);
    }
  });

  test('the empty list of a new user has a tag, too', async () => {
    const tag = (await list()).headers.get('ETag');
    expect((await list(tag)).status).toBe(304);
    await createTask(user);
    expect((await list(tag)).status).toBe(200);
  });
});
