import { beforeAll, expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { send, signUp, type TestUser, useApp } from '../harness';

useApp();

let ada: TestUser;
let bob: TestUser;
beforeAll(async () => {
  ada = await signUp();
  bob = await signUp();
});

let used = 0;
const newKey = () => `key-${used++}`;

function write(key: string, method: string, path: string, body?: unknown, headers: HeadersInit = {}) {
  const token = path.startsWith(bob.tasks) ? bob.token : ada.token;
  return send(method, path, { token, body, headers: { ...headers, 'Idempotency-Key': key } });
}

/** Everything in a response except what is specific to the request. */
async function comparable(response: Response) {
  const headers = new Headers(response.headers);
  headers.delete('X-Request-Id');
  headers.delete('Idempotency-Replayed');
  return { status: response.status, headers: [...headers], body: await response.text() };
}

async function titles(user: TestUser): Promise<string[]> {
  const { data } = await (await send('GET', `${user.tasks}?limit=100`, { token: user.token })).json();
  return data.map((task: { title: string }) => task.title);
}

test('a repeated POST with the same Idempotency-Key returns the same response and creates no second task', async () => {
  const key = newKey();
  const body = { title: 'Once', tags: ['b', 'a'], due_date: '2026-02-28', status: 'done', description: '\\ "x"\n' };
  const first = await write(key, 'POST', ada.tasks, body);
  expect([first.status, first.headers.get('Idempotency-Replayed')]).toEqual([201, null]);
  const second = await write(key, 'POST', ada.tasks, body);
  expect(second.headers.get('Idempotency-Replayed')).toBe('true');
  expect(await comparable(second)).toEqual(await comparable(first));
  expect((await titles(ada)).filter((title) => title === 'Once')).toHaveLength(1);
});

test.each([
  ['PATCH', '', { title: 'Changed', tags: ['new'] }],
  ['PATCH', '', { priority: 'high' }],
  ['PATCH', '', {}],
  ['PATCH', '/complete', { completed: true }],
  ['PATCH', '/complete', undefined],
])(
  'a repeated %s %s %o with the same Idempotency-Key returns the same response, even if the task has changed since',
  async (method, suffix, body) => {
    const { id } = await (await send('POST', ada.tasks, { token: ada.token, body: { title: 'Task' } })).json();
    const path = `${ada.tasks}/${id}`;
    const key = newKey();
    const first = await write(key, method, path + suffix, body, { 'If-Match': '"1"' });
    expect(first.status).toBe(200);
    await send('PATCH', path, { token: ada.token, body: { title: 'Since', status: 'in_progress' } });
    const { version } = await (await send('GET', path, { token: ada.token })).json();
    const second = await write(key, method, path + suffix, body, { 'If-Match': '"1"' });
    expect(second.headers.get('Idempotency-Replayed')).toBe('true');
    expect(await comparable(second)).toEqual(await comparable(first));
    const now = await (await send('GET', path, { token: ada.token })).json();
    expect(now).toMatchObject({ title: 'Since', status: 'in_progress', version });
  },
);

test('an Idempotency-Key reused with another body, path or method returns 422, and writes nothing', async () => {
  const { id } = await (await send('POST', ada.tasks, { token: ada.token, body: { title: 'Task' } })).json();
  const key = newKey();
  await write(key, 'POST', ada.tasks, { title: 'Mine' });
  const before = await titles(ada);
  const others = [
    write(key, 'POST', ada.tasks, { title: 'Other' }),
    write(key, 'PATCH', `${ada.tasks}/${id}`, { title: 'Mine' }),
    write(key, 'PATCH', `${ada.tasks}/${id}/complete`),
  ];
  for (const response of await Promise.all(others)) {
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      errors: [{ in: 'header', pointer: '/Idempotency-Key', code: 'reused' }],
    });
  }
  expect(await titles(ada)).toEqual(before);
});

test('a body that differs only in its JSON formatting is the same request for an Idempotency-Key', async () => {
  const key = newKey();
  const first = await write(key, 'POST', ada.tasks, '{"title":"Same","tags":["x"]}');
  const second = await write(`"${key}"`, 'POST', ada.tasks, '{ "tags": [" X "], "title": " Same ", "status": "todo" }');
  expect(await comparable(second)).toEqual(await comparable(first));
});

test('two users can use the same Idempotency-Key', async () => {
  const key = newKey();
  const [one, other] = [
    await write(key, 'POST', ada.tasks, { title: 'A' }),
    await write(key, 'POST', bob.tasks, { title: 'B' }),
  ];
  expect([one.status, other.status, other.headers.get('Idempotency-Replayed')]).toEqual([201, 201, null]);
  expect(await titles(bob)).toContain('B');
});

test('20 concurrent requests with the same Idempotency-Key create one task and return one response', async () => {
  const key = newKey();
  const responses = await Promise.all(
    Array.from({ length: 20 }, () => write(key, 'POST', ada.tasks, { title: 'Raced' })),
  );
  expect(responses.filter((response) => response.headers.get('Idempotency-Replayed') === null)).toHaveLength(1);
  const all = await Promise.all(responses.map(comparable));
  expect(new Set(all.map((response) => JSON.stringify(response))).size).toBe(1);
  expect((await titles(ada)).filter((title) => title === 'Raced')).toHaveLength(1);
});

test('an Idempotency-Key of a failed request can be used again', async () => {
  const { id } = await (await send('POST', ada.tasks, { token: ada.token, body: { title: 'Task' } })).json();
  const key = newKey();
  const path = `${ada.tasks}/${id}`;
  expect((await write(key, 'PATCH', path, { title: 'New' }, { 'If-Match': '"7"' })).status).toBe(412);
  expect((await write(key, 'PATCH', `${ada.tasks}/${crypto.randomUUID()}`, { title: 'New' })).status).toBe(404);
  expect((await write(key, 'PATCH', path, { title: 'New' }, { 'If-Match': '"1"' })).status).toBe(200);
});

test('an Idempotency-Key expires after 24 hours: its row is deleted, and it can be used again', async () => {
  const { ownerDb } = (await getApp()).db;
  const keys = [newKey(), newKey()];
  for (const key of keys) await write(key, 'POST', bob.tasks, { title: key });
  await ownerDb.execute(`update idempotency_keys set created_at = now() - interval '24 hours 1 second'
    where user_id = '${bob.id}'`);
  const again = await write(keys[0] ?? '', 'POST', bob.tasks, { title: 'Again' });
  expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([201, null]);
  const left = await ownerDb.execute<{ key: string }>(`select key from idempotency_keys where user_id = '${bob.id}'`);
  expect(left.rows.map(({ key }) => key)).toEqual([keys[0]]);
});

test.each(['', ' ', 'a b', 'ä', 'x'.repeat(256), '"unclosed', '"a\\b"', '"tab\t"'])(
  'the Idempotency-Key %j returns 400',
  async (key) => {
    const response = await write(key, 'POST', ada.tasks, { title: 'No' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ type: '/problems/malformed_header' });
  },
);

test.each(['x', 'x'.repeat(255), '"with \\"quotes\\" and \\\\"'.replaceAll(' ', '_')])(
  'the Idempotency-Key %j is accepted',
  async (key) => {
    expect((await write(key, 'POST', ada.tasks, { title: 'Yes' })).status).toBe(201);
  },
);
