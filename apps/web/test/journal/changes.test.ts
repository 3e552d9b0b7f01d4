import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { send, signUp, type TestUser, useApp } from '../harness';
import { FUZZ_TIMEOUT_MS, runFuzz, Stats } from '../run-fuzz';
import { createTask, sendAs } from '../task-requests';
import { allTasks, type Copy, EMPTY, getChanges, requestChanges, synchronize } from './copy';

useApp();

let user: TestUser;

beforeEach(async () => {
  user = await signUp();
});

const run = async (text: string) => (await (await getApp()).db.ownerDb.execute<Record<string, unknown>>(text)).rows;
const revisionOf = (response: Response) => {
  const header = response.headers.get('Revision');
  return header === null ? undefined : Number(header);
};

describe('the Revision header', () => {
  test('every write that changes something makes the next revision', async () => {
    const id = randomUUID();
    const requests: [string, string, object?][] = [
      ['PUT', `/${id}`, { title: 'Milk' }],
      ['PUT', `/${id}`, { title: 'Bread', tags: ['shop'] }],
      ['PATCH', `/${id}`, { due_date: '2026-03-01' }],
      ['PATCH', `/${id}`, { tags: [] }],
      ['PATCH', `/${id}/complete`],
      ['DELETE', `/${id}`],
      ['POST', '', { title: 'Milk' }],
      ['POST', '', { title: 'Milk', tags: ['shop'] }],
    ];
    const revisions: (number | undefined)[] = [];
    for (const [method, path, body] of requests) revisions.push(revisionOf(await sendAs(user, method, path, body)));
    expect(revisions).toEqual(requests.map((_, i) => i + 1));
  });

  test('a write that changes nothing, a refused one and a read make no revision', async () => {
    const { id } = await createTask(user, { title: 'Milk', tags: ['shop'], description: 'Oat' });
    const requests: [string, string, unknown?, Record<string, string>?][] = [
      ['PATCH', `/${id}`, {}],
      ['PATCH', `/${id}`, { title: 'Milk', tags: ['shop'] }],
      ['PUT', `/${id}`, { title: 'Milk', tags: ['shop'], description: 'Oat' }],
      ['PATCH', `/${id}/complete`, { completed: false }],
      ['PATCH', `/${id}`, { title: 'Bread' }, { 'If-Match': '"7"' }],
      ['DELETE', `/${id}`, undefined, { 'If-Match': '"7"' }],
      ['PUT', `/${id}`, { title: 'Bread' }, { 'If-None-Match': '*' }],
      ['PATCH', `/${randomUUID()}`, { title: 'Bread' }],
      ['DELETE', `/${randomUUID()}`],
      ['GET', `/${id}`],
    ];
    for (const request of requests) {
      expect(revisionOf(await sendAs(user, ...request)), JSON.stringify(request)).toBeUndefined();
    }
    expect(revisionOf(await sendAs(user, 'PATCH', `/${id}`, { title: 'Bread' }))).toBe(2);
  });

  test.each(['POST', 'PATCH'])('a replayed %s names the revision of the first response', async (method) => {
    const path = method === 'POST' ? '' : `/${(await createTask(user)).id}`;
    const keyed = () => sendAs(user, method, path, { title: 'Bread' }, { 'Idempotency-Key': 'once' });
    const first = await keyed();
    await createTask(user);
    const replay = await keyed();
    expect(replay.headers.get('Idempotency-Replayed')).toBe('true');
    expect(revisionOf(replay)).toBe(revisionOf(first));
    expect(revisionOf(first)).toBeDefined();
  });

  test('a replayed PATCH that changed nothing names no revision', async () => {
    const { id } = await createTask(user);
    const keyed = () => sendAs(user, 'PATCH', `/${id}`, {}, { 'Idempotency-Key': 'once' });
    expect(revisionOf(await keyed())).toBeUndefined();
    expect(revisionOf(await keyed())).toBeUndefined();
  });
});

