import { randomUUID } from 'node:crypto';
import { operations } from '@taskward/api-core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { cookieOf, ORIGIN, restartApp, send, signUp, type TestUser, useApp } from './harness';

useApp({ environment: { API_RATE_LIMIT: '20', AUTH_RATE_LIMIT: '25' } });

afterEach(() => {
  vi.useRealTimers();
});

const list = (user: TestUser) => send('GET', user.tasks, { token: user.token });

describe('requests of one user', () => {
  test.each(operations)('the answer of $id says how many are left', async ({ method, path }) => {
    const user = await signUp();
    const at = path.replace('{user_id}', user.id).replace('{task_id}', randomUUID());
    const first = await send(method, at, { token: user.token, body: method === 'GET' ? undefined : { title: 'x' } });
    expect(first.headers.get('RateLimit-Policy')).toBe('"user";q=20;w=60');
    expect(first.headers.get('RateLimit')).toMatch(/^"user";r=19;t=(60|59)$/);
    const foreign = await send(method, at.replace(user.id, 'somebody'), { token: user.token });
    expect([foreign.status, foreign.headers.get('RateLimit')]).toEqual([403, expect.stringMatching(/r=18/)]);
    const anonymous = await send(method, at);
    expect([anonymous.status, anonymous.headers.get('RateLimit')]).toEqual([401, null]);
  });

  test('beyond the limit the answer is 429, with Retry-After, until the minute is over', async () => {
    const user = await signUp();
    const statuses: number[] = [];
    for (let i = 0; i < 20; i++) statuses.push((await list(user)).status);
    expect(new Set(statuses)).toEqual(new Set([200]));

    const refused = await send('POST', user.tasks, { token: user.token, body: { title: 'one too many' } });
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ type: '/problems/rate_limited', status: 429 });
    const [, remaining, reset] = /r=(\d+);t=(\d+)/.exec(refused.headers.get('RateLimit') ?? '') ?? [];
    expect(remaining).toBe('0');
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThanOrEqual(Number(reset));

    const foreign = await send('GET', user.tasks.replace(user.id, 'somebody'), { token: user.token });
    expect(foreign.status, 'whose path it is comes before the limit').toBe(403);
    const other = await signUp();
    expect((await list(other)).status, 'others have their own').toBe(200);

    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    const again = await list(user);
    expect(again.status).toBe(200);
    expect((await again.json()).data, 'what was refused was not done').toEqual([]);
  });
});

describe('attempts at accounts', { timeout: 60_000 }, () => {
  const from = (address: string) => ({ 'X-Client-Address': address });
  const signIn = (email: string, password: string, address: string) =>
    send('POST', '/api/auth/sign-in/email', { body: { email, password }, headers: from(address) });

  test('the eleventh wrong password from one address is a 429; the right one from elsewhere still works', async () => {
    const user = await signUp();
    const statuses: number[] = [];
    for (let i = 0; i < 20; i++) statuses.push((await signIn(user.email, 'not the password', '192.0.2.1')).status);
    expect(statuses).toEqual([...Array(10).fill(401), ...Array(10).fill(429)]);

    const locked = await signIn(user.email, user.password, '192.0.2.1');
    expect(locked.status).toBe(429);
    expect(Number(locked.headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(await locked.json()).toMatchObject({ type: '/problems/rate_limited' });
    expect((await signIn(user.email.toUpperCase(), 'not the password', '192.0.2.1')).status).toBe(429);
    expect((await signIn(user.email, user.password, '192.0.2.2')).status).toBe(200);
  });

  test('the right password clears what was wrong before it', async () => {
    const user = await signUp();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 6; i++) await signIn(user.email, 'not the password', '192.0.2.3');
      expect((await signIn(user.email, user.password, '192.0.2.3')).status).toBe(200);
    }
  });

  test('an address has so many attempts at any accounts, and an IPv6 one stands for its network', async () => {
    const attempt = (address: string) => signIn(`${randomUUID()}@example.com`, 'not the password', address);
    const statuses = [];
    for (let i = 0; i < 25; i++) statuses.push((await attempt(`2001:db8:1:2::${i.toString(16)}`)).status);
    expect(new Set(statuses)).toEqual(new Set([401]));
    expect((await attempt('2001:db8:1:2:ffff::')).status).toBe(429);
    expect((await attempt('2001:db8:1:3::1')).status).toBe(401);
    const signUpThere = await send('POST', '/api/auth/sign-up/email', {
      body: { name: 'X', email: `${randomUUID()}@example.com`, password: 'a fine long password' },
      headers: from('2001:db8:1:2::99'),
    });
    expect(signUpThere.status, 'signing up is an attempt, too').toBe(429);
  });

  test('what a client writes into forwarding headers counts for nothing', async () => {
    const user = await signUp();
    const spoofed = (i: number) =>
      send('POST', '/api/auth/sign-in/email', {
        body: { email: user.email, password: 'not the password' },
        headers: { ...from('192.0.2.9'), 'X-Forwarded-For': `198.51.100.${i}`, 'X-Real-IP': `198.51.100.${i}` },
      });
    for (let i = 0; i < 10; i++) await spoofed(i);
    expect((await spoofed(99)).status).toBe(429);
  });

  test.each([
    ['by the connection', '0', '192.0.2.77'],
    ['by what the one proxy in front appended', '1', '198.51.100.1'],
  ])('a session says where it was begun, %s', async (_, TRUSTED_PROXIES, address) => {
    await restartApp({ TRUSTED_PROXIES });
    const user = await signUp();
    const headers = { ...from('192.0.2.77'), 'X-Forwarded-For': '6.6.6.6, 198.51.100.1', Origin: ORIGIN };
    const body = { email: user.email, password: user.password };
    const signedIn = await send('POST', '/api/auth/sign-in/email', { body, headers });
    const sessions = await send('GET', '/api/auth/list-sessions', { headers: { Cookie: cookieOf(signedIn) } });
    const addresses = (await sessions.json()).map(({ ipAddress }: { ipAddress: string }) => ipAddress);
    expect(addresses).toContain(address);
    await restartApp({ TRUSTED_PROXIES: '0' });
  });

  test('an account has a hundred attempts an hour, from wherever they come', async () => {
    const user = await signUp();
    const statuses: number[] = [];
    for (let i = 0; i < 101; i++) {
      statuses.push((await signIn(user.email, 'not the password', `203.0.113.${i}`)).status);
    }
    expect(statuses).toEqual([...Array(100).fill(401), 429]);
  });

  test('a mailbox is sent five mails an hour, whoever asks for them, and of either kind', async () => {
    const email = `${randomUUID()}@example.com`;
    const ask = (path: string, i: number) =>
      send('POST', `/api/auth/${path}`, { body: { email }, headers: from(`198.51.100.${i}`) });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) {
      statuses.push((await ask(i % 2 ? 'request-password-reset' : 'send-verification-email', i)).status);
    }
    expect(statuses).not.toContain(429);
    expect((await ask('request-password-reset', 6)).status).toBe(429);
    expect((await ask('send-verification-email', 7)).status).toBe(429);
  });
});
