import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { send, signUp, type TestUser, useApp } from '../harness';
import { execute } from '../journal/requests';
import { createTask, sendAs } from '../task-requests';
import {
  createList,
  DEEPEST,
  type Deepest,
  expectRefused,
  foreignIds,
  insertTasks,
  move,
  patch,
  plant,
  put,
  requestMove,
  taskOf,
  treeProblems,
} from './requests';

/** What no tree can be, by any of the writes. */

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

/** Each way to put a task below another one. */
const placers: [string, (id: string, parent: string) => Promise<Response>][] = [
  ['PUT', (id, parent_id) => put(user, id, { parent_id })],
  ['PATCH', (id, parent_id) => patch(user, id, { parent_id })],
  ['a move', (id, parent_id) => requestMove(user, id, { parent_id })],
  ['a move to the first place', (id, parent_id) => requestMove(user, id, { parent_id, after: null })],
];
const create = (parent_id: string) => sendAs(user, 'POST', '', { title: 'New', parent_id });
const createByPut = (parent_id: string) => put(user, randomUUID(), { parent_id });

describe('five levels', () => {
  test('are allowed, and a task on a sixth is a 422 at /parent_id', async () => {
    const ids = await plant<Deepest>(user, DEEPEST);
    for (const attempt of [create, createByPut]) {
      await expectRefused(user, () => attempt(ids.e), ['/parent_id too_deep']);
      expect((await attempt(ids.d)).status).toBe(201);
    }
  });

  test.each(placers)('are kept by %s of a task, and of a whole subtree', async (_, place) => {
    const ids = await plant<Deepest>(user, DEEPEST);
    const { single, top, lower } = await plant<'single' | 'top' | 'lower'>(user, {
      single: {},
      top: { middle: { lower: {} } },
    });
    await expectRefused(user, () => place(single, ids.e), ['/parent_id too_deep']);
    for (const parent of [ids.c, ids.d, ids.e]) {
      await expectRefused(user, () => place(top, parent), ['/parent_id too_deep']);
    }
    await expectRefused(user, () => place(ids.a, lower), ['/parent_id too_deep']);
    await taskOf(place(top, ids.b));
    await expectRefused(user, () => place(single, lower), ['/parent_id too_deep']);
    await taskOf(place(single, ids.d));
    expect(await treeProblems(user)).toEqual([]);
  });
});

test.each(placers)('a task cannot be below itself: %s there is a 422 at /parent_id', async (_, place) => {
  const ids = await plant<Deepest>(user, DEEPEST, { list_id: await createList(user) });
  for (const parent of Object.values(ids)) {
    await expectRefused(user, () => place(ids.a, parent), ['/parent_id cycle']);
  }
  await expectRefused(user, () => place(ids.d, ids.e), ['/parent_id cycle']);
  await expectRefused(user, () => place(ids.d, ids.d.toUpperCase()), ['/parent_id cycle']);
});

test('PUT cannot create a task below itself', async () => {
  const id = randomUUID();
  await expectRefused(user, () => put(user, id, { parent_id: id }), ['/parent_id cycle']);
});

describe('1,000 tasks below one', () => {
  /** A task with so many below it on two levels: a part of them below the first one of those. */
  async function createFull(below: number) {
    const list = await createList(user);
    const { top, inner } = await plant<'top' | 'inner'>(user, { top: { inner: {} } }, { list_id: list });
    await insertTasks(user, 400, { list_id: list, parent_id: inner });
    await insertTasks(user, below - 401, { list_id: list, parent_id: top });
    return { list, top, inner };
  }

  test('are allowed on all levels together, and one more by POST or PUT is a 409', async () => {
    const { top, inner } = await createFull(999);
    await taskOf(create(inner));
    for (const parent of [top, inner]) {
      await expectRefused(user, () => create(parent), 409);
      await expectRefused(user, () => createByPut(parent), 409);
    }
  });

  test.each(placers)('are kept by %s of a task, and of a whole subtree', async (_, place) => {
    const { top, inner } = await createFull(998);
    const { A, B, D } = await plant<'A' | 'B' | 'D'>(user, { A: {}, B: { C: {} }, D: { E: { F: {} } } });
    await expectRefused(user, () => place(D, inner), 409);
    await taskOf(place(B, inner));
    for (const parent of [top, inner, B]) await expectRefused(user, () => place(A, parent), 409);
    // What is there can be moved within, and out.
    await taskOf(place(B, top));
    await move(user, inner, { parent_id: null });
    await taskOf(place(A, top));
    expect(await treeProblems(user)).toEqual([]);
  });

  test('do not count those of other tasks at the same place', async () => {
    const { list } = await createFull(1_000);
    await taskOf(sendAs(user, 'POST', '', { title: 'New', list_id: list }));
    const { id } = await createTask(user, { title: 'Other', list_id: list });
    await taskOf(create(id));
  });

  test('of another user do not count', async () => {
    const { inner } = await createFull(1_000);
    const other = await signUp();
    const task = await createTask(other);
    // The same ids in both accounts.
    await execute(`update tasks set id = '${inner}' where user_id = '${other.id}' and id = '${task.id}'`);
    await taskOf(sendAs(other, 'POST', '', { title: 'New', parent_id: inner }));
  });
});

