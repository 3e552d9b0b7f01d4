import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { ORIGIN, send, signUp, type TestUser, useApp } from '../harness';
import { execute, requestUndo, revisionOf, undo } from '../journal/requests';
import { createTask, getPage, sendAs } from '../task-requests';
import { createList, getLists, insertLists, sendToLists } from './requests';

useApp();

const MAX_LISTS = 500;
const MAX_DELETED_TASKS = 10_000;

// Others have tasks, too: statistics of an empty table would say that every index is as good as any other.
beforeAll(async () => {
  const { id } = await signUp();
  await execute(`insert into tasks (user_id, id, title, position)
    select '${id}', gen_random_uuid(), 'T', (5000000000 + n)::text from generate_series(1, 20000) n`);
  await execute('vacuum analyze tasks');
});

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

const create = (headers?: HeadersInit) => sendToLists(user, 'POST', '', { name: 'New' }, headers);
const put = (id: string = randomUUID(), headers?: HeadersInit) =>
  sendToLists(user, 'PUT', `/${id}`, { name: 'Put' }, headers);

/** Creates as many lists as a user may have but for `missing`, and returns the id of the first. */
async function fill(missing = 0): Promise<string> {
  const { id } = await createList(user);
  await insertLists(user, MAX_LISTS - 1 - missing);
  return id;
}

const count = async (table: string) =>
  Number((await execute(`select count(*) from ${table} where user_id = '${user.id}'`))[0]?.count);

async function expectConflict(response: Response): Promise<void> {
  expect(response.status).toBe(409);
  expect(response.headers.get('Cache-Control')).toBe('no-store');
  expect(await response.json()).toMatchObject({ type: '/problems/conflict', title: 'Conflict', status: 409 });
}

test('a user with 500 lists gets 409 for another one by POST or PUT, and nothing is stored', async () => {
  await fill();
  await expectConflict(await create());
  await expectConflict(await create({ 'Idempotency-Key': randomUUID() }));
  await expectConflict(await put());
  await expectConflict(await put(randomUUID(), { 'If-None-Match': '*' }));
  expect((await put(randomUUID(), { 'If-Match': '*' })).status).toBe(412);
  expect([await count('lists'), await count('changes'), await count('idempotency_keys')]).toEqual([MAX_LISTS, 1, 0]);
});

test('a user with 500 lists can rename, move and delete them, and create one more after deleting one', async () => {
  const id = await fill();
  expect((await put(id)).status).toBe(200);
  expect((await sendToLists(user, 'PATCH', `/${id}/move`, {})).status).toBe(200);
  expect((await sendToLists(user, 'DELETE', `/${id}`)).status).toBe(204);
  expect((await create()).status).toBe(201);
  await expectConflict(await create());
});

test('the 500th list is created, and of lists created at once no more than that are', async () => {
  await fill(2);
  const responses = await Promise.all([create(), put(), create(), put()]);
  expect(responses.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409]);
  expect(await count('lists')).toBe(MAX_LISTS);
});

test('undo of the deletion of a list is refused with 409 where the user has 500 lists again', async () => {
  const id = await fill();
  const deletion = await revisionOf(sendToLists(user, 'DELETE', `/${id}`));
  const { id: another } = await (await create()).json();
  await expectConflict(await requestUndo(user, deletion));
  await sendToLists(user, 'DELETE', `/${another}`);
  await undo(user, deletion);
  expect(await count('lists')).toBe(MAX_LISTS);
});

test('lists are not counted as tasks, nor tasks as lists', async () => {
  await createTask(user);
  const { id } = await createList(user);
  await createTask(user, { title: 'A', list_id: id });
  const counts = async () => await execute(`select tasks, lists from journals where user_id = '${user.id}'`);
  expect(await counts()).toEqual([{ tasks: 2, lists: 1 }]);
  const revision = await revisionOf(sendToLists(user, 'DELETE', `/${id}`));
  expect(await counts()).toEqual([{ tasks: 1, lists: 0 }]);
  const undone = await undo(user, revision);
  expect(await counts()).toEqual([{ tasks: 2, lists: 1 }]);
  await undo(user, undone);
  expect(await counts()).toEqual([{ tasks: 1, lists: 0 }]);
});

/** Inserts that many tasks, and counts them. */
async function insertTasks(list: string, tasks: number): Promise<void> {
  await execute(`insert into tasks (user_id, id, title, list_id, position)
    select '${user.id}', gen_random_uuid(), 'T' || n, '${list}', (5000000000 + n)::text from generate_series(1, ${tasks}) n`);
  await execute(`update journals set tasks = tasks + ${tasks} where user_id = '${user.id}'`);
}

test.each(['', '?tasks=keep'])(
  'DELETE of a list%s is refused with 409 where it has more than 10,000 tasks, and deletes one of 10,000',
  async (query) => {
    const { id } = await createList(user);
    await insertTasks(id, MAX_DELETED_TASKS + 1);
    await expectConflict(await sendToLists(user, 'DELETE', `/${id}${query}`));
    expect((await sendToLists(user, 'DELETE', `/${id}${query}`, undefined, { 'If-Match': '"7"' })).status).toBe(412);
    expect([await count('lists'), await count('tasks')]).toEqual([1, MAX_DELETED_TASKS + 1]);
    const [one] = (await getPage(user, { list: id, limit: '1' })).data;
    expect((await sendAs(user, 'DELETE', `/${one?.id}`)).status).toBe(204);
    expect((await sendToLists(user, 'DELETE', `/${id}${query}`)).status).toBe(204);
    expect([await count('lists'), await count('tasks')]).toEqual([0, query ? MAX_DELETED_TASKS : 0]);
  },
);

test.each(['', '?tasks=keep'])('undo takes back the deletion of a list%s with 10,000 tasks', async (query) => {
  const { id } = await createList(user);
  await insertTasks(id, MAX_DELETED_TASKS);
  await undo(user, await revisionOf(sendToLists(user, 'DELETE', `/${id}${query}`)));
  expect((await getLists(user)).data).toMatchObject([{ id }]);
  expect(await execute(`select count(*)::int from tasks where list_id = '${id}'`)).toEqual([
    { count: MAX_DELETED_TASKS },
  ]);
});

test('deleting an account deletes all of its lists, and the tasks in them', async () => {
  const { id } = await createList(user);
  await createTask(user, { title: 'A', list_id: id });
  const { cookie, password } = user;
  const headers = { Cookie: cookie, Origin: ORIGIN };
  expect((await send('POST', '/api/auth/delete-user', { headers, body: { password } })).status).toBe(200);
  expect([await count('lists'), await count('tasks')]).toEqual([0, 0]);
});
