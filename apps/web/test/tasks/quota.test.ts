import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { ORIGIN, restartApp, send, signUp, type TestUser, useApp } from '../harness';
import { sendAs } from '../task-requests';

const MAX_TASKS = 5;
const MAX_KEYS = 10_000;

useApp({ environment: { MAX_TASKS: String(MAX_TASKS) } });

let user: TestUser;

beforeEach(async () => {
  user = await signUp();
});

const request = (method: string, path: string, body?: unknown, headers: HeadersInit = {}): Promise<Response> =>
  sendAs(user, method, path, body, headers);
const create = (headers?: HeadersInit) => request('POST', '', { title: 'Task', tags: ['a'] }, headers);
const put = (id: string, headers?: HeadersInit) => request('PUT', `/${id}`, { title: 'Put', tags: ['b'] }, headers);

async function fill(): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < MAX_TASKS; i++) ids.push((await (await create()).json()).id);
  return ids;
}

const run = async (text: string) => (await (await getApp()).db.ownerDb.execute<Record<string, number>>(text)).rows;
const count = async (table: string) =>
  (await run(`select count(*)::int as n from ${table} where user_id = '${user.id}'`))[0]?.n;

async function expectConflict(response: Response): Promise<void> {
  expect(response.status).toBe(409);
  expect(response.headers.get('Cache-Control')).toBe('no-store');
  expect(await response.json()).toMatchObject({ type: '/problems/conflict', title: 'Conflict', status: 409 });
}

describe('a user with MAX_TASKS tasks', () => {
  test('a user with MAX_TASKS tasks gets 409 for another one by POST or PUT, and nothing is stored', async () => {
    await fill();
    await expectConflict(await create());
    await expectConflict(await put(randomUUID()));
    await expectConflict(await put(randomUUID(), { 'If-None-Match': '*' }));
    const key = { 'Idempotency-Key': randomUUID() };
    await expectConflict(await create(key));
    expect([await count('tasks'), await count('task_tags'), await count('idempotency_keys')]).toEqual([
      MAX_TASKS,
      MAX_TASKS,
      0,
    ]);
  });

  test('a user with MAX_TASKS tasks can read, replace, change and delete them, and create again after deleting one', async () => {
    const [id = ''] = await fill();
    const replaced = await put(id);
    expect([replaced.status, (await replaced.json()).tags]).toEqual([200, ['b']]);
    expect((await request('PATCH', `/${id}`, { title: 'Changed' })).status).toBe(200);
    expect((await request('GET', '')).status).toBe(200);
    const key = { 'Idempotency-Key': randomUUID() };
    await expectConflict(await create(key));
    expect((await request('DELETE', `/${id}`)).status).toBe(204);
    // The 409 was not stored under the key.
    expect((await create(key)).status).toBe(201);
    await expectConflict(await create());
  });

  test('a user with MAX_TASKS tasks gets the stored response to a repeated creation, and 412 for a failed precondition', async () => {
    const key = { 'Idempotency-Key': randomUUID() };
    const first = await (await create(key)).json();
    for (let i = 1; i < MAX_TASKS; i++) await create();
    const again = await create(key);
    expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([201, 'true']);
    expect(await again.json()).toEqual(first);
    expect((await put(randomUUID(), { 'If-Match': '*' })).status).toBe(412);
    expect((await put(first.id, { 'If-None-Match': '*' })).status).toBe(412);
  });

  test('concurrent creations do not exceed MAX_TASKS', async () => {
    for (let round = 0; round < 5; round++) {
      user = await signUp();
      for (let i = 2; i < MAX_TASKS; i++) await create();
      const responses = await Promise.all([create(), put(randomUUID()), create(), put(randomUUID())]);
      expect(responses.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409]);
      expect(await count('tasks')).toBe(MAX_TASKS);
    }
  });

  test('a user with MAX_TASKS tasks does not prevent another user from creating tasks', async () => {
    await fill();
    user = await signUp();
    expect((await create()).status).toBe(201);
  });
});

test('a user above a lowered MAX_TASKS can read, change and delete tasks, and create them once MAX_TASKS is 0', async () => {
  const [id = ''] = await fill();
  await restartApp({ MAX_TASKS: '2' });
  await expectConflict(await create());
  expect((await (await request('GET', '')).json()).data).toHaveLength(MAX_TASKS);
  expect((await put(id)).status).toBe(200);
  expect((await request('DELETE', `/${id}`)).status).toBe(204);
  await expectConflict(await create());
  await restartApp({ MAX_TASKS: '0' });
  expect((await create()).status).toBe(201);
  await restartApp({ MAX_TASKS: String(MAX_TASKS) });
});

describe('stored idempotent responses', () => {
  const stored = (key: string) => run(`select 1 from idempotency_keys where user_id = '${user.id}' and key = '${key}'`);

  test('a user has at most 10,000 stored idempotent responses: the next one deletes the oldest', async () => {
    await run(`insert into idempotency_keys (user_id, key, fingerprint, answer, created_at)
      select '${user.id}', 'key-' || i, 'x', '{}', now() - interval '1 hour' + i * interval '1 ms'
      from generate_series(1, ${MAX_KEYS}) i`);
    expect((await create({ 'Idempotency-Key': 'newest' })).status).toBe(201);
    expect(await count('idempotency_keys')).toBe(MAX_KEYS);
    expect([await stored('key-1'), await stored('key-2'), await stored('newest')].map(({ length }) => length)).toEqual([
      0, 1, 1,
    ]);
    const again = await create({ 'Idempotency-Key': 'newest' });
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
  }, 60_000);
});

test('deleting an account deletes all of its tasks, tags and stored responses', async () => {
  await run(`insert into tasks (user_id, id, title, description)
    select '${user.id}', gen_random_uuid(), 'Task', repeat(md5(i::text), 10) from generate_series(1, 500) i`);
  await run(`insert into task_tags select user_id, id, 'tag ' || k from tasks, generate_series(1, 20) k
    where user_id = '${user.id}'`);
  await run(`insert into idempotency_keys (user_id, key, fingerprint, answer)
    select '${user.id}', i::text, 'x', '{}' from generate_series(1, ${MAX_KEYS}) i`);
  const { cookie, password } = user;
  const response = await send('POST', '/api/auth/delete-user', {
    headers: { Cookie: cookie, Origin: ORIGIN },
    body: { password },
  });
  expect(response.status).toBe(200);
  expect([await count('tasks'), await count('task_tags'), await count('idempotency_keys')]).toEqual([0, 0, 0]);
}, 60_000);
