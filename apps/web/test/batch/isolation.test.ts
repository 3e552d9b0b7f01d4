import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { storedRows } from '../attacker';
import { send, signUp, type TestUser, useApp } from '../harness';
import { createTask } from '../task-requests';
import { createList, type Entry, replaceTask, requestBatch, sendToLists, updateTask } from './requests';

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

test("another user's ids in a batch are missing ones, byte for byte", async () => {
  const other = await signUp();
  const list = (await createList(other)).id;
  const parent = (await createTask(other, { title: 'Theirs', list_id: list })).id;
  const mine = (await createTask(user)).id;
  const myList = (await createList(user)).id;
  const theirs = await storedRows(other.id);
  const entriesOn = (task: string, inList: string): Entry[] => [
    updateTask(task, { title: 'Mine' }),
    { ...updateTask(task, {}), if_match: 1 },
    { op: 'completeTask', task_id: task },
    { op: 'moveTask', task_id: task, body: { after: null } },
    { op: 'deleteTask', task_id: task },
    { op: 'deleteTask', task_id: task, if_none_match: '*' },
    { ...replaceTask(task), if_match: 1 },
    { op: 'updateList', list_id: inList, body: { name: 'Mine' } },
    { op: 'moveList', list_id: inList, body: {} },
    { op: 'deleteList', list_id: inList, body: { tasks: 'keep' } },
    { op: 'replaceList', list_id: inList, if_match: '*', body: { name: 'Mine' } },
    { op: 'moveTask', task_id: mine, body: { after: task } },
    { op: 'moveTask', task_id: mine, body: { parent_id: task, list_id: inList } },
    { op: 'moveList', list_id: myList, body: { after: inList } },
    updateTask(mine, { parent_id: task }),
    replaceTask(mine, { title: 'In', list_id: inList }),
  ];
  const bytesOf = async (entry: Entry) => {
    const response = await requestBatch(user, [updateTask(mine, { title: 'Before' }), entry]);
    const { request_id: _, ...document } = await response.json();
    const headers = [...response.headers].filter(([name]) => name !== 'x-request-id');
    return JSON.stringify([response.status, headers, document]);
  };
  const [nobody, nowhere] = [randomUUID(), randomUUID()];
  const missing = entriesOn(nobody, nowhere);
  for (const [i, entry] of entriesOn(parent, list).entries()) {
    const bytes = await bytesOf(entry);
    expect(bytes).toBe(await bytesOf(missing[i] as Entry));
    expect(JSON.parse(bytes)[0], JSON.stringify(entry)).toBeGreaterThanOrEqual(400);
  }
  expect(await storedRows(other.id)).toBe(theirs);
  expect((await sendToLists(other, 'GET', `/${list}`)).status).toBe(200);
});

test("a batch at another user's path is a 403, and changes nothing of theirs", async () => {
  const other = await signUp();
  const task = await createTask(other);
  const before = await storedRows(other.id);
  const body = { operations: [{ op: 'deleteTask', task_id: task.id }] };
  expect((await send('POST', `/api/${other.id}/batch`, { token: user.token, body })).status).toBe(403);
  expect(await storedRows(other.id)).toBe(before);
});
