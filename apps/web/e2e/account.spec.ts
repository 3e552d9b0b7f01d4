import { expect, test } from './fixtures';

/** Accounts: who signs in, how, and what they can do about it. */

test('sign-in shows what is wrong, and follows no redirect to another site', async ({
  newUser,
  newContext,
  pageErrors,
}) => {
  pageErrors.expected.push(/401 .*\/sign-in\/email/);
  const ada = await newUser();
  const page = await (await newContext()).newPage();
  await page.goto('/sign-in?next=https%3A%2F%2Fevil.example%2F');
  await page.getByLabel('Email').fill(ada.email);
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('main').getByRole('alert')).toHaveText('Invalid email or password');
  await page.getByLabel('Password').fill(ada.password);
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

test('sign-up requires a password of 12 characters and an unused e-mail address', async ({
  newUser,
  newContext,
  pageErrors,
}) => {
  pageErrors.expected.push(/422 .*\/sign-up\/email/);
  const ada = await newUser();
  const page = await (await newContext()).newPage();
  await page.goto('/sign-up');
  await page.getByLabel('Name').fill('Ada');
  await page.getByLabel('Email').fill(ada.email);
  const password = page.getByRole('textbox', { name: 'Password' });
  await password.fill('short');
  await page.getByRole('button', { name: 'Create the account' }).click();
  expect(await password.evaluate((input: HTMLInputElement) => input.validity.tooShort)).toBe(true);
  await page.getByLabel('Show it').check();
  await expect(password).toHaveAttribute('type', 'text');
  await password.fill('long enough by far');
  await page.getByRole('button', { name: 'Create the account' }).click();
  await expect(page.getByRole('main').getByRole('alert')).toContainText('already exists');
});

test('a password form never puts passwords into the URL, even before its script has loaded', async ({ newContext }) => {
  const context = await newContext();
  const page = await context.newPage();
  await page.route('**/*.js', (route) => route.fulfill({ body: '', contentType: 'text/javascript' }));
  await page.goto('/sign-in');
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeDisabled();
  await expect(page.locator('form')).toHaveAttribute('method', 'post');
});

test('a copied token works outside the browser', async ({ newUser }) => {
  const ada = await newUser();
  await ada.call('POST', '', { title: 'For curl' });
  await ada.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await ada.open('/account');
  await page.getByRole('button', { name: 'Get a token' }).click();
  await page.getByRole('button', { name: 'Copy Token' }).click();
  await expect(page.getByRole('button', { name: 'Copied Token' })).toBeVisible();
  const token = await page.evaluate(() => navigator.clipboard.readText());
  const headers = { Authorization: `Bearer ${token}` };
  const response = await fetch(`${ada.origin}/api/${ada.id}/tasks`, { headers });
  expect(await response.json()).toMatchObject({ data: [{ title: 'For curl' }] });
  await expect(page.getByLabel('Try it')).toHaveValue(
    `curl -H 'Authorization: Bearer ${token}' ${ada.origin}/api/${ada.id}/tasks`,
  );
});

test('sessions are listed, and revoked one by one or all others at once', async ({ newUser, newContext }) => {
  const ada = await newUser();
  const elsewhere = async () => {
    const context = await newContext();
    const { email, password } = ada;
    const response = await context.request.post('/api/auth/sign-in/email', { data: { email, password } });
    expect(response.status()).toBe(200);
    return async () => (await context.request.get('/api/auth/token')).status();
  };
  const others = [await elsewhere(), await elsewhere(), await elsewhere()];
  const statuses = () => Promise.all(others.map((statusOf) => statusOf()));
  const page = await ada.open('/account');
  const sessions = page.getByRole('listitem');
  await expect(sessions).toHaveCount(4);
  await expect(sessions.filter({ hasText: 'This one' })).toHaveCount(1);
  await sessions.getByRole('button', { name: 'End' }).first().click();
  await expect(sessions).toHaveCount(3);
  expect((await statuses()).sort()).toEqual([200, 200, 401]);
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await expect(sessions).toHaveCount(1);
  expect(await statuses()).toEqual([401, 401, 401]);
  await page.reload();
  await expect(sessions).toHaveCount(1);
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
  await page.getByRole('button', { name: 'Create the account' }).click();
  await expect(page.getByRole('main').getByRole('alert')).toHaveText('A password has at most 128 characters.');
});

test('after a password change only the new password signs in', async ({ newUser, newContext, pageErrors }) => {
  pageErrors.expected.push(/400 .*\/change-password/);
  const ada = await newUser();
  const page = await ada.open('/account');
  const form = page.locator('form');
  await form.getByLabel('Current password').fill('not the password');
  await form.getByLabel('New password').fill('another password entirely');
  await form.getByRole('button').click();
  await expect(form.getByRole('alert')).toHaveText('Invalid password');
  await form.getByLabel('Current password').fill(ada.password);
  await form.getByRole('button').click();
  await expect(page.getByText('The password is changed.')).toBeVisible();
  await expect(form.getByRole('checkbox', { name: 'Sign out everywhere else' })).toHaveCount(0);
  await expect(form.getByText('This signs you out everywhere else.')).toBeVisible();
  await expect(form.getByLabel('New password')).toHaveValue('');
  const { request } = await newContext();
  const signIn = async (password: string) =>
    (await request.post('/api/auth/sign-in/email', { data: { email: ada.email, password } })).status();
  expect([await signIn(ada.password), await signIn('another password entirely')]).toEqual([401, 200]);
});

test('an invalid password reset link is refused with a message', async ({ newContext, pageErrors }) => {
  pageErrors.expected.push(/400 .*\/reset-password/);
  const page = await (await newContext()).newPage();
  await page.goto('/reset-password?error=INVALID_TOKEN');
  await expect(page.getByRole('main').getByRole('alert').first()).toContainText('too old');
  await page.goto('/reset-password?token=nonsense');
  await page.getByLabel('New password').fill('another password entirely');
  await expect(page).toHaveURL('/reset-password');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await expect(page.getByRole('main').getByRole('alert')).toHaveText(/invalid token/i);
});

test('a deleted account is deleted with all of its tasks', async ({ newUser, newContext, pageErrors }) => {
  pageErrors.expected.push(/400 .*\/delete-user/);
  const ada = await newUser();
  await ada.call('POST', '', { title: 'Deleted with the account' });
  const page = await ada.open('/account');
  await page.getByRole('button', { name: 'Delete the account…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Password').fill('not the password');
  await dialog.getByRole('button', { name: 'Delete my account' }).click();
  await expect(dialog.getByRole('alert')).toHaveText('Invalid password');
  await dialog.getByLabel('Password').fill(ada.password);
  await dialog.getByRole('button', { name: 'Delete my account' }).click();
  await expect(page).toHaveURL('/');
  const { request } = await newContext();
  const { email, password } = ada;
  expect((await request.post('/api/auth/sign-in/email', { data: { email, password } })).status()).toBe(401);
  await page.goto('/tasks');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
});

test('a server without mail says that it sends no mail', async ({ newContext, pageErrors }) => {
  pageErrors.expected.push(/400 .*\/request-password-reset/);
  const page = await (await newContext()).newPage();
  await page.goto('/reset-password');
  await page.getByLabel('Email').fill('ada@example.com');
  await page.getByRole('button', { name: 'Send me a link' }).click();
  await expect(page.getByRole('main').getByRole('alert')).toHaveText("Reset password isn't enabled");
});
