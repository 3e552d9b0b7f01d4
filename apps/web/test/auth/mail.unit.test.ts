import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { getApp } from '../../server/app';
import { drainBackgroundWork } from '../../server/ops/background';
import { createMailer } from '../../server/ops/mail';
import { cookieOf, loggedEvents, ORIGIN, restartApp, send, signIn, useApp } from '../harness';

/** Accounts with a mail server, which runs in this process and stores the mails that it receives. */

useApp();

const PASSWORD = 'otter lamp seventeen';
const NEW_PASSWORD = 'kettle under the moon';
const SMTP_FROM = 'Taskward <tasks@example.com>';

interface Mail {
  to: string[];
  text: string;
  /** The address that the mail asks to open. */
  link: string | undefined;
}

const mails: Mail[] = [];
/** Whether the server accepts the next mail, refuses it, or is slow to accept it. */
let smtpBehavior: 'good' | 'refusing' | 'slow' = 'good';

const smtp = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData(stream, session, done) {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('end', () => {
      const text = Buffer.concat(chunks).toString().replaceAll('=\r\n', '').replaceAll('=3D', '=');
      const to = session.envelope.rcptTo.map(({ address }) => address);
      if (smtpBehavior === 'refusing')
        return done(Object.assign(new Error(`<${to}> is unknown here`), { responseCode: 550 }));
      mails.push({ to, text, link: /^https?:\S+/m.exec(text)?.[0] });
      setTimeout(done, smtpBehavior === 'slow' ? 3_000 : 0);
    });
  },
});

beforeAll(async () => {
  await new Promise<void>((listening) => smtp.listen(0, '127.0.0.1', listening));
  const { port } = smtp.server.address() as AddressInfo;
  await restartApp({ SMTP_URL: `smtp://127.0.0.1:${port}`, SMTP_FROM });
});
afterAll(() => new Promise<void>((closed) => smtp.close(closed)));
beforeEach(() => {
  smtpBehavior = 'good';
});

const newAddress = () => `${randomUUID()}@example.com`;
const post = (path: string, body: object) => send('POST', `/api/auth${path}`, { body, headers: { Origin: ORIGIN } });
const register = (email: string) => post('/sign-up/email', { name: 'Ada', email, password: PASSWORD });
const open = (link = '') => send('GET', link.slice(ORIGIN.length));
const codeOf = async (response: Response) => (await response.json()).code;

/** Removes and returns the first stored mail to this address. */
async function mailTo(email: string): Promise<Mail> {
  const at = () => mails.findIndex(({ to }) => to.includes(email));
  await expect.poll(at).not.toBe(-1);
  const [mail] = mails.splice(at(), 1);
  expect(mail?.to).toEqual([email]);
  return mail as Mail;
}

async function verifiedUser(): Promise<string> {
  const email = newAddress();
  await register(email);
  await open((await mailTo(email)).link);
  return email;
}

async function resetToken(email: string): Promise<string> {
  await post('/request-password-reset', { email });
  const { link = '' } = await mailTo(email);
  const url = new URL(link);
  expect(url.origin + url.pathname).toBe(`${ORIGIN}/reset-password`);
  return url.searchParams.get('token') ?? '';
}

