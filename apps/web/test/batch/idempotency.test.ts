import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { storedRows } from '../attacker';
import { send, signUp, type TestUser, useApp } from '../harness';
import { execute } from '../journal/requests';
import { createTask, getTask, sendAs } from '../task-requests';
import { allRevisions, type Entry, refusalOf, replaceTask, requestBatch, updateTask } from './requests';

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

const keyed = (operations: unknown, key: string, headers: Record<string, string> = {}) =>
  requestBatch(user, operations, { ...headers, 'Idempotency-Key': key });

/** Everything in a response except what is specific to the request. */
async function comparable(response: Response) {
  const headers = [...response.headers].filter(([name]) => !/^(x-request-id|idempotency-replayed)$/.test(name));
  return { status: response.status, headers, body: await response.json() };
}

const storedKeys = async () =>
  (await execute(`select key from idempotency_keys where user_id = '${user.id}' order by key`)).map(({ key }) => key);

test('a repeated batch with the same Idempotency-Key returns the first response with its revision, and runs once', async () => {
  const task = await createTask(user);
  const [id, key] = [randomUUID(), randomUUID()];
  const operations = [replaceTask(id), { op: 'completeTask', task_id: task.id }, { op: 'deleteTask', task_id: id }];
  const first = await keyed(operations, key);
  expect([first.status, first.headers.get('Idempotency-Replayed')]).toEqual([200, null]);
  const revision = first.headers.get('Revision');
  expect(revision).not.toBeNull();
  const expected = await comparable(first);
  expect(expected.body.results.map(({ version }: { version: number | null }) => version)).toEqual([1, 2, null]);

  await sendAs(user, 'PATCH', `/${task.id}`, { title: 'Since' });
  const before = await storedRows(user.id);
  for (const field of [key, `"${key}"`]) {
    const second = await keyed(operations, field);
    expect(second.headers.get('Idempotency-Replayed')).toBe('true');
    expect(second.headers.get('Revision')).toBe(revision);
    expect(await comparable(second)).toEqual(expected);
  }
  expect(await storedRows(user.id)).toBe(before);
  expect(await getTask(user, task.id)).toMatchObject({ title: 'Since', status: 'done', version: 3 });
});

test('a repeated batch that changed nothing returns the first response without a revision, even if it would change something now', async () => {
  const task = await createTask(user, { title: 'Same' });
  const [key, operations] = [randomUUID(), [updateTask(task.id, { title: 'Same' })]];
  const first = await comparable(await keyed(operations, key));
  expect(first.body).toEqual({ revision: null, results: [{ id: task.id, version: 1 }] });
  await sendAs(user, 'PATCH', `/${task.id}`, { title: 'Other' });
  const second = await keyed(operations, key);
  expect([second.headers.get('Idempotency-Replayed'), second.headers.get('Revision')]).toEqual(['true', null]);
  expect(await comparable(second)).toEqual(first);
  expect(await getTask(user, task.id)).toMatchObject({ title: 'Other' });
});

test('an Idempotency-Key of a batch with another batch or another request is a 422, and changes nothing', async () => {
  const [id, key] = [randomUUID(), randomUUID()];
  expect((await keyed([replaceTask(id)], key)).status).toBe(200);
  const before = await storedRows(user.id);
  const headers = { 'Idempotency-Key': key };
  const others = [
    () => keyed([replaceTask(id, { title: 'Other' })], key),
    () => keyed([replaceTask(id), replaceTask(id)], key),
    () => keyed([{ ...replaceTask(id), if_match: '*' }], key),
    () => keyed([{ op: 'deleteTask', task_id: randomUUID() }], key),
    () => sendAs(user, 'POST', '', { title: 'Task' }, headers),
    () => sendAs(user, 'PATCH', `/${id}`, { title: 'Other' }, headers),
  ];
  for (const other of others) {
    const response = await other();
    expect(await refusalOf(response)).toMatchObject({ status: 422, errors: ['/Idempotency-Key reused'] });
  }
  expect(await storedRows(user.id)).toBe(before);
});

test('an Idempotency-Key of another request with a batch is a 422, and changes nothing', async () => {
  const key = randomUUID();
  await sendAs(user, 'POST', '', { title: 'Task' }, { 'Idempotency-Key': key });
  const before = await storedRows(user.id);
  expect(await refusalOf(await keyed([replaceTask(randomUUID())], key))).toMatchObject({
    status: 422,
    errors: ['/Idempotency-Key reused'],
  });
  expect(await storedRows(user.id)).toBe(before);
});

