import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { hashPassword } from 'better-auth/crypto';
import { describe, expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { hashes, inPasswordSlot, passwordHashing } from '../../server/auth/password-hashing';
import { ORIGIN, send, signIn, signUp, type TestUser, useApp } from '../harness';

/** The number of passwords that are hashed at the same time is limited. */

useApp({ isBug: ({ status }) => status !== 503 });

/** A password whose hash the harness has not cached. */
const newPassword = () => `otter lamp ${randomUUID()}`;
const newAddress = () => `${randomUUID()}@example.com`;
const post = (path: string, body: object, cookie = '') =>
  send('POST', `/api/auth${path}`, { body, headers: { Origin: ORIGIN, ...(cookie && { Cookie: cookie }) } });
/** Takes all of the slots until the returned function is called. */
function saturate(): () => Promise<unknown> {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const held = Promise.all(Array.from({ length: 8 }, () => inPasswordSlot(() => released)));
  return () => {
    release();
    return held;
  };
}

test('at most eight requests hash passwords or wait for it, two at a time, and further ones are refused at once', async () => {
  let running = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++running);
    await setTimeout(5);
    running--;
  };
  const all = await Promise.allSettled(Array.from({ length: 20 }, () => inPasswordSlot(work)));
  expect(all.map(({ status }) => status)).toEqual([...Array(8).fill('fulfilled'), ...Array(12).fill('rejected')]);
  expect(most).toBe(2);
  await expect(inPasswordSlot(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  expect(await inPasswordSlot(async () => 'next')).toBe('next');
});

test('only one password is hashed at a time', async () => {
  const order: string[] = [];
  const hash = async (name: string) => {
    await passwordHashing.hash(newPassword());
    order.push(name);
  };
  const isIdle = hashes.activeCount === 0;
  const all = ['first', 'second', 'third'].map(hash);
  await new Promise(setImmediate);
  expect([isIdle, hashes.activeCount, hashes.pendingCount]).toEqual([true, 1, 2]);
  await Promise.all(all);
  expect(order).toEqual(['first', 'second', 'third']);
});

describe('while eight requests hash passwords', () => {
  test.each<[string, (user: TestUser) => Promise<Response>]>([
    ['a sign-in at an unknown address', () => signIn({ email: newAddress(), password: newPassword() })],
    ['a sign-in with a wrong password', ({ email }) => signIn({ email, password: newPassword() })],
    ['a sign-up', () => post('/sign-up/email', { name: 'A', email: newAddress(), password: newPassword() })],
    ['a sign-up that is taken', ({ email }) => post('/sign-up/email', { name: 'A', email, password: newPassword() })],
    ['a deletion', ({ cookie }) => post('/delete-user', { password: newPassword() }, cookie)],
    [
      'a change of password',
      ({ cookie }) => post('/change-password', { currentPassword: newPassword(), newPassword: newPassword() }, cookie),
    ],
  ])('while eight requests hash passwords, %s returns 503 with Retry-After', async (_, attempt) => {
    const user = await signUp();
    const release = saturate();
    const refused = await attempt(user);
    await release();
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ type: '/problems/unavailable' });
    expect((await attempt(user)).status).not.toBe(503);
  });
});

test('while twenty clients sign in continuously, reading tasks takes at most three times as long (p95)', {
  retry: 2,
  timeout: 120_000,
}, async () => {
  const { tasks, token } = await signUp();
  const p95 = async () => {
    const times: number[] = [];
    for (let i = 0; i < 100; i++) {
      const started = performance.now();
      expect((await send('GET', tasks, { token })).status).toBe(200);
      times.push(performance.now() - started);
    }
    return times.sort((a, b) => a - b)[94] ?? 0;
  };
  await p95();
  const quiet = await p95();

  let isOver = false;
  const statuses = new Set<number>();
  const flood = async () => {
    while (!isOver) {
      const { status } = await signIn({ email: newAddress(), password: newPassword() });
      statuses.add(status);
      // Sooner than `Retry-After` asks.
      if (status === 503) await setTimeout(200);
    }
  };
  const floods = Array.from({ length: 20 }, flood);
  await setTimeout(100);
  const busy = await p95();
  isOver = true;
  await Promise.all(floods);
  expect(statuses).toEqual(new Set([401, 503]));
  expect(busy, `${quiet} ms without them`).toBeLessThanOrEqual(3 * quiet);
});

test('a sign-up holds no database connection while it waits for its password hash', async () => {
  const { db } = await getApp();
  const email = newAddress();
  let release = () => {};
  const first = hashes(() => new Promise<void>((resolve) => (release = resolve)));
  const waiting = post('/sign-up/email', { name: 'Ada', email, password: newPassword() });
  await setTimeout(300);
  // The embedded database has one connection.
  await db.ownerDb.execute('select 1');
  const { rows } = await db.ownerDb.execute(
    `select 1 from pg_stat_activity where state = 'idle in transaction' and datname = current_database()`,
  );
  expect(rows).toEqual([]);
  release();
  await first;
  expect((await waiting).status).toBe(200);
});

test('a sign-up that is refused with 503 stores nothing and can be retried', async () => {
  const email = newAddress();
  const release = saturate();
  expect((await post('/sign-up/email', { name: 'Ada', email, password: newPassword() })).status).toBe(503);
  await release();
  expect((await post('/sign-up/email', { name: 'Ada', email, password: newPassword() })).status).toBe(200);
});

test('a password reset that is refused with 503 does not use up its link', async () => {
  const user = await signUp();
  const { internalAdapter } = await (await getApp()).auth.$context;
  const [token, expiresAt] = [randomUUID(), new Date(Date.now() + 60_000)];
  await internalAdapter.createVerificationValue({ identifier: `reset-password:${token}`, value: user.id, expiresAt });
  const password = newPassword();
  const release = saturate();
  expect((await post('/reset-password', { token, newPassword: password })).status).toBe(503);
  await release();
  expect((await post('/reset-password', { token, newPassword: password })).status).toBe(200);
  expect((await signIn({ ...user, password })).status).toBe(200);
});

test('a password hashed by Better Auth itself is still verified', async () => {
  const password = newPassword();
  expect(await passwordHashing.verify({ hash: await hashPassword(password), password })).toBe(true);
  expect(await passwordHashing.verify({ hash: await hashPassword(password), password: `${password}!` })).toBe(false);
});