describe('signing up', () => {
  test('with mail, sign-up creates no session, and sign-in fails until the e-mail address is confirmed by its link', async () => {
    const email = newAddress();
    const response = await register(email);
    expect(response.status).toBe(200);
    expect(response.headers.getSetCookie()).toEqual([]);
    const { link } = await mailTo(email);
    expect(link?.startsWith(`${ORIGIN}/api/auth/verify-email?token=`)).toBe(true);
    const early = await signIn({ email, password: PASSWORD });
    expect([early.status, await codeOf(early)]).toEqual([401, 'INVALID_EMAIL_OR_PASSWORD']);
    expect((await mailTo(email)).link).toBeDefined();

    const opened = await open(link);
    expect([opened.status, opened.headers.get('Location')]).toEqual([302, '/']);
    expect(opened.headers.getSetCookie()).toEqual([]);
    expect((await signIn({ email, password: PASSWORD })).status).toBe(200);
  });

  test('with mail, sign-up returns the same response for a registered e-mail address as for a new one', async () => {
    const taken = await verifiedUser();
    const shape = async (email: string) => {
      const response = await register(email);
      const { user, ...rest } = await response.json();
      const fields = Object.entries(user).map(([name, value]) => [name, value === null ? null : typeof value]);
      return { status: response.status, headers: [...response.headers.keys()], rest, fields };
    };
    const free = newAddress();
    const ofFree = await shape(free);
    await mailTo(free);
    expect(await shape(taken)).toEqual(ofFree);
    const { text } = await mailTo(taken);
    expect(text).toContain('You have an account already');
    expect((await signIn({ email: taken, password: PASSWORD })).status).toBe(200);
  });

  test('signing up and signing in with another password does not reveal whether the e-mail address was registered', async () => {
    const [taken, free] = [await verifiedUser(), newAddress()];
    const attempt = async (email: string) => {
      await post('/sign-up/email', { name: 'Eve', email, password: NEW_PASSWORD });
      const response = await signIn({ email, password: NEW_PASSWORD });
      const { request_id: _, ...document } = await response.json();
      const headers = [...response.headers].filter(([name]) => name !== 'x-request-id');
      return { status: response.status, statusText: response.statusText, headers, document };
    };
    const ofTaken = await attempt(taken);
    expect(ofTaken).toMatchObject({ status: 401, document: { code: 'INVALID_EMAIL_OR_PASSWORD' } });
    expect(await attempt(free)).toEqual(ofTaken);
    const reasons = loggedEvents().filter(({ event }) => event === 'sign_in_failed');
    expect(reasons.at(-1), 'the log knows').toMatchObject({ reason: 'EMAIL_NOT_VERIFIED' });
  });

  test('a confirmation mail contains no link to another site, however the redirect target is spelled', async () => {
    for (const callbackURL of [`${ORIGIN}/tasks`, '/a/../tasks', '/\ttasks', 'http://eve:evil@localhost:3000/tasks']) {
      const email = newAddress();
      await post('/sign-up/email', { name: 'Ada', email, password: PASSWORD, callbackURL });
      const { link = '', text } = await mailTo(email);
      expect(new URL(link).searchParams.get('callbackURL')).toBe('/tasks');
      expect(text).not.toContain('evil');
    }
    for (const callbackURL of ['//evil.example', '/.//evil.example', 'https://evil.example']) {
      const email = newAddress();
      expect((await post('/sign-up/email', { name: 'Ada', email, password: PASSWORD, callbackURL })).status).toBe(403);
      await drainBackgroundWork();
      expect(mails.filter(({ to }) => to.includes(email))).toEqual([]);
    }
  });

  test('a confirmation mail contains no text that was entered at sign-up', async () => {
    const email = newAddress();
    await post('/sign-up/email', { name: 'Win at evil.example.com', email, password: PASSWORD });
    expect((await mailTo(email)).text).not.toContain('evil');
  });

  test('a confirmation link that was tampered with confirms nothing, and one to another site is refused', async () => {
    const email = newAddress();
    await register(email);
    const { link = '' } = await mailTo(email);
    const url = new URL(link);
    url.searchParams.set('token', `${url.searchParams.get('token')?.slice(0, -2)}AA`);
    await open(url.href);
    expect((await signIn({ email, password: PASSWORD })).status).toBe(401);
    const elsewhere = { email, callbackURL: 'https://evil.example.com' };
    expect((await post('/send-verification-email', elsewhere)).status).toBe(403);
  });
});

