import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { getRevisions, newestRevision } from '../journal/requests';
import { createTask, getPage, getTask, sendAs } from '../task-requests';
import { createList, expectRefused, move, outlineOf, type Place, plant, requestMove, titlesAt } from './requests';

/** `PATCH …/move`. */

useApp();

let user: TestUser;
let list: string;
beforeEach(async () => {
  user = await signUp();
  list = await createList(user);
});

type Letter = 'A' | 'B' | 'C' | 'D' | 'E';

describe('a move among siblings', () => {
  const places: [string, () => Promise<{ ids: Record<Letter, string>; place: Place }>][] = [
    ['in the inbox', async () => ({ ids: await plant(user, { A: {}, B: {}, C: {}, D: {} }), place: {} })],
    [
      'in a list',
      async () => ({
        ids: await plant(user, { A: {}, B: {}, C: {}, D: {} }, { list_id: list }),
        place: { list_id: list },
      }),
    ],
    [
      'below a task',
      async () => {
        const { id } = await createTask(user, { title: 'Parent', list_id: list });
        const place = { parent_id: id };
        return { ids: await plant(user, { A: {}, B: {}, C: {}, D: {} }, place), place };
      },
    ],
  ];

  test.each(places)('%s goes to the end, to the beginning, or after another one', async (_, prepare) => {
    const { ids, place } = await prepare();
    const order = async () => (await titlesAt(user, place)).join('');
    const steps: [Letter, object, string][] = [
      ['B', {}, 'ACDB'],
      ['D', { after: null }, 'DACB'],
      ['D', { after: ids.C }, 'ACDB'],
      ['B', { after: ids.A }, 'ABCD'],
      ['A', { after: ids.D }, 'BCDA'],
      ['A', { after: null }, 'ABCD'],
      ['C', { after: ids.A.toUpperCase() }, 'ACBD'],
    ];
    for (const [letter, body, expected] of steps) {
      const before = await getTask(user, ids[letter]);
      const task = await move(user, ids[letter], body);
      expect(await order(), JSON.stringify(body)).toBe(expected);
      expect(task).toEqual({
        ...before,
        position: expect.any(String),
        version: before.version + 1,
        updated_at: expect.any(String),
      });
      expect(await getTask(user, ids[letter])).toEqual(task);
    }
  });

  test.each(places)('%s to where the task stands changes nothing, and keeps version and ETag', async (_, prepare) => {
    const { ids, place } = await prepare();
    const before = await getPage(user);
    const revisions = await getRevisions(user);
    const attempts: [Letter, object][] = [
      ['A', { after: null }],
      ['B', { after: ids.A }],
      ['D', { after: ids.C }],
      ['D', {}],
      ['B', { ...place, after: ids.A }],
      ['D', place],
      ['A', { ...place, after: null }],
    ];
    for (const [letter, body] of attempts) {
      const { headers, status } = await requestMove(user, ids[letter], body);
      const answer = [status, headers.get('ETag'), headers.get('Revision')];
      expect(answer, JSON.stringify(body)).toEqual([200, '"1"', null]);
    }
    expect(await getPage(user)).toEqual(before);
    expect(await getRevisions(user)).toEqual(revisions);
  });

  test('changes the moved task alone, as one revision whose entry has no difference that a client can write', async () => {
    const { A } = await plant<Letter>(user, { A: { B: {} }, C: {}, D: {} });
    await move(user, A, {});
    const { entries } = await newestRevision(user);
    expect(entries).toEqual([{ type: 'task', id: A, op: 'updated', version: 2, diff: {} }]);
    expect((await getPage(user)).data.filter(({ version }) => version > 1).map(({ id }) => id)).toEqual([A]);
  });
});

