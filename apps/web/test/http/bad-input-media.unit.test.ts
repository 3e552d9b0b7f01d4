import { operations } from '@taskward/api-core';
import { expect, test } from 'vitest';
import { ORIGIN, routeFiles, send, signUp, type TestUser, useApp } from '../harness';
import { createTask } from '../task-requests';

useApp();

/** The operations with a body, and a valid body for each. */
const writes = operations.filter(({ body }) => body);
const bodyOf = (id: string) => (id === 'completeTask' ? { completed: true } : { title: 'Bread' });

/** Sends a valid body to every operation with these headers. Returns the responses by operation id. */
async function sendToAll(user: TestUser, taskId: string, headers: Record<string, string>) {
  const responses = new Map<string, Response>();
  for (const { id, method, path } of writes) {
    const target = path.replace('{user_id}', user.id).replace('{task_id}', taskId);
    responses.set(id, await send(method, target, { token: user.token, headers, body: bodyOf(id) }));
  }
  return responses;
}

async function expectUnsupported(response: Response, id: string) {
  expect.soft(response.status, id).toBe(415);
  expect.soft(response.headers.get('content-type'), id).toBe('application/problem+json');
  expect.soft(await response.json(), id).toMatchObject({ type: '/problems/unsupported_media_type', status: 415 });
}

test.each([
  '',
  'application',
  'text/plain',
  'text/json',
  'application/jsonp',
  'application/json5',
  'application/json-seq',
  'application/problem+json',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json, text/plain',
  'text/plain; application/json',
  'application/json; charset=latin1',
  'application/json; charset=ISO-8859-1',
  'application/json; charset=utf-16',
  'application/json; charset="utf-16"',
  'application/json; charset=latin1; charset=utf-8',
  'application/json; charset=utf-9',
])('a body with the media type %j returns 415, and nothing is written', async (type) => {
  const user = await signUp();
  const id = (await createTask(user)).id;
  for (const [name, response] of await sendToAll(user, id, { 'Content-Type': type })) {
    await expectUnsupported(response, name);
  }
  const { data } = await (await send('GET', user.tasks, { token: user.token })).json();
  expect(data).toMatchObject([{ id, title: 'Milk', version: 1 }]);
});

test('a body without a media type returns 415', async () => {
  const user = await signUp();
  const task_id = (await createTask(user)).id;
  for (const { id, method, path } of writes) {
    const file = await routeFiles.find((file) => file.path === path)?.load();
    // Bytes, because a Request gives text a media type by itself.
    const body = new TextEncoder().encode(JSON.stringify(bodyOf(id)));
    const request = new Request(`${ORIGIN}/`, { method, body, headers: { Authorization: `Bearer ${user.token}` } });
    expect(request.headers.has('content-type')).toBe(false);
    const response = await file?.[method]?.(request, { params: Promise.resolve({ user_id: user.id, task_id }) });
    await expectUnsupported(response ?? Response.error(), id);
  }
});

test.each(['gzip', 'br', 'deflate', 'gzip, gzip', 'unknown'])(
  'a body with Content-Encoding %s returns 415',
  async (coding) => {
    const user = await signUp();
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': coding };
    const responses = await sendToAll(user, (await createTask(user)).id, headers);
    for (const [name, response] of responses) await expectUnsupported(response, name);
  },
);

test.each([
  'application/json',
  'APPLICATION/JSON',
  'application/json;charset=utf-8',
  'application/json; charset=UTF-8',
  'application/json ; charset="utf-8"',
  'application/json; charset=utf8',
  'application/json; charset=Unicode-1-1-UTF-8',
  'application/json; charset=utf-8; charset=latin1',
])('a body with the media type %j is accepted', async (type) => {
  const user = await signUp();
  const responses = await sendToAll(user, (await createTask(user)).id, { 'Content-Type': type });
  for (const [name, response] of responses) expect.soft(response.status, name).toBe(name === 'createTask' ? 201 : 200);
});

test.each(['identity', 'Identity'])('a body with Content-Encoding %s is accepted', async (coding) => {
  const user = await signUp();
  const headers = { 'Content-Type': 'application/json', 'Content-Encoding': coding };
  const responses = await sendToAll(user, (await createTask(user)).id, headers);
  for (const [name, response] of responses) expect.soft(response.status, name).toBe(name === 'createTask' ? 201 : 200);
});

test('a body that begins with a byte order mark returns a 400 that says so', async () => {
  const user = await signUp();
  const response = await send('POST', user.tasks, { token: user.token, body: '\uFEFF{"title":"Milk"}' });
  expect(response.status).toBe(400);
  expect((await response.json()).detail).toMatch(/byte order mark/);
});

test('a merge patch is accepted by PATCH only: POST and PUT return 415', async () => {
  const user = await signUp();
  const responses = await sendToAll(user, (await createTask(user)).id, {
    'Content-Type': 'application/merge-patch+json',
  });
  for (const name of ['createTask', 'replaceTask'])
    await expectUnsupported(responses.get(name) ?? Response.error(), name);
  expect(responses.get('updateTask')?.status).toBe(200);
});

test('a 415 of PATCH lists the accepted media types in Accept-Patch', async () => {
  const user = await signUp();
  const responses = await sendToAll(user, (await createTask(user)).id, {
    'Content-Type': 'application/json-patch+json',
  });
  const accepted = responses.get('updateTask')?.headers.get('accept-patch');
  expect(accepted?.split(', ').sort()).toEqual(['application/json', 'application/merge-patch+json']);
  expect(responses.get('completeTask')?.headers.get('accept-patch')).toContain('application/json');
});

test('the media type is checked before the size, and both before the schema and the existence of the task', async () => {
  const user = await signUp();
  const missing = `${user.tasks}/00000000-0000-4000-8000-000000000000`;
  const patch = (type: string, body: string) =>
    send('PATCH', missing, { token: user.token, headers: { 'Content-Type': type }, body });
  expect((await patch('text/plain', 'x'.repeat(70_000))).status).toBe(415);
  expect((await patch('application/json', 'x'.repeat(70_000))).status).toBe(413);
  expect((await patch('application/json', '{"title":')).status).toBe(400);
  expect((await patch('application/json', '{"title":1}')).status).toBe(422);
  expect((await patch('application/json', '{"title":"x"}')).status).toBe(404);
});
