import { randomUUID } from 'node:crypto';
import type { Task } from '@taskward/api-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { isDeployed, restartApp, send, signUp, type TestUser, useApp } from '../harness';
import { createTask, getPage, getTask, sendAs } from '../task-requests';
import {
  conflictsOf,
  contentOf,
  deleteTask,
  execute,
  full,
  getRevisions,
  getTrash,
  requestUndo,
  revisionOf,
  sendBelow,
  trashedIds,
  undo,
} from './requests';

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

const restore = (id: string, of = user) => sendBelow(of, 'POST', `/trash/${id}/restore`);
const purge = (id: string, of = user) => sendBelow(of, 'DELETE', `/trash/${id}`);
const emptyTrash = () => sendBelow(user, 'DELETE', '/trash');

async function createDeleted(body: object = { title: 'Milk' }): Promise<Task> {
  const task = await createTask(user, body);
  expect((await deleteTask(user, task.id)).status).toBe(204);
  return task;
}

test('the trash lists deleted tasks as they were, newest deletion first', async () => {
  const [a, b] = [await createTask(user, full), await createTask(user)];
  await createTask(user);
  expect((await getTrash(user)).data).toEqual([]);
  const first = await revisionOf(deleteTask(user, a.id));
  const second = await revisionOf(deleteTask(user, b.id));
  const { data, next_cursor } = await getTrash(user);
  const deleted_at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(data).toEqual([
    { task: b, deleted_at, revision: second },
    { task: a, deleted_at, revision: first },
  ]);
  expect(next_cursor).toBeNull();
});

test('the trash has only tasks whose last change is the deletion', async () => {
  const [restored, again, undone, kept] = [
    await createDeleted(),
    await createDeleted(),
    await createTask(user),
    await createDeleted(),
  ];
  await restore(restored.id);
  await sendAs(user, 'PUT', `/${again.id}`, { title: 'Again' });
  await undo(user, await revisionOf(deleteTask(user, undone.id)));
  expect(await trashedIds(user)).toEqual([kept.id]);
  await deleteTask(user, again.id);
  expect((await getTrash(user)).data.map(({ task }) => [task.id, task.title])).toEqual([
    [again.id, 'Again'],
    [kept.id, 'Milk'],
  ]);
});

test('a walk through the pages of the trash returns each task once, whatever is deleted meanwhile', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.unshift((await createDeleted()).id);
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await getTrash(user, { limit: '2', ...(cursor && { cursor }) });
    found.push(...page.data.map(({ task }) => task.id));
    cursor = page.next_cursor;
    await createDeleted();
  } while (cursor);
  expect(found).toEqual(ids);
});

test('a page of the trash ends with the task that passes 1 MiB', async () => {
  for (let i = 0; i < 30; i++) await createDeleted({ title: `T${i}`, description: '🐘'.repeat(10_000) });
  const first = await getTrash(user, { limit: '100' });
  expect(first.data).toHaveLength(26);
  const second = await getTrash(user, { limit: '100', cursor: first.next_cursor ?? '' });
  expect([second.data.length, second.next_cursor]).toEqual([4, null]);
});

test('a restored task is as it was, under its id, with its next version', async () => {
  const before = await createDeleted(full);
  const response = await restore(before.id);
  const text = await response.text();
  expect(response.status, text).toBe(201);
  const task: Task = JSON.parse(text);
  expect(task).toMatchObject({ ...contentOf(before), version: 2 });
  expect(await getTask(user, before.id)).toEqual(task);
  const { headers } = response;
  expect([headers.get('ETag'), headers.get('Location'), headers.get('Revision')]).toEqual([
    '"2"',
    `${user.tasks}/${before.id}`,
    '3',
  ]);
  expect((await getPage(user, { q: 'uber', tag: 'a' })).data).toEqual([task]);
  expect((await getRevisions(user)).data[0]?.entries).toMatchObject([{ op: 'restored', version: 2, diff: null }]);
  await undo(user, 3);
  expect(await trashedIds(user)).toEqual([before.id]);
});

