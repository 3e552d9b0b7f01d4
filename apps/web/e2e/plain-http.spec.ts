import { chromium } from '@playwright/test';
import { findBrowser } from './browser';
import { expect, test, watch } from './fixtures';
import { freePort, startServer } from './server';

/**
 * Over plain HTTP browsers consider an origin secure only on the same machine; elsewhere, as in a LAN, they leave
 * out APIs such as `crypto.randomUUID` and `navigator.clipboard` (https://www.w3.org/TR/secure-contexts/).
 */
test('every page works over plain HTTP', async ({ engine, pageErrors }) => {
  test.slow();
  // Browsers ignore that header there, and report it.
  pageErrors.expected.push(/Cross-Origin-Opener-Policy/);
  const port = await freePort();
  const origin = `http://tasks.test:${port}`;
  const server = await startServer(engine, { PORT: String(port), BETTER_AUTH_URL: origin, ALLOW_HTTP: '1' });
  const options = await findBrowser();
  const args = [...(options.args ?? []), '--host-resolver-rules=MAP tasks.test 127.0.0.1'];
  const browser = await chromium.launch({ ...options, args });
  try {
    const context = await browser.newContext({ baseURL: origin });
    await watch(context, origin, pageErrors.messages);
    const page = await context.newPage();
    await page.goto('/sign-up');
    expect(await page.evaluate(() => [isSecureContext, 'randomUUID' in crypto])).toEqual([false, false]);
    await page.getByLabel('Name').fill('Ada');
    await page.getByLabel('Email').fill('ada@example.com');
    await page.getByLabel('Password').fill('correct horse battery');
    await page.getByRole('button', { name: 'Create the account' }).click();

    const rows = page.getByRole('list', { name: 'Tasks' }).getByRole('listitem');
    await page.getByLabel('New task').fill('One');
    await page.getByLabel('New task').press('Enter');
    await expect(rows.getByRole('checkbox')).toBeEnabled();
    await page.getByRole('button', { name: 'Edit One' }).click();
    await page.getByRole('form').getByLabel('Title').fill('Two');
    await page.getByRole('button', { name: 'Save' }).click();
    await rows.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Delete Two' }).click();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.reload();
    await expect(page.getByText('1 task, 1 done')).toBeVisible();
    await expect(rows).toContainText('Two');

    await page.goto('/account');
    await page.getByRole('button', { name: 'Get a token' }).click();
    await page.getByRole('button', { name: 'Copy Token' }).click();
    await expect(page.getByRole('button', { name: 'Copied Token' })).toBeVisible();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page).toHaveURL('/');

    await page.goto('/docs');
    await expect(page.getByText('/api/auth/sign-up/email')).toBeVisible();
    await page.goto('/sign-in');
    await page.getByLabel('Email').fill('ada@example.com');
    await page.getByLabel('Password').fill('correct horse battery');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByText('1 task, 1 done')).toBeVisible();
  } finally {
    await browser.close();
    await server.dispose();
  }
});
