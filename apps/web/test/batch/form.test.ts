import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { storedRows } from '../attacker';
import { send, signUp, type TestUser, useApp } from '../harness';
import { createTask, sendAs } from '../task-requests';
import { refusalOf, replaceTask, requestBatch, updateTask } from './requests';

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

describe('a batch with errors of form', () => {
  const id = '019a5f3e-7a3c-7c61-9d0e-3b1f6a2c4d58';
  const good = replaceTask(id);

  test.each<[why: string, operation: unknown, pointers: string[]]>([
    ['no operation', 'updateTask', ['']],
    ['null', null, ['']],
    ['no op', { task_id: id, body: {} }, ['/op']],
    ['an unknown op', { op: 'nope', task_id: id, body: {} }, ['/op']],
    ['an op of another case', { op: 'UpdateTask', task_id: id, body: {} }, ['/op']],
    ['an op that only reads', { op: 'getTask', task_id: id }, ['/op']],
    ['an op that creates under an id of the server', { op: 'createTask', body: { title: 'New' } }, ['/op']],
    ['a batch in a batch', { op: 'runBatch', body: { operations: [] } }, ['/op']],
    ['an undo', { op: 'undoRevision', revision: 1 }, ['/op']],
    ['an op that is no text', { op: ['updateTask'], task_id: id, body: {} }, ['/op']],
    ['no task_id', { op: 'updateTask', body: {} }, ['/task_id']],
    ['no list_id', { op: 'deleteList' }, ['/list_id']],
    ['a task_id that is no UUID', { op: 'deleteTask', task_id: '1' }, ['/task_id']],
    ['a list_id that is null', { op: 'deleteList', list_id: null }, ['/list_id']],
    ['the id of another kind', { op: 'deleteTask', list_id: id }, ['/list_id', '/task_id']],
    ['no body where one is needed', { op: 'updateTask', task_id: id }, ['/body']],
    ['a body that is null', { op: 'moveTask', task_id: id, body: null }, ['/body']],
    ['a body where there is none', { op: 'deleteTask', task_id: id, body: {} }, ['/body']],
    ['a title that is too long', replaceTask(id, { title: 'x'.repeat(256) }), ['/body/title']],
    ['no title', replaceTask(id, {}), ['/body/title']],
    ['a read-only field', updateTask(id, { version: 1, title: '' }), ['/body/title', '/body/version']],
    ['a tag that is empty', updateTask(id, { tags: ['a', ''] }), ['/body/tags/1']],
    [
      'a place that is no id',
      { op: 'moveTask', task_id: id, body: { after: 'x', to: 1 } },
      ['/body/after', '/body/to'],
    ],
    ['an unknown way to delete a list', { op: 'deleteList', list_id: id, body: { tasks: 'drop' } }, ['/body/tasks']],
    ['an empty name', { op: 'updateList', list_id: id, body: { name: ' ' } }, ['/body/name']],
    ['an unknown member', { ...good, user_id: 'me' }, ['/user_id']],
    ['an entity tag for a version', { ...good, if_match: '"1"' }, ['/if_match']],
    ['version 0', { ...good, if_none_match: 0 }, ['/if_none_match']],
    ['a version with a fraction', { ...good, if_match: 1.5 }, ['/if_match']],
  ])('such as %s is a 422 that points at it', async (_, operation, pointers) => {
    const { status, errors } = await refusalOf(await requestBatch(user, [good, operation, good]));
    expect(status).toBe(422);
    expect([...new Set(errors.map((error) => error.split(' ')[0]))].sort()).toEqual(
      pointers.map((pointer) => `/operations/1${pointer}`).sort(),
    );
  });

  test('lists those of all operations at once, and changes nothing', async () => {
    const before = await storedRows(user.id);
    const response = await requestBatch(user, [
      good,
      { op: 'nope' },
      replaceTask(id, { title: '', priority: 'urgent' }),
      { op: 'deleteTask' },
      { op: 'updateList', list_id: id, body: { name: 7 }, if_match: -1 },
    ]);
    const { status, type, errors } = await refusalOf(response);
    expect([status, type]).toEqual([422, '/problems/validation']);
    expect(errors.map((error) => error.split(' ')[0]).sort()).toEqual([
      '/operations/1/op',
      '/operations/2/body/priority',
      '/operations/2/body/title',
      '/operations/3/task_id',
      '/operations/4/body/name',
      '/operations/4/if_match',
    ]);
    expect(await storedRows(user.id)).toBe(before);
  });

  test.each<[what: string, body: unknown, pointer: string]>([
    ['no operations', { operations: [] }, '/operations'],
    ['101 operations', { operations: Array(101).fill(good) }, '/operations'],
    ['operations that are no list', { operations: good }, '/operations'],
    ['no member operations', {}, '/operations'],
    ['a list in place of an object', [good], ''],
    ['an unknown member', { operations: [good], atomic: true }, '/atomic'],
  ])('such as %s is a 422, and changes nothing', async (_, body, pointer) => {
    const before = await storedRows(user.id);
    const { status, errors } = await refusalOf(
      await send('POST', `/api/${user.id}/batch`, { token: user.token, body }),
    );
    expect([status, errors.map((error) => error.split(' ')[0])]).toEqual([422, [pointer]]);
    expect(await storedRows(user.id)).toBe(before);
  });

  test('such as a query parameter is a 422', async () => {
    const path = `/api/${user.id}/batch?dry_run=1`;
    const response = await send('POST', path, { token: user.token, body: { operations: [good] } });
    expect(await refusalOf(response)).toMatchObject({ status: 422, errors: [expect.stringMatching('^/dry_run ')] });
  });
});

test('a batch of 100 operations is accepted', async () => {
  const operations = Array.from({ length: 100 }, () => replaceTask(randomUUID()));
  expect((await requestBatch(user, operations)).status).toBe(200);
});

test('ids and bodies of a batch are read as those of the operations by themselves: letter case, spaces and defaults', async () => {
  const id = randomUUID();
  const parent = await createTask(user);
  const operations = [
    { op: 'replaceTask', task_id: id.toUpperCase(), body: { title: '  Milk ', parent_id: parent.id.toUpperCase() } },
  ];
  const response = await requestBatch(user, operations);
  expect((await response.json()).results).toEqual([{ id, version: 1 }]);
  const task = await (await sendAs(user, 'GET', `/${id}`)).json();
  expect(task).toMatchObject({ title: 'Milk', parent_id: parent.id, status: 'todo', priority: 'none', tags: [] });
});
