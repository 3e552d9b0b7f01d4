import type { Page } from '@playwright/test';
import { expect, test } from './fixtures';
import { onPostgres, startOn } from './server';

/** Sign-up, sign-in and password reset. */

const alertOf = (page: Page) => page.getByRole('main').getByRole('alert');

test('sign-in shows what is wrong at its field, and follows no redirect to another site', async ({
  newUser,
  newContext,
  pageErrors,
}) => {
  pageErrors.expected.push(/401 .*\/sign-in\/email/);
  const ada = await newUser();
  const page = await (await newContext()).newPage();
  await page.goto('/sign-in?next=https%3A%2F%2Fevil.example%2F');
  const password = page.getByLabel('Password');
  await page.getByLabel('Email').fill(ada.email);
  await password.fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(alertOf(page)).toHaveText('Wrong email or password.');
  await expect(password).toHaveAccessibleDescription('Wrong email or password.');
  await expect(password).toHaveAttribute('aria-invalid', 'true');
  await expect(password).toBeFocused();
  await password.fill(ada.password);
  await expect(alertOf(page)).toHaveCount(0);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL('/tasks');
  await page.goto('/sign-in');
  await expect(page).toHaveURL('/tasks');
});

test('after sign-in no redirect to another site is followed, however it is spelled', async ({
  newUser,
  newContext,
}) => {
  const ada = await newUser();
  for (const next of ['/.//evil.example', '/\\evil.example', '/\t/evil.example', '/a/..//evil.example']) {
    const page = await (await newContext()).newPage();
    await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
    await page.getByLabel('Email').fill(ada.email);
    await page.getByLabel('Password').fill(ada.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page).toHaveURL('/tasks');
  }
});

test('a form starts with the focus in its first field, but not on a touch screen', async ({ browser, server }) => {
  const fields = [
    ['/sign-in', 'Email'],
    ['/sign-up', 'Name'],
    ['/reset-password?token=nonsense', 'New password'],
  ] as const;
  for (const hasTouch of [false, true]) {
    const context = await browser.newContext({ baseURL: server.origin, hasTouch, isMobile: hasTouch });
    const page = await context.newPage();
    for (const [path, label] of fields) {
      await page.goto(path);
      await expect(page.locator('form').getByRole('button')).toBeEnabled();
      const field = page.getByLabel(label, { exact: true });
      if (hasTouch) await expect(field).not.toBeFocused();
      else await expect(field).toBeFocused();
    }
    await context.close();
  }
});

test('sign-up requires a full e-mail address and a password of 12 characters', async ({ newContext, pageErrors }) => {
  pageErrors.expected.push(/400 .*\/sign-up\/email/);
  const page = await (await newContext()).newPage();
  await page.goto('/sign-up');
  const submit = page.getByRole('button', { name: 'Create account' });
  const [name, email] = [page.getByLabel('Name'), page.getByLabel('Email')];
  const password = page.getByRole('textbox', { name: 'Password' });

  await submit.click();
  await expect(name).toHaveAccessibleDescription('Enter your name.');
  await expect(name).toBeFocused();
  await name.fill('Ada');
  await email.fill('ada');
  await password.fill('short');
  await submit.click();
  await expect(email).toHaveAccessibleDescription('Enter a full email address, like name@example.com.');
  await expect(email).toBeFocused();
  await email.fill('ada@example');
  await submit.click();
  await expect(password).toHaveAccessibleDescription(/^Use at least 12 characters\./);
  await expect(password).toBeFocused();
  await page.getByLabel('Show password').check();
  await expect(password).toHaveAttribute('type', 'text');
  await password.fill('long enough by far');
  await submit.click();
  // The browser accepts this address, and the server does not.
  await expect(email).toHaveAccessibleDescription('Enter a full email address, like name@example.com.');
  await expect(email).toBeFocused();
});

test('sign-up refuses a used e-mail address and a common password, each at its field', async ({
  newUser,
  newContext,
  pageErrors,
}) => {
  pageErrors.expected.push(/4(00|22) .*\/sign-up\/email/);
  const ada = await newUser();
  const page = await (await newContext()).newPage();
  await page.goto('/sign-up');
  const submit = page.getByRole('button', { name: 'Create account' });
  const password = page.getByRole('textbox', { name: 'Password' });
  await page.getByLabel('Name').fill('Ada');
  await page.getByLabel('Email').fill(ada.email);
  await password.fill('passwordpassword');
  await submit.click();
  await expect(password).toHaveAccessibleDescription(/too common. Try three or four unrelated words/);
  await password.fill('long enough by far');
  await submit.click();
  await expect(page.getByLabel('Email')).toHaveAccessibleDescription(/already has an account/);
  await expect(page.getByLabel('Email')).toBeFocused();
});

test('a password form never puts passwords into the URL, even before its script has loaded', async ({ newContext }) => {
  const context = await newContext();
  const page = await context.newPage();
  await page.route('**/*.js', (route) => route.fulfill({ body: '', contentType: 'text/javascript' }));
  await page.goto('/sign-in');
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeDisabled();
  await expect(page.locator('form')).toHaveAttribute('method', 'post');
});

