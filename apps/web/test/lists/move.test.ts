import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { execute, getRevisions, newestRevision, revisionOf, undo } from '../journal/requests';
import { createTask } from '../task-requests';
import { createList, createLists, getList, getLists, insertLists, namesOf, sendToLists } from './requests';

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

const move = (id: string, body: unknown) => sendToLists(user, 'PATCH', `/${id}/move`, body);

type Name = 'A' | 'B' | 'C' | 'D';

test.each<[Name, Name | null | undefined, string]>([
  ['C', null, 'CABD'],
  ['C', 'A', 'ACBD'],
  ['C', 'D', 'ABDC'],
  ['C', undefined, 'ABDC'],
  ['A', 'B', 'BACD'],
  ['A', 'C', 'BCAD'],
  ['A', 'D', 'BCDA'],
  ['A', undefined, 'BCDA'],
  ['D', null, 'DABC'],
  ['D', 'A', 'ADBC'],
  ['D', 'B', 'ABDC'],
])(
  'of the lists ABCD, %s moved after %s makes %s: one revision that changes its position alone',
  async (name, after, order) => {
    const lists = await createLists(user, 'A', 'B', 'C', 'D');
    const before = lists[name];
    const target = typeof after === 'string' ? lists[after].id : after;
    const response = await move(before.id, target === undefined ? {} : { after: target });
    const moved = await response.json();
    expect(response.status).toBe(200);
    expect([response.headers.get('ETag'), response.headers.get('Revision')]).toEqual(['"2"', '5']);
    const { position, updated_at } = moved;
    expect(moved).toStrictEqual({ ...before, position, updated_at, version: 2 });
    expect(position).not.toBe(before.position);
    expect(updated_at >= before.updated_at).toBe(true);
    expect(await getList(user, before.id)).toStrictEqual(moved);
    expect((await namesOf(user)).join('')).toBe(order);
    const { data } = await getLists(user);
    expect(data.map(({ position }) => position)).toEqual(data.map(({ position }) => position).toSorted());
    for (const list of data.filter(({ id }) => id !== before.id)) expect(list).toStrictEqual(lists[list.name as Name]);
    expect(await newestRevision(user)).toMatchObject({
      revision: 5,
      // No client writes a position.
      entries: [{ type: 'list', id: before.id, op: 'updated', version: 2, diff: {} }],
    });
  },
);

test.each<[Name, Name | null | undefined]>([
  ['A', null],
  ['B', 'A'],
  ['C', 'B'],
  ['D', 'C'],
  ['D', undefined],
])(
  'of the lists ABCD, %s moved after %s, where it stands, changes nothing and makes no revision',
  async (name, after) => {
    const lists = await createLists(user, 'A', 'B', 'C', 'D');
    const tag = (await sendToLists(user, 'GET')).headers.get('ETag');
    const target = typeof after === 'string' ? lists[after].id : after;
    const response = await move(lists[name].id, target === undefined ? {} : { after: target });
    expect([response.status, response.headers.get('ETag'), response.headers.get('Revision')]).toEqual([
      200,
      '"1"',
      null,
    ]);
    expect(await response.json()).toStrictEqual(lists[name]);
    expect((await sendToLists(user, 'GET')).headers.get('ETag')).toBe(tag);
  },
);

test('a list is not moved after itself, a missing list, the list of another user or a task: 422 at /after', async () => {
  const lists = await createLists(user, 'A', 'B');
  const theirs = await createList(await signUp());
  const task = await createTask(user);
  const before = [await getLists(user), await getRevisions(user)];
  const deleted = await createList(user);
  await sendToLists(user, 'DELETE', `/${deleted.id}`);
  const revisions = await getRevisions(user);
  for (const after of [lists.A.id, randomUUID(), theirs.id, task.id, deleted.id]) {
    const response = await move(lists.A.id, { after });
    expect(response.status, after).toBe(422);
    expect(response.headers.get('Revision')).toBeNull();
    expect((await response.json()).errors).toMatchObject([{ in: 'body', pointer: '/after', code: 'no_sibling' }]);
  }
  expect(await getLists(user)).toStrictEqual(before[0]);
  expect(await getRevisions(user)).toStrictEqual(revisions);
});

