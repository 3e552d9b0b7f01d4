import type { TagList } from '@taskward/api-core';
import { beforeEach, expect, test } from 'vitest';
import { send, signUp, type TestUser, useApp } from '../harness';
import { deleteTask, execute, revisionOf, undo } from '../journal/requests';
import { createTask, sendAs } from '../task-requests';
import { createList, deleteList, patch, plant } from './requests';

/** The tags of a user, with how many tasks have them. */

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

const requestTags = ({ id, token }: TestUser, query = '') => send('GET', `/api/${id}/tags${query}`, { token });
async function getTags(of = user): Promise<TagList['data']> {
  const response = await requestTags(of);
  expect(response.status).toBe(200);
  return (await response.json()).data;
}

test('a user without tags gets an empty list', async () => {
  await createTask(user);
  const response = await requestTags(user);
  expect(await response.json()).toEqual({ data: [] });
  expect(response.headers.get('ETag')).toBeNull();
});

test('each tag has how many tasks with it are done, and how many are not, in all lists and on all levels', async () => {
  const list = await createList(user);
  const { A, B } = await plant<'A' | 'B'>(user, { A: { B: {} } }, { list_id: list });
  await patch(user, A, { tags: ['home', 'shop'] });
  await patch(user, B, { tags: ['shop'], status: 'in_progress' });
  await createTask(user, { title: 'C', tags: ['shop', 'done'], status: 'done' });
  expect(await getTags()).toEqual([
    { tag: 'done', open: 0, done: 1 },
    { tag: 'home', open: 1, done: 0 },
    { tag: 'shop', open: 2, done: 1 },
  ]);
  await sendAs(user, 'PATCH', `/${A}/complete`);
  expect(await getTags()).toEqual([
    { tag: 'done', open: 0, done: 1 },
    { tag: 'home', open: 0, done: 1 },
    { tag: 'shop', open: 0, done: 3 },
  ]);
  const revision = await revisionOf(deleteList(user, list));
  expect(await getTags()).toEqual([
    { tag: 'done', open: 0, done: 1 },
    { tag: 'shop', open: 0, done: 1 },
  ]);
  await undo(user, revision);
  expect(await getTags()).toHaveLength(3);
});

test('a tag that no task has any more is gone', async () => {
  const [a, b] = [
    await createTask(user, { title: 'A', tags: ['x'] }),
    await createTask(user, { title: 'B', tags: ['y'] }),
  ];
  await patch(user, a.id, { tags: [] });
  await deleteTask(user, b.id);
  expect(await getTags()).toEqual([]);
});

test('tags are sorted by code point', async () => {
  const tags = ['z', 'é', 'a', 'ä', '10', '9', 'a b', 'ab', '-', '_', '～', '😀', 'ß', '\u00a9', '\uffee', '𝒜'];
  await createTask(user, { title: 'A', tags: tags.slice(0, 10) });
  await createTask(user, { title: 'B', tags: tags.slice(10) });
  const found = (await getTags()).map(({ tag }) => tag);
  expect(found).toHaveLength(tags.length);
  const codePoints = (text: string) => Buffer.from(text, 'utf8');
  expect(found).toEqual(found.toSorted((a, b) => Buffer.compare(codePoints(a), codePoints(b))));
});

test('at most 1,000 tags are listed, the first by name', async () => {
  const { id } = await createTask(user);
  await execute(`insert into task_tags (user_id, task_id, tag)
    select '${user.id}', '${id}', 't' || lpad(i::text, 5, '0') from generate_series(1, 1001) i`);
  const tags = await getTags();
  expect([tags.length, tags[0]?.tag, tags.at(-1)?.tag]).toEqual([1_000, 't00001', 't01000']);
});

test('tags of others are neither listed nor counted, also where their tasks have the same ids', async () => {
  const other = await signUp();
  const { id } = await createTask(user, { title: 'A', tags: ['mine', 'both'] });
  await sendAs(other, 'PUT', `/${id}`, { title: 'B', tags: ['theirs', 'both'], status: 'done' });
  expect(await getTags()).toEqual([
    { tag: 'both', open: 1, done: 0 },
    { tag: 'mine', open: 1, done: 0 },
  ]);
  expect((await getTags(other)).map(({ tag }) => tag)).toEqual(['both', 'theirs']);
  expect((await send('GET', `/api/${other.id}/tags`, { token: user.token })).status).toBe(403);
});

test('the list of tags takes no parameters', async () => {
  const response = await requestTags(user, '?limit=1');
  expect([response.status, (await response.json()).errors]).toMatchObject([422, [{ in: 'query', pointer: '/limit' }]]);
});