describe('a move to another place', () => {
  test('with a list alone goes to the top level of that list, with all that is below the task', async () => {
    const other = await createList(user);
    const { B, C } = await plant<Letter>(user, { A: { B: { C: {} } } }, { list_id: list });
    await plant(user, { D: {}, E: {} }, { list_id: other });
    const task = await move(user, B, { list_id: other });
    expect(task).toMatchObject({ id: B, list_id: other, parent_id: null, version: 2 });
    expect(await outlineOf(user)).toEqual({ [list]: { A: {} }, [other]: { D: {}, E: {}, B: { C: {} } } });
    const { entries } = await newestRevision(user);
    expect(entries.map(({ id, version }) => [id, version])).toEqual([
      [B, 2],
      [C, 2],
    ]);
    await move(user, B, { list_id: null });
    expect(await outlineOf(user)).toMatchObject({ inbox: { B: { C: {} } } });
  });

  test('with its own list alone takes a sub-task to the top level', async () => {
    const { B } = await plant<Letter>(user, { A: { B: {} }, C: {} }, { list_id: list });
    expect(await move(user, B, { list_id: list })).toMatchObject({ list_id: list, parent_id: null });
    expect(await titlesAt(user, { list_id: list })).toEqual(['A', 'C', 'B']);
  });

  test('with a parent alone goes below it, in the list of the parent', async () => {
    const { A, B } = await plant<Letter>(user, { A: { B: {} } }, { list_id: list });
    const { C } = await plant<Letter>(user, { C: { D: {} }, E: {} });
    expect(await move(user, C, { parent_id: A, after: null })).toMatchObject({ list_id: list, parent_id: A });
    expect(await outlineOf(user)).toEqual({ inbox: { E: {} }, [list]: { A: { C: { D: {} }, B: {} } } });
    expect(await move(user, B, { parent_id: C })).toMatchObject({ list_id: list, parent_id: C });
    expect(await titlesAt(user, { parent_id: C })).toEqual(['D', 'B']);
  });

  test('with no parent alone goes to the top level of its list', async () => {
    const { A, B } = await plant<Letter>(user, { A: { B: {} }, C: {} }, { list_id: list });
    expect(await move(user, B, { parent_id: null, after: A })).toMatchObject({ list_id: list, parent_id: null });
    expect(await titlesAt(user, { list_id: list })).toEqual(['A', 'B', 'C']);
  });

  test('with a list and its parent goes there, after the sibling that is named', async () => {
    const { A, B } = await plant<Letter>(user, { A: { B: {}, C: {} } }, { list_id: list });
    const { D } = await plant<Letter>(user, { D: {} });
    expect(await move(user, D, { list_id: list, parent_id: A, after: B })).toMatchObject({
      list_id: list,
      parent_id: A,
    });
    expect(await titlesAt(user, { parent_id: A })).toEqual(['B', 'D', 'C']);
    expect(await move(user, D, { list_id: null, parent_id: null, after: null })).toMatchObject({ list_id: null });
    expect(await titlesAt(user)).toEqual(['D']);
  });

  test('with a list unlike that of the parent is a 422 at /list_id', async () => {
    const { A } = await plant<Letter>(user, { A: {} }, { list_id: list });
    const { B } = await plant<Letter>(user, { B: {} });
    await expectRefused(user, () => requestMove(user, B, { parent_id: A, list_id: null }), ['/list_id other_list']);
    await expectRefused(user, () => requestMove(user, A, { parent_id: B, list_id: list }), ['/list_id other_list']);
  });

  test('names as a sibling only a task at the new place: not the task itself, nor one of another place', async () => {
    const { A, B, C } = await plant<Letter>(user, { A: { B: {} }, C: {} });
    const { D } = await plant<Letter>(user, { D: {} }, { list_id: list });
    const attempts: [string, object][] = [
      [C, { after: C }],
      [C, { after: B }],
      [C, { after: D }],
      [C, { parent_id: A, after: A }],
      [C, { parent_id: A, after: D }],
      [C, { list_id: list, after: A }],
      [B, { after: C }],
      [A, { after: B }],
    ];
    for (const [id, body] of attempts) {
      await expectRefused(user, () => requestMove(user, id, body), ['/after no_sibling']);
    }
  });
});

test('a move of a task that is not there is a 404, whatever it asks for', async () => {
  const other = await signUp();
  const { id } = await createTask(other);
  for (const body of [{}, { list_id: list }, { after: randomUUID() }, { parent_id: randomUUID() }, { after: null }]) {
    for (const missing of [id, randomUUID()]) await expectRefused(user, () => requestMove(user, missing, body), 404);
  }
});