test.each([
  [{ after: 'x' }, '/after'],
  [{ after: 1 }, '/after'],
  [{ after: '' }, '/after'],
  [{ after: [] }, '/after'],
  [{ before: null }, '/before'],
  [{ list_id: null }, '/list_id'],
  [{ position: '5000000000' }, '/position'],
])('a move of a list refuses %j with 422 at %s', async (body, pointer) => {
  const { id } = await createList(user);
  const response = await move(id, body);
  expect(response.status).toBe(422);
  expect((await response.json()).errors).toMatchObject([{ in: 'body', pointer }]);
});

test('a move of a list takes the id to stand after in upper case', async () => {
  const { A, C } = await createLists(user, 'A', 'B', 'C');
  expect((await move(C.id, { after: A.id.toUpperCase() })).status).toBe(200);
  expect(await namesOf(user)).toEqual(['A', 'C', 'B']);
});

test('lists that are moved in between each other again and again keep their order, with positions of at most 100 characters', async () => {
  const { A, B, C } = await createLists(user, 'A', 'B', 'C');
  // What stands between A and the other of the two always takes the middle: the longest positions that there can be.
  for (let i = 0; i < 230; i++) {
    const { id } = i % 2 === 0 ? C : B;
    expect((await move(id, { after: A.id })).status).toBe(200);
    if (i % 23 === 0) expect(await namesOf(user)).toEqual(i % 2 === 0 ? ['A', 'C', 'B'] : ['A', 'B', 'C']);
  }
  expect(await namesOf(user)).toEqual(['A', 'B', 'C']);
  const { data } = await getLists(user);
  for (const { position } of data) expect(position).toMatch(/^\d{10,100}$/);
});

test('a move that renumbers the neighbours of a list is one revision, with an entry for each, which one undo takes back', async () => {
  const { A, B, C } = await createLists(user, 'A', 'B', 'C');
  const lengthen = (id: string, position: string) =>
    execute(`update lists set position = '${position}' where id = '${id}'`);
  await lengthen(A.id, `5000000000${'0'.repeat(49)}1`);
  await lengthen(B.id, `5000000000${'0'.repeat(49)}2`);
  const before = (await getLists(user)).data;
  const revision = await revisionOf(move(C.id, { after: A.id }));
  const after = (await getLists(user)).data;
  expect(after.map(({ name }) => name)).toEqual(['A', 'C', 'B']);
  const { entries } = await newestRevision(user);
  const changed = after.filter(({ version }) => version === 2);
  expect(changed.length).toBeGreaterThan(1);
  expect(entries.map(({ id, version }) => [id, version]).sort()).toEqual(
    changed.map(({ id, version }) => [id, version]).sort(),
  );
  for (const { position } of after) expect(position.length).toBeLessThanOrEqual(60);
  await undo(user, revision);
  const undone = (await getLists(user)).data;
  expect(undone.map(({ name, position }) => [name, position])).toEqual(
    before.map(({ name, position }) => [name, position]),
  );
});

test('lists that are moved at once all succeed, and each has a position of its own', async () => {
  await createList(user, 'First');
  await insertLists(user, 19);
  const { data } = await getLists(user);
  const responses = await Promise.all(
    data.map(({ id }, i) => move(id, i % 3 === 0 ? {} : { after: i % 3 === 1 ? null : (data[0]?.id ?? null) })),
  );
  // The first one cannot stand after itself.
  expect(responses.map(({ status }) => status)).toEqual(data.map(() => 200));
  const after = (await getLists(user)).data;
  expect(new Set(after.map(({ position }) => position)).size).toBe(20);
  expect(after.map(({ id }) => id).sort()).toEqual(data.map(({ id }) => id).sort());
});