test('what is not in the trash can be neither restored nor purged', async () => {
  // First, so that a write that deletes old entries deletes no others.
  const old = await createDeleted();
  await execute(`update changes set at = now() - interval '30 days' where id = '${old.id}'`);
  const other = await signUp();
  const theirs = await createTask(other);
  await sendAs(other, 'DELETE', `/${theirs.id}`);
  const existing = await createTask(user);
  const restored = await createDeleted();
  await restore(restored.id);
  const purged = await createDeleted();
  await purge(purged.id);
  const revisions = await getRevisions(user);
  const bodies: unknown[] = [];
  for (const id of [theirs.id, randomUUID(), existing.id, restored.id, purged.id, old.id, 'x']) {
    for (const attempt of [restore, purge]) {
      const response = await attempt(id);
      expect(response.status, id).toBe(404);
      const { instance: _1, request_id: _2, ...body } = await response.json();
      bodies.push(body);
    }
  }
  expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
  expect(await trashedIds(user)).toEqual([]);
  expect(await trashedIds(other)).toEqual([theirs.id]);
  expect(await getRevisions(user)).toEqual(revisions);
});

test('of two restorations at once, one restores', async () => {
  const { id } = await createDeleted(full);
  const responses = await Promise.all([restore(id), restore(id)]);
  expect(responses.map(({ status }) => status).sort()).toEqual([201, 404]);
});

test('a task that is restored while the same id is created is there once', async () => {
  for (let round = 0; round < 5; round++) {
    const { id } = await createDeleted();
    const [restored, put] = await Promise.all([restore(id), sendAs(user, 'PUT', `/${id}`, { title: 'Put' })]);
    expect([`${restored.status} ${put.status}`]).toEqual([expect.stringMatching(/^(201 200|404 201)$/)]);
    expect(await getTask(user, id)).toMatchObject({ title: 'Put' });
  }
});

/** All that is stored of the user, as text. */
async function storedText(): Promise<string> {
  const tables = ['tasks', 'task_tags', 'changes', 'idempotency_keys'];
  const selects = tables.map((name) => `select to_jsonb(x)::text as row from ${name} x where user_id = '${user.id}'`);
  return (await execute(selects.join(' union all '))).map(({ row }) => row).join('\n');
}