test('a batch that differs only in formatting, defaults and letter case of ids is the same request for an Idempotency-Key', async () => {
  const [id, key] = [randomUUID(), randomUUID()];
  const first = await comparable(await keyed([replaceTask(id)], key));
  const body = `{ "operations": [ {"body": {"status": "todo", "title": " Task "}, "task_id": "${id.toUpperCase()}", "op": "replaceTask"} ] }`;
  const second = await send('POST', `/api/${user.id}/batch`, {
    token: user.token,
    body,
    headers: { 'Idempotency-Key': key },
  });
  expect(second.headers.get('Idempotency-Replayed')).toBe('true');
  expect(await comparable(second)).toEqual(first);
});

test('a refused batch stores nothing for its Idempotency-Key, and can be sent again', async () => {
  const [id, child, key] = [randomUUID(), randomUUID(), randomUUID()];
  const operations = [replaceTask(child, { title: 'Child' }), updateTask(id, { title: 'Changed' })];
  const before = await storedRows(user.id);
  expect((await keyed(operations, key)).status).toBe(404);
  expect((await keyed([{ op: 'nope' }], key)).status).toBe(422);
  expect(await storedRows(user.id)).toBe(before);
  await sendAs(user, 'PUT', `/${id}`, { title: 'Now it exists' });
  const response = await keyed(operations, key);
  expect([response.status, response.headers.get('Idempotency-Replayed')]).toEqual([200, null]);
  expect(await getTask(user, id)).toMatchObject({ title: 'Changed', version: 2 });
  expect(await storedKeys()).toEqual([key]);
});

test('20 equal batches with one Idempotency-Key that race run once, and all get the same response', async () => {
  const task = await createTask(user);
  const [id, key] = [randomUUID(), randomUUID()];
  // Once more would toggle it back.
  const operations: Entry[] = [
    { op: 'completeTask', task_id: task.id },
    replaceTask(id, { title: 'Raced', parent_id: task.id }),
  ];
  const revisions = (await allRevisions(user)).length;
  const responses = await Promise.all(Array.from({ length: 20 }, () => keyed(operations, key)));
  expect(responses.filter(({ headers }) => headers.get('Idempotency-Replayed') === null)).toHaveLength(1);
  const all = await Promise.all(responses.map(comparable));
  expect(new Set(all.map((response) => JSON.stringify(response))).size).toBe(1);
  expect(all[0]?.status).toBe(200);
  expect(await getTask(user, task.id)).toMatchObject({ status: 'done', version: 2 });
  expect(await allRevisions(user)).toHaveLength(revisions + 1);
});

test('batches of one user that race without a key each are a revision of their own', async () => {
  const task = await createTask(user);
  const responses = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      requestBatch(user, [
        updateTask(task.id, { title: `A ${i}` }),
        replaceTask(randomUUID()),
        updateTask(task.id, { title: `B ${i}` }),
      ]),
    ),
  );
  const bodies = await Promise.all(responses.map((response) => response.json()));
  expect(new Set(bodies.map(({ revision }) => revision)).size).toBe(10);
  const revisions = (await allRevisions(user)).slice(0, 10);
  expect(revisions.map(({ revision }) => revision).sort()).toEqual(bodies.map(({ revision }) => revision).sort());
  for (const { entries } of revisions) expect(entries).toHaveLength(3);
  // No other batch came between the operations of one.
  for (const { results } of bodies) expect(results[2].version).toBe(results[0].version + 1);
  expect(await getTask(user, task.id)).toMatchObject({ version: 21 });
});

test('the stored response of a batch expires after 24 hours', async () => {
  const task = await createTask(user);
  const [key, operations] = [randomUUID(), [{ op: 'completeTask', task_id: task.id }]];
  await keyed(operations, key);
  await execute(
    `update idempotency_keys set created_at = now() - interval '24 hours 1 second' where user_id = '${user.id}'`,
  );
  const again = await keyed(operations, key);
  expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([200, null]);
  expect(await getTask(user, task.id)).toMatchObject({ status: 'todo', version: 3 });
  expect(await comparable(await keyed(operations, key))).toEqual(await comparable(again));
});

test.each(['', 'a b', 'x'.repeat(256), '"unclosed'])('a batch with the Idempotency-Key %j is a 400', async (key) => {
  const before = await storedRows(user.id);
  expect((await keyed([replaceTask(randomUUID())], key)).status).toBe(400);
  expect(await storedRows(user.id)).toBe(before);
});
