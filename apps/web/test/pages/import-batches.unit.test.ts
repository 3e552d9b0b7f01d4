import type { Client } from '@taskward/api-core/client';
import { ProblemError } from '@taskward/api-core/kit/client';
import { describe, expect, test } from 'vitest';
import type { ImportedTask } from '../../app/(account)/account/data-checks';
import { planImport, type Step, toBatches } from '../../app/(account)/account/data-plan';
import { ImportStopped, sendSteps } from '../../app/(account)/account/data-send';
import { Outage } from '../../app/sync/connection';
import { problem } from './requests';

const task = (id: string, more: Partial<ImportedTask> = {}): ImportedTask => ({
  id,
  title: `Task ${id}`,
  description: null,
  status: 'todo',
  priority: 'none',
  due_date: null,
  tags: [],
  list_id: null,
  parent_id: null,
  position: '1',
  ...more,
});
const list = (id: string) => ({ id, name: `List ${id}`, position: '1' });

const stepsOf = (count: number, title = 'Task'): Step[] =>
  planImport(
    { lists: [], tasks: Array.from({ length: count }, (_, i) => task(String(i), { title })) },
    NOTHING,
  ).steps.slice();
const NOTHING = { lists: [], tasks: [] };

test('a plan creates lists and tasks that do not exist, and counts those that do', () => {
  const file = {
    lists: [list('l'), list('m')],
    tasks: [task('a', { list_id: 'l' }), task('b', { list_id: 'l', parent_id: 'a' }), task('c')],
  };
  // Only ids are compared.
  const account = { lists: [list('m')], tasks: [task('c'), task('other')] } as unknown as Parameters<
    typeof planImport
  >[1];
  const plan = planImport(file, account);
  expect(plan).toMatchObject({ file: { lists: 2, tasks: 3 }, existing: { lists: 1, tasks: 1 } });
  const fields = { description: null, status: 'todo', priority: 'none', due_date: null, tags: [] };
  expect(plan.steps.map(({ operation }) => operation)).toEqual([
    { op: 'replaceList', list_id: 'l', if_none_match: '*', body: { name: 'List l' } },
    { op: 'replaceTask', task_id: 'a', if_none_match: '*', body: { ...fields, title: 'Task a', list_id: 'l' } },
    { op: 'replaceTask', task_id: 'b', if_none_match: '*', body: { ...fields, title: 'Task b', parent_id: 'a' } },
  ]);
});

test('batches have at most 100 operations and 200 KiB, and keep the order', () => {
  const sizes = (steps: readonly Step[]) => toBatches(steps).map(({ length }) => length);
  expect(sizes([])).toEqual([]);
  expect(sizes(stepsOf(250))).toEqual([100, 100, 50]);
  const large = stepsOf(20, '🐘'.repeat(10_000));
  const batches = toBatches(large);
  expect(batches.flat()).toEqual(large);
  for (const batch of batches) {
    const body = JSON.stringify({ operations: batch.map(({ operation }) => operation) });
    expect(new TextEncoder().encode(body).length).toBeLessThan(210 * 1024);
  }
  expect(batches).toHaveLength(4);
});

/** A client whose batches have these outcomes, and then succeed. */
function clientOf(...outcomes: Error[]) {
  const requests: { key: string; ids: string[] }[] = [];
  type Request = { idempotencyKey: string; body: { operations: { task_id: string }[] } };
  const runBatch = async ({ idempotencyKey, body }: Request) => {
    requests.push({ key: idempotencyKey, ids: body.operations.map(({ task_id: id }) => id) });
    const error = outcomes.shift();
    if (error) throw error;
  };
  // Of a client, it uses this alone.
  return { client: { runBatch } as unknown as Client, requests };
}

const refusal = (status: number, index: number, message = 'No.') =>
  problem(status, { errors: [{ in: 'body', pointer: `/operations/${index}`, code: 'refused', message }] });

describe('sending', () => {
  const waits: number[] = [];
  const sleep = async (ms: number) => void waits.push(ms);
  const { signal } = new AbortController();

  test('waits after 429, 503 and without a connection, and repeats the batch with the same key', async () => {
    const { client, requests } = clientOf(
      problem(429, { retryAfter: 42 }),
      new Outage(1_000),
      problem(503, { retryAfter: 2 }),
    );
    const reasons: string[] = [];
    const progress: number[] = [];
    const created = await sendSteps(client, 'ada', stepsOf(150), {
      signal,
      sleep,
      onWait: ({ reason }) => reasons.push(reason),
      onProgress: (done) => progress.push(done),
    });
    expect([created, progress, reasons]).toEqual([150, [100, 150], ['busy', 'unreachable', 'unreachable']]);
    expect(waits).toEqual([42_000, 2_000, 4_000]);
    const keys = requests.map(({ key }) => key);
    expect([new Set(keys.slice(0, 4)).size, new Set(keys).size]).toEqual([1, 2]);
  });

  test('leaves out what was created elsewhere meanwhile', async () => {
    const { client, requests } = clientOf(refusal(412, 1), refusal(412, 0));
    expect(await sendSteps(client, 'ada', stepsOf(3), { signal, sleep })).toBe(1);
    expect(requests.map(({ ids }) => ids)).toEqual([['0', '1', '2'], ['0', '2'], ['2']]);
    expect(new Set(requests.map(({ key }) => key)).size).toBe(3);
  });

  test('stops at what the API refuses, and says which task it was', async () => {
    for (const status of [409, 422]) {
      const { client, requests } = clientOf(refusal(status, 1, 'Too many.'));
      const error = await sendSteps(client, 'ada', stepsOf(150), { signal, sleep }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ImportStopped);
      expect(error).toMatchObject({ message: 'Too many.', step: { operation: { task_id: '1' } } });
      expect(requests).toHaveLength(1);
    }
    const { client } = clientOf(problem(500, { detail: 'Broken.' }));
    const error = await sendSteps(client, 'ada', stepsOf(1), { signal, sleep }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ step: undefined, message: 'Broken.', cause: expect.any(ProblemError) });
  });

  test('stops between batches when the user says so', async () => {
    const controller = new AbortController();
    const { client, requests } = clientOf();
    const onProgress = () => controller.abort(new Error('Stopped'));
    const sending = sendSteps(client, 'ada', stepsOf(300), { signal: controller.signal, sleep, onProgress });
    await expect(sending).rejects.toThrow('Stopped');
    expect(requests).toHaveLength(1);
  });
});
