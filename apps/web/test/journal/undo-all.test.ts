import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { FUZZ_TIMEOUT_MS, runFuzz, Stats } from '../run-fuzz';
import { sendAs } from '../task-requests';
import { contentsOf, getRevisions, requestUndo, sendBelow, undo } from './requests';

useApp();

const text = fc.constantFrom('A', 'a', 'Ü', 'ü', 'u', 'x y', 'Straße', '🐘"\\');
const fields = fc.record(
  {
    title: text,
    description: fc.option(text),
    status: fc.constantFrom('todo', 'in_progress', 'done'),
    priority: fc.constantFrom('none', 'low', 'high'),
    due_date: fc.option(fc.constantFrom('2026-03-01', '9999-12-31')),
    tags: fc.subarray(['a', 'b', 'c']),
  },
  { requiredKeys: [] },
);

const SLOTS = 3;
const step = fc.oneof(
  fc.record({ slot: fc.nat(SLOTS - 1), method: fc.constant('PUT'), body: fields }),
  fc.record({ slot: fc.nat(SLOTS - 1), method: fc.constantFrom('PATCH', 'PATCH', 'complete'), body: fields }),
  fc.record({ slot: fc.nat(SLOTS - 1), method: fc.constantFrom('DELETE', 'restore'), body: fc.constant({}) }),
  fc.record({ slot: fc.nat(7), method: fc.constant('undo'), body: fc.constant({}) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Sends the request of a step; whether it changes something depends on those before. */
async function run(user: TestUser, ids: readonly string[], { slot, method, body }: Step): Promise<void> {
  const path = `/${ids[slot]}`;
  if (method === 'undo') {
    const { data } = await getRevisions(user);
    const { revision } = data[slot] ?? {};
    if (revision) await requestUndo(user, revision);
  } else if (method === 'restore') await sendBelow(user, 'POST', `/trash${path}/restore`);
  else if (method === 'complete') await sendAs(user, 'PATCH', `${path}/complete`);
  else await sendAs(user, method, path, method === 'PUT' ? { title: 'New', ...body } : body);
}

test('after any writes, undoing all revisions from the newest to the oldest leads back through every state to none', {
  timeout: FUZZ_TIMEOUT_MS,
}, async () => {
  const stats = new Stats();
  await runFuzz(
    fc.array(step, { minLength: 1, maxLength: 12 }),
    { numRuns: 10 },
    { stats, count: 50 },
    async (steps) => {
      const user = await signUp();
      const ids = Array.from({ length: SLOTS }, () => randomUUID());
      const states = new Map<number, unknown[]>([[0, []]]);
      for (const each of steps) {
        await run(user, ids, each);
        const [newest] = (await getRevisions(user, { limit: '1' })).data;
        if (newest) states.set(newest.revision, await contentsOf(user));
      }
      const made = [...states.keys()].toReversed();
      for (const [i, revision] of made.entries()) {
        expect(await contentsOf(user)).toEqual(states.get(revision));
        if (revision === 0) break;
        await undo(user, revision);
        expect(await contentsOf(user)).toEqual(states.get(made[i + 1] ?? 0));
      }
      // And undoing those leads back to the last state.
      const undone = (await getRevisions(user)).data.slice(0, made.length - 1);
      for (const { revision } of undone) await undo(user, revision);
      expect(await contentsOf(user)).toEqual(states.get(made[0] ?? 0));
      stats.add('sequences of writes');
    },
  );
});