describe('GET /changes', () => {
  test('a new user has no changes, and the token leads to what is created afterwards', async () => {
    const first = await getChanges(user);
    expect(first).toEqual({ changes: [], token: expect.any(String), has_more: false, reset: true });
    const task = await createTask(user);
    const next = await getChanges(user, { since: first.token });
    expect(next).toEqual({
      changes: [{ type: 'task', id: task.id, task }],
      token: expect.any(String),
      has_more: false,
      reset: false,
    });
    expect(await getChanges(user, { since: next.token })).toEqual({ ...next, changes: [] });
  });

  test('a task that was changed several times is returned once, as it is now; a deleted one as null', async () => {
    const { token } = await getChanges(user);
    const { id } = await createTask(user);
    const other = await createTask(user, { title: 'Bread', tags: ['b', 'a'] });
    const patched = await (await sendAs(user, 'PATCH', `/${id}`, { title: 'Oats' })).json();
    expect((await getChanges(user, { since: token })).changes).toEqual([
      { type: 'task', id: other.id, task: other },
      { type: 'task', id, task: patched },
    ]);
    await sendAs(user, 'DELETE', `/${id}`);
    expect((await getChanges(user, { since: token })).changes).toEqual([
      { type: 'task', id: other.id, task: other },
      { type: 'task', id, task: null },
    ]);
  });

  test.each([1, 2, 7, 500])('pages of %i changes lead to the same copy', async (limit) => {
    const ids: string[] = [];
    for (let i = 0; i < 9; i++) ids.push((await createTask(user, { title: `Task ${i}` })).id);
    const { token } = await getChanges(user, { limit: '500' });
    for (const id of ids.slice(0, 5)) await sendAs(user, 'PATCH', `/${id}`, { title: 'Changed' });
    for (const id of ids.slice(3, 7)) await sendAs(user, 'DELETE', `/${id}`);
    const page = await getChanges(user, { since: token, limit: String(limit) });
    expect(page.changes.length).toBeLessThanOrEqual(limit);
    const copy = await synchronize(user, { tasks: new Map(), token }, { limit });
    const expected = await allTasks(user);
    for (const id of ids.slice(0, 3)) expect(copy.tasks.get(id)).toEqual(expected.get(id));
    expect((await synchronize(user, EMPTY, { limit })).tasks).toEqual(expected);
  });

  test('a page ends with the change that passes 1 MiB, of everything and after a token', async () => {
    const { token } = await getChanges(user);
    const description = '😀'.repeat(10_000);
    for (let i = 0; i < 30; i++) await createTask(user, { title: `Long ${i}`, description });
    for (const query of [{}, { since: token }]) {
      const response = await requestChanges(user, { ...query, limit: '500' });
      const text = await response.text();
      expect(Buffer.byteLength(text)).toBeGreaterThan(2 ** 20);
      expect(Buffer.byteLength(text)).toBeLessThan(2 ** 20 + 50_000);
      expect(JSON.parse(text).has_more).toBe(true);
    }
    expect((await synchronize(user, EMPTY, { limit: 500 })).tasks.size).toBe(30);
    expect((await synchronize(user, { tasks: new Map(), token }, { limit: 500 })).tasks.size).toBe(30);
  });

  test('what is written between the pages of everything follows after them', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) ids.push((await createTask(user, { title: `Task ${i}` })).id);
    let writes = 0;
    const betweenPages = async () => {
      const id = ids[writes % ids.length];
      if (writes % 3 === 0) await sendAs(user, 'PATCH', `/${id}`, { title: `Changed ${writes}` });
      if (writes % 3 === 1) await sendAs(user, 'DELETE', `/${id}`);
      if (writes % 3 === 2) await sendAs(user, 'PUT', `/${randomUUID()}`, { title: `New ${writes}` });
      writes++;
    };
    // A page without `has_more` comes only once they are in one.
    const copy = await synchronize(user, EMPTY, { limit: 2, betweenPages });
    expect(writes).toBeGreaterThan(4);
    expect(copy.tasks).toEqual(await allTasks(user));
  });

  test.each(['', '1', '0.', 'x', '1.x!', '-1.a', `1.${'a'.repeat(200)}`, '1.a~nonsense', '1.a~'])(
    'the malformed token %j returns 422',
    async (since) => {
      const response = await requestChanges(user, { since });
      expect(response.status).toBe(422);
      expect((await response.json()).errors).toMatchObject([{ in: 'query', pointer: '/since' }]);
    },
  );

  test('a token of another user, of the future, or changed by hand returns 410', async () => {
    await createTask(user);
    const { token } = await getChanges(user);
    const other = await signUp();
    await createTask(other);
    const [seq, at] = token.split('.');
    const tokens = [
      (await getChanges(other)).token,
      `${Number(seq) + 1}.${at}`,
      `${seq}.${at?.slice(0, -1)}${at?.endsWith('a') ? 'b' : 'a'}`,
      `${seq}.zzzzzzzzzzz`,
      `999999999999999.${at}`,
      `${Number(seq) + 1}.${at}~${randomUUID()}`,
    ];
    for (const since of tokens) {
      const response = await requestChanges(user, { since });
      expect(response.status, since).toBe(410);
      expect(response.headers.get('Cache-Control')).toBe('no-store');
      expect(await response.json()).toMatchObject({ type: '/problems/gone', status: 410 });
    }
    expect((await getChanges(user, { since: token })).changes).toEqual([]);
  });

  test('after a restore, a token of what was lost returns 410, and an older one continues', async () => {
    await createTask(user);
    const { token: kept } = await getChanges(user);
    await createTask(user);
    const { token: lost } = await getChanges(user);
    // The state of a backup that was taken in between, and another write in the place of the lost one.
    await run(`delete from changes where user_id = '${user.id}' and seq = 2`);
    await run(`update journals set seq = 1, at = (select at from changes c where c.user_id = journals.user_id and c.seq = 1)
      where user_id = '${user.id}'`);
    const task = await createTask(user, { title: 'After the restore' });
    expect((await requestChanges(user, { since: lost })).status).toBe(410);
    expect((await getChanges(user, { since: kept })).changes).toEqual([{ type: 'task', id: task.id, task }]);
  });

  test('a user whose tasks are older than the journal gets all of them, and no token of an empty copy is valid', async () => {
    const { token: empty } = await getChanges(user);
    const tasks = [await createTask(user), await createTask(user)];
    await run(`delete from changes where user_id = '${user.id}' and seq > 1`);
    // As the migration leaves it.
    await run(`update changes set kind = 'start', operation = 'started', id = '00000000-0000-0000-0000-000000000000',
      version = 0 where user_id = '${user.id}'`);
    await run(`update journals set seq = 1, at = (select at from changes c where c.user_id = journals.user_id)
      where user_id = '${user.id}'`);
    const copy = await synchronize(user);
    expect([...copy.tasks.values()].map(({ id }) => id).sort()).toEqual(tasks.map(({ id }) => id).sort());
    expect((await requestChanges(user, { since: empty })).status).toBe(410);
    expect((await getChanges(user, { since: copy.token ?? '' })).changes).toEqual([]);
  });

  test('a client can only read its own changes', async () => {
    const other = await signUp();
    await createTask(other);
    const { token } = user;
    expect((await send('GET', `/api/${other.id}/changes`, { token })).status).toBe(403);
    expect((await getChanges(user)).changes).toEqual([]);
  });
});

