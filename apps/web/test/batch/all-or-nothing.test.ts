import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { storedRows } from '../attacker';
import { signUp, type TestUser, useApp } from '../harness';
import { execute } from '../journal/requests';
import { createTask, getTask } from '../task-requests';
import { createList, type Entry, refusalOf, requestBatch, runBatch } from './requests';

/** A batch that is refused at any of its operations leaves nothing of those before it. */

const MAX_TASKS = 20;
useApp({ environment: { MAX_TASKS: String(MAX_TASKS) } });

const SIZE = 100;
const MAX_LISTS = 500;

let user: TestUser;
let stranger: { task: string; list: string };
/** What the batches are about: a task in a list with a task below it, and another list. */
let own: { list: string; other: string; task: string; child: string };

beforeAll(async () => {
  const other = await signUp();
  stranger = { task: (await createTask(other)).id, list: (await createList(other)).id };
  user = await signUp();
  const list = await createList(user, 'Home');
  const task = await createTask(user, { title: 'Milk', list_id: list.id, tags: ['shop'] });
  const child = await createTask(user, { title: 'Oats', parent_id: task.id });
  own = { list: list.id, other: (await createList(user, 'Work')).id, task: task.id, child: child.id };
});

/** A hundred operations of every kind that succeed together, in any number of the first of them. */
function succeeding(): Entry[] {
  const { list, other, task, child } = own;
  return Array.from({ length: SIZE / 10 }, (_, round): Entry[] => {
    const [fresh, made] = [randomUUID(), randomUUID()];
    return [
      { op: 'replaceTask', task_id: fresh, body: { title: `New ${round}`, list_id: list, tags: ['a'] } },
      { op: 'updateTask', task_id: task, body: { title: `Milk ${round}`, tags: [`t${round}`] } },
      { op: 'moveTask', task_id: fresh, body: { parent_id: task, after: null } },
      { op: 'completeTask', task_id: task },
      { op: 'replaceList', list_id: made, body: { name: `List ${round}` } },
      { op: 'moveTask', task_id: task, body: { list_id: made } },
      { op: 'moveList', list_id: made, body: { after: null } },
      { op: 'deleteTask', task_id: fresh },
      { op: 'deleteList', list_id: made, body: { tasks: 'keep' } },
      { op: 'moveTask', task_id: child, body: { list_id: round % 2 ? other : list } },
    ];
  }).flat();
}

const withRefused = (refused: Entry, place: number): Entry[] => succeeding().with(place, refused);

const places = Array.from({ length: SIZE }, (_, place) => place);

test('the operations of these batches succeed without a refused one among them', async () => {
  const before = await storedRows(user.id);
  const { results, revision } = await runBatch(user, succeeding());
  expect(results).toHaveLength(SIZE);
  expect(await storedRows(user.id)).not.toBe(before);
  expect(revision).not.toBeNull();
});

test(`a batch of ${SIZE} with a missing task at any place is a 404 at that place and changes nothing`, {
  timeout: 300_000,
}, async () => {
  const before = await storedRows(user.id);
  for (const place of places) {
    const missing = { op: 'updateTask', task_id: randomUUID(), body: { title: 'Nobody' } };
    const key = place % 2 ? { 'Idempotency-Key': randomUUID() } : {};
    const response = await requestBatch(user, withRefused(missing, place), key);
    expect(response.headers.get('Revision')).toBeNull();
    expect(await refusalOf(response)).toEqual({
      status: 404,
      type: '/problems/not_found',
      errors: [`/operations/${place} not_found`],
    });
    expect(await storedRows(user.id), `place ${place}`).toBe(before);
  }
});

interface Refused {
  readonly why: string;
  readonly entry: () => Entry;
  readonly status: number;
  readonly code: string;
}

