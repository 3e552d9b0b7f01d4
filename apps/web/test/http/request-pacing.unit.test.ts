import { expect, test } from 'vitest';
import { RequestPacing } from '../../server/http/request-pacing';
import { send, signUp, useApp } from '../harness';

useApp({ environment: { API_CONCURRENCY_LIMIT: '8', API_RATE_LIMIT: '600' } });

const PAGE_LENGTH = 2 ** 19;

/** How long each of several requests that arrive together waits, in milliseconds. */
const delaysOf = (pacing: RequestPacing, userId: string, requests: number) =>
  Promise.all(
    Array.from({ length: requests }, async () => {
      const arrivedAt = performance.now();
      await pacing.waitForTurn(userId);
      return performance.now() - arrivedAt;
    }),
  );

test('the first request of a user runs alone, and others of that user start when its response is known', async () => {
  const pacing = new RequestPacing();
  expect(pacing.waitForTurn('new')).toBeUndefined();
  const started: number[] = [];
  const waiting = [1, 2].map(async (request) => {
    await pacing.waitForTurn('new');
    started.push(request);
  });
  expect(pacing.waitForTurn('other')).toBeUndefined();
  await new Promise(setImmediate);
  expect(started).toEqual([]);
  pacing.record('new', 100);
  await Promise.all(waiting);
  expect(started).toEqual([1, 2]);
});

test('a request that waits for the first one of its user starts when that user is forgotten', async () => {
  const pacing = new RequestPacing(1);
  pacing.waitForTurn('forgotten');
  const waiting = pacing.waitForTurn('forgotten');
  pacing.waitForTurn('other');
  await waiting;
  // Its response, and that of the first request, are recorded without effect.
  for (let i = 0; i < 2; i++) pacing.record('forgotten', PAGE_LENGTH);
});

test('requests of a user with long responses start one after the other, and those of other users at once', async () => {
  const pacing = new RequestPacing();
  await pacing.waitForTurn('greedy');
  pacing.record('greedy', PAGE_LENGTH);
  const delays = delaysOf(pacing, 'greedy', 3);
  expect(pacing.waitForTurn('other')).toBeUndefined();
  const [first, second, third] = await delays;
  expect(first).toBeGreaterThan(200);
  expect(second).toBeGreaterThan(450);
  expect(third).toBeGreaterThan(700);
});

test('short responses between the long ones do not end the pacing at once', async () => {
  const pacing = new RequestPacing();
  await pacing.waitForTurn('greedy');
  pacing.record('greedy', PAGE_LENGTH);
  pacing.record('greedy', 100);
  await pacing.waitForTurn('greedy');
  const [delay] = await delaysOf(pacing, 'greedy', 1);
  expect(delay).toBeGreaterThan(100);
});

test('requests of a user whose responses are short start at once', async () => {
  const pacing = new RequestPacing();
  await pacing.waitForTurn('modest');
  for (let i = 0; i < 100; i++) pacing.record('modest', 16_000);
  expect(pacing.waitForTurn('modest')).toBeUndefined();
});

test('pages of half a million characters are read four a second, and all of them succeed', async () => {
  const user = await signUp();
  const request = { token: user.token };
  const body = { title: 'Milk', description: '😀'.repeat(10_000) };
  for (let i = 0; i < 30; i++) await send('POST', user.tasks, { ...request, body });
  const read = () => send('GET', user.tasks, request);
  const startedAt = performance.now();
  const responses = [await read(), ...(await Promise.all(Array.from({ length: 4 }, read)))];
  expect(responses.map(({ status }) => status)).toEqual(Array(5).fill(200));
  expect((await responses[0]?.text())?.length).toBeGreaterThan(400_000);
  expect(performance.now() - startedAt).toBeGreaterThan(700);
});

test('writes of 40 KB are made thirty-five a second, and all of them succeed', async () => {
  const user = await signUp();
  const body = { title: 'Milk', description: '😀'.repeat(10_000) };
  const write = () => send('POST', user.tasks, { token: user.token, body });
  const startedAt = performance.now();
  const responses = [await write(), ...(await Promise.all(Array.from({ length: 8 }, write)))];
  expect(responses.map(({ status }) => status)).toEqual(Array(9).fill(201));
  expect(performance.now() - startedAt).toBeGreaterThan(8 * 25);
});
