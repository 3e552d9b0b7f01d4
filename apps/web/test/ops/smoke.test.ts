import { expect, test } from 'vitest';
import { send, signUp, useApp } from '../harness';

useApp();

test('a user can sign up and create a task, the server is ready, and an unknown path returns 404', async () => {
  const ada = await signUp();
  const created = await send('POST', ada.tasks, { token: ada.token, body: { title: 'Milk' } });
  expect(created.status).toBe(201);
  expect((await send('GET', '/api/health/ready')).status).toBe(200);
  expect((await send('GET', '/api')).status).toBe(404);
});