test('form fields have the limits of the API', async ({ newContext, pageErrors }) => {
  pageErrors.expected.push(/400 .*\/sign-up\/email/);
  const page = await (await newContext()).newPage();
  const { components } = await (await page.request.get('/api/openapi.json')).json();
  const { name, email, password } = components.schemas.SignUp.properties;
  await page.goto('/sign-up');
  await expect(page.getByLabel('Name')).toHaveAttribute('maxlength', String(name.maxLength));
  await expect(page.getByLabel('Email')).toHaveAttribute('maxlength', String(email.maxLength));
  const field = page.getByRole('textbox', { name: 'Password' });
  await expect(field).toHaveAttribute('minlength', String(password.minLength));
  await expect(page.getByText(`${password.minLength} to ${password.maxLength} characters`)).toBeVisible();
  await page.getByLabel('Name').fill('Ada');
  await page.getByLabel('Email').fill('ada@example.com');
  await field.fill(`pass ${'x'.repeat(password.maxLength)}`);
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(alertOf(page)).toHaveText('Use at most 128 characters.');
});

test('without a connection, a form says so and can be sent again', async ({ newUser, newContext, pageErrors }) => {
  pageErrors.expected.push(/ERR_INTERNET_DISCONNECTED/);
  const ada = await newUser();
  const context = await newContext();
  const page = await context.newPage();
  await page.goto('/sign-in');
  await page.getByLabel('Email').fill(ada.email);
  await page.getByLabel('Password').fill(ada.password);
  await context.setOffline(true);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(alertOf(page)).toContainText("Couldn't reach the server");
  await context.setOffline(false);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL('/tasks');
});

test('an expired password reset link leads to a new one', async ({ newContext, pageErrors }) => {
  pageErrors.expected.push(/400 .*\/reset-password/);
  const page = await (await newContext()).newPage();
  await page.goto('/reset-password?error=INVALID_TOKEN');
  await expect(alertOf(page)).toContainText('This link has expired or was already used.');
  await page.goto('/reset-password?token=nonsense');
  await page.getByLabel('New password').fill('another password entirely');
  await expect(page).toHaveURL('/reset-password');
  await page.getByRole('button', { name: 'Set new password' }).click();
  await expect(page.getByRole('status')).toContainText('This link has expired or was already used.');
  await expect(page.getByRole('link', { name: 'Request a new link' })).toHaveAttribute('href', '/reset-password');
});

test('a server without mail offers no password reset', async ({ newContext }) => {
  const page = await (await newContext()).newPage();
  await page.goto('/sign-in');
  await expect(page.getByRole('link', { name: 'Create an account' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Forgot your password?' })).toHaveCount(0);
  await page.goto('/reset-password');
  await expect(page.getByText('This server doesn’t send email')).toBeVisible();
  await expect(page.locator('form')).toHaveCount(0);
});

test('the logo and the first page lead to the tasks for who is signed in', async ({
  newUser,
  newContext,
  pageErrors,
}) => {
  pageErrors.expected.push(/404 .*\/nowhere/);
  const stranger = await (await newContext()).newPage();
  await stranger.goto('/');
  await expect(stranger.getByRole('link', { name: 'Create an account' })).toBeVisible();
  await expect(stranger.getByRole('link', { name: 'Taskward' })).toHaveAttribute('href', '/');
  const page = await (await newUser()).open('/');
  await expect(page.getByRole('link', { name: 'Open your tasks' })).toHaveAttribute('href', '/tasks');
  await expect(page.getByRole('link', { name: 'Create an account' })).toHaveCount(0);
  for (const path of ['/', '/account', '/docs', '/problems/forbidden', '/nowhere']) {
    await page.goto(path);
    await expect(page.getByRole('link', { name: 'Taskward' }), path).toHaveAttribute('href', '/tasks');
  }
});

test('without a database, public pages are shown as to a stranger, and others lead on', async ({ browser }) => {
  test.slow();
  const database = await onPostgres();
  const server = await startOn(database.url);
  try {
    const context = await browser.newContext({ baseURL: server.origin });
    const data = { name: 'Ada', email: 'ada@example.com', password: 'long enough by far' };
    expect((await context.request.post('/api/auth/sign-up/email', { data })).status()).toBe(200);
    await database.dispose();
    const page = await context.newPage();
    expect((await page.goto('/'))?.status()).toBe(200);
    await expect(page.getByRole('link', { name: 'Create an account' })).toBeVisible();
    expect((await page.goto('/account'))?.status()).toBe(500);
    await expect(page.getByRole('heading', { name: 'Something went wrong' })).toBeVisible();
    await expect(page.getByText(/^Reference: \d+/)).toBeVisible();
    await expect(page.getByRole('link', { name: 'Open your tasks' })).toHaveAttribute('href', '/tasks');
    const reloaded = page.waitForResponse((response) => response.url().endsWith('/account'));
    await page.getByRole('button', { name: 'Try again' }).click();
    expect((await reloaded).status()).toBe(500);
  } finally {
    await server.dispose();
  }
});
