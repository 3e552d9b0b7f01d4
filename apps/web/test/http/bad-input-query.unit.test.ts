import { randomUUID } from 'node:crypto';
import { operations } from '@taskward/api-core';
import { expect, test } from 'vitest';
import { send, signUp, type TestUser, useApp } from '../harness';
import { createTask } from '../task-requests';

useApp();

const bodyOf = (id: string) =>
  ({ createTask: { title: 'Bread' }, replaceTask: { title: 'Bread' }, updateTask: { title: 'Bread' } })[id];

const fill = (path: string, user: TestUser, taskId: string) =>
  path.replace('{user_id}', user.id).replace('{task_id}', taskId);

/** The errors of a 422 as `in` and `pointer`, sorted. */
async function errorsOf(response: Response): Promise<string[]> {
  expect(response.status).toBe(422);
  const { errors } = await response.json();
  return errors.map((error: { in: string; pointer: string }) => `${error.in} ${error.pointer}`).sort();
}

test.each(operations.map((operation) => [operation.id, operation] as const))(
  '%s refuses unknown query parameters, each by name',
  async (_, operation) => {
    const user = await signUp();
    const taskId = (await createTask(user)).id;
    const path = fill(operation.path, user, taskId);
    const { token } = user;
    const before = await (await send('GET', user.tasks, { token })).json();
    const queries: [string, string[]][] = [
      ['?nope', ['query /nope']],
      ['?nope=1&Limit=1&a%2Fb~c=', ['query /Limit', 'query /a~1b~0c', 'query /nope']],
      ['?nope=1&nope=2', ['query /nope']],
      ['?__proto__=1&constructor=2&toString=3', ['query /__proto__', 'query /constructor', 'query /toString']],
      ['?access_token=x&user_id=y', ['query /access_token', 'query /user_id']],
      ['?=1', ['query /']],
    ];
    for (const [query, pointers] of queries) {
      const response = await send(operation.method, path + query, { token, body: bodyOf(operation.id) });
      expect.soft(await errorsOf(response), query).toEqual(pointers);
    }
    expect(await (await send('GET', user.tasks, { token })).json()).toStrictEqual(before);
  },
);

const noLimits = [
  '0',
  '101',
  '1000',
  '-1',
  '1e1',
  '1.0',
  '0x10',
  '010',
  '+5',
  ' 5',
  '5 ',
  '5,6',
  '',
  'x',
  'NaN',
  '٥',
  '５',
];

test('a limit that is not a plain integer from 1 to 100 returns 422', async () => {
  const user = await signUp();
  for (const limit of noLimits) {
    const response = await send('GET', `${user.tasks}?${new URLSearchParams({ limit })}`, { token: user.token });
    expect.soft(await errorsOf(response), limit).toEqual(['query /limit']);
  }
});

test('a limit that is repeated, empty or malformed returns 422', async () => {
  const user = await signUp();
  for (const query of [
    'limit',
    'limit=1&limit=1',
    'limit=1&limit=2',
    'limit=1&limit=',
    'limit=%zz',
    'limit=%00',
    'limit=+5',
  ]) {
    const response = await send('GET', `${user.tasks}?${query}`, { token: user.token });
    expect.soft(await errorsOf(response), query).toEqual(['query /limit']);
  }
  const response = await send('GET', `${user.tasks}?limit[]=5&limit=5`, { token: user.token });
  expect(await errorsOf(response)).toEqual(['query /limit[]']);
});

test('a repeated cursor returns 422', async () => {
  const user = await signUp();
  (await createTask(user)).id;
  (await createTask(user)).id;
  const { next_cursor } = await (await send('GET', `${user.tasks}?limit=1`, { token: user.token })).json();
  const response = await send('GET', `${user.tasks}?cursor=${next_cursor}&cursor=${next_cursor}`, {
    token: user.token,
  });
  expect(await errorsOf(response)).toEqual(['query /cursor']);
});

test('a 422 lists all errors of the query', async () => {
  const user = await signUp();
  const response = await send('GET', `${user.tasks}?limit=0&sort=nope&nope=1`, { token: user.token });
  expect(await errorsOf(response)).toEqual(['query /limit', 'query /nope', 'query /sort']);
});

