import { randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import { describe, expect, test, vi } from 'vitest';
import { getApp } from '../../server/app';
import { storedRows } from '../attacker';
import { cookieOf, ORIGIN, restartApp, send, signIn, signUp, type TestUser, takeToken, useApp } from '../harness';

useApp();

const GOOD = 'otter lamp seventeen';

/** Sends a request as one of our pages does. */
const post = (path: string, body: object, cookie = '') =>
  send('POST', `/api/auth${path}`, { body, headers: { Origin: ORIGIN, ...(cookie && { Cookie: cookie }) } });
const register = (password: string, email = `${randomUUID()}@example.com`, name = 'Test') =>
  post('/sign-up/email', { name, email, password });
const codeOf = async (response: Response) => (await response.json()).code;
const sessionOf = async (cookie: string) =>
  (await send('GET', '/api/auth/get-session', { headers: { Cookie: cookie } })).json();

/** Signs in once more, as on another device. */
const otherDevice = async (user: TestUser) => cookieOf(await signIn(user));

describe('NUL, which PostgreSQL cannot store', () => {
  const mail = 'ada\0@example.com';
  test.each<[string, object]>([
    ['/sign-up/email', { name: 'Ada', email: mail, password: GOOD }],
    ['/sign-in/email', { email: mail, password: GOOD }],
    ['/change-password', { currentPassword: 'a\0', newPassword: GOOD }],
    ['/reset-password', { token: 'a\0', newPassword: GOOD }],
    ['/reset-password?token=a%00', { newPassword: GOOD }],
    ['/request-password-reset', { email: mail }],
    ['/send-verification-email', { email: mail }],
    ['/revoke-session', { token: 'a\0' }],
    ['/delete-user', { password: 'a', token: 'a\0' }],
  ])('POST /api/auth%s refuses NUL in text with 400', async (path, body) => {
    const { cookie } = await signUp();
    const response = await post(path, body, cookie);
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe('INVALID_TEXT');
  });
});

describe('a password', () => {
  test.each([
    ['eleven characters', 'fox otter 1', 'PASSWORD_TOO_SHORT'],
    ['six characters of two UTF-16 code units each', '🐎🦊🪔🎲🧭🪐', 'PASSWORD_TOO_SHORT'],
    ['a lone surrogate', 'otter lamp seventeen \ud83d', 'VALIDATION_ERROR'],
    ['129 characters', 'a1b2 '.repeat(26).slice(0, 129), 'PASSWORD_TOO_LONG'],
    ['one of the common ones', 'password1234', 'PASSWORD_TOO_COMMON'],
    ['a common one in other case', 'PassWord1234', 'PASSWORD_TOO_COMMON'],
    ['one character', 'aaaaaaaaaaaaaaa', 'PASSWORD_TOO_COMMON'],
    ['a word twice', 'elephantelephant', 'PASSWORD_TOO_COMMON'],
    ['the digits in a row', '123456789012345', 'PASSWORD_TOO_COMMON'],
    ['the digits backwards', '098765432109', 'PASSWORD_TOO_COMMON'],
    ['the alphabet', 'abcdefghijklm', 'PASSWORD_TOO_COMMON'],
    ['rows of the keyboard', 'asdfghjklzxcvbnm', 'PASSWORD_TOO_COMMON'],
  ])('sign-up refuses a password that is too short, too long or easy to guess: %s', async (_, password, code) => {
    const before = await storedRows();
    const response = await register(password);
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe(code);
    expect(await storedRows()).toBe(before);
  });

  test('sign-up refuses a password that equals the e-mail address, its local part or the name', async () => {
    const name = 'Ada King Lovelace';
    const email = `${name.replaceAll(' ', '.').toLowerCase()}@example.com`;
    for (const password of [email, email.toUpperCase(), 'ada.king.lovelace', name, 'adakinglovelace']) {
      expect(await codeOf(await register(password, email, name))).toBe('PASSWORD_TOO_COMMON');
    }
  });

  test.each([
    ['without digits or signs', 'otter lamp seventeen'],
    ['of twelve digits in no order', '604913758264'],
    ['of 128 characters', 'a1b2 '.repeat(26).slice(0, 127).concat('!')],
    [
      'of 128 characters beyond the first plane',
      String.fromCodePoint(...Array.from({ length: 128 }, (_, i) => 0x1f300 + i)),
    ],
    ['beyond ASCII', 'žluťoučký kůň 🐎'],
    ['with spaces at both ends', '  otter lamp seventeen  '],
  ])('a password is accepted at sign-up and signs in exactly as entered: %s', async (_, password) => {
    const email = `${randomUUID()}@example.com`;
    expect((await register(password, email)).status).toBe(200);
    expect((await post('/sign-in/email', { email, password })).status).toBe(200);
    expect((await post('/sign-in/email', { email, password: password.trim().slice(0, -1) })).status).toBe(401);
  });

  test('changing the password applies the password rules of sign-up', async () => {
    const user = await signUp();
    for (const newPassword of ['short', 'password1234', user.email]) {
      const body = { currentPassword: user.password, newPassword };
      expect((await post('/change-password', body, user.cookie)).status).toBe(400);
    }
    expect((await signIn(user)).status).toBe(200);
  });
});

/** Values that Better Auth by itself would store, or fail on. */
const NAMES: [string, unknown][] = [
  ['of 101 characters', 'x'.repeat(101)],
  ['of 60 KB', 'x'.repeat(60_000)],
  ['with a line break', 'Ada\nKing'],
  ['with a control character', 'Ada\u0085'],
  ['with a lone surrogate', 'Ada \ud83d'],
  ['that is empty', ''],
  ['of white space', ' \u00a0\u3000'],
  ['of nothing that shows', '\u200b\u2060\ufe0f\u3164\u2800'],
  ['that is an array', ['Ada']],
  ['that is an object', { first: 'Ada' }],
  ['that is a number', 1],
  ['that is a boolean', true],
  ['that is null', null],
];
const IMAGES: [string, unknown][] = [
  ['that is a script', 'javascript:alert(1)'],
  ['over plain http', 'http://example.com/ada.png'],
  ['that is no address', 'ada.png'],
  ['of 2,049 characters', `https://example.com/${'x'.repeat(2029)}`],
  ['that is an array', ['https://example.com/ada.png']],
];
const wrongProfiles: [string, object][] = [
  ...NAMES.map(([what, name]): [string, object] => [`a name ${what}`, { name }]),
  ...IMAGES.map(([what, image]): [string, object] => [`an image ${what}`, { image }]),
];

describe.each<[string, object]>([
  ...wrongProfiles,
  ['an e-mail address of 255 characters', { email: `${'x'.repeat(243)}@example.com` }],
  ['an e-mail address that is an array', { email: ['ada@example.com'] }],
  ['an e-mail address without a domain', { email: 'ada' }],
  ['a password that is an array', { password: ['otter', 'lamp', 'seventeen'] }],
  ['a password that is missing', { password: undefined }],
  ['`rememberMe` that is text', { rememberMe: 'yes' }],
])('%s', (what, wrong) => {
  test(`sign-up refuses ${what}, and nothing is stored`, async () => {
    const before = await storedRows();
    const body = { name: 'Ada', email: `${randomUUID()}@example.com`, password: GOOD, ...wrong };
    const response = await post('/sign-up/email', body);
    expect([response.status, await codeOf(response)]).toEqual([
      400,
      expect.stringMatching(/^(VALIDATION_ERROR|TEXT_TOO_LONG)$/),
    ]);
    expect(await storedRows()).toBe(before);
  });
});

describe.each(wrongProfiles)('%s', (what, wrong) => {
  test(`changing the profile refuses ${what}, and nothing is stored`, async () => {
    const { cookie } = await signUp();
    const before = await storedRows();
    const response = await post('/update-user', wrong, cookie);
    expect([response.status, await codeOf(response)]).toEqual([
      400,
      expect.stringMatching(/^(VALIDATION_ERROR|TEXT_TOO_LONG)$/),
    ]);
    expect(await storedRows()).toBe(before);
  });
});

test.each([
  ['100 characters beyond the first plane', '😀'.repeat(100), '😀'.repeat(100)],
  ['white space at both ends', '\u00a0 Ada King  ', 'Ada King'],
  ['decomposed letters', 'Zoe\u0308', 'Zo\u00eb'],
])('a name is stored trimmed and in NFC: %s', async (_, name, expected) => {
  const response = await register(GOOD, undefined, name);
  expect(await response.json()).toMatchObject({ user: { name: expected } });
  const { cookie } = await signUp();
  expect((await post('/update-user', { name }, cookie)).status).toBe(200);
  expect(await sessionOf(cookie)).toMatchObject({ user: { name: expected } });
});

test('a profile image is stored, and deleted by null', async () => {
  const { cookie } = await signUp();
  for (const image of ['https://example.com/ada.png', null]) {
    expect((await post('/update-user', { image }, cookie)).status).toBe(200);
    expect(await sessionOf(cookie)).toMatchObject({ user: { image, name: 'Test' } });
  }
});

test.each([
  'sign-up/email',
  'sign-in/email',
  'update-user',
  'change-password',
  'delete-user',
  'request-password-reset',
  'reset-password',
  'send-verification-email',
  'revoke-session',
])('/api/auth/%s accepts only a JSON object', async (path) => {
  const { cookie } = await signUp();
  for (const body of [[], 'null', '"text"', '1', '{}']) {
    const response = await post(`/${path}`, body as object, cookie);
    expect([body, response.status]).toEqual([body, 400]);
  }
});

test('a sign-in body over 64 KiB is refused with 413', async () => {
  const response = await post('/sign-in/email', { email: 'a@example.com', password: 'x'.repeat(70_000) });
  expect(response.status).toBe(413);
});

test.each([
  '/sign-in/social',
  '/callback/google',
  '/change-email',
  '/list-accounts',
  '/delete-user/callback',
  '/error',
])('an endpoint of Better Auth that is not offered returns 404: %s', async (path) => {
  for (const method of ['GET', 'POST']) {
    const response = await send(method, `/api/auth${path}`, method === 'POST' ? { body: {} } : {});
    expect(response.status).toBe(404);
    expect(response.headers.get('Content-Type')).toBe('application/problem+json');
  }
});

describe('sign-in', () => {
  test('sign-in returns the same response for a wrong password and an unknown e-mail address, after the same work', async () => {
    const user = await signUp();
    const { password } = await (await getApp()).auth.$context;
    const work = [vi.spyOn(password, 'hash'), vi.spyOn(password, 'verify')];
    const attempt = async (email: string) => {
      for (const spy of work) spy.mockClear();
      const response = await post('/sign-in/email', { email, password: GOOD });
      const { request_id: _, ...document } = await response.json();
      return { status: response.status, document, hashed: work.reduce((sum, { mock }) => sum + mock.calls.length, 0) };
    };
    const wrong = await attempt(user.email);
    expect(wrong).toMatchObject({ status: 401, document: { code: 'INVALID_EMAIL_OR_PASSWORD' }, hashed: 1 });
    expect(await attempt(`${randomUUID()}@example.com`)).toEqual(wrong);
    for (const spy of work) spy.mockRestore();
  });

  test('sign-in with an unknown e-mail address does not reveal that the password is a common one', async () => {
    const response = await post('/sign-in/email', { email: `${randomUUID()}@example.com`, password: 'password1234' });
    expect(await codeOf(response)).toBe('INVALID_EMAIL_OR_PASSWORD');
  });
});

describe('a cross-site request with a session cookie', () => {
  test.each([
    ['another site', { Origin: 'https://evil.example.com' }],
    ['a site whose name starts like ours', { Origin: 'http://localhost:30000' }],
    ['no origin at all', {}],
    ['a sandbox', { Origin: 'null' }],
  ])('a POST with a session cookie is refused unless it comes from our origin: %s', async (_, headers) => {
    const { cookie, password } = await signUp();
    const body = { password };
    const response = await send('POST', '/api/auth/delete-user', { body, headers: { ...headers, Cookie: cookie } });
    expect(response.status).toBe(403);
    expect(await sessionOf(cookie)).not.toBeNull();
  });
});

describe('a sign-in without a cookie', () => {
  test.each([
    ['a program', {}, 200],
    ['fetch of Node.js', { 'Sec-Fetch-Mode': 'cors' }, 200],
    ['a page of ours', { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'cors' }, 200],
    ['a form elsewhere', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' }, 403],
    ['a page elsewhere', { Origin: 'https://evil.example.com', 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['an old browser elsewhere', { Origin: 'https://evil.example.com' }, 403],
  ])(
    'a sign-in without a cookie is accepted from our pages and from programs, not from other sites: %s',
    async (_, headers, status) => {
      const { email, password } = await signUp();
      const response = await send('POST', '/api/auth/sign-in/email', { body: { email, password }, headers });
      expect(response.status).toBe(status);
    },
  );
});

describe('changing the password', () => {
  test('changing the password ends all other sessions and invalidates the old password, whatever the request says', async () => {
    const user = await signUp();
    const other = await otherDevice(user);
    const body = { currentPassword: user.password, newPassword: GOOD, revokeOtherSessions: false };
    const response = await post('/change-password', body, user.cookie);
    expect(response.status).toBe(200);
    expect(await sessionOf(other)).toBeNull();
    expect(await sessionOf(user.cookie)).toBeNull();
    expect(await sessionOf(cookieOf(response))).toMatchObject({ user: { id: user.id } });
    expect((await signIn(user)).status).toBe(401);
    expect((await signIn({ ...user, password: GOOD })).status).toBe(200);
  });

  test('changing the password requires the current password', async () => {
    const user = await signUp();
    const response = await post('/change-password', { currentPassword: GOOD, newPassword: GOOD }, user.cookie);
    expect(response.status).toBe(400);
    expect(await sessionOf(user.cookie)).not.toBeNull();
    expect((await signIn(user)).status).toBe(200);
  });
});

describe('sessions', () => {
  const list = async (cookie: string): Promise<{ token: string; userId: string }[]> =>
    (await send('GET', '/api/auth/list-sessions', { headers: { Cookie: cookie } })).json();

  test('a user lists only their own sessions and can revoke them one by one', async () => {
    const user = await signUp();
    const other = await otherDevice(user);
    await signUp();
    const sessions = await list(user.cookie);
    expect(sessions.map(({ userId }) => userId)).toEqual([user.id, user.id]);
    const { session } = await sessionOf(other);
    expect((await post('/revoke-session', { token: session.token }, user.cookie)).status).toBe(200);
    expect(await sessionOf(other)).toBeNull();
    expect(await list(user.cookie)).toHaveLength(1);
    const token = await send('GET', '/api/auth/token', { headers: { Cookie: other } });
    expect(token.status).toBe(401);
  });

  test('a session of another user cannot be revoked', async () => {
    const [user, bob] = [await signUp(), await signUp()];
    const { session } = await sessionOf(bob.cookie);
    await post('/revoke-session', { token: session.token }, user.cookie);
    expect(await sessionOf(bob.cookie)).not.toBeNull();
  });

  test('a user has at most fifty sessions: a new one ends the oldest of the same user', async () => {
    const [user, bob] = [await signUp(), await signUp()];
    const [first, second] = [user.cookie, await otherDevice(user)];
    const more = [];
    for (let i = 0; i < 48; i++) more.push(await otherDevice(user));
    expect(await list(first)).toHaveLength(50);
    const newest = await otherDevice(user);
    expect(await sessionOf(first)).toBeNull();
    expect(await sessionOf(second)).not.toBeNull();
    await Promise.all(Array.from({ length: 10 }, () => otherDevice(user)));
    expect(await list(newest)).toHaveLength(50);
    expect(await sessionOf(second)).toBeNull();
    expect(await sessionOf(more.at(-1) ?? '')).not.toBeNull();
    expect(await sessionOf(bob.cookie)).not.toBeNull();
  });

  test('a user can revoke all other sessions at once', async () => {
    const user = await signUp();
    const others = [await otherDevice(user), await otherDevice(user)];
    await post('/revoke-other-sessions', {}, user.cookie);
    expect(await Promise.all([user.cookie, ...others].map(sessionOf))).toEqual([expect.any(Object), null, null]);
  });
});

describe('deleting an account', () => {
  test.each([
    ['no password', {}],
    ['an empty one', { password: '' }],
    ['a wrong one', { password: GOOD }],
    ['an invalid token', { token: 'x' }],
  ])('deleting an account requires the password: %s', async (_, body) => {
    const user = await signUp();
    expect((await post('/delete-user', body, user.cookie)).status).toBe(400);
    expect(await sessionOf(user.cookie)).not.toBeNull();
  });

  test('deleting an account deletes its sessions and tasks at once, and its token can write nothing', async () => {
    const user = await signUp();
    const bystander = await signUp();
    for (const { tasks, token } of [user, bystander]) {
      const headers = { 'Idempotency-Key': 'once' };
      await send('POST', tasks, { token, headers, body: { title: 'Mine', tags: ['home'] } });
    }
    const before = await storedRows(bystander.id);
    const { data } = await (await send('GET', user.tasks, { token: user.token })).json();
    expect((await post('/delete-user', { password: user.password }, user.cookie)).status).toBe(200);
    expect(await storedRows(user.id)).toBe('');
    expect(await storedRows(bystander.id)).toBe(before);
    expect(await sessionOf(user.cookie)).toBeNull();
    expect((await signIn(user)).status).toBe(401);

    const { token } = user;
    const list = await send('GET', user.tasks, { token });
    expect([list.status, (await list.json()).data]).toEqual([200, []]);
    expect((await send('GET', `${user.tasks}/${data[0].id}`, { token })).status).toBe(404);
    const refused = await send('POST', user.tasks, { token, body: { title: 'After' } });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('WWW-Authenticate')).toContain('error="invalid_token"');
    expect(await storedRows(user.id)).toBe('');
    expect((await register(user.password, user.email)).status).toBe(200);
  });
});

describe('the session cookie', () => {
  const attributesOf = (response: Response) => {
    const [cookie = ''] = response.headers.getSetCookie().filter((header) => header.includes('session_token'));
    const [pair = '', ...attributes] = cookie.split('; ');
    return { name: pair.split('=')[0], attributes: attributes.map((attribute) => attribute.toLowerCase()) };
  };

  test('the session cookie is HttpOnly, SameSite=Lax and limited to this host', async () => {
    const { name, attributes } = attributesOf(await register(GOOD));
    expect(name).toBe('better-auth.session_token');
    expect(attributes).toEqual(expect.arrayContaining(['httponly', 'samesite=lax', 'path=/']));
    expect(attributes.some((attribute) => attribute.startsWith('domain='))).toBe(false);
    expect(attributes).not.toContain('secure');
  });

  test('the session cookie is Secure where the site uses https', async () => {
    await restartApp({ BETTER_AUTH_URL: 'https://tasks.example.com' });
    const body = { name: 'Ada', email: `${randomUUID()}@example.com`, password: GOOD };
    const response = await send('POST', '/api/auth/sign-up/email', { body });
    const { name, attributes } = attributesOf(response);
    expect(name).toBe('__Secure-better-auth.session_token');
    expect(attributes).toEqual(expect.arrayContaining(['secure', 'httponly', 'samesite=lax', 'path=/']));
    expect(await takeToken(cookieOf(response))).toEqual(expect.any(String));
    await restartApp({ BETTER_AUTH_URL: ORIGIN });
  });
});

test('a token contains only the user id, and no response but that of /api/auth/token contains one', async () => {
  const { id, cookie, token } = await signUp();
  const { iat = 0, ...claims } = decodeJwt(token);
  expect(claims).toEqual({ sub: id, iss: ORIGIN, aud: ORIGIN, exp: iat + 900 });
  const session = await send('GET', '/api/auth/get-session', { headers: { Cookie: cookie } });
  expect([...session.headers.values()].filter((value) => value.includes('eyJ'))).toEqual([]);
});

test('without a mail server, requesting a password reset returns 400 for any e-mail address', async () => {
  const { email } = await signUp();
  for (const address of [email, `${randomUUID()}@example.com`]) {
    const response = await post('/request-password-reset', { email: address });
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe('RESET_PASSWORD_DISABLED');
  }
});

test('sign-in accepts only application/json, and returns 415 for any other media type', async () => {
  for (const type of [
    'a'.repeat(5_000),
    'application/x-www-form-urlencoded',
    'application/json-patch+json',
    'text/plain',
  ]) {
    const headers = { Origin: ORIGIN, 'Content-Type': type };
    const response = await send('POST', '/api/auth/sign-in/email', { body: '{}', headers });
    expect([response.status, (await response.json()).type]).toEqual([415, '/problems/unsupported_media_type']);
  }
});
