import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { storedRows } from '../attacker';
import { send, signUp, type TestUser, useApp } from '../harness';
import { createTask } from '../task-requests';
import { createList, type Entry, refusalOf, replaceTask, requestBatch, updateTask } from './requests';

useApp();

let _user: TestUser;
beforeEach(async () => {
  _user = await signUp();
});

describe('an operation that fails', () => {
  let owner: TestUser;
  let ids: { list: string; task: string; child: string; deep: string; nobody: string };

  beforeAll(async () => {
    owner = await signUp();
    const list = (await createList(owner)).id;
    const task = (await createTask(owner, { title: 'Milk', list_id: list })).id;
    const child = (await createTask(owner, { title: 'Oats', parent_id: task })).id;
    let deep = child;
    for (let level = 3; level <= 5; level++) deep = (await createTask(owner, { title: 'Deep', parent_id: deep })).id;
    ids = { list, task, child, deep, nobody: randomUUID() };
  });

  type Alone = [method: string, path: string, body?: unknown, headers?: Record<string, string>];
  interface Case {
    readonly why: string;
    readonly entry: () => Entry;
    readonly alone: () => Alone;
  }
  const tag = { 'If-Match': '"7"' };
  const cases: Case[] = [
    {
      why: 'updateTask of a missing task',
      entry: () => updateTask(ids.nobody, { title: 'New' }),
      alone: () => ['PATCH', `/tasks/${ids.nobody}`, { title: 'New' }],
    },
    {
      why: 'updateTask of a missing task with if_match',
      entry: () => ({ ...updateTask(ids.nobody, {}), if_match: '*' }),
      alone: () => ['PATCH', `/tasks/${ids.nobody}`, {}, { 'If-Match': '*' }],
    },
    {
      why: 'deleteTask of another version',
      entry: () => ({ op: 'deleteTask', task_id: ids.task, if_match: 7 }),
      alone: () => ['DELETE', `/tasks/${ids.task}`, undefined, tag],
    },
    {
      why: 'completeTask of a version that if_none_match names',
      entry: () => ({ op: 'completeTask', task_id: ids.task, if_none_match: 1 }),
      alone: () => ['PATCH', `/tasks/${ids.task}/complete`, undefined, { 'If-None-Match': '"1"' }],
    },
    {
      why: 'replaceTask of a missing task with if_match',
      entry: () => ({ ...replaceTask(ids.nobody), if_match: 1 }),
      alone: () => ['PUT', `/tasks/${ids.nobody}`, { title: 'Task' }, { 'If-Match': '"1"' }],
    },
    {
      why: 'replaceTask of an existing one that shall only be created',
      entry: () => ({ ...replaceTask(ids.task), if_none_match: '*' }),
      alone: () => ['PUT', `/tasks/${ids.task}`, { title: 'Task' }, { 'If-None-Match': '*' }],
    },
    {
      why: 'replaceTask below a missing parent in a missing list',
      entry: () => replaceTask(randomUUID(), { title: 'New', parent_id: ids.nobody, list_id: ids.nobody }),
      alone: () => ['PUT', `/tasks/${randomUUID()}`, { title: 'New', parent_id: ids.nobody, list_id: ids.nobody }],
    },
    {
      why: 'replaceTask in another list than its parent',
      entry: () => replaceTask(randomUUID(), { title: 'New', parent_id: ids.task, list_id: null }),
      alone: () => ['PUT', `/tasks/${randomUUID()}`, { title: 'New', parent_id: ids.task, list_id: null }],
    },
    {
      why: 'moveTask below its own sub-task',
      entry: () => ({ op: 'moveTask', task_id: ids.task, body: { parent_id: ids.child } }),
      alone: () => ['PATCH', `/tasks/${ids.task}/move`, { parent_id: ids.child }],
    },
    {
      why: 'replaceTask on the sixth level',
      entry: () => replaceTask(randomUUID(), { title: 'New', parent_id: ids.deep }),
      alone: () => ['PUT', `/tasks/${randomUUID()}`, { title: 'New', parent_id: ids.deep }],
    },
    {
      why: 'moveTask after a task at another place',
      entry: () => ({ op: 'moveTask', task_id: ids.task, body: { after: ids.child } }),
      alone: () => ['PATCH', `/tasks/${ids.task}/move`, { after: ids.child }],
    },
    {
      why: 'moveTask to a missing parent and list, after a missing task',
      entry: () => ({
        op: 'moveTask',
        task_id: ids.task,
        body: { parent_id: ids.nobody, list_id: ids.nobody, after: ids.nobody },
      }),
      alone: () => [
        'PATCH',
        `/tasks/${ids.task}/move`,
        { parent_id: ids.nobody, list_id: ids.nobody, after: ids.nobody },
      ],
    },
    {
      why: 'moveTask of another version, after a missing task',
      entry: () => ({ op: 'moveTask', task_id: ids.task, if_match: 7, body: { after: ids.nobody } }),
      alone: () => ['PATCH', `/tasks/${ids.task}/move`, { after: ids.nobody }, tag],
    },
    {
      why: 'moveTask of a missing task after a missing one',
      entry: () => ({ op: 'moveTask', task_id: ids.nobody, body: { after: ids.nobody } }),
      alone: () => ['PATCH', `/tasks/${ids.nobody}/move`, { after: ids.nobody }],
    },
    {
      why: 'moveList of a missing list',
      entry: () => ({ op: 'moveList', list_id: ids.nobody, body: { after: null } }),
      alone: () => ['PATCH', `/lists/${ids.nobody}/move`, { after: null }],
    },
    {
      why: 'moveList after itself',
      entry: () => ({ op: 'moveList', list_id: ids.list, body: { after: ids.list } }),
      alone: () => ['PATCH', `/lists/${ids.list}/move`, { after: ids.list }],
    },
    {
      why: 'deleteList of a missing list',
      entry: () => ({ op: 'deleteList', list_id: ids.nobody }),
      alone: () => ['DELETE', `/lists/${ids.nobody}`],
    },
    {
      why: 'deleteList of another version',
      entry: () => ({ op: 'deleteList', list_id: ids.list, if_match: 7, body: { tasks: 'keep' } }),
      alone: () => ['DELETE', `/lists/${ids.list}?tasks=keep`, undefined, tag],
    },
    {
      why: 'replaceList of a missing list with if_match',
      entry: () => ({ op: 'replaceList', list_id: ids.nobody, if_match: '*', body: { name: 'New' } }),
      alone: () => ['PUT', `/lists/${ids.nobody}`, { name: 'New' }, { 'If-Match': '*' }],
    },
  ];

  test.each(cases)('is the problem that it is by itself, with pointers to it: $why', async ({ entry, alone }) => {
    const before = await storedRows(owner.id);
    const [method, path, body, headers = {}] = alone();
    const single = await (await send(method, `/api/${owner.id}${path}`, { token: owner.token, body, headers })).json();
    const response = await requestBatch(owner, [
      replaceTask(randomUUID()),
      updateTask(ids.child, { title: 'X' }),
      entry(),
    ]);
    const problem = await response.json();
    const { status, title, type } = single;
    expect(status).toBeGreaterThanOrEqual(400);
    expect(problem).toMatchObject({ status, title, type, detail: expect.stringContaining('Operation 2 ') });
    const codes = single.errors?.map(({ code }: { code: string }) => code) ?? [type.replace('/problems/', '')];
    expect(problem.errors).toEqual(
      codes.map((code: string) => ({ in: 'body', pointer: '/operations/2', code, message: expect.any(String) })),
    );
    expect([response.status, response.headers.get('Revision')]).toEqual([status, null]);
    expect(await storedRows(owner.id)).toBe(before);
  });

  test('is the first one of several, since no later one is run', async () => {
    const refused = [updateTask(ids.nobody, {}), { op: 'deleteTask', task_id: ids.task, if_match: 7 }];
    expect(await refusalOf(await requestBatch(owner, refused))).toMatchObject({ errors: ['/operations/0 not_found'] });
    expect(await refusalOf(await requestBatch(owner, refused.toReversed()))).toMatchObject({
      status: 412,
      errors: ['/operations/0 precondition_failed'],
    });
  });

  test('names the version that the resource has at that point of the batch', async () => {
    const response = await requestBatch(owner, [
      updateTask(ids.child, { title: 'One' }),
      updateTask(ids.child, { title: 'Two' }),
      { ...updateTask(ids.child, { title: 'Three' }), if_match: 1 },
    ]);
    const { errors } = await response.json();
    expect(errors).toEqual([
      {
        in: 'body',
        pointer: '/operations/2',
        code: 'precondition_failed',
        message: expect.stringContaining('its version is 3'),
      },
    ]);
  });
});
