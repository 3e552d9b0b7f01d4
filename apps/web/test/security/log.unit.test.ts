import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { cookieOf, loggedEvents, loggedLines, ORIGIN, send, signUp, useApp } from '../harness';

useApp();

const PASSWORD = 'otter lamp seventeen';
const NEW_PASSWORD = 'kettle under the moon';

/** Sends the request, and returns the events that were logged for it, without its id. */
async function act(path: string, body: object, cookie = '') {
  // Not a valid request id, so that it is replaced.
  const headers = { Origin: ORIGIN, Cookie: cookie, 'X-Request-Id': 'of my own' };
  const response = await send('POST', `/api/auth${path}`, { body, headers });
  const id = response.headers.get('X-Request-Id');
  const events = loggedEvents().filter(({ request_id }) => request_id === id);
  return { response, cookie: cookieOf(response), events: events.map(({ request_id: _, ...line }) => line) };
}

test('account events are logged once each with user id and request id, and without secrets', async () => {
  const email = `${randomUUID()}@example.com`;
  const old = { email, password: PASSWORD };
  const signUp = await act('/sign-up/email', { name: 'Ada', ...old });
  const { user } = await signUp.response.clone().json();
  const mine = (event: string, reason?: string) => ({ event, user_id: user.id, ...(reason && { reason }) });
  expect(signUp.events).toEqual([mine('sign_up')]);
  expect((await act('/sign-up/email', { name: 'Ada', ...old })).events).toEqual([]);

  const signIn = await act('/sign-in/email', old);
  expect(signIn.events).toEqual([mine('sign_in')]);
  const wrong = await act('/sign-in/email', { email, password: NEW_PASSWORD });
  expect(wrong.events).toEqual([mine('sign_in_failed', 'INVALID_EMAIL_OR_PASSWORD')]);
  const unknown = await act('/sign-in/email', { email: 'nobody@example.com', password: PASSWORD });
  expect(unknown.events).toEqual([{ ...wrong.events[0], user_id: undefined }]);

  const elsewhere = await act('/sign-in/email', { ...old, callbackURL: `https://evil.example.com/?to=${email}` });
  expect(elsewhere.response.status).toBe(403);

  const { token } = await signIn.response.clone().json();
  const revoked = await act('/revoke-session', { token }, signUp.cookie);
  expect(revoked.events).toEqual([mine('session_revoked')]);
  const passwords = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
  const missed = await act('/change-password', { ...passwords, currentPassword: NEW_PASSWORD }, signUp.cookie);
  expect(missed.events).toEqual([mine('password_change_failed', 'INVALID_PASSWORD')]);
  const changed = await act('/change-password', passwords, signUp.cookie);
  expect(changed.events).toEqual([mine('session_revoked'), mine('password_changed')]);
  expect((await act('/sign-out', {}, changed.cookie)).events).toEqual([mine('sign_out')]);
  const again = await act('/sign-in/email', { email, password: NEW_PASSWORD });
  const deleted = await act('/delete-user', { password: NEW_PASSWORD }, again.cookie);
  expect(deleted.events).toEqual([mine('account_deleted')]);

  const lines = loggedLines().map((line) => JSON.stringify(line));
  expect(lines.length).toBeGreaterThan(15);
  const cookies = [signUp, signIn, changed, again].map(({ cookie }) => cookie.split('=')[1]?.split('.')[0]);
  for (const secret of [email, 'nobody@', PASSWORD, NEW_PASSWORD, token, ...cookies]) {
    expect(lines.filter((line) => line.includes(String(secret)))).toEqual([]);
  }
});

test('a refused request is logged with its problem type, and an invalid token with the reason that the response omits', async () => {
  const user = await signUp();
  const [header, payload] = user.token.split('.');
  const forged = `${header}.${payload}.${'A'.repeat(86)}`;
  const refused = [
    await send('GET', user.tasks),
    await send('GET', user.tasks, { token: forged }),
    await send('GET', user.tasks.replace(user.id, 'somebody'), { token: user.token }),
  ];
  const lines = refused.map(({ headers }) => {
    const id = headers.get('X-Request-Id');
    const found = loggedLines().map(([line]) => line as Record<string, unknown>);
    return found.find(({ request_id }) => request_id === id);
  });
  expect(lines).toEqual([
    expect.objectContaining({ status: 401, problem: 'unauthorized', reason: 'no token', user_id: undefined }),
    expect.objectContaining({ status: 401, reason: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED', user_id: undefined }),
    expect.objectContaining({ status: 403, problem: 'forbidden', user_id: user.id }),
  ]);
  expect(JSON.stringify(lines)).not.toContain(payload);
});
