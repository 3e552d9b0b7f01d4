import { operations } from '@taskward/api-core';
import { expect, test } from 'vitest';
import { storedRows } from '../attacker';
import { ORIGIN, routeFiles, send, signUp, type TestUser, useApp } from '../harness';
import { bodyFor, createResources, fillPath, type PathParams, successOf } from '../requests';

useApp();

const writes = operations.filter(({ body }) => body);

/** Sends a valid body to every operation with these headers. Returns the responses by operation id. */
async function sendToAll({ token }: TestUser, params: PathParams, headers: Record<string, string>) {
  const responses = new Map<string, Response>();
  for (const operation of writes) {
    const { id, method, path } = operation;
    responses.set(id, await send(method, fillPath(path, params), { token, headers, body: bodyFor(operation) }));
  }
  return responses;
}

/** Sends a valid body to every operation with these headers, and expects that each accepts it. */
async function expectAccepted(headers: Record<string, string>) {
  const user = await signUp();
  const responses = await sendToAll(user, await createResources(user), headers);
  for (const operation of writes) {
    expect.soft(responses.get(operation.id)?.status, operation.id).toBe(successOf(operation));
  }
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
  const params = await createResources(user);
  const before = await storedRows(user.id);
  for (const [name, response] of await sendToAll(user, params, { 'Content-Type': type })) {
    await expectUnsupported(response, name);
  }
  expect(await storedRows(user.id)).toBe(before);
});

test('a body without a media type returns 415', async () => {
  const user = await signUp();
  const params = await createResources(user);
  for (const operation of writes) {
    const { id, method, path } = operation;
    const file = await routeFiles.find((file) => file.path === path)?.load();
    // Bytes, because a Request gives text a media type by itself.
    const body = new TextEncoder().encode(JSON.stringify(bodyFor(operation)));
    const request = new Request(`${ORIGIN}/`, { method, body, headers: { Authorization: `Bearer ${user.token}` } });
    expect(request.headers.has('content-type')).toBe(false);
    const response = await file?.[method]?.(request, { params: Promise.resolve(params) });
    await expectUnsupported(response ?? Response.error(), id);
  }
});

test.each(['gzip', 'br', 'deflate', 'gzip, gzip', 'unknown'])(
  'a body with Content-Encoding %s returns 415',
  async (coding) => {
    const user = await signUp();
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': coding };
    const responses = await sendToAll(user, await createResources(user), headers);
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
  await expectAccepted({ 'Content-Type': type });
});

test.each(['identity', 'Identity'])('a body with Content-Encoding %s is accepted', async (coding) => {
  await expectAccepted({ 'Content-Type': 'application/json', 'Content-Encoding': coding });
});

test('a body that begins with a byte order mark returns a 400 that says so', async () => {
  const user = await signUp();
  const response = await send('POST', user.tasks, { token: user.token, body: '\uFEFF{"title":"Milk"}' });
  expect(response.status).toBe(400);
  expect((await response.json()).detail).toMatch(/byte order mark/);
});

test('a merge patch is accepted by PATCH only: POST and PUT return 415', async () => {
  const user = await signUp();
  const responses = await sendToAll(user, await createResources(user), {
    'Content-Type': 'application/merge-patch+json',
  });
  for (const name of ['createTask', 'replaceTask'])
    await expectUnsupported(responses.get(name) ?? Response.error(), name);
  expect(responses.get('updateTask')?.status).toBe(200);
});

test('a 415 of PATCH lists the accepted media types in Accept-Patch', async () => {
  const user = await signUp();
  const responses = await sendToAll(user, await createResources(user), {
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
