import { randomUUID } from 'node:crypto';
import type { Task } from '@taskward/api-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { createTask, getPage, getTask, sendAs } from '../task-requests';
import {
  conflictsOf,
  contentOf,
  contentsOf,
  deleteTask,
  execute,
  full,
  getRevisions,
  newestRevision,
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

const patch = (id: string, body: object) => sendAs(user, 'PATCH', `/${id}`, body);
const put = (id: string, body: object) => sendAs(user, 'PUT', `/${id}`, body);
const complete = (id: string, body?: object) => sendAs(user, 'PATCH', `/${id}/complete`, body);

/** Every kind of write of a task, each of which is done and undone. */
const writes: [string, (id: string) => Promise<Response>][] = [
  ['creation', () => sendAs(user, 'POST', '', full)],
  ['creation under an id', () => put(randomUUID(), full)],
  ['replacement', (id) => put(id, { title: 'New' })],
  ['change of the title', (id) => patch(id, { title: 'ÜBER' })],
  ['change of the description', (id) => patch(id, { description: 'Other' })],
  ['removal of the description', (id) => patch(id, { description: null })],
  ['change of the status', (id) => patch(id, { status: 'in_progress' })],
  ['change of the priority', (id) => patch(id, { priority: 'low' })],
  ['change of the due date', (id) => patch(id, { due_date: '0001-01-01' })],
  ['removal of the due date', (id) => patch(id, { due_date: null })],
  ['change of the tags', (id) => patch(id, { tags: ['a', 'c'] })],
  ['removal of the tags', (id) => patch(id, { tags: [] })],
  ['change of all fields', (id) => patch(id, { ...full, title: 'T', description: 'D', status: 'todo', tags: ['z'] })],
  ['reopening', (id) => complete(id, { completed: false })],
  ['toggling', (id) => complete(id)],
  ['deletion', (id) => deleteTask(user, id)],
];

test.each(writes)(
  'undo of a %s restores everything but version and updated_at, and undo of that is redo',
  async (_, write) => {
    const { id } = await createTask(user, full);
    await createTask(user, { title: 'Another', tags: ['a'] });
    const before = await contentsOf(user);
    const revision = await revisionOf(write(id));
    const after = await contentsOf(user);
    expect(after).not.toEqual(before);
    const undone = await undo(user, revision);
    expect(undone).toBe(revision + 1);
    expect(await contentsOf(user)).toEqual(before);
    const redone = await undo(user, undone);
    expect(await contentsOf(user)).toEqual(after);
    await undo(user, redone);
    expect(await contentsOf(user)).toEqual(before);
  },
);

test('undo of a change sets back its fields alone, and is a change with a version and a revision of its own', async () => {
  const { id } = await createTask(user, full);
  const revision = await revisionOf(patch(id, { title: 'New', tags: ['c'] }));
  await patch(id, { priority: 'low' });
  const before = await getTask(user, id);
  const undone = await undo(user, revision);
  const task = await getTask(user, id);
  expect(task).toMatchObject({ title: 'Über', tags: ['a', 'b', 'ß'], priority: 'low', version: before.version + 1 });
  expect(task.updated_at >= before.updated_at).toBe(true);
  expect(await newestRevision(user)).toMatchObject({
    revision: undone,
    via: 'session',
    entries: [
      {
        id,
        op: 'updated',
        version: task.version,
        diff: { title: { from: 'New', to: 'Über' }, tags: { from: ['c'], to: ['a', 'b', 'ß'] } },
      },
    ],
  });
});

test('undo of a change is a change at its own time', async () => {
  const { id } = await createTask(user);
  const revision = await revisionOf(patch(id, { title: 'B' }));
  await execute(`update tasks set updated_at = '2020-01-01' where id = '${id}'`);
  await undo(user, revision);
  expect((await getTask(user, id)).updated_at > '2021').toBe(true);
});

test('undo of a change leaves a description unfolded that is not folded yet', async () => {
  const { id } = await createTask(user, { title: 'A', description: 'D' });
  const revision = await revisionOf(patch(id, { description: 'E' }));
  await execute(`update tasks set description_key = null where id = '${id}'`);
  await undo(user, revision);
  expect(await execute(`select description_key from tasks where id = '${id}'`)).toEqual([{ description_key: null }]);
});

test('undo of a creation deletes the task, which is in the trash then', async () => {
  const revision = await revisionOf(sendAs(user, 'POST', '', full));
  const [before] = (await getPage(user)).data;
  await undo(user, revision);
  expect(await newestRevision(user)).toMatchObject({ entries: [{ id: before?.id, op: 'deleted', version: 1 }] });
  expect(await trashedIds(user)).toEqual([before?.id]);
});

test('undo of a deletion restores the task with its next version', async () => {
  const task = await createTask(user, full);
  const undone = await undo(user, await revisionOf(deleteTask(user, task.id)));
  expect(await getTask(user, task.id)).toMatchObject({ version: 2 });
  expect(await newestRevision(user)).toMatchObject({
    revision: undone,
    entries: [{ id: task.id, op: 'restored', version: 2, diff: null }],
  });
  expect(await trashedIds(user)).toEqual([]);
});

test('a task whose title was set back is found by it, whatever its case and accents', async () => {
  const { id } = await createTask(user, { title: 'Über', description: 'Straße' });
  const found = async (q: string) => (await getPage(user, { q })).data.map((task: Task) => task.id);
  for (const body of [
    { title: 'uber' },
    { title: 'ÜBER' },
    { description: 'STRASSE' },
    { title: 'x', description: null },
  ]) {
    const undone = await undo(user, await revisionOf(patch(id, body)));
    expect(await found('uber strasse')).toEqual([id]);
    const redone = await undo(user, undone);
    expect(await found(body.title ?? 'uber')).toEqual([id]);
    await undo(user, redone);
    expect(await found('uber strasse')).toEqual([id]);
  }
  await undo(user, await revisionOf(deleteTask(user, id)));
  expect(await found('uber strasse')).toEqual([id]);
});

test('undo of a completion restores that it was open, and redo the time of the completion', async () => {
  const { id } = await createTask(user);
  const revision = await revisionOf(complete(id, { completed: true }));
  const { completed_at } = await getTask(user, id);
  expect(completed_at).not.toBeNull();
  const undone = await undo(user, revision);
  expect(await getTask(user, id)).toMatchObject({ status: 'todo', completed_at: null });
  await undo(user, undone);
  expect(await getTask(user, id)).toMatchObject({ status: 'done', completed_at });
});

describe('an undo that would overwrite something', () => {
  /** Expects that the revision cannot be undone, and that the attempt changes nothing. */
  async function expectConflicts(revision: number, expected: string[]) {
    const before = [await getPage(user), await getRevisions(user)];
    expect(await conflictsOf(await requestUndo(user, revision))).toEqual(expected);
    expect([await getPage(user), await getRevisions(user)]).toEqual(before);
  }

  test.each([
    ['title', 'A', 'B'],
    ['description', 'A', null],
    ['status', 'in_progress', 'todo'],
    ['priority', 'low', 'high'],
    ['due_date', '2026-03-01', '2026-03-02'],
    ['tags', ['a'], ['a', 'b']],
    ['tags', ['a', 'b'], ['a']],
  ])(
    'is refused where %s was changed since, from %j to %j, until it has that value again',
    async (field, made, since) => {
      const { id } = await createTask(user);
      const revision = await revisionOf(patch(id, { [field]: made }));
      await patch(id, { [field]: since });
      await expectConflicts(revision, ['/entries/0 changed']);
      await patch(id, { [field]: made });
      await undo(user, revision);
    },
  );

  test('is refused where only one of several fields was changed since', async () => {
    const { id } = await createTask(user);
    const revision = await revisionOf(patch(id, { title: 'B', priority: 'high' }));
    await patch(id, { priority: 'low' });
    await expectConflicts(revision, ['/entries/0 changed']);
  });

  test('is refused the second time', async () => {
    const { id } = await createTask(user);
    const revision = await revisionOf(patch(id, { title: 'B' }));
    await undo(user, revision);
    await expectConflicts(revision, ['/entries/0 changed']);
  });

  test('is refused where a task was completed again', async () => {
    const { id } = await createTask(user);
    const revision = await revisionOf(complete(id, { completed: true }));
    await execute(`update tasks set completed_at = completed_at - interval '1 second' where id = '${id}'`);
    await expectConflicts(revision, ['/entries/0 changed']);
  });

  test('is refused where the changed task was deleted since, until it is restored', async () => {
    const { id } = await createTask(user);
    const revision = await revisionOf(patch(id, { title: 'B' }));
    const deletion = await revisionOf(deleteTask(user, id));
    await expectConflicts(revision, ['/entries/0 changed']);
    await undo(user, deletion);
    await undo(user, revision);
  });

  test('of a creation is refused where the task was changed since, until that is undone', async () => {
    const id = randomUUID();
    const revision = await revisionOf(put(id, full));
    for (const body of [{ title: 'B' }, { tags: ['a'] }, { due_date: null }, { status: 'todo' }]) {
      const change = await revisionOf(patch(id, body));
      await expectConflicts(revision, ['/entries/0 changed']);
      await undo(user, change);
    }
    await undo(user, revision);
    expect(await contentsOf(user)).toEqual([]);
  });

  test('of a creation is not refused where all that was done to the task since was undone', async () => {
    const id = randomUUID();
    const revisions = [
      await revisionOf(put(id, full)),
      await revisionOf(put(id, { title: 'New' })),
      await revisionOf(patch(id, { title: 'Newer', status: 'done' })),
      await revisionOf(deleteTask(user, id)),
      await revisionOf(put(id, { title: 'Again' })),
    ];
    for (const revision of revisions.toReversed()) await undo(user, revision);
    expect(await contentsOf(user)).toEqual([]);
  });

  test('of a creation is not refused where a field was changed and has its first value again', async () => {
    const id = randomUUID();
    const revision = await revisionOf(put(id, { title: 'A' }));
    await patch(id, { title: 'Ü' });
    await patch(id, { title: 'A' });
    await undo(user, revision);
    expect(await contentsOf(user)).toEqual([]);
  });

  test('of a creation is refused where the task was purged, and created again', async () => {
    const id = randomUUID();
    const revision = await revisionOf(put(id, { title: 'A' }));
    await deleteTask(user, id);
    await sendBelow(user, 'DELETE', `/trash/${id}`);
    await put(id, { title: 'Another' });
    await expectConflicts(revision, ['/entries/0 changed']);
  });

  test('of a creation is refused where the task was deleted since, or created again', async () => {
    const id = randomUUID();
    const revision = await revisionOf(put(id, { title: 'A' }));
    const deletion = await revisionOf(deleteTask(user, id));
    await expectConflicts(revision, ['/entries/0 changed']);
    await execute(`update changes set diff = jsonb_set(diff::jsonb, '{created_at}', '"2020-01-01T00:00:00.000Z"')
      where diff is not null and id = '${id}'`);
    const creation = await revisionOf(put(id, { title: 'A' }));
    await expectConflicts(revision, ['/entries/0 changed']);
    await undo(user, creation);
    await undo(user, deletion);
    await undo(user, revision);
  });

  test('of a creation is refused where the task was changed more often than is looked at', async () => {
    const id = randomUUID();
    const revision = await revisionOf(put(id, { title: 'A' }));
    const toggles = `insert into changes (user_id, seq, revision, at, kind, id, operation, version, diff)
      select user_id, seq + n, seq + n, at, 'task', '${id}', 'updated', 1 + n, '{"title": {"from": "A", "to": "A"}}'`;
    await execute(`${toggles} from journals, generate_series(1, 1000) n where user_id = '${user.id}'`);
    await execute(`update journals set seq = seq + 1000 where user_id = '${user.id}'`);
    await execute(`${toggles} from journals, generate_series(1, 1) n where user_id = '${user.id}'`);
    await expectConflicts(revision, ['/entries/0 changed']);
    await execute(`delete from changes c where user_id = '${user.id}'
      and seq > (select seq from journals j where j.user_id = c.user_id)`);
    await undo(user, revision);
  });

  test('of a deletion is refused where the id is in use again', async () => {
    const { id } = await createTask(user);
    const revision = await revisionOf(deleteTask(user, id));
    const creation = await revisionOf(put(id, { title: 'Another' }));
    await expectConflicts(revision, ['/entries/0 taken']);
    await undo(user, creation);
    await undo(user, revision);
    expect(await getTask(user, id)).toMatchObject({ title: 'Milk', version: 3 });
  });

  test('is refused where the task was purged', async () => {
    const { id } = await createTask(user);
    const change = await revisionOf(patch(id, { title: 'B' }));
    const deletion = await revisionOf(deleteTask(user, id));
    await sendBelow(user, 'DELETE', `/trash/${id}`);
    await expectConflicts(change, ['/entries/0 purged']);
    await expectConflicts(deletion, ['/entries/0 purged']);
    await put(id, { title: 'B' });
    await expectConflicts(change, ['/entries/0 purged']);
    await expectConflicts(deletion, ['/entries/0 purged']);
  });
});

test('undo with an Idempotency-Key returns the first response again, and undoes once', async () => {
  const { id } = await createTask(user, { title: 'A' });
  const revision = await revisionOf(patch(id, { title: 'B' }));
  const headers = { 'Idempotency-Key': randomUUID() };
  const first = await requestUndo(user, revision, headers);
  const body = { revision: revision + 1 };
  expect([first.headers.get('Idempotency-Replayed'), await first.json()]).toEqual([null, body]);
  await patch(id, { title: 'B' });
  const second = await requestUndo(user, revision, headers);
  expect([second.headers.get('Idempotency-Replayed'), second.headers.get('Revision'), await second.json()]).toEqual([
    'true',
    String(revision + 1),
    body,
  ]);
  expect(await getTask(user, id)).toMatchObject({ title: 'B' });
  expect((await requestUndo(user, revision + 1, headers)).status).toBe(422);
});

test('an Idempotency-Key of an undo that was refused can be used again', async () => {
  const { id } = await createTask(user, { title: 'A' });
  const revision = await revisionOf(patch(id, { title: 'B' }));
  const since = await revisionOf(patch(id, { title: 'C' }));
  const headers = { 'Idempotency-Key': randomUUID() };
  expect((await requestUndo(user, revision, headers)).status).toBe(409);
  await undo(user, since);
  expect((await requestUndo(user, revision, headers)).status).toBe(200);
});

test("undo of another user's revision returns 404, as of a number that is none", async () => {
  const other = await signUp();
  const own = await revisionOf(sendAs(user, 'POST', '', { title: 'Own' }));
  for (let i = 0; i < 3; i++) await createTask(other);
  const headers = { 'Idempotency-Key': randomUUID() };
  for (let i = 0; i < 2; i++) expect((await requestUndo(user, own + 1, headers)).status).toBe(404);
  for (const revision of [own + 1, 99, 0, -1, '01', '1.0', 'x', '9'.repeat(15), '9'.repeat(30), randomUUID()]) {
    expect((await requestUndo(user, revision)).status, String(revision)).toBe(404);
  }
  expect((await sendBelow(other, 'GET', '/trash')).status).toBe(200);
  expect((await getPage(other)).data).toHaveLength(3);
});

test('a revision that is older than 30 days, and the first entry of a migrated user, cannot be undone', async () => {
  const { id } = await createTask(user);
  const revision = await revisionOf(patch(id, { title: 'B' }));
  await execute(`update changes set at = now() - interval '30 days' where user_id = '${user.id}'`);
  expect((await requestUndo(user, revision)).status).toBe(404);
  await execute(`update changes set at = now(), kind = 'start', operation = 'started' where user_id = '${user.id}'`);
  expect((await requestUndo(user, revision)).status).toBe(404);
  expect((await getRevisions(user)).data).toEqual([]);
});

test('ten equal undos at once undo once', async () => {
  const { id } = await createTask(user, { title: 'A' });
  const revision = await revisionOf(patch(id, { title: 'B' }));
  const responses = await Promise.all(Array.from({ length: 10 }, () => requestUndo(user, revision)));
  expect(responses.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(409)]);
  expect(contentOf(await getTask(user, id))).toMatchObject({ title: 'A' });
});
