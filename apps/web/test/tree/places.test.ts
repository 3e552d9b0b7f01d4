import { randomUUID } from 'node:crypto';
import type { Task } from '@taskward/api-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { getRevisions, newestRevision } from '../journal/requests';
import { createTask, getPage, getTask, sendAs } from '../task-requests';
import { createList, expectRefused, outlineOf, patch, plant, put, taskOf, titlesAt } from './requests';

/** Where a task stands after POST, PUT and PATCH. */

useApp();

let user: TestUser;
let list: string;
let other: string;
beforeEach(async () => {
  user = await signUp();
  [list, other] = [await createList(user), await createList(user)];
});

const placeOf = ({ list_id, parent_id }: Task) => ({ list_id, parent_id });
const isMissing = (id: string) => sendAs(user, 'GET', `/${id}`).then(({ status }) => status === 404);

/** Each way to create a task. */
const creators: [string, (body: object) => Promise<Response>][] = [
  ['POST', (body) => sendAs(user, 'POST', '', { title: 'New', ...body })],
  ['PUT under a new id', (body) => put(user, randomUUID(), { title: 'New', ...body })],
];

describe.each(creators)('%s', (_, create) => {
  test('without a list and a parent creates a task at the end of the inbox', async () => {
    await plant(user, { A: { B: {} } });
    await plant(user, { C: {} }, { list_id: list });
    for (const body of [{}, { list_id: null }, { parent_id: null }, { list_id: null, parent_id: null }]) {
      expect(placeOf(await taskOf(create(body)))).toEqual({ list_id: null, parent_id: null });
    }
    expect(await titlesAt(user)).toEqual(['A', 'New', 'New', 'New', 'New']);
  });

  test('with a list creates a task at the end of its top level', async () => {
    await plant(user, { A: { B: {} }, C: {} }, { list_id: list });
    const tasks = [await taskOf(create({ list_id: list })), await taskOf(create({ list_id: list, parent_id: null }))];
    for (const task of tasks) expect(placeOf(task)).toEqual({ list_id: list, parent_id: null });
    expect(await titlesAt(user, { list_id: list })).toEqual(['A', 'C', 'New', 'New']);
  });

  test('with a parent creates a task at the end of what is below it, in the list of the parent', async () => {
    const inList = await plant<'A'>(user, { A: { B: {} } }, { list_id: list });
    const inInbox = await plant<'A'>(user, { A: { B: {} } });
    const tasks = [
      await taskOf(create({ parent_id: inList.A })),
      await taskOf(create({ parent_id: inList.A, list_id: list })),
      await taskOf(create({ parent_id: inInbox.A })),
      await taskOf(create({ parent_id: inInbox.A.toUpperCase(), list_id: null })),
    ];
    expect(tasks.map(placeOf)).toEqual([
      { list_id: list, parent_id: inList.A },
      { list_id: list, parent_id: inList.A },
      { list_id: null, parent_id: inInbox.A },
      { list_id: null, parent_id: inInbox.A },
    ]);
    for (const { A } of [inList, inInbox]) expect(await titlesAt(user, { parent_id: A })).toEqual(['B', 'New', 'New']);
    for (const task of tasks) expect(await getTask(user, task.id)).toEqual(task);
  });

  test('with a list unlike that of the parent is a 422 at /list_id, and creates nothing', async () => {
    const { A } = await plant<'A'>(user, { A: {} }, { list_id: list });
    const { B } = await plant<'B'>(user, { B: {} });
    for (const body of [
      { parent_id: A, list_id: other },
      { parent_id: A, list_id: null },
      { parent_id: B, list_id: list },
    ]) {
      await expectRefused(user, () => create(body), ['/list_id other_list']);
    }
  });
});

test('POST with an Idempotency-Key creates a sub-task once, and the replay names its place', async () => {
  const { A } = await plant<'A'>(user, { A: {} }, { list_id: list });
  const attempt = () => sendAs(user, 'POST', '', { title: 'B', parent_id: A }, { 'Idempotency-Key': 'once' });
  const [first, second] = [await attempt(), await attempt()];
  expect(second.headers.get('Idempotency-Replayed')).toBe('true');
  expect(await second.json()).toEqual(await first.json());
  expect(await titlesAt(user, { parent_id: A })).toEqual(['B']);
});

