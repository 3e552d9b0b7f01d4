import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { send, signUp, useApp } from '../harness';

useApp();

let token: string;
let tasks: string;
beforeAll(async () => {
  ({ token, tasks } = await signUp());
});

const writes = [
  { method: 'PUT', suffix: '', body: { title: 'Replaced' } },
  { method: 'PATCH', suffix: '', body: { title: 'Patched' } },
  { method: 'PATCH', suffix: '', body: { tags: ['patched'] } },
  { method: 'PATCH', suffix: '', body: {} },
  { method: 'PATCH', suffix: '/complete', body: undefined },
  { method: 'DELETE', suffix: '', body: undefined },
];

async function prepareTask() {
  const created = await send('POST', tasks, { token, body: { title: 'Milk', tags: ['kept'] } });
  const { id } = await created.json();
  const path = `${tasks}/${id}`;
  const changed = await send('PATCH', path, { token, body: { title: 'More milk' } });
  expect([created.headers.get('ETag'), changed.headers.get('ETag')]).toEqual(['"1"', '"2"']);
  return { path, read: () => send('GET', path, { token }) };
}

test.each(writes)(
  '$method $suffix $body succeeds when If-Match matches the version, is *, or is missing',
  async (write) => {
    for (const ifMatch of ['"2"', ' "7", "2" ', '"a,b","2"', '*', undefined]) {
      const { path } = await prepareTask();
      const headers = ifMatch === undefined ? {} : { 'If-Match': ifMatch };
      const response = await send(write.method, path + write.suffix, { token, headers, body: write.body });
      expect(response.status, ifMatch).toBe(write.method === 'DELETE' ? 204 : 200);
    }
  },
);

test.each(writes)(
  '$method $suffix $body returns 412 with the current ETag and changes nothing when If-Match does not match',
  async (write) => {
    const { path, read } = await prepareTask();
    const before = await (await read()).text();
    // A weak tag never matches; nor does a foreign or malformed one.
    for (const ifMatch of ['"1"', '"1", "3"', 'W/"2"', '"02"', '"x"', '2', '""', '"2', '"99999999999999999999"', '']) {
      const response = await send(write.method, path + write.suffix, {
        token,
        headers: { 'If-Match': ifMatch },
        body: write.body,
      });
      expect(response.status, ifMatch).toBe(412);
      expect(response.headers.get('ETag'), ifMatch).toBe('"2"');
      expect(await response.json()).toMatchObject({ type: '/problems/precondition_failed', status: 412 });
    }
    expect(await (await read()).text()).toBe(before);
  },
);

test.each(writes)(
  '$method $suffix $body of a missing task with If-Match returns 404, or 412 for PUT',
  async (write) => {
    for (const ifMatch of ['"1"', '*']) {
      const path = `${tasks}/${randomUUID()}`;
      const response = await send(write.method, path + write.suffix, {
        token,
        headers: { 'If-Match': ifMatch },
        body: write.body,
      });
      expect(response.status).toBe(write.method === 'PUT' ? 412 : 404);
      expect(response.headers.get('ETag')).toBeNull();
      expect((await send('GET', path, { token })).status).toBe(404);
    }
  },
);

test.each(writes)(
  '$method $suffix $body returns 412 and changes nothing when If-None-Match matches the version',
  async (write) => {
    const { path, read } = await prepareTask();
    const before = await (await read()).text();
    const attempt = (field: string) =>
      send(write.method, path + write.suffix, { token, headers: { 'If-None-Match': field }, body: write.body });
    for (const field of ['"2"', '"1", W/"2"', '*']) {
      const response = await attempt(field);
      expect([response.status, response.headers.get('ETag')], field).toEqual([412, '"2"']);
    }
    expect(await (await read()).text()).toBe(before);
    expect((await attempt('"1"')).status).toBe(write.method === 'DELETE' ? 204 : 200);
  },
);

test.each(['If-Match', 'If-None-Match'])(
  'POST creates a task whatever %s has, since a new task has no version',
  async (name) => {
    for (const field of ['"1"', '*', 'x']) {
      const response = await send('POST', tasks, { token, headers: { [name]: field }, body: { title: 'Milk' } });
      expect([response.status, response.headers.get('ETag')]).toEqual([201, '"1"']);
    }
  },
);

test('PUT with If-None-Match: * creates a task, but does not replace one', async () => {
  const path = `${tasks}/${randomUUID()}`;
  const headers = { 'If-None-Match': '*' };
  const first = await send('PUT', path, { token, headers, body: { title: 'First' } });
  expect([first.status, first.headers.get('ETag')]).toEqual([201, '"1"']);
  const second = await send('PUT', path, { token, headers, body: { title: 'Second' } });
  expect([second.status, second.headers.get('ETag')]).toEqual([412, '"1"']);
  expect(await (await send('GET', path, { token })).json()).toMatchObject({ title: 'First', version: 1 });
});

test.each(['"2"', 'W/"2"', '"1", W/"2"', '*'])(
  'GET with a matching If-None-Match: %s returns 304 with the ETag and no body',
  async (field) => {
    const { path } = await prepareTask();
    const response = await send('GET', path, { token, headers: { 'If-None-Match': field } });
    expect([response.status, response.headers.get('ETag'), await response.text()]).toEqual([304, '"2"', '']);
    expect(response.headers.get('Cache-Control')).toBe('private, no-cache');
  },
);

test.each(['"1"', '"22"', 'x', ''])('GET with a different If-None-Match: %s returns the task', async (field) => {
  const { path } = await prepareTask();
  expect((await send('GET', path, { token, headers: { 'If-None-Match': field } })).status).toBe(200);
});

test('of 20 concurrent writers with the same ETag exactly one succeeds', async () => {
  const { path, read } = await prepareTask();
  const headers = { 'If-Match': '"2"' };
  const bodies = Array.from({ length: 20 }, (_, i) => ({ title: `Writer ${i}`, tags: [`writer-${i}`] }));
  const responses = await Promise.all(bodies.map((body) => send('PATCH', path, { token, headers, body })));
  const winners = responses.filter(({ status }) => status === 200);
  expect(winners).toHaveLength(1);
  expect(responses.filter(({ status }) => status === 412)).toHaveLength(19);
  expect(await (await read()).json()).toEqual(await winners[0]?.json());
});
