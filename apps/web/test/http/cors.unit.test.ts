import { operations } from '@taskward/api-core';
import { describe, expect, test } from 'vitest';
import { send, signUp, useApp } from '../harness';

const APP = 'https://app.example.com';
useApp({ environment: { CORS_ORIGINS: `${APP}, https://other.example.com` } });

const path = '/api/somebody/tasks';
const allowed = (response: Response) => response.headers.get('Access-Control-Allow-Origin');

test('a page of a configured origin may read a response and its headers, without credentials', async () => {
  const user = await signUp();
  const response = await send('GET', user.tasks, { token: user.token, headers: { Origin: APP } });
  expect([response.status, allowed(response)]).toEqual([200, APP]);
  expect(response.headers.get('Vary')).toContain('Origin');
  expect(response.headers.get('Access-Control-Expose-Headers')).toMatch(/ETag.*RateLimit.*X-Request-Id/);
  expect(response.headers.get('Access-Control-Allow-Credentials')).toBeNull();
});

test('a page of a configured origin may read an error response', async () => {
  const response = await send('GET', path, { headers: { Origin: APP } });
  expect([response.status, allowed(response)]).toEqual([401, APP]);
});

test.each(operations)('a preflight of $id from a configured origin is allowed', async ({ method, path }) => {
  const headers = { Origin: APP, 'Access-Control-Request-Method': method };
  const response = await send('OPTIONS', path.replace(/\{\w+\}/g, 'x'), { headers });
  expect([response.status, allowed(response)]).toEqual([204, APP]);
  expect(response.headers.get('Access-Control-Allow-Methods')).toContain(method);
  expect(response.headers.get('Access-Control-Allow-Headers')).toMatch(/Authorization.*Idempotency-Key.*If-Match/);
});

describe.each(['https://evil.example', 'https://app.example.com.evil.example', 'null', 'http://app.example.com'])(
  'the origin %s',
  (origin) => {
    test.each(['GET', 'OPTIONS'])(`a page of ${origin} is allowed no cross-origin request, by %s`, async (method) => {
      const response = await send(method, path, { headers: { Origin: origin } });
      expect(allowed(response)).toBeNull();
      expect(response.headers.get('Vary')).toContain('Origin');
    });
  },
);

test('account endpoints allow no cross-origin request, even from a configured origin', async () => {
  const response = await send('GET', '/api/auth/jwks', { headers: { Origin: APP } });
  expect([response.status, allowed(response)]).toEqual([200, null]);
});