test('a refused POST leaves its Idempotency-Key unused', async () => {
  const id = randomUUID();
  const attempt = () => sendAs(user, 'POST', '', { title: 'B', parent_id: id }, { 'Idempotency-Key': 'once' });
  await expectRefused(user, attempt, ['/parent_id no_parent']);
  await put(user, id, {});
  expect((await attempt()).status).toBe(201);
});

describe('PUT of a task that is there', () => {
  test('without list and parent moves it to the end of the inbox, and what is below it goes along', async () => {
    const { A, B } = await plant<'A' | 'B'>(user, { A: { B: { C: {} } } }, { list_id: list });
    await plant(user, { D: {} });
    const task = await taskOf(put(user, B, { title: 'B' }));
    expect([task.id, task.version, placeOf(task)]).toEqual([B, 2, { list_id: null, parent_id: null }]);
    expect(await outlineOf(user)).toEqual({ inbox: { D: {}, B: { C: {} } }, [list]: { A: {} } });
    const { entries } = await newestRevision(user);
    expect(entries.map(({ op, diff }) => [op, Object.keys(diff ?? {})])).toEqual([
      ['updated', ['list_id', 'parent_id']],
      ['updated', ['list_id']],
    ]);
    expect((await getTask(user, A)).version).toBe(1);
  });

  test('keeps its position where the place stays the same', async () => {
    const { A, B } = await plant<'A' | 'B'>(user, { A: {}, B: {}, C: {} }, { list_id: list });
    const { D } = await plant<'D'>(user, { D: {}, E: {} }, { parent_id: A });
    const { F } = await plant<'F'>(user, { F: {}, G: {} });
    const before = [await getTask(user, B), await getTask(user, D), await getTask(user, F)];
    const after = [
      await taskOf(put(user, B, { list_id: list })),
      await taskOf(put(user, D, { parent_id: A })),
      await taskOf(put(user, F, {})),
    ];
    expect(after.map(({ position }) => position)).toEqual(before.map(({ position }) => position));
    expect(after.map(placeOf)).toEqual(before.map(placeOf));
  });

  test('that changes nothing makes no revision and keeps the version', async () => {
    const { A, B } = await plant<'A' | 'B'>(user, { A: { B: {} } }, { list_id: list });
    const { revision } = await newestRevision(user);
    const responses = [
      await put(user, A, { title: 'A', list_id: list }),
      await put(user, B, { title: 'B', parent_id: A }),
      await put(user, B, { title: 'B', parent_id: A, list_id: list }),
    ];
    for (const { headers } of responses) expect([headers.get('ETag'), headers.get('Revision')]).toEqual(['"1"', null]);
    expect((await newestRevision(user)).revision).toBe(revision);
  });

  test('refuses a list unlike that of the parent at /list_id', async () => {
    const { A, B } = await plant<'A' | 'B'>(user, { A: { B: {} } }, { list_id: list });
    for (const list_id of [other, null]) {
      await expectRefused(user, () => put(user, B, { parent_id: A, list_id }), ['/list_id other_list']);
    }
  });
});

