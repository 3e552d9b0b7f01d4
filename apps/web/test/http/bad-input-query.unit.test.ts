import { type Operation, operations } from '@taskward/api-core';
import { expect, test } from 'vitest';
import { storedRows } from '../attacker';
import { send, signUp, useApp } from '../harness';
import { bodyFor, createResources, fillPath, idParamOf, type PathParams, unusedId } from '../requests';
import { createTask } from '../task-requests';

useApp();

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
    const path = fillPath(operation.path, await createResources(user));
    const { token } = user;
    const before = await storedRows(user.id);
    const queries: [string, string[]][] = [
      ['?nope', ['query /nope']],
      ['?nope=1&Limit=1&a%2Fb~c=', ['query /Limit', 'query /a~1b~0c', 'query /nope']],
      ['?nope=1&nope=2', ['query /nope']],
      ['?__proto__=1&constructor=2&toString=3', ['query /__proto__', 'query /constructor', 'query /toString']],
      ['?access_token=x&user_id=y', ['query /access_token', 'query /user_id']],
      ['?=1', ['query /']],
    ];
    for (const [query, pointers] of queries) {
      const response = await send(operation.method, path + query, { token, body: bodyFor(operation) });
      expect.soft(await errorsOf(response), query).toEqual(pointers);
    }
    expect(await storedRows(user.id)).toBe(before);
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
  const task_id = (await createTask(user)).id;
  const body = { title: '', priority: 'urgent', nope: 1 };
  const pointers = ['body /nope', 'body /priority', 'body /title', 'query /also', 'query /nope'];
  for (const [method, path] of [
    ['POST', user.tasks],
    ['PUT', `${user.tasks}/${task_id}`],
    ['PATCH', `${user.tasks}/${task_id}`],
  ] as const) {
    const response = await send(method, `${path}?nope=1&also=2`, { token: user.token, body });
    expect.soft(await errorsOf(response), method).toEqual(pointers);
  }
  const complete = `${user.tasks}/${task_id}/complete?nope=1`;
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

/** The operations on one resource, each with the path parameter that has its id. */
const onResource = operations.flatMap((operation) => {
  const name = idParamOf(operation);
  return name ? [[operation.id, operation, name] as const] : [];
});

/** Sends the request. Returns everything in its response except the id in its path. */
async function exchange(token: string, method: string, { path }: Operation, params: PathParams, body?: unknown) {
  const target = fillPath(path, params);
  const response = await send(method, target, { token, headers: { 'X-Request-Id': 'the-same' }, body });
  const { pathname } = new URL(`http://x${target}`);
  return {
    status: response.status,
    headers: [...response.headers],
    body: (await response.text()).replace(pathname, '…'),
  };
}

test.each(onResource)(
  '%s returns the same response for an id that is not a UUID as for an id that does not exist',
  async (_, operation, name) => {
    const { method } = operation;
    const user = await signUp();
    const existing = await createResources(user);
    const before = await storedRows(user.id);
    const responseTo = (id: string) =>
      exchange(user.token, method, operation, { ...existing, [name]: id }, bodyFor(operation));
    // PUT would create what does not exist, so its response is compared with that of GET.
    const expected = await (method === 'PUT'
      ? exchange(user.token, 'GET', operation, { ...existing, [name]: unusedId(name) })
      : responseTo(unusedId(name)));
    expect(expected.status).toBe(404);
    expect(JSON.parse(expected.body)).toMatchObject({ type: '/problems/not_found', request_id: 'the-same' });
    const others = name === 'revision' ? notUuids.filter((text) => !/^\d+$/.test(text)) : notUuids;
    for (const notUuid of others) expect.soft(await responseTo(notUuid), notUuid).toStrictEqual(expected);
    expect(await storedRows(user.id)).toBe(before);
  },
);

// Revisions are numbers that each user counts on their own.
test.each(onResource.filter(([, { method }, name]) => method !== 'PUT' && name !== 'revision'))(
  "%s returns the same response for an id of another user's as for an id that does not exist",
  async (_, operation, name) => {
    const [ada, bob] = [await signUp(), await signUp()];
    const [hers, his] = [await createResources(ada), await createResources(bob)];
    const before = await storedRows(ada.id);
    const responseTo = (id: string | undefined) =>
      exchange(bob.token, operation.method, operation, { ...his, [name]: id ?? '' }, bodyFor(operation));
    const expected = await responseTo(unusedId(name));
    expect(expected.status).toBe(404);
    expect(await responseTo(hers[name])).toStrictEqual(expected);
    expect(await storedRows(ada.id)).toBe(before);
  },
);
