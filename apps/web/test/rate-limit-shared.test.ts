import { randomUUID } from 'node:crypto';
import { rateLimits } from '@taskward/db/schema';
import { engine } from '@taskward/db/testing';
import { describe, expect, test, vi } from 'vitest';
import { getApp } from '../server/app';
import { createFastRateLimit, createRateLimit } from '../server/rate-limit';
import { send, useApp } from './harness';

const isServer = engine !== 'pglite';
useApp({ environment: isServer ? { AUTH_RATE_LIMIT: '50', RATE_LIMIT_STORE: 'database' } : {} });

describe.skipIf(!isServer)('several processes', () => {
  const policy = () => ({ name: randomUUID().slice(0, 8), requests: 10, seconds: 60 });

  test('count together, exactly', async () => {
    const { db } = await getApp();
    const shared = policy();
    const limits = [createRateLimit(shared, db.auth), createRateLimit(shared, db.auth)];
    const takes = await Promise.all(Array.from({ length: 14 }, (_, i) => limits[i % 2]?.take('ada')));
    expect(takes.filter((usage) => usage?.isExceeded)).toHaveLength(4);
    await limits[0]?.clear('ada');
    expect(await limits[1]?.take('ada')).toMatchObject({ isExceeded: false, remaining: 9 });
  });

  test('count together on the hot path as soon as the database has answered', async () => {
    const { db, log } = await getApp();
    const shared = policy();
    const [one, other] = [createFastRateLimit(shared, log, db.auth), createFastRateLimit(shared, log, db.auth)];
    for (let i = 0; i < 10; i++) await one?.take('ada');
    // The other learns of them by what it takes itself.
    await vi.waitFor(async () => expect((await other?.take('ada'))?.isExceeded).toBe(true));
    await vi.waitFor(async () => expect((await one?.take('ada'))?.isExceeded).toBe(true));
  });

  test('count the attempts at an account in the database, under a key that tells no address', async () => {
    const signIn = (email: string) => send('POST', '/api/auth/sign-in/email', { body: { email, password: 'not it' } });
    for (let i = 0; i < 10; i++) expect((await signIn('ada@example.com')).status).toBe(401);
    expect((await signIn('ada@example.com')).status).toBe(429);
    // What no database could hold as it is.
    expect((await signIn(`\0${'é'.repeat(5_000)}@example.com`)).status).toBe(400);
    const { db } = await getApp();
    const rows = await db.auth.select().from(rateLimits);
    expect(rows.length).toBeGreaterThan(3);
    expect(JSON.stringify(rows)).not.toContain('example.com');
  });

  test('forget a count whose time was over before the database had answered', async () => {
    const { log } = await getApp();
    const late = { query: async () => ({ rows: [{ points: 1_000, expire: String(Date.now() - 5) }] }) };
    const limit = createFastRateLimit(policy(), log, { $client: late } as never);
    await limit.take('ada');
    await vi.waitFor(async () => expect(await limit.take('ada')).toMatchObject({ isExceeded: false, remaining: 9 }));
  });

  test('each count alone when the database does not answer', async () => {
    const { log } = await getApp();
    const warn = vi.spyOn(log, 'warn');
    const away = { $client: { query: () => Promise.reject(new Error('away')) } } as never;
    const limit = createFastRateLimit(policy(), log, away);
    for (let i = 0; i < 10; i++) expect((await limit.take('ada')).isExceeded).toBe(false);
    expect((await limit.take('ada')).isExceeded).toBe(true);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('rate limits'));
  });
});
