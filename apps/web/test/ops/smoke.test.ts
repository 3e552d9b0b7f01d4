import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { cookieOf, send, takeToken, useApp } from '../harness';

useApp();

test('a user can sign up and create a task, the server is ready, and an unknown path returns 404', async () => {
  const body = { name: 'Ada', email: `${randomUUID()}@example.com`, password: 'correct horse battery' };
  const signedUp = await send('POST', '/api/auth/sign-up/email', { body });
  expect(signedUp.status).toBe(200);
  const { user } = await signedUp.json();
  const token = await takeToken(cookieOf(signedUp));
  const created = await send('POST', `/api/${user.id}/tasks`, { token, body: { title: 'Milk' } });
  expect(created.status).toBe(201);
  expect((await send('GET', '/api/health/ready')).status).toBe(200);
  expect((await send('GET', '/api')).status).toBe(404);
});