describe('purging', () => {
  /** Creates a task whose title was `secret` each time, changes it, and deletes it. */
  async function createSecret(secret: string): Promise<string> {
    const keyed = (name: string) => ({ 'Idempotency-Key': `${secret}-${name}` });
    const created = await sendAs(user, 'POST', '', { title: `${secret} 1`, tags: [secret] }, keyed('post'));
    const { id } = await created.json();
    await sendAs(user, 'PATCH', `/${id}`, { title: `${secret} 2`, description: secret }, keyed('patch'));
    await sendAs(user, 'PATCH', `/${id}`, {}, keyed('empty'));
    await sendAs(user, 'PATCH', `/${id}/complete`, undefined, keyed('complete'));
    await deleteTask(user, id);
    await restore(id);
    await deleteTask(user, id);
    return id;
  }

  /** How often the word is stored, keys of requests aside. */
  const countOf = async (secret: string) => (await storedText()).replaceAll(`${secret}-`, '').split(secret).length - 1;

  test('takes the contents of a task out of the trash, its revisions and stored responses, and of no other', async () => {
    const [gone, kept] = [await createSecret('alpha'), await createSecret('omega')];
    const others = await countOf('omega');
    expect(await countOf('alpha')).toBe(others);
    const revisions = await getRevisions(user);
    const response = await purge(gone);
    expect([response.status, response.headers.get('Revision')]).toEqual([204, null]);
    expect(await trashedIds(user)).toEqual([kept]);
    expect([await countOf('alpha'), await countOf('omega')]).toEqual([0, others]);
    expect((await getRevisions(user)).data).toEqual(
      revisions.data.map((revision) =>
        revision.entries[0]?.id === gone
          ? { ...revision, entries: revision.entries.map((entry) => ({ ...entry, diff: null })) }
          : revision,
      ),
    );
    const again = await sendAs(
      user,
      'POST',
      '',
      { title: 'alpha 1', tags: ['alpha'] },
      { 'Idempotency-Key': 'alpha-post' },
    );
    expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([201, null]);
  });

  test('of the whole trash purges each task in it, and nothing else', async () => {
    // First, so that a write that deletes old entries deletes no others.
    const old = await createDeleted({ title: 'older' });
    await execute(`update changes set at = now() - interval '30 days' where id = '${old.id}'`);
    await createSecret('alpha');
    await createSecret('omega');
    const remade = await createDeleted({ title: 'remade' });
    await sendAs(user, 'PUT', `/${remade.id}`, { title: 'remade' });
    const { data } = await getRevisions(user);
    const response = await emptyTrash();
    expect([response.status, response.headers.get('Revision')]).toEqual([204, null]);
    expect((await getTrash(user)).data).toEqual([]);
    for (const word of ['alpha', 'omega', 'older']) expect(await countOf(word), word).toBe(0);
    // Its title and what that is searched by; and as it was when it was deleted.
    expect(await countOf('remade')).toBe(3);
    expect((await getRevisions(user)).data.length).toBe(data.length);
    expect((await emptyTrash()).status).toBe(204);
  });

  test('leaves the versions of an id: a task that is created under it goes on from the last one', async () => {
    const { id } = await createDeleted();
    await purge(id);
    expect(await (await sendAs(user, 'PUT', `/${id}`, { title: 'New' })).json()).toMatchObject({ version: 2 });
  });

  test('is no change: the tokens of lists and of synchronization stay the same', async () => {
    const { id } = await createDeleted();
    const tag = async () => (await sendAs(user, 'GET')).headers.get('ETag');
    const before = await tag();
    await purge(id);
    expect(await tag()).toBe(before);
    await createDeleted();
    const then = await tag();
    await emptyTrash();
    expect(await tag()).toBe(then);
  });
});

test('restoring and undoing a deletion respect the limit of tasks', async () => {
  const count = async () =>
    Number((await execute(`select tasks from journals where user_id = '${user.id}'`))[0]?.tasks);
  const [a, b] = [await createTask(user), await createTask(user)];
  const deletion = await revisionOf(deleteTask(user, a.id));
  await deleteTask(user, b.id);
  // As many as the deployment allows by default.
  const fill = (tasks: number) => execute(`update journals set tasks = ${tasks} where user_id = '${user.id}'`);
  const max = await findQuota(fill);
  const revisions = await getRevisions(user);
  for (const refused of [await restore(b.id), await requestUndo(user, deletion)]) {
    expect(await conflictsOf(refused)).toEqual([]);
  }
  expect(await getRevisions(user)).toEqual(revisions);
  await fill(max - 1);
  expect((await restore(b.id)).status).toBe(201);
  expect((await requestUndo(user, deletion)).status).toBe(409);
  expect(await count()).toBe(max);
  await fill(max - 1);
  await undo(user, deletion);
  expect(await count()).toBe(max);
});

/** Finds the limit of tasks of the deployment: the count at which a creation is refused first. */
async function findQuota(fill: (tasks: number) => Promise<unknown>): Promise<number> {
  let [low, high] = [0, 10_000_000];
  while (low + 1 < high) {
    const middle = Math.floor((low + high) / 2);
    await fill(middle);
    const response = await sendAs(user, 'POST', '', { title: 'Probe' });
    if (response.status === 201) {
      low = middle;
      await sendAs(user, 'DELETE', `/${(await response.json()).id}`);
    } else high = middle;
  }
  await fill(high);
  return high;
}

test.skipIf(isDeployed)('without a limit of tasks, any number can be restored', async () => {
  const { id } = await createDeleted();
  await execute(`update journals set tasks = 1000000 where user_id = '${user.id}'`);
  await restartApp({ MAX_TASKS: '0' });
  expect((await send('POST', `/api/${user.id}/trash/${id}/restore`, { token: user.token })).status).toBe(201);
});