describe('PATCH', () => {
  test('of the list moves a task to the end of that list with all that is below it, as one revision', async () => {
    const ids = await plant<'A' | 'B' | 'C' | 'D'>(user, { A: { B: { C: {} }, D: {} }, E: {} }, { list_id: list });
    await plant(user, { F: {} }, { list_id: other });
    const before = await newestRevision(user);
    const task = await taskOf(patch(user, ids.A, { list_id: other }));
    expect(placeOf(task)).toEqual({ list_id: other, parent_id: null });
    expect(await outlineOf(user)).toEqual({
      [list]: { E: {} },
      [other]: { F: {}, A: { B: { C: {} }, D: {} } },
    });
    const [newest, previous] = (await getRevisions(user)).data;
    expect(previous).toEqual(before);
    const { entries = [] } = newest ?? {};
    expect(entries[0]?.id).toBe(ids.A);
    expect(entries.map(({ id }) => id).sort()).toEqual([ids.A, ids.B, ids.C, ids.D].sort());
    for (const { op, diff, version } of entries) {
      expect([op, diff, version]).toEqual(['updated', { list_id: { from: list, to: other } }, 2]);
    }
    expect((await getTask(user, ids.C)).version).toBe(2);
  });

  test('of the parent moves a task to the end below it, in the list of the parent', async () => {
    const { A } = await plant<'A'>(user, { A: { B: {} } }, { list_id: list });
    const { C } = await plant<'C'>(user, { C: { D: {} } });
    expect(placeOf(await taskOf(patch(user, C, { parent_id: A })))).toEqual({ list_id: list, parent_id: A });
    expect(await outlineOf(user)).toEqual({ [list]: { A: { B: {}, C: { D: {} } } } });
  });

  test('of the parent to null moves a task to the end of the top level of its list', async () => {
    const { B } = await plant<'B'>(user, { A: { B: { C: {} } }, D: {} }, { list_id: list });
    expect(placeOf(await taskOf(patch(user, B, { parent_id: null })))).toEqual({ list_id: list, parent_id: null });
    expect(await outlineOf(user)).toEqual({ [list]: { A: {}, D: {}, B: { C: {} } } });
  });

  test('of list and parent moves a task where both agree, else is a 422 at /list_id', async () => {
    const { A, B } = await plant<'A' | 'B'>(user, { A: { B: {} } }, { list_id: list });
    const { C } = await plant<'C'>(user, { C: {} }, { list_id: other });
    const { D } = await plant<'D'>(user, { D: {} });
    for (const [id, body] of [
      [B, { parent_id: C, list_id: list }],
      [B, { parent_id: C, list_id: null }],
      [B, { list_id: other }],
      [B, { list_id: null }],
      [D, { parent_id: A, list_id: null }],
    ] as const) {
      await expectRefused(user, () => patch(user, id, body), ['/list_id other_list']);
    }
    const task = await taskOf(patch(user, B, { parent_id: C, list_id: other }));
    expect(placeOf(task)).toEqual({ list_id: other, parent_id: C });
    expect(placeOf(await taskOf(patch(user, B, { parent_id: null, list_id: null })))).toEqual({
      list_id: null,
      parent_id: null,
    });
  });

  test('to the place where a task is changes nothing, and keeps the position', async () => {
    const { A, B } = await plant<'A' | 'B'>(user, { A: { B: {}, C: {} }, D: {} }, { list_id: list });
    const { revision } = await newestRevision(user);
    const before = await getPage(user);
    for (const [id, body] of [
      [A, { list_id: list }],
      [A, { parent_id: null }],
      [A, { list_id: list, parent_id: null }],
      [B, { list_id: list }],
      [B, { parent_id: A }],
      [B, { list_id: list, parent_id: A, title: 'B' }],
    ] as const) {
      const { headers } = await patch(user, id, body);
      expect([headers.get('ETag'), headers.get('Revision')], JSON.stringify(body)).toEqual(['"1"', null]);
    }
    expect(await getPage(user)).toEqual(before);
    expect((await newestRevision(user)).revision).toBe(revision);
  });

  test('of other fields as well changes them and the place as one version', async () => {
    const { A } = await plant<'A'>(user, { A: {} }, { list_id: list });
    const { id } = await createTask(user, { title: 'B', tags: ['x'], description: 'D' });
    const body = { title: 'C', tags: ['y'], due_date: '2026-03-01', parent_id: A };
    expect(await taskOf(patch(user, id, body))).toMatchObject({
      ...body,
      description: 'D',
      list_id: list,
      version: 2,
    });
    expect((await getPage(user, { q: 'c', tag: 'y' })).data.map((task) => task.id)).toEqual([id]);
    const { entries } = await newestRevision(user);
    expect(Object.keys(entries[0]?.diff ?? {}).sort()).toEqual(['due_date', 'list_id', 'parent_id', 'tags', 'title']);
  });

  test.each([{ position: '1' }, { place: null }, { after: null }])('refuses %j as an unknown field', async (body) => {
    const { id } = await createTask(user);
    const [name] = Object.keys(body);
    await expectRefused(user, () => patch(user, id, body), [`/${name} unknown`]);
    await expectRefused(user, () => put(user, id, body), [`/${name} unknown`]);
    expect(await isMissing(id)).toBe(false);
  });
});
