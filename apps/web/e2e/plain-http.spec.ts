import { chromium } from '@playwright/test';
import { findBrowser } from './browser';
import { expect, test, watch } from './fixtures';
import { freePort, startServer } from './server';
import { add, checkboxOf, goTo, remove, rename, signIn, undo } from './task-page';

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
    await page.getByRole('textbox', { name: 'Password' }).fill('correct horse battery');
    await page.getByRole('button', { name: 'Create account' }).click();

    await add(page, 'One');
    await rename(page, 'One', 'Two');
    await remove(page, 'Two');
    await undo(page);
    await checkboxOf(page, 'Two').click();
    const isDone = page.getByRole('heading', { name: 'All done' });
    await expect(isDone).toBeVisible();
    await page.reload();
    await expect(isDone).toBeVisible();

    await page.goto('/account');
    await page.getByRole('button', { name: 'Get a token' }).click();
    await page.getByRole('button', { name: 'Copy Token' }).click();
    await expect(page.getByRole('button', { name: 'Copied Token' })).toBeVisible();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page).toHaveURL('/');

    await page.goto('/docs');
    await expect(page.getByText('/api/auth/sign-up/email')).toBeVisible();
    await page.goto('/sign-in');
    await signIn(page, { email: 'ada@example.com', password: 'correct horse battery' });
    await expect(isDone).toBeVisible();
    await goTo(page, 'Done');
    await expect(checkboxOf(page, 'Two')).toBeChecked();
  } finally {
    await browser.close();
    await server.dispose();
  }
});