describe("an id that is not the user's", () => {
  const writes: [string, (id: string, body: object) => Promise<Response>][] = [
    ['POST', (_, body) => sendAs(user, 'POST', '', { title: 'New', ...body })],
    ['PUT under a new id', (_, body) => put(user, randomUUID(), body)],
    ['PUT', (id, body) => put(user, id, body)],
    ['PATCH', (id, body) => patch(user, id, body)],
    ['a move', (id, body) => requestMove(user, id, body)],
  ];

  /** The body of a 422, without what each request has for itself, and with a name for each id. */
  async function bodyOf(response: Response): Promise<string> {
    expect(response.status).toBe(422);
    const { instance: _1, request_id: _2, ...body } = await response.json();
    return JSON.stringify(body);
  }

  test.each(writes)(
    'as a list or a parent is a 422 of %s at its pointer, the same as one of nothing',
    async (_, write) => {
      const { id } = await createTask(user);
      const foreign = await foreignIds(await signUp());
      const own = await foreignIds(user);
      const cases: [(id: string) => object, string[], string[]][] = [
        [(list_id) => ({ list_id }), ['/list_id no_list'], [foreign.missing, foreign.list, foreign.task, own.task]],
        [
          (parent_id) => ({ parent_id }),
          ['/parent_id no_parent'],
          [foreign.missing, foreign.task, foreign.list, own.list],
        ],
      ];
      for (const [bodyWith, expected, ids] of cases) {
        const bodies = new Set<string>();
        for (const other of ids) {
          await expectRefused(user, () => write(id, bodyWith(other)), expected);
          bodies.add(await bodyOf(await write(id, bodyWith(other))));
        }
        expect(bodies.size).toBe(1);
      }
      const both = { list_id: foreign.list, parent_id: foreign.task };
      await expectRefused(user, () => write(id, both), ['/list_id no_list', '/parent_id no_parent']);
    },
  );

  test('as the sibling of a move is a 422 at /after, the same as one of nothing', async () => {
    const { id } = await createTask(user);
    const foreign = await foreignIds(await signUp());
    const bodies = new Set<string>();
    for (const after of [foreign.missing, foreign.task, foreign.list, id]) {
      await expectRefused(user, () => requestMove(user, id, { after }), ['/after no_sibling']);
      bodies.add(await bodyOf(await requestMove(user, id, { after })));
    }
    expect(bodies.size).toBe(1);
  });

  test('as list, parent and sibling of a move at once is named at each of them', async () => {
    const { id } = await createTask(user);
    const { list, missing, task } = await foreignIds(await signUp());
    const body = { list_id: list, parent_id: task, after: missing };
    const expected = ['/after no_sibling', '/list_id no_list', '/parent_id no_parent'];
    await expectRefused(user, () => requestMove(user, id, body), expected);
    await expectRefused(user, () => requestMove(user, id, { list_id: list, after: missing }), expected.slice(0, 2));
  });

  test('does not keep a failed precondition from being a 412', async () => {
    const { id } = await createTask(user);
    const headers = { 'If-Match': '"7"' };
    await expectRefused(user, () => requestMove(user, id, { parent_id: randomUUID() }, headers), 412);
    await expectRefused(user, () => requestMove(user, id, { after: randomUUID() }, headers), 412);
    await expectRefused(user, () => patch(user, id, { parent_id: randomUUID() }, headers), 412);
  });
});

test('a task cannot be put below one that was deleted, or into a list that was', async () => {
  const list = await createList(user);
  const [{ id }, deleted] = [await createTask(user), await createTask(user)];
  await sendAs(user, 'DELETE', `/${deleted.id}`);
  await send('DELETE', `/api/${user.id}/lists/${list}`, { token: user.token });
  await expectRefused(user, () => create(deleted.id), ['/parent_id no_parent']);
  await expectRefused(user, () => requestMove(user, id, { list_id: list }), ['/list_id no_list']);
});