describe('resetting a password', () => {
  test('a password reset link works once, ends all sessions and invalidates the old password', async () => {
    const email = await verifiedUser();
    const cookie = cookieOf(await signIn({ email, password: PASSWORD }));
    const token = await resetToken(email);
    expect((await post('/reset-password', { token, newPassword: NEW_PASSWORD })).status).toBe(200);
    const session = await send('GET', '/api/auth/get-session', { headers: { Cookie: cookie } });
    expect(await session.json()).toBeNull();
    expect((await signIn({ email, password: PASSWORD })).status).toBe(401);
    expect((await signIn({ email, password: NEW_PASSWORD })).status).toBe(200);
    expect((await post('/reset-password', { token, newPassword: PASSWORD })).status).toBe(400);
    expect((await signIn({ email, password: NEW_PASSWORD })).status).toBe(200);
  });

  test('a password reset applies the password rules, and a refused password does not use up the link', async () => {
    const email = await verifiedUser();
    const token = await resetToken(email);
    for (const newPassword of ['short', 'password1234', email]) {
      expect((await post('/reset-password', { token, newPassword })).status).toBe(400);
    }
    expect((await post('/reset-password', { token, newPassword: NEW_PASSWORD })).status).toBe(200);
  });

  test('password reset links are invalidated by any password change', async () => {
    const email = await verifiedUser();
    const tokens = [await resetToken(email), await resetToken(email), await resetToken(email)];
    await post('/reset-password', { token: tokens[0], newPassword: NEW_PASSWORD });
    expect((await post('/reset-password', { token: tokens[1], newPassword: PASSWORD })).status).toBe(400);

    const pending = await resetToken(email);
    const headers = { Origin: ORIGIN, Cookie: cookieOf(await signIn({ email, password: NEW_PASSWORD })) };
    const body = { currentPassword: NEW_PASSWORD, newPassword: PASSWORD };
    expect((await send('POST', '/api/auth/change-password', { body, headers })).status).toBe(200);
    expect((await post('/reset-password', { token: pending, newPassword: NEW_PASSWORD })).status).toBe(400);
  });

  test('a password reset request returns the same response for an unknown e-mail address, and sends no mail to it', async () => {
    const email = await verifiedUser();
    const requestReset = async (address: string) => {
      const response = await post('/request-password-reset', { email: address });
      return { status: response.status, headers: [...response.headers.keys()], body: await response.json() };
    };
    const forRegistered = await requestReset(email);
    await mailTo(email);
    const unknown = newAddress();
    expect(await requestReset(unknown)).toEqual(forRegistered);
    await drainBackgroundWork();
    expect(mails.filter(({ to }) => to.includes(unknown))).toEqual([]);
  });

  test('a password reset link leads to our own origin, whatever Host the request has', async () => {
    const email = await verifiedUser();
    const headers = { Origin: ORIGIN, Host: 'evil.example.com', 'X-Forwarded-Host': 'evil.example.com' };
    const body = { email, redirectTo: '/elsewhere' };
    await send('POST', 'http://evil.example.com/api/auth/request-password-reset', { body, headers });
    const { text, link } = await mailTo(email);
    expect(link?.startsWith(`${ORIGIN}/reset-password?token=`)).toBe(true);
    expect(text).not.toContain('evil');
  });

  test('the database does not contain the token of a password reset link', async () => {
    const email = await verifiedUser();
    const token = await resetToken(email);
    const { db } = await getApp();
    const { rows } = await db.ownerDb.execute('select * from verification');
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(token);
  });
});

describe('response times with mail', () => {
  test.each([
    ['/sign-up/email', { name: 'Ada', password: PASSWORD }],
    ['/request-password-reset', {}],
  ])('%s takes at least half a second, whether or not the e-mail address is registered', async (path, body) => {
    for (const email of [await verifiedUser(), newAddress()]) {
      const started = performance.now();
      await post(path, { ...body, email });
      expect(performance.now() - started).toBeGreaterThan(490);
    }
  });

  test('sign-up responds before its mail has been delivered', async () => {
    smtpBehavior = 'slow';
    const email = newAddress();
    const sent = vi.fn();
    expect((await register(email)).status).toBe(200);
    drainBackgroundWork().then(sent);
    await mailTo(email);
    expect(sent).not.toHaveBeenCalled();
    await expect.poll(() => sent.mock.calls.length, { timeout: 5_000 }).toBe(1);
  });

  test('a serverless function is kept alive until its mail has been delivered', async () => {
    const work: Promise<unknown>[] = [];
    const host = Symbol.for('@next/request-context');
    Object.assign(globalThis, {
      [host]: { get: () => ({ waitUntil: (promise: Promise<unknown>) => work.push(promise) }) },
    });
    const email = newAddress();
    await register(email);
    Reflect.deleteProperty(globalThis, host);
    expect(work).toHaveLength(1);
    await work[0];
    expect(mails).toContainEqual(expect.objectContaining({ to: [email] }));
  });
});