test.each([
  [{ position: '1' }, '/position'],
  [{ title: 'A' }, '/title'],
  [{ after: 'last' }, '/after'],
  [{ after: 1 }, '/after'],
  [{ list_id: 'inbox' }, '/list_id'],
  [{ parent_id: 'none' }, '/parent_id'],
])('a move with the invalid body %j is a 422 at %s', async (body, pointer) => {
  const { id } = await createTask(user);
  const response = await requestMove(user, id, body);
  expect(response.status).toBe(422);
  expect((await response.json()).errors).toMatchObject([{ in: 'body', pointer }]);
});

describe('preconditions of a move', () => {
  test('If-Match lets a move through only where the version is the one that it names', async () => {
    const { A, B } = await plant<Letter>(user, { A: {}, B: {} });
    for (const ifMatch of ['"2"', 'W/"1"', '"x"']) {
      await expectRefused(user, () => requestMove(user, A, {}, { 'If-Match': ifMatch }), 412);
    }
    const refused = await requestMove(user, A, {}, { 'If-Match': '"2"' });
    expect(refused.headers.get('ETag')).toBe('"1"');
    expect((await requestMove(user, A, {}, { 'If-Match': '"1"' })).headers.get('ETag')).toBe('"2"');
    expect((await requestMove(user, B, {}, { 'If-Match': '*' })).headers.get('ETag')).toBe('"2"');
  });

  test('If-None-Match refuses a move where the version is one that it names', async () => {
    const { A } = await plant<Letter>(user, { A: {}, B: {} });
    for (const field of ['*', '"1"', 'W/"1", "7"']) {
      await expectRefused(user, () => requestMove(user, A, {}, { 'If-None-Match': field }), 412);
    }
    expect((await requestMove(user, A, {}, { 'If-None-Match': '"7"' })).status).toBe(200);
  });

  test('hold where the task would stay where it is', async () => {
    const { B } = await plant<Letter>(user, { A: {}, B: {} });
    await expectRefused(user, () => requestMove(user, B, {}, { 'If-Match': '"2"' }), 412);
  });

  test('come after existence: a move of a missing task is a 404', async () => {
    await expectRefused(user, () => requestMove(user, randomUUID(), {}, { 'If-Match': '"1"' }), 404);
  });

  test('of 10 concurrent moves with the same ETag exactly one succeeds', async () => {
    const { A } = await plant<Letter>(user, { A: {}, B: {}, C: {} });
    const attempt = () => requestMove(user, A, { list_id: list }, { 'If-Match': '"1"' });
    const responses = await Promise.all(Array.from({ length: 10 }, attempt));
    expect(responses.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(412)]);
  });
});

describe('a move with an Idempotency-Key', () => {
  const headers = { 'Idempotency-Key': 'once' };

  test('that is repeated returns the first response, and moves nothing again', async () => {
    const { A, B } = await plant<Letter>(user, { A: {}, B: {}, C: {} });
    const first = await requestMove(user, A, { after: B }, headers);
    await move(user, A, {});
    const second = await requestMove(user, A, { after: B }, headers);
    expect(second.headers.get('Idempotency-Replayed')).toBe('true');
    for (const name of ['ETag', 'Revision']) expect(second.headers.get(name)).toBe(first.headers.get(name));
    expect(await second.json()).toEqual(await first.json());
    expect(await titlesAt(user)).toEqual(['B', 'C', 'A']);
    expect((await requestMove(user, A, { after: null }, headers)).status).toBe(422);
    expect((await sendAs(user, 'PATCH', `/${A}`, { title: 'X' }, headers)).status).toBe(422);
  });

  test('that changed nothing is replayed without a revision', async () => {
    const { B } = await plant<Letter>(user, { A: {}, B: {} });
    const [first, second] = [await requestMove(user, B, {}, headers), await requestMove(user, B, {}, headers)];
    expect([first.headers.get('Revision'), second.headers.get('Revision')]).toEqual([null, null]);
    expect(second.headers.get('Idempotency-Replayed')).toBe('true');
  });

  test('that was refused leaves the key unused', async () => {
    const { A } = await plant<Letter>(user, { A: {}, B: {} });
    await expectRefused(user, () => requestMove(user, A, { parent_id: A }, headers), ['/parent_id cycle']);
    await expectRefused(user, () => requestMove(user, A, { after: A }, headers), ['/after no_sibling']);
    expect((await requestMove(user, A, {}, headers)).headers.get('Idempotency-Replayed')).toBeNull();
    expect(await titlesAt(user)).toEqual(['B', 'A']);
  });
});