const refusals: Refused[] = [
  {
    why: 'an outdated if_match',
    entry: () => ({ op: 'updateTask', task_id: own.task, if_match: 1_000, body: { title: 'Late' } }),
    status: 412,
    code: 'precondition_failed',
  },
  {
    why: 'an if_none_match of what exists',
    entry: () => ({ op: 'replaceList', list_id: own.list, if_none_match: '*', body: { name: 'Late' } }),
    status: 412,
    code: 'precondition_failed',
  },
  {
    why: "another user's task",
    entry: () => ({ op: 'deleteTask', task_id: stranger.task }),
    status: 404,
    code: 'not_found',
  },
  {
    why: "another user's list",
    entry: () => ({ op: 'updateList', list_id: stranger.list, body: { name: 'Mine' } }),
    status: 404,
    code: 'not_found',
  },
  {
    why: "another user's task as parent",
    entry: () => ({ op: 'replaceTask', task_id: randomUUID(), body: { title: 'In', parent_id: stranger.task } }),
    status: 422,
    code: 'no_parent',
  },
  {
    why: "another user's list to move to",
    entry: () => ({ op: 'moveTask', task_id: own.child, body: { list_id: stranger.list } }),
    status: 422,
    code: 'no_list',
  },
  {
    why: 'a task below itself',
    entry: () => ({ op: 'moveTask', task_id: own.task, body: { parent_id: own.task } }),
    status: 422,
    code: 'cycle',
  },
  {
    why: 'a missing sibling',
    entry: () => ({ op: 'moveList', list_id: own.list, body: { after: randomUUID() } }),
    status: 422,
    code: 'no_sibling',
  },
];

describe.each(refusals)('$why', ({ entry, status, code }) => {
  test.each([0, 50, SIZE - 1])(
    `at place %i of a batch of ${SIZE} is refused there, and nothing is changed`,
    async (place) => {
      const before = await storedRows(user.id);
      const response = await requestBatch(user, withRefused(entry(), place));
      expect(await refusalOf(response)).toMatchObject({ status, errors: [`/operations/${place} ${code}`] });
      expect(await storedRows(user.id)).toBe(before);
    },
  );
});

test('a batch that would exceed the number of tasks of a user is a 409 at the first task too many, and creates none', async () => {
  const owner = await signUp();
  const task = await createTask(owner);
  const before = await storedRows(owner.id);
  const operations = Array.from({ length: SIZE }, (_, i) => ({
    op: 'replaceTask',
    task_id: randomUUID(),
    body: { title: `New ${i}` },
  }));
  expect(await refusalOf(await requestBatch(owner, operations))).toEqual({
    status: 409,
    type: '/problems/conflict',
    errors: [`/operations/${MAX_TASKS - 1} conflict`],
  });
  expect(await storedRows(owner.id)).toBe(before);

  // What an operation deletes makes room for those after it.
  const swap = [{ op: 'deleteTask', task_id: task.id }, ...operations.slice(0, MAX_TASKS)];
  expect((await requestBatch(owner, swap)).status).toBe(200);
  await expect(getTask(owner, String(operations[0]?.task_id))).resolves.toMatchObject({ title: 'New 0' });
});

test('a batch that would exceed the number of lists of a user is a 409 at the first list too many, and creates none', async () => {
  const owner = await signUp();
  const list = await createList(owner);
  await execute(`
    insert into lists (user_id, id, name, position)
    select '${owner.id}', gen_random_uuid(), 'List ' || i, (5000001000 + i)::text from generate_series(1, ${MAX_LISTS - 3}) i`);
  await execute(`update journals set lists = ${MAX_LISTS - 2} where user_id = '${owner.id}'`);
  const before = await storedRows(owner.id);
  const create = () => ({ op: 'replaceList', list_id: randomUUID(), body: { name: 'New' } });
  expect(await refusalOf(await requestBatch(owner, [create(), create(), create()]))).toEqual({
    status: 409,
    type: '/problems/conflict',
    errors: ['/operations/2 conflict'],
  });
  expect(await storedRows(owner.id)).toBe(before);
  const swap = [create(), { op: 'deleteList', list_id: list.id }, create(), create()];
  expect((await requestBatch(owner, swap)).status).toBe(200);
});