test('a 422 lists all errors of body and query', async () => {
  const user = await signUp();
  const taskId = (await createTask(user)).id;
  const body = { title: '', priority: 'urgent', nope: 1 };
  const pointers = ['body /nope', 'body /priority', 'body /title', 'query /also', 'query /nope'];
  for (const { id, method, path } of operations) {
    if (!bodyOf(id)) continue;
    const target = `${fill(path, user, taskId)}?nope=1&also=2`;
    expect.soft(await errorsOf(await send(method, target, { token: user.token, body })), id).toEqual(pointers);
  }
  const complete = `${user.tasks}/${taskId}/complete?nope=1`;
  const response = await send('PATCH', complete, { token: user.token, body: { completed: 1 } });
  expect(await errorsOf(response)).toEqual(['body /completed', 'query /nope']);
});

test('a 422 is a problem document with an error per invalid field', async () => {
  const user = await signUp();
  const path = `${user.tasks}?limit=0`;
  const response = await send('GET', path, { token: user.token });
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const text = expect.stringMatching(/\w/);
  expect(await response.json()).toStrictEqual({
    type: '/problems/validation',
    title: text,
    status: 422,
    detail: text,
    instance: user.tasks,
    request_id: response.headers.get('x-request-id'),
    errors: [{ in: 'query', pointer: '/limit', code: text, message: text }],
  });
});

const notUuids = [
  '1',
  'tasks',
  'null',
  'undefined',
  '0198c0de',
  '0198c0de-0000-7000-8000-00000000000',
  '0198c0de-0000-7000-8000-0000000000000',
  '0198c0de-0000-7000-8000-00000000000g',
  '0198c0de00007000800000000000000a',
  '{0198c0de-0000-7000-8000-00000000000a}',
  'urn:uuid:0198c0de-0000-7000-8000-00000000000a',
  '0198c0de-0000-7000-8000-00000000000a,',
  '%200198c0de-0000-7000-8000-00000000000a',
  '0198c0de-0000-7000-8000-00000000000a%00',
  '%27%20or%201=1--',
  'a'.repeat(2000),
  '__proto__',
  '😀',
];

const onTask = operations.filter(({ path }) => path.includes('{task_id}'));

/** Everything in a response except the id in its path. */
async function shown(response: Response, taskId: string) {
  const { pathname } = new URL(`http://x/tasks/${taskId}`);
  return {
    status: response.status,
    headers: [...response.headers],
    body: (await response.text()).replace(pathname, '/tasks/…'),
  };
}

test.each(onTask.map((operation) => [operation.id, operation] as const))(
  '%s returns the same response for a task id that is not a UUID as for a missing task',
  async (_, { id, method, path }) => {
    const user = await signUp();
    const responseTo = async (method: string, taskId: string, body?: unknown) => {
      const headers = { 'X-Request-Id': 'the-same' };
      return shown(await send(method, fill(path, user, taskId), { token: user.token, headers, body }), taskId);
    };
    // PUT would create the missing task, so its response is compared with that of GET.
    const expected =
      method === 'PUT' ? await responseTo('GET', randomUUID()) : await responseTo(method, randomUUID(), bodyOf(id));
    expect(expected.status).toBe(404);
    expect(JSON.parse(expected.body)).toMatchObject({ type: '/problems/not_found', request_id: 'the-same' });
    for (const notUuid of notUuids) {
      expect.soft(await responseTo(method, notUuid, bodyOf(id)), notUuid).toStrictEqual(expected);
    }
    expect(await (await send('GET', user.tasks, { token: user.token })).json()).toMatchObject({ data: [] });
  },
);

test.each(onTask.filter(({ method }) => method !== 'PUT').map((operation) => [operation.id, operation] as const))(
  '%s returns the same response for a task of another user as for a missing task',
  async (_, { id, method, path }) => {
    const [ada, bob] = [await signUp(), await signUp()];
    const [hers, missing] = [(await createTask(ada)).id, randomUUID()];
    const options = { token: bob.token, headers: { 'X-Request-Id': 'the-same' }, body: bodyOf(id) };
    const responseTo = async (taskId: string) => shown(await send(method, fill(path, bob, taskId), options), taskId);
    const expected = await responseTo(missing);
    expect(expected.status).toBe(404);
    expect(await responseTo(hers)).toStrictEqual(expected);
    const found = await send('GET', `${ada.tasks}/${hers}`, { token: ada.token });
    expect(await found.json()).toMatchObject({ title: 'Milk', version: 1 });
  },
);