/** Few tasks and values, so that most writes meet an existing task. */
const fields = {
  title: fc.constantFrom('a', 'B', 'é'),
  description: fc.constantFrom(null, 'x', 'Straße'),
  status: fc.constantFrom('todo', 'done'),
  due_date: fc.constantFrom(null, '2026-03-01'),
  tags: fc.subarray(['x', 'y']),
};
const step = fc.oneof(
  fc.record({ method: fc.constant('POST'), task: fc.record(fields) }),
  fc.record({ method: fc.constant('PUT'), place: fc.nat(3), task: fc.record(fields) }),
  fc.record({ method: fc.constant('PATCH'), place: fc.nat(3), task: fc.record(fields, { requiredKeys: [] }) }),
  fc.record({ method: fc.constant('COMPLETE'), place: fc.nat(3) }),
  fc.record({ method: fc.constant('DELETE'), place: fc.nat(3) }),
);
interface Write {
  readonly method: string;
  readonly place?: number;
  readonly task?: object;
}

function write(ids: readonly string[], { method, place, task }: Write): Promise<Response> {
  const path = method === 'POST' || place === undefined ? '' : `/${ids[place]}`;
  if (method === 'COMPLETE') return sendAs(user, 'PATCH', `${path}/complete`);
  return sendAs(user, method, path, method === 'DELETE' ? undefined : task);
}

