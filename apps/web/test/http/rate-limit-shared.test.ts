import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionPool } from '@taskward/db';
import { rateLimits } from '@taskward/db/schema';
import { engine } from '@taskward/db/testing';
import { describe, expect, test, vi } from 'vitest';
import { getApp } from '../../server/app';
import { createRateLimit, createWriteBehindRateLimit } from '../../server/ops/rate-limit';
import { send, useApp } from '../harness';

const isServer = engine !== 'pglite';
useApp({ environment: isServer ? { AUTH_RATE_LIMIT: '50', RATE_LIMIT_STORE: 'database' } : {} });

describe.skipIf(!isServer)('rate limits shared between processes', () => {
  const policy = () => ({ name: randomUUID().slice(0, 8), requests: 10, seconds: 60 });
  const poolWith = (query: ConnectionPool['query']): ConnectionPool => ({
    query,
    connect: async () => ({ release() {} }),
    totalCount: 0,
    idleCount: 0,
    waitingCount: 0,
  });

  test('processes that share a rate limit count exactly', async () => {
    const { db } = await getApp();
    const shared = policy();
    const limits = [createRateLimit(shared, db.pool), createRateLimit(shared, db.pool)];
    const takes = await Promise.all(Array.from({ length: 14 }, (_, i) => limits[i % 2]?.consume('ada')));
    expect(takes.filter((usage) => usage?.isExceeded)).toHaveLength(4);
    await limits[0]?.reset('ada');
    expect(await limits[1]?.consume('ada')).toMatchObject({ isExceeded: false, remaining: 9 });
  });

  test('processes that share a write-behind rate limit agree once the database has responded', async () => {
    const { db, log } = await getApp();
    const shared = policy();
    const [one, other] = [
      createWriteBehindRateLimit(shared, log, db.pool),
      createWriteBehindRateLimit(shared, log, db.pool),
    ];
    for (let i = 0; i < 10; i++) await one?.consume('ada');
    // The other process learns of them when it consumes points itself.
    await vi.waitFor(async () => expect((await other?.consume('ada'))?.isExceeded).toBe(true));
    await vi.waitFor(async () => expect((await one?.consume('ada'))?.isExceeded).toBe(true));
  });

  test('attempts at an account are counted in the database, under a key without the e-mail address', async () => {
    const signIn = (email: string) => send('POST', '/api/auth/sign-in/email', { body: { email, password: 'not it' } });
    for (let i = 0; i < 10; i++) expect((await signIn('ada@example.com')).status).toBe(401);
    expect((await signIn('ada@example.com')).status).toBe(429);
    // Text that the database cannot store.
    expect((await signIn(`\0${'é'.repeat(5_000)}@example.com`)).status).toBe(400);
    const { db } = await getApp();
    const rows = await db.ownerDb.select().from(rateLimits);
    expect(rows.length).toBeGreaterThan(3);
    expect(JSON.stringify(rows)).not.toContain('example.com');
  });

  test('a shared rate limit has the same window for processes whose clocks are hours apart', async () => {
    const { db } = await getApp();
    const shared = policy();
    for (const hours of [2, -2, 0]) {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3_600_000 });
      const usage = await createRateLimit(shared, db.pool).consume('ada');
      vi.useRealTimers();
      expect(usage.reset).toBeGreaterThan(50);
      expect(usage.reset).toBeLessThanOrEqual(60);
    }
    expect(await createRateLimit(shared, db.pool).consume('ada')).toMatchObject({ remaining: 6 });
  });

  test('a shared count that would outlast its window is restarted', async () => {
    const { db } = await getApp();
    const shared = policy();
    const limit = createRateLimit(shared, db.pool);
    for (let i = 0; i < 11; i++) await limit.consume('ada');
    await db.ownerDb.execute(`update rate_limits set expire = expire + 3600000 where key like '${shared.name}:%'`);
    expect(await limit.consume('ada')).toMatchObject({ isExceeded: false, remaining: 9, reset: 60 });
  });

  test('a process that waited for a row lock continues the count of another process', async () => {
    const { db } = await getApp();
    const shared = policy();
    const limit = createRateLimit(shared, db.pool);
    await limit.consume('ada');
    let waiting: ReturnType<typeof limit.consume> | undefined;
    await db.ownerDb.transaction(async (other) => {
      const key = `${shared.name}:ada`;
      await other.execute(`select from rate_limits where key = '${key}' for update`);
      waiting = limit.consume('ada');
      // Longer than the tolerance for clock steps.
      await sleep(1_500);
      const end = '(extract(epoch from clock_timestamp()) * 1000)::bigint + 60000';
      await other.execute(`update rate_limits set points = 5, expire = ${end} where key = '${key}'`);
    });
    expect(await waiting).toMatchObject({ remaining: 4 });
  });

  test('expired counts are deleted by the clock of the database, and no others', async () => {
    const { db } = await getApp();
    const [over, live] = [policy(), policy()];
    await createRateLimit(over, db.pool).consume('ada');
    await db.ownerDb.execute(`update rate_limits set expire = expire - 61000 where key = '${over.name}:ada'`);
    await createRateLimit(live, db.pool).consume('ada');
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout'], now: Date.now() + 3 * 3_600_000 });
    createRateLimit(live, db.pool);
    vi.advanceTimersByTime(300_000);
    vi.useRealTimers();
    const keys = async () => (await db.ownerDb.select().from(rateLimits)).map(({ key }) => key);
    await vi.waitFor(async () => expect(await keys()).not.toContain(`${over.name}:ada`));
    expect(await keys()).toContain(`${live.name}:ada`);
  });

  test('a write-behind rate limit drops a count that expired before the database responded', async () => {
    const { log } = await getApp();
    const late = poolWith(async () => ({ rows: [{ points: 1_000, ms_left: '-5' }] }));
    const limit = createWriteBehindRateLimit(policy(), log, late);
    await limit.consume('ada');
    await vi.waitFor(async () => expect(await limit.consume('ada')).toMatchObject({ isExceeded: false, remaining: 9 }));
  });

  test('a write-behind rate limit counts per process while the database is unavailable', async () => {
    const { log } = await getApp();
    const warn = vi.spyOn(log, 'warn');
    const unavailable = poolWith(() => Promise.reject(new Error('unavailable')));
    const limit = createWriteBehindRateLimit(policy(), log, unavailable);
    for (let i = 0; i < 10; i++) expect((await limit.consume('ada')).isExceeded).toBe(false);
    expect((await limit.consume('ada')).isExceeded).toBe(true);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('rate-limit store unavailable'));
  });
});
