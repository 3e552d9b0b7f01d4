import { randomUUID } from 'node:crypto';
import type { Change } from '@taskward/api-core';
import { beforeEach, expect, test } from 'vitest';
import { send, signUp, type TestUser, useApp } from '../harness';
import { getChanges } from '../journal/copy';
import { getRevisions, newestRevision, revisionOf, sendBelow, trashedIds, undo } from '../journal/requests';
import { getTask, sendAs } from '../task-requests';
import { getList, getLists, namesOf, sendToLists } from './requests';

/** A list and a task of one user under the same UUID, in the same journal. */

useApp();

let user: TestUser;
let id: string;
beforeEach(async () => {
  user = await signUp();
  id = randomUUID();
});

const putList = (name: string) => sendToLists(user, 'PUT', `/${id}`, { name });
const putTask = (title: string, more: object = {}) => sendAs(user, 'PUT', `/${id}`, { title, ...more });
const removeList = () => sendToLists(user, 'DELETE', `/${id}`);
const removeTask = () => sendAs(user, 'DELETE', `/${id}`);
const undoOf = async (write: Promise<Response>) => undo(user, await revisionOf(write));

test('a list and a task under the same id have versions of their own, also after they were deleted and created again', async () => {
  for (const name of ['A', 'B', 'C']) await putList(name);
  expect((await putTask('T')).headers.get('ETag')).toBe('"1"');
  await removeTask();
  await removeList();
  expect((await putList('D')).headers.get('ETag')).toBe('"4"');
  expect((await putTask('T')).headers.get('ETag')).toBe('"2"');
  await sendAs(user, 'PATCH', `/${id}/complete`);
  expect(await getList(user, id)).toMatchObject({ version: 4, name: 'D' });
  expect(await getTask(user, id)).toMatchObject({ version: 3, title: 'T' });
});

test('deleting one of a list and a task under the same id leaves the other', async () => {
  await putList('L');
  await putTask('T');
  const task = await getTask(user, id);
  await removeList();
  expect(await getTask(user, id)).toStrictEqual(task);
  await putList('L');
  const list = await getList(user, id);
  await removeTask();
  expect(await getList(user, id)).toStrictEqual(list);
});

test('a task stands in a list of its own id, and is deleted or kept with it as any other one', async () => {
  await putList('L');
  expect((await putTask('T', { list_id: id })).status).toBe(201);
  const child = randomUUID();
  expect((await sendAs(user, 'PUT', `/${child}`, { title: 'Below', parent_id: id })).status).toBe(201);
  expect(await getTask(user, child)).toMatchObject({ list_id: id, parent_id: id });
  await undoOf(sendToLists(user, 'DELETE', `/${id}?tasks=keep`));
  const deletion = await revisionOf(removeList());
  expect((await trashedIds(user)).sort()).toEqual([child, id].sort());
  await undo(user, deletion);
  expect(await getTask(user, child)).toMatchObject({ list_id: id, parent_id: id });
  expect(await getTask(user, id)).toMatchObject({ list_id: id, parent_id: null });
  expect(await namesOf(user)).toEqual(['L']);
});

test.each([1, 2, 100])('changes in pages of %i gives a list and a task under the same id once each', async (limit) => {
  const others = Array.from({ length: 3 }, () => randomUUID());
  for (const other of others) {
    await sendToLists(user, 'PUT', `/${other}`, { name: 'Other' });
    await sendAs(user, 'PUT', `/${other}`, { title: 'Other' });
  }
  async function walk(since?: string) {
    const given: string[] = [];
    let token = since;
    for (;;) {
      const page = await getChanges(user, { limit: String(limit), ...(token !== undefined && { since: token }) });
      given.push(...page.changes.map(describe));
      token = page.token;
      if (!page.has_more) return { given, token };
    }
  }
  const describe = (change: Change) =>
    `${change.type} ${change.id} ${(change.type === 'list' ? change.list : change.task) === null ? 'gone' : 'there'}`;
  await putList('L');
  await putTask('T');
  const { given, token } = await walk();
  const ids = [...others, id].sort();
  expect(given).toEqual([...ids.map((id) => `list ${id} there`), ...ids.map((id) => `task ${id} there`)]);
  await putTask('New');
  await putList('New');
  await removeTask();
  const next = await walk(token);
  // Pages of one entry may give a resource more than once.
  expect(new Set(next.given)).toEqual(new Set([`list ${id} there`, `task ${id} gone`]));
  await putTask('Again');
  await removeList();
  expect(new Set((await walk(next.token)).given)).toEqual(new Set([`task ${id} there`, `list ${id} gone`]));
});