describe('a mailbox is sent five mails an hour', () => {
  const mailsTo = async (email: string) => {
    await drainBackgroundWork();
    return mails.filter(({ to }) => to.some((address) => address.toLowerCase() === email.toLowerCase())).length;
  };

  test.each<[string, (email: string) => Promise<Response>]>([
    ['signs up', register],
    ['signs up in other case', (email) => register(email.toUpperCase())],
    ['signs in', (email) => signIn({ email, password: PASSWORD })],
    ['asks for a link to confirm it', (email) => post('/send-verification-email', { email })],
    ['asks for a new password', (email) => post('/request-password-reset', { email })],
  ])(
    'a mailbox is sent five mails an hour and the response stays the same, however often someone %s',
    async (_, requestReset) => {
      const email = newAddress();
      await register(email);
      const shape = async () => {
        const response = await requestReset(email);
        const { request_id: _, user, ...rest } = await response.json();
        return {
          status: response.status,
          headers: [...response.headers.keys()],
          fields: Object.keys(user ?? {}),
          rest,
        };
      };
      const first = await shape();
      for (const later of await Promise.all(Array.from({ length: 8 }, shape))) expect(later).toEqual(first);
      expect(await mailsTo(email)).toBe(5);
      const withheld = loggedEvents().filter(({ event }) => event === 'mail_withheld');
      expect(withheld.length).toBeGreaterThanOrEqual(5);
      expect(JSON.stringify(withheld)).not.toContain('@');
    },
  );

  test('a mailbox is sent five mails an hour of all kinds together, without affecting other mailboxes', async () => {
    const email = newAddress();
    await register(email);
    await Promise.all([
      ...[register(email), signIn({ email, password: PASSWORD }), signIn({ email, password: PASSWORD })],
      ...['/send-verification-email', '/request-password-reset', '/request-password-reset'].map((path) =>
        post(path, { email }),
      ),
    ]);
    expect(await mailsTo(email)).toBe(5);
    const other = newAddress();
    await register(other);
    expect(await mailsTo(other)).toBe(1);
  });
});

test('e-mail confirmation and password reset are logged with the user id', async () => {
  const email = await verifiedUser();
  const { user } = await (await signIn({ email, password: PASSWORD })).json();
  const token = await resetToken(email);
  await post('/reset-password', { token, newPassword: NEW_PASSWORD });
  const events = loggedEvents()
    .filter(({ user_id }) => user_id === user.id)
    .map(({ event }) => event);
  expect(events).toEqual(['sign_up', 'email_verified', 'sign_in', 'password_reset_requested', 'password_reset']);
});

test('a mail that cannot be delivered is logged without the e-mail address, and the response stays the same', async () => {
  smtpBehavior = 'refusing';
  const email = newAddress();
  expect((await register(email)).status).toBe(200);
  const failures = async () => loggedEvents().filter(({ event }) => event === 'mail_not_sent');
  await expect.poll(failures).toHaveLength(1);
  const [failure] = await failures();
  expect(failure).toMatchObject({ code: 'EMESSAGE', response: 550 });
  expect(JSON.stringify(failure)).not.toContain('@');
});

test('a mail server on another machine is sent nothing without TLS', async () => {
  const { log } = await getApp();
  const { port } = smtp.server.address() as AddressInfo;
  // It leads to this machine, but by a name that is not a loopback address.
  const mailer = createMailer({ url: `smtp://0.0.0.0:${port}`, from: SMTP_FROM }, log);
  const to = newAddress();
  mailer.send({ to, subject: 'Secret', text: 'Secret' });
  await drainBackgroundWork();
  expect(mails.filter((mail) => mail.to.includes(to))).toEqual([]);
  expect(loggedEvents().at(-1)).toMatchObject({ event: 'mail_not_sent', subject: 'Secret', command: 'STARTTLS' });
});
