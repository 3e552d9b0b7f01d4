import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FairTurns } from '../../server/http/fair-turns';

function create() {
  const turns = new FairTurns();
  const begun: string[] = [];
  const run = (client: string, count: number) => {
    for (let i = 1; i <= count; i++) turns.run(client, () => begun.push(`${client}${i}`));
  };
  /** What has begun since the last time. */
  const take = () => begun.splice(0).join(' ');
  return { run, take, turns };
}

test('eight requests begin at once, and eight more in each turn of the event loop', async () => {
  const { run, take } = create();
  run('a', 18);
  expect(take()).toBe('a1 a2 a3 a4 a5 a6 a7 a8');
  await setImmediate();
  expect(take()).toBe('a9 a10 a11 a12 a13 a14 a15 a16');
  await setImmediate();
  expect(take()).toBe('a17 a18');
  await setImmediate();
  run('a', 9);
  expect(take()).toBe('a1 a2 a3 a4 a5 a6 a7 a8');
});

test('a request of another client begins in the next turn, however many of the first one wait', async () => {
  const { run, take } = create();
  run('a', 600);
  run('b', 1);
  run('c', 4);
  take();
  await setImmediate();
  expect(take()).toBe('a9 b1 c1 a10 c2 a11 c3 a12');
  await setImmediate();
  expect(take()).toBe('c4 a13 a14 a15 a16 a17 a18 a19');
});

test('a request does not overtake those that wait', async () => {
  const { run, take, turns } = create();
  run('a', 9);
  const order: string[] = [];
  turns.run('b', () => order.push(take()));
  await setImmediate();
  expect(order).toEqual(['a1 a2 a3 a4 a5 a6 a7 a8 a9']);
});