test('the revisions of one task have no entry of a list under its id', async () => {
  await putTask('T');
  await putList('L');
  await putTask('New');
  await putList('New');
  await removeList();
  await removeTask();
  const { data } = await getRevisions(user, { task: id });
  expect(data.map(({ revision }) => revision)).toEqual([6, 3, 1]);
  expect(data.flatMap(({ entries }) => entries.map(({ type }) => type))).toEqual(['task', 'task', 'task']);
  const first = await getRevisions(user, { task: id, limit: '2' });
  const rest = await getRevisions(user, { task: id, limit: '2', cursor: first.next_cursor ?? '' });
  expect([...first.data, ...rest.data]).toStrictEqual(data);
});

test('a task in the trash is found there, restored and purged whatever happens to a list under its id', async () => {
  await putTask('T');
  await putList('L');
  await removeTask();
  await putList('New');
  expect(await trashedIds(user)).toEqual([id]);
  await removeList();
  expect(await trashedIds(user)).toEqual([id]);
  expect((await sendBelow(user, 'POST', `/trash/${id}/restore`)).status).toBe(201);
  expect(await getTask(user, id)).toMatchObject({ title: 'T', version: 2 });
  expect((await getLists(user)).data).toEqual([]);
  await removeTask();
  expect((await putList('Again')).headers.get('ETag')).toBe('"3"');
  const list = await getList(user, id);
  expect((await sendBelow(user, 'DELETE', `/trash/${id}`)).status).toBe(204);
  expect(await trashedIds(user)).toEqual([]);
  expect(await getList(user, id)).toStrictEqual(list);
});

test('purging a task leaves the history and the stored responses of a list under its id', async () => {
  await putTask('T');
  await putList('A');
  const rename = await revisionOf(putList('B'));
  const headers = { 'Idempotency-Key': randomUUID() };
  const body = { name: 'C' };
  await sendToLists(user, 'PATCH', `/${id}`, body, headers);
  await removeTask();
  await sendBelow(user, 'DELETE', '/trash');
  const replayed = await sendToLists(user, 'PATCH', `/${id}`, body, headers);
  expect([replayed.headers.get('Idempotency-Replayed'), (await replayed.json()).name]).toEqual(['true', 'C']);
  await putList('B');
  await undo(user, rename);
  expect(await getList(user, id)).toMatchObject({ name: 'A' });
});

test('undo of a write of a list or a task does not count what was done to the other one under the same id', async () => {
  const creations = [await revisionOf(putList('L')), await revisionOf(putTask('T'))];
  const rename = await revisionOf(putList('New'));
  const retitle = await revisionOf(putTask('New'));
  await undo(user, rename);
  expect([(await getList(user, id)).name, (await getTask(user, id)).title]).toEqual(['L', 'New']);
  await undo(user, retitle);
  const deletion = await revisionOf(removeList());
  await undo(user, creations[1] ?? 0);
  expect((await sendAs(user, 'GET', `/${id}`)).status).toBe(404);
  await undo(user, deletion);
  expect(await newestRevision(user)).toMatchObject({ entries: [{ type: 'list', id, op: 'restored', version: 4 }] });
  await undo(user, creations[0] ?? 0);
  expect((await getLists(user)).data).toEqual([]);
});

test('a revision that changed a list and then a task under the same id is in the history of the task', async () => {
  const operations = [
    { op: 'replaceList', list_id: id, body: { name: 'L' } },
    { op: 'replaceTask', task_id: id, body: { title: 'T' } },
  ];
  const { token } = user;
  const response = await send('POST', `/api/${user.id}/batch`, { token, body: { operations } });
  const { revision } = await response.json();
  expect(await getRevisions(user, { task: id })).toMatchObject({
    data: [{ revision, entries: [{ type: 'task', id }] }],
  });
});
