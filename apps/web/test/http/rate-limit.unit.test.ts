import { randomUUID } from 'node:crypto';
import { operations } from '@taskward/api-core';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { getApp } from '../../server/app';
import { cookieOf, ORIGIN, restartApp, send, signUp, type TestUser, useApp } from '../harness';
import { requestFor } from '../requests';

useApp({ environment: { API_RATE_LIMIT: '20' } });

afterEach(() => {
  vi.useRealTimers();
});

const list = (user: TestUser) => send('GET', user.tasks, { token: user.token });

describe('requests of one user', () => {
  test.each(operations)('responses of $id have RateLimit headers with the remaining requests', async (operation) => {
    const user = await signUp();
    const { method, path: at, body } = requestFor(operation, { user_id: user.id });
    const first = await send(method, at, { token: user.token, body });
    expect(first.headers.get('RateLimit-Policy')).toBe('"user";q=20;w=60');
    const remaining = 20 - (operation.cost?.(body as never) ?? 1);
    expect(first.headers.get('RateLimit')).toMatch(new RegExp(`^"user";r=${remaining};t=(60|59)$`));
    const foreign = await send(method, at.replace(user.id, 'somebody'), { token: user.token });
    expect([foreign.status, foreign.headers.get('RateLimit')]).toEqual([
      403,
      expect.stringContaining(`r=${remaining - 1};`),
    ]);
    const anonymous = await send(method, at);
    expect([anonymous.status, anonymous.headers.get('RateLimit')]).toEqual([401, null]);
  });

  test('requests beyond the limit of a user return 429 with Retry-After until the window ends', async () => {
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
  beforeAll(() => restartApp({ AUTH_RATE_LIMIT: '25' }));

  const from = (address: string) => ({ 'X-Client-Address': address });
  const signIn = (email: string, password: string, address: string) =>
    send('POST', '/api/auth/sign-in/email', { body: { email, password }, headers: from(address) });

  test('the eleventh wrong password from one address returns 429, and the right one from another address still works', async () => {
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

  test('the right password resets the count of wrong passwords', async () => {
    const user = await signUp();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 6; i++) await signIn(user.email, 'not the password', '192.0.2.3');
      expect((await signIn(user.email, user.password, '192.0.2.3')).status).toBe(200);
    }
  });

  test('an address has a limited number of attempts at any accounts, and an IPv6 address counts as its /64 network', async () => {
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

  test('forwarding headers sent by a client do not change its address', async () => {
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
    ['of its connection', '0', '192.0.2.77'],
    ['that the trusted proxy appended', '1', '198.51.100.1'],
  ])('a session stores the client address %s', async (_, TRUSTED_PROXIES, address) => {
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

  test('an account has a hundred failed attempts an hour, from all addresses together', async () => {
    const user = await signUp();
    const statuses: number[] = [];
    for (let i = 0; i < 101; i++) {
      statuses.push((await signIn(user.email, 'not the password', `203.0.113.${i}`)).status);
    }
    expect(statuses).toEqual([...Array(100).fill(401), 429]);
  });

  test('of a hundred wrong passwords sent at once, ten from each address are checked', async () => {
    const user = await signUp();
    await restartApp({ AUTH_RATE_LIMIT: '1000' });
    const guesses = Array.from({ length: 100 }, (_, i) => signIn(user.email, 'not the password', `192.0.2.${i % 4}`));
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    await restartApp({ AUTH_RATE_LIMIT: '25' });
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(40);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(60);
  });

  test('successful sign-ins are not limited: an account signs in more than a hundred times an hour', async () => {
    const user = await signUp();
    const statuses = new Set<number>();
    for (let i = 0; i < 120; i++) statuses.add((await signIn(user.email, user.password, `203.0.113.${i % 60}`)).status);
    expect(statuses).toEqual(new Set([200]));
  });

  /** Sends a hundred wrong passwords from ten addresses. */
  const attack = async (email: string) => {
    for (let i = 0; i < 100; i++) await signIn(email, 'not the password', `198.51.100.${i % 10}`);
  };

  test('a browser that has signed in before can sign in while strangers guess the password, from any address', async () => {
    const user = await signUp();
    const cookies = cookieOf(await signIn(user.email, user.password, '192.0.2.20'));
    const device = cookies.split('; ').find((pair) => pair.startsWith('taskward.device='));
    await attack(user.email);
    const attempt = (address: string, cookie: string, password = user.password) =>
      send('POST', '/api/auth/sign-in/email', {
        body: { email: user.email, password },
        headers: { ...from(address), Cookie: cookie, Origin: ORIGIN },
      });
    expect((await attempt('192.0.2.21', '')).status, 'a fresh browser does not').toBe(429);
    expect((await attempt('192.0.2.21', `a=b; ${device}; c=d`)).status).toBe(200);
    expect((await attempt('198.51.100.1', `${device}`)).status, 'nor does the address matter').toBe(200);

    const other = await signUp();
    const foreign = cookieOf(await signIn(other.email, other.password, '192.0.2.22'));
    for (const cookie of [
      foreign,
      `${device}x`,
      `${device}`.replace(/=.{3}/, '=AAA'),
      'taskward.device=',
      'taskward.device=.',
    ]) {
      expect([cookie, (await attempt('192.0.2.23', cookie)).status]).toEqual([cookie, 429]);
    }

    const wrong = [];
    for (let i = 0; i < 11; i++)
      wrong.push((await attempt(`192.0.2.${30 + i}`, `${device}`, 'not the password')).status);
    expect(wrong, 'ten guesses are its own').toEqual([...Array(10).fill(401), 429]);
  });

  test('the device cookie is HttpOnly, limited to account endpoints, and no session', async () => {
    const user = await signUp();
    const signedIn = await signIn(user.email, user.password, '192.0.2.40');
    const field = signedIn.headers.getSetCookie().find((cookie) => cookie.startsWith('taskward.device='));
    expect(field).toMatch(/; Path=\/api\/auth; Max-Age=34560000; HttpOnly; SameSite=Lax$/);
    expect(field).not.toContain(user.id);
    const headers = { Cookie: (field ?? '').split(';')[0] ?? '' };
    const session = await send('GET', '/api/auth/get-session', { headers });
    expect(await session.json()).toBeNull();
    // With a session's cookie a request without an origin would be refused.
    const again = await send('POST', '/api/auth/sign-in/email', {
      body: { email: user.email, password: user.password },
      headers: { ...headers, ...from('192.0.2.40') },
    });
    expect(again.status).toBe(200);

    await restartApp({ BETTER_AUTH_URL: 'https://tasks.example.com' });
    const secure = await signIn(user.email, user.password, '192.0.2.40');
    await restartApp({ BETTER_AUTH_URL: ORIGIN });
    const names = secure.headers.getSetCookie().map((cookie) => [cookie.split('=')[0], cookie.endsWith('; Secure')]);
    expect(names).toContainEqual(['__Secure-taskward.device', true]);
  });

  test('signing up with a registered e-mail address sets no device cookie', async () => {
    const user = await signUp();
    const response = await send('POST', '/api/auth/sign-up/email', {
      body: { name: 'Eve', email: user.email, password: 'a fine long password' },
      headers: from('192.0.2.50'),
    });
    expect([response.status, response.headers.getSetCookie()]).toEqual([422, []]);
  });

  test.each([
    ['/change-password', (password: string) => ({ currentPassword: password, newPassword: 'a fine long password' })],
    ['/delete-user', (password: string) => ({ password })],
  ])('%s accepts ten wrong passwords from all sessions of a user together', async (path, bodyOf) => {
    const user = await signUp();
    const other = cookieOf(await signIn(user.email, user.password, '192.0.2.60'));
    const attempt = (i: number, password: string) =>
      send('POST', `/api/auth${path}`, {
        body: { ...bodyOf(password), email: `${i}@example.com` },
        headers: { ...from(`192.0.2.${100 + i}`), Cookie: i % 2 ? other : user.cookie, Origin: ORIGIN },
      });
    const statuses = [];
    for (let i = 0; i < 12; i++) statuses.push((await attempt(i, 'not the password')).status);
    expect(statuses).toEqual([...Array(10).fill(400), 429, 429]);
    expect((await attempt(12, user.password)).status).toBe(429);
    expect((await signIn(user.email, user.password, '192.0.2.61')).status, 'signing in is apart').toBe(200);
  });

  test('a new password that breaks the rules does not count as a wrong password', async () => {
    const user = await signUp();
    const change = (newPassword: string) =>
      send('POST', '/api/auth/change-password', {
        body: { currentPassword: user.password, newPassword },
        headers: { ...from('192.0.2.70'), Cookie: user.cookie, Origin: ORIGIN },
      });
    for (let i = 0; i < 12; i++) expect((await change('password1234')).status).toBe(400);
    expect((await change('a fine long password')).status).toBe(200);
  });

  test('a profile can be changed thirty times in 15 minutes', async () => {
    const user = await signUp();
    const statuses: number[] = [];
    for (let i = 0; i < 32; i++) {
      const headers = { ...from(`192.0.2.${i}`), Cookie: user.cookie, Origin: ORIGIN };
      statuses.push((await send('POST', '/api/auth/update-user', { body: { name: `Ada ${i}` }, headers })).status);
    }
    expect(statuses).toEqual([...Array(30).fill(200), 429, 429]);
  });

  test('resetting the password resets the counts of wrong passwords from every address', async () => {
    const user = await signUp();
    await attack(user.email);
    expect((await signIn(user.email, user.password, '198.51.100.1')).status).toBe(429);
    expect((await signIn(user.email, user.password, '192.0.2.80')).status).toBe(429);
    const { internalAdapter } = await (await getApp()).auth.$context;
    const [token, expiresAt] = [randomUUID(), new Date(Date.now() + 60_000)];
    await internalAdapter.createVerificationValue({ identifier: `reset-password:${token}`, value: user.id, expiresAt });
    const reset = (body: object) => send('POST', '/api/auth/reset-password', { body, headers: from('192.0.2.81') });
    expect((await reset({ token: 'invalid', newPassword: 'a fine long password' })).headers.getSetCookie()).toEqual([]);
    expect((await signIn(user.email, user.password, '192.0.2.80')).status).toBe(429);

    const done = await reset({ token, newPassword: 'a fine long password' });
    expect(done.status).toBe(200);
    expect(done.headers.getSetCookie(), 'the browser has a device cookie from now on').toHaveLength(1);
    expect((await signIn(user.email, 'a fine long password', '198.51.100.1')).status).toBe(200);
    expect((await signIn(user.email, 'a fine long password', '192.0.2.80')).status).toBe(200);
  });
});
