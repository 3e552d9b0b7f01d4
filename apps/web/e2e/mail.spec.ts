import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import { SMTPServer } from 'smtp-server';
import { expect, test, watch } from './fixtures';
import { type Server, startServer } from './server';

/** Receives mail, and returns the link in the latest one. */
async function startMailbox() {
  const mails: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push(Buffer.concat(chunks).toString().replaceAll('=\r\n', '').replaceAll('=3D', '='));
        done();
      });
    },
  });
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    linkTo: (path: string) => new RegExp(`http:\\S+${path}\\S*`).exec(mails.at(-1) ?? '')?.[0] ?? '',
    stop: () => new Promise<void>((resolve) => server.close(resolve)),
  };
}

const signIn = async (page: Page, email: string, password: string) => {
  await page.goto('/sign-in');
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
};

let mailbox: Awaited<ReturnType<typeof startMailbox>>;
let server: Server;

test.beforeAll(async () => {
  mailbox = await startMailbox();
  server = await startServer('pglite', { SMTP_URL: mailbox.url, SMTP_FROM: 'tasks@example.com' });
});

test.afterAll(async () => {
  await server.dispose();
  await mailbox.stop();
});

test('with a mail server, an e-mail address is confirmed and a forgotten password is reset', async ({
  browser,
  pageErrors,
}) => {
  pageErrors.expected.push(/401 .*\/sign-in\/email/);
  const context = await browser.newContext({ baseURL: server.origin });
  await watch(context, server.origin, pageErrors.messages);
  const page = await context.newPage();
  const email = 'grace@example.com';

  await page.goto('/sign-up');
  await page.getByLabel('Name').fill('Grace Hopper');
  await page.getByLabel('Email').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill('the first of two passwords');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByText('Check your email.')).toBeVisible();
  await signIn(page, email, 'the first of two passwords');
  await expect(page.getByRole('main').getByRole('alert')).toHaveText('Wrong email or password.');
  await expect(page.getByText('Confirm your email first')).toBeVisible();
  await expect.poll(() => mailbox.linkTo('/verify-email')).not.toBe('');
  await page.goto(mailbox.linkTo('/verify-email'));
  await expect(page.getByText('Your email is confirmed.')).toBeVisible();
  await page.goto(mailbox.linkTo('/verify-email').replace(/token=[^&]*/, 'token=nonsense'));
  await expect(page.getByRole('main').getByRole('alert')).toContainText('This link has expired or was already used.');
  await signIn(page, email, 'the first of two passwords');
  await expect(page).toHaveURL('/tasks');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL('/');

  await page.goto('/sign-in');
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await page.getByLabel('Email').fill(email);
  await page.getByRole('button', { name: 'Send link' }).click();
  await expect(page.getByText('Check your email.')).toBeVisible();
  await expect.poll(() => mailbox.linkTo('/reset-password')).not.toBe('');
  await page.goto(mailbox.linkTo('/reset-password'));
  await page.getByLabel('New password').fill('the second of two passwords');
  await page.getByRole('button', { name: 'Set new password' }).click();
  await expect(page.getByText('Password changed.')).toBeVisible();
  await signIn(page, email, 'the first of two passwords');
  await expect(page.getByRole('main').getByRole('alert')).toHaveText('Wrong email or password.');
  await signIn(page, email, 'the second of two passwords');
  await expect(page).toHaveURL('/tasks');
});
