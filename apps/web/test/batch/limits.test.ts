import { randomUUID } from 'node:crypto';
import { operations } from '@taskward/api-core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { storedRows } from '../attacker';
import { restartApp, send, signUp, type TestUser, useApp } from '../harness';
import { openEvents } from '../journal/events';
import { bodyFor, createResources, fillPath } from '../requests';
import { createTask, getTask } from '../task-requests';
import { createList, replaceTask, requestBatch, updateTask } from './requests';

useApp();

let user: TestUser;
beforeEach(async () => {
  user = await signUp();
});

describe('the size of a body', () => {
  const KIB = 1024;
  /** A batch of so many bytes. */
  function batchOf(bytes: number): string {
    const operation = (length: number) => replaceTask(randomUUID(), { title: 'Long', description: 'x'.repeat(length) });
    const most = JSON.stringify({ operations: Array.from({ length: 25 }, () => operation(10_000)) });
    return most + ' '.repeat(bytes - most.length);
  }

  test('of a batch may be 256 KiB, and one byte more is a 413 that changes nothing', async () => {
    const request = (body: string) => send('POST', `/api/${user.id}/batch`, { token: user.token, body });
    const before = await storedRows(user.id);
    const refused = await request(batchOf(256 * KIB + 1));
    expect([refused.status, (await refused.json()).type]).toEqual([413, '/problems/payload_too_large']);
    expect(await storedRows(user.id)).toBe(before);
    expect((await request(batchOf(256 * KIB))).status).toBe(200);
  });

  test('of a batch counts as it streams in', async () => {
    const bytes = new TextEncoder().encode(batchOf(256 * KIB + 1));
    const parts = [bytes.slice(0, 200 * KIB), bytes.slice(200 * KIB)];
    const body = new ReadableStream({
      pull(controller) {
        const part = parts.shift();
        if (part) controller.enqueue(part);
        else controller.close();
      },
    });
    expect((await send('POST', `/api/${user.id}/batch`, { token: user.token, body })).status).toBe(413);
  });

  test('of any other operation is 64 KiB at most', async () => {
    const params = await createResources(user);
    const others = operations.filter(({ body, id }) => body && id !== 'runBatch');
    expect(others.length).toBeGreaterThan(8);
    for (const operation of others) {
      const body = JSON.stringify(bodyFor(operation)).padEnd(64 * KIB + 1);
      const path = fillPath(operation.path, params);
      expect((await send(operation.method, path, { token: user.token, body })).status, operation.id).toBe(413);
    }
  });
});

describe('an event stream', () => {
  test('hears of a batch once, with everything that it changed', async () => {
    const task = await createTask(user);
    const list = await createList(user);
    const events = await openEvents(user);
    const fresh = randomUUID();
    await requestBatch(user, [
      replaceTask(fresh, { title: 'New', list_id: list.id }),
      updateTask(fresh, { title: 'Newer' }),
      { op: 'deleteTask', task_id: task.id },
      { op: 'updateList', list_id: list.id, body: { name: 'Work' } },
    ]);
    const page = await events.next();
    expect(page?.has_more).toBe(false);
    const changes = page?.changes.toSorted((a, b) => (a.type + a.id < b.type + b.id ? -1 : 1));
    const expected = [
      { type: 'list', id: list.id, list: expect.objectContaining({ name: 'Work', version: 2 }) },
      { type: 'task', id: fresh, task: await getTask(user, fresh) },
      { type: 'task', id: task.id, task: null },
    ].toSorted((a, b) => (a.type + a.id < b.type + b.id ? -1 : 1));
    expect(changes).toEqual(expected);
    await events.close();
  });

  test('does not hear of a batch that was refused, nor of one that changed nothing', async () => {
    const task = await createTask(user);
    const events = await openEvents(user);
    await requestBatch(user, [updateTask(task.id, { title: 'No' }), updateTask(randomUUID(), {})]);
    await requestBatch(user, [updateTask(task.id, {})]);
    await requestBatch(user, [updateTask(task.id, { title: 'Yes' })]);
    expect(await events.next()).toMatchObject({ changes: [{ id: task.id, task: { title: 'Yes', version: 2 } }] });
    await events.close();
  });
});

describe('the rate limit', () => {
  const LIMIT = 20;
  beforeEach(() => restartApp({ API_RATE_LIMIT: String(LIMIT) }));
  afterEach(() => {
    vi.useRealTimers();
    return restartApp({ API_RATE_LIMIT: '0' });
  });

  const entries = (count: number) => Array.from({ length: count }, () => replaceTask(randomUUID()));
  const remaining = (response: Response) => Number(/r=(\d+)/.exec(response.headers.get('RateLimit') ?? '')?.[1]);

  test('counts a batch as many requests as it has operations', async () => {
    expect(remaining(await requestBatch(user, entries(1)))).toBe(LIMIT - 1);
    expect(remaining(await requestBatch(user, entries(7)))).toBe(LIMIT - 8);
    const refused = await requestBatch(user, [...entries(3), updateTask(randomUUID(), {})]);
    expect([refused.status, remaining(refused)]).toEqual([404, LIMIT - 12]);
    const last = await requestBatch(user, entries(8));
    expect([last.status, remaining(last)]).toEqual([200, 0]);
  });

  test('counts a batch with errors of form as one request', async () => {
    const response = await requestBatch(user, [...entries(9), { op: 'nope' }]);
    expect([response.status, remaining(response)]).toEqual([422, LIMIT - 1]);
  });

  test('is a 429 for a batch of more operations than remain, which changes nothing', async () => {
    expect(remaining(await requestBatch(user, entries(15)))).toBe(5);
    const before = await storedRows(user.id);
    const response = await requestBatch(user, entries(6), { 'Idempotency-Key': randomUUID() });
    expect(response.status).toBe(429);
    expect(await response.json()).toMatchObject({ type: '/problems/rate_limited', status: 429 });
    const [, left, reset] = /r=(\d+);t=(\d+)/.exec(response.headers.get('RateLimit') ?? '') ?? [];
    expect(Number(left)).toBeLessThan(6);
    expect(Number(response.headers.get('Retry-After'))).toBeGreaterThanOrEqual(Number(reset));
    expect(response.headers.get('Revision')).toBeNull();
    expect(await storedRows(user.id)).toBe(before);

    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    const again = await requestBatch(user, entries(6));
    expect([again.status, remaining(again)]).toEqual([200, LIMIT - 6]);
  });
});
