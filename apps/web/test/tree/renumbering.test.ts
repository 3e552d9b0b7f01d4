import type { Revision } from '@taskward/api-core';
import { beforeAll, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { contentOf, execute, getRevisions, requestUndo, revisionOf, undo } from '../journal/requests';
import { getPage } from '../task-requests';
import { createList, insertTasks, move, plant, requestMove, treeProblems } from './requests';

/** Drops at one spot, again and again: positions get longer, until those around are renumbered. */

useApp();

const DROPS = 1_000;
/** What two others are moved between. */
type Edge = 'low' | 'high';

let user: TestUser;
let place: { list_id: string };
let edges: Record<Edge, string>;
let renumberings: { revision: number; moved: number }[];

/** The positions of a place as they are stored, by id, in their order. */
const stored = async (of: TestUser, list: string) =>
  (await execute(
    `select id, position from tasks where user_id = '${of.id}' and place = '${list}' order by position`,
  )) as {
    id: string;
    position: string;
  }[];

beforeAll(async () => {
  user = await signUp();
  place = { list_id: await createList(user) };
  edges = await plant<Edge>(user, { low: {}, high: {} }, place);
  await insertTasks(user, DROPS);
}, 120_000);

test('1,000 drops at one spot keep the order at each step, and no position has more than 60 characters', async () => {
  const ids = (
    await execute(`select id from tasks where user_id = '${user.id}' and list_id is null order by position`)
  ).map(({ id }) => String(id));
  const positions = new Map((await stored(user, place.list_id)).map(({ id, position }) => [id, position]));
  const revisions: number[] = [];
  // Each time after the same one, so that the room there is halved.
  for (const id of ids) {
    revisions.push(await revisionOf(requestMove(user, id, { ...place, after: edges.low })));
  }
  // The journal has what each step changed.
  const entries = await execute(`select revision::int, id, diff -> 'position' ->> 'to' as position from changes
    where user_id = '${user.id}' and revision >= ${revisions[0]} order by seq`);
  const byRevision = new Map<number, typeof entries>();
  for (const entry of entries) {
    const revision = Number(entry.revision);
    byRevision.set(revision, [...(byRevision.get(revision) ?? []), entry]);
  }
  expect([...byRevision.keys()]).toEqual(revisions);
  renumberings = [];
  let expected = [edges.low, edges.high];
  for (const [i, id] of ids.entries()) {
    const step = byRevision.get(revisions[i] ?? 0) ?? [];
    for (const entry of step) positions.set(String(entry.id), String(entry.position));
    expected = [edges.low, id, ...expected.slice(1)];
    const inOrder = [...positions].sort(([, a], [, b]) => (a < b ? -1 : 1));
    expect(inOrder.map(([found]) => found)).toEqual(expected);
    expect(Math.max(...inOrder.map(([, { length }]) => length))).toBeLessThanOrEqual(60);
    expect(new Set(positions.values()).size).toBe(positions.size);
    if (step.length > 1) renumberings.push({ revision: revisions[i] ?? 0, moved: step.length });
  }
  expect(await stored(user, place.list_id)).toEqual(expected.map((id) => ({ id, position: positions.get(id) })));
  expect(await treeProblems(user)).toEqual([]);
  expect(renumberings.length).toBeGreaterThan(2);
  expect(renumberings.length).toBeLessThan(12);
  if (process.env.SHOW_TIMES) console.log('renumberings, each with how many tasks:', renumberings);
}, 300_000);

test('a renumbering is a part of the revision of the move, with an entry for each task whose position changed', async () => {
  const of = await signUp();
  const { full, moved } = await untilFull(of);
  const before = await stored(of, full);
  const { data } = await getPage(of, { list: full, limit: '100' });
  const versions = new Map(data.map(({ id, version }) => [id, version]));
  const revision = await revisionOf(requestMove(of, moved.id, { list_id: full, after: moved.after }));
  const after = await stored(of, full);
  const changed = after.filter((row) => before.find(({ id }) => id === row.id)?.position !== row.position);
  expect(changed.length).toBeGreaterThan(2);
  const [newest] = (await getRevisions(of)).data as [Revision];
  expect([newest.revision, newest.entries[0]?.id]).toEqual([revision, moved.id]);
  expect(newest.entries.map(({ id }) => id).sort()).toEqual(changed.map(({ id }) => id).sort());
  for (const { id, op, version } of newest.entries) {
    expect(op).toBe('updated');
    if (id !== moved.id) expect(version).toBe((versions.get(id) ?? 0) + 1);
  }
  const order = before.map(({ id }) => id);
  order.splice(order.indexOf(moved.after) + 1, 0, moved.id);
  expect(after.map(({ id }) => id)).toEqual(order);
});

/** Fills a spot of a list until the next drop there renumbers. */
async function untilFull(of: TestUser) {
  const full = await createList(of);
  const { low } = await plant<Edge>(of, { low: {}, high: {} }, { list_id: full });
  const { position: start = '' } = (await stored(of, full))[0] ?? {};
  const { near, moved } = await plant<'near' | 'moved'>(of, { near: {}, moved: {} });
  await move(of, near, { list_id: full, after: low });
  // As close to the first one as a position can be.
  await execute(
    `update tasks set position = '${start}${'0'.repeat(49)}1' where user_id = '${of.id}' and id = '${near}'`,
  );
  return { full, moved: { id: moved, after: low } };
}

test('a move that renumbered is undone and redone with all positions that it changed', async () => {
  const of = await signUp();
  const { full, moved } = await untilFull(of);
  const contents = async () =>
    (await getPage(of, { limit: '100' })).data.map(contentOf).sort((a, b) => (a.id < b.id ? -1 : 1));
  const before = await contents();
  const revision = await revisionOf(requestMove(of, moved.id, { list_id: full, after: moved.after }));
  const after = await contents();
  const undone = await undo(of, revision);
  expect(await contents()).toEqual(before);
  await undo(of, undone);
  expect(await contents()).toEqual(after);
  expect(await treeProblems(of)).toEqual([]);
});

test('the last of 1,000 drops can be undone and redone, and the last renumbering as far as nothing was changed since', async () => {
  const order = await stored(user, place.list_id);
  const [{ revision: last } = { revision: 0 }] = (await getRevisions(user, { limit: '1' })).data;
  const undone = await undo(user, last);
  expect((await stored(user, place.list_id)).map(({ id }) => id)).toEqual(
    order.map(({ id }) => id).filter((id) => id !== order[1]?.id),
  );
  await undo(user, undone);
  expect(await stored(user, place.list_id)).toEqual(order);
  const { moved, revision } = renumberings.at(-1) ?? { moved: 0, revision: 0 };
  expect(moved).toBeGreaterThan(100);
  const response = await requestUndo(user, revision);
  expect([200, 409]).toContain(response.status);
  expect(await treeProblems(user)).toEqual([]);
});
