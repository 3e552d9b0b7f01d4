import { expect, test } from 'vitest';
import { createConcurrencyLimit } from '../../server/http/concurrency-limit';
import { send, signUp, type TestUser, useApp } from '../harness';

useApp({ environment: { API_CONCURRENCY_LIMIT: '8', API_RATE_LIMIT: '600' } });

const list = (user: TestUser) => send('GET', user.tasks, { token: user.token });

/** A user whose token has been verified, so that requests which are sent together also arrive together. */
async function arrive(): Promise<TestUser> {
  const user = await signUp();
  await list(user);
  return user;
}

const statusesOf = async (requests: Promise<Response>[]) => (await Promise.all(requests)).map(({ status }) => status);

test('a ninth concurrent request of one user returns 429 and has no effect', async () => {
  const [greedy, other] = [await arrive(), await arrive()];
  const create = () => send('POST', greedy.tasks, { token: greedy.token, body: { title: 'Milk' } });
  const [own, others] = await Promise.all([
    statusesOf(Array.from({ length: 20 }, create)),
    statusesOf(Array.from({ length: 8 }, () => list(other))),
  ]);
  expect(own.toSorted()).toEqual([...Array(8).fill(201), ...Array(12).fill(429)]);
  expect(others).toEqual(Array(8).fill(200));
  expect((await (await list(greedy)).json()).data).toHaveLength(8);
});

test('the 429 of a ninth concurrent request has a Retry-After no earlier than RateLimit, and a later request succeeds', async () => {
  const user = await arrive();
  const responses = await Promise.all(Array.from({ length: 9 }, () => list(user)));
  const refused = responses.find(({ status }) => status === 429);
  const [, reset] = /;t=(\d+)/.exec(refused?.headers.get('RateLimit') ?? '') ?? [];
  expect(Number(refused?.headers.get('Retry-After'))).toBeGreaterThanOrEqual(Number(reset));
  expect(await refused?.json()).toMatchObject({ type: '/problems/rate_limited', status: 429 });
  expect((await list(user)).status).toBe(200);
});

test('requests refused for another reason do not count as concurrent', async () => {
  const user = await arrive();
  const foreign = user.tasks.replace(user.id, 'somebody');
  const refused = Array.from({ length: 20 }, () => send('GET', foreign, { token: user.token }));
  const [statuses, listed] = await Promise.all([statusesOf(refused), list(user)]);
  expect(statuses).toEqual(Array(20).fill(403));
  expect(listed.status).toBe(200);
});

test('a concurrency slot is released once, however often its release function is called', () => {
  const limit = createConcurrencyLimit(2);
  const [first, second] = [limit.enter('a'), limit.enter('a')];
  expect(limit.enter('a')).toBeUndefined();
  first?.();
  first?.();
  expect(limit.enter('a')).toBeTypeOf('function');
  expect(limit.enter('a')).toBeUndefined();
  second?.();
});