test('changes after any earlier token lead from the copy of that moment to the tasks as they are', {
  timeout: FUZZ_TIMEOUT_MS,
}, async () => {
  const stats = new Stats();
  await runFuzz(
    fc.array(step, { minLength: 1, maxLength: 12 }),
    { numRuns: 5 },
    { stats, count: 15 },
    async (steps) => {
      user = await signUp();
      const ids = Array.from({ length: 4 }, () => randomUUID());
      const copies: Copy[] = [await synchronize(user)];
      for (const one of steps) {
        expect((await write(ids, one)).status).toBeLessThan(500);
        copies.push(await synchronize(user, copies.at(-1)));
      }
      const expected = await allTasks(user);
      for (const copy of copies) expect((await synchronize(user, copy, { limit: 3 })).tasks).toEqual(expected);
      await expectReplay(user, expected.size);
      stats.add('sequences of writes');
    },
  );
});

/** Replays the journal, and compares the result with the tables. */
async function expectReplay({ id: userId }: TestUser, count: number): Promise<void> {
  const entries = await run(`select seq::int, revision::int, id, operation, version, diff, at::text
    from changes where user_id = '${userId}' order by seq`);
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, i) => i + 1));
  const versions = new Map<unknown, unknown>();
  for (const { id, operation, version } of entries) {
    if (operation === 'deleted') versions.delete(id);
    else versions.set(id, version);
  }
  const rows = await run(`select id, version from tasks where user_id = '${userId}'`);
  expect(versions).toEqual(new Map(rows.map(({ id, version }) => [id, version])));
  const [journal] = await run(`select seq::int, at::text, tasks, bytes::int,
    (select coalesce(sum(octet_length(diff::text)), 0)::int from changes c where c.user_id = journals.user_id) as expected
    from journals where user_id = '${userId}'`);
  const last = entries.at(-1);
  if (!last) return expect(journal).toBeUndefined();
  expect(journal).toMatchObject({ seq: last.seq, at: last.at, tasks: count, bytes: journal?.expected });
}

test('beyond 64 MiB, the journal loses its oldest differences, and keeps its entries', async () => {
  const { token } = await getChanges(user);
  const { id } = await createTask(user, { title: 'First' });
  for (const title of ['Second', 'Third']) await sendAs(user, 'PATCH', `/${id}`, { title });
  const differences = async () =>
    (await run(`select diff is null as lost from changes where user_id = '${user.id}' order by seq`)).map(
      ({ lost }) => lost,
    );
  await run(`update journals set bytes = bytes + ${2 ** 26} where user_id = '${user.id}'`);
  // A write deletes them now and then.
  await expect
    .poll(
      async () => {
        await sendAs(user, 'PATCH', `/${id}/complete`);
        return (await differences()).slice(0, 3);
      },
      { timeout: 30_000, interval: 1 },
    )
    .toEqual([true, true, true]);
  expect((await getChanges(user, { since: token })).changes).toHaveLength(1);
  await sendAs(user, 'PATCH', `/${id}`, { title: 'Fourth' });
  const undone = await send('POST', `/api/${user.id}/revisions/2/undo`, { token: user.token });
  expect(undone.status).toBe(409);
  expect((await undone.json()).errors).toMatchObject([{ code: 'purged' }]);
});

test('concurrent writers of one user lose no change, and their readers miss none', async () => {
  const ids = Array.from({ length: 4 }, () => randomUUID());
  let isOver = false;
  const follow = async () => {
    let copy = EMPTY;
    while (!isOver) {
      copy = await synchronize(user, copy, { limit: 5 });
      // The embedded database works without a turn of the event loop, which the writers wait for.
      await setImmediate();
    }
    return synchronize(user, copy);
  };
  const followers = [follow(), follow()];
  const writer = async (n: number) => {
    for (let i = 0; i < 25; i++) {
      const place = (n + i) % ids.length;
      const task = { title: `${n} ${i}`, description: null, status: 'todo', due_date: null, tags: ['x'] };
      const method = ['PUT', 'PATCH', 'DELETE', 'COMPLETE', 'POST'][(n * 3 + i) % 5] ?? 'PUT';
      const response = await write(ids, { method, place, task });
      expect([200, 201, 204, 404]).toContain(response.status);
    }
  };
  await Promise.all(Array.from({ length: 4 }, (_, n) => writer(n))).finally(() => {
    isOver = true;
  });
  const expected = await allTasks(user);
  for (const copy of await Promise.all(followers)) expect(copy.tasks).toEqual(expected);
  await expectReplay(user, expected.size);
}, 60_000);
