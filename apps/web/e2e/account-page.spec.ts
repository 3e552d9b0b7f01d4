import type { Page } from '@playwright/test';
import { expect, test } from './fixtures';

/** The account page, and the theme that is chosen there. */

test.describe('the account page', () => {
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

  test('the name can be changed', async ({ newUser }) => {
    const ada = await newUser();
    const page = await ada.open('/account');
    await page.getByLabel('Name').fill('Ada Byron');
    await page.getByRole('button', { name: 'Save name' }).click();
    await expect(page.getByText('Name saved.')).toBeVisible();
    await page.reload();
    await expect(page.getByLabel('Name')).toHaveValue('Ada Byron');
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
    const sessions = page.getByRole('list', { name: 'Sessions' }).getByRole('listitem');
    await expect(sessions).toHaveCount(4);
    await expect(sessions.first()).toContainText('This device · signed in');
    await expect(sessions.filter({ hasText: 'This device' })).toHaveCount(1);
    await expect(sessions.first(), 'a loopback address says nothing').not.toContainText(/127\.0\.0\.1|::/);
    await sessions.getByRole('button', { name: 'Sign out' }).first().click();
    await expect(sessions).toHaveCount(3);
    await expect(page.getByRole('list', { name: 'Sessions' })).toBeFocused();
    expect((await statuses()).sort()).toEqual([200, 200, 401]);
    await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await expect(sessions).toHaveCount(1);
    expect(await statuses()).toEqual([401, 401, 401]);
    await page.reload();
    await expect(sessions).toHaveCount(1);
  });

  test('after a password change only the new password signs in', async ({ newUser, newContext, pageErrors }) => {
    pageErrors.expected.push(/400 .*\/change-password/);
    const ada = await newUser();
    const signIn = async (password: string) => {
      const { request } = await newContext();
      return (await request.post('/api/auth/sign-in/email', { data: { email: ada.email, password } })).status();
    };
    expect(await signIn(ada.password)).toBe(200);
    const page = await ada.open('/account');
    const sessions = page.getByRole('list', { name: 'Sessions' }).getByRole('listitem');
    await expect(sessions).toHaveCount(2);
    const form = page.locator('form').filter({ hasText: 'Current password' });
    const current = form.getByLabel('Current password');
    const submit = form.getByRole('button', { name: 'Change password' });
    await current.fill('not the password');
    await form.getByLabel('New password').fill('another password entirely');
    await submit.click();
    await expect(current).toHaveAccessibleDescription('Wrong password.');
    await expect(current).toBeFocused();
    await current.fill(ada.password);
    await submit.click();
    await expect(page.getByText('Password changed.')).toBeVisible();
    await expect(form.getByText('This signs you out everywhere else, within 15 minutes.')).toBeVisible();
    await expect(form.getByLabel('New password')).toHaveValue('');
    await expect(sessions).toHaveCount(1);
    await expect(sessions).toContainText('This device');
    expect([await signIn(ada.password), await signIn('another password entirely')]).toEqual([401, 200]);
  });

  test('a deleted account is deleted with all of its tasks', async ({ newUser, newContext, pageErrors }) => {
    pageErrors.expected.push(/400 .*\/delete-user/);
    const ada = await newUser();
    await ada.call('POST', '', { title: 'Deleted with the account' });
    const page = await ada.open('/account');
    const open = page.getByRole('button', { name: 'Delete account…' });
    await open.click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('heading', { name: 'Delete your account?' })).toBeFocused();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await expect(dialog).toHaveCount(0);
    await expect(open).toBeFocused();

    await open.click();
    await dialog.getByLabel('Password').fill('not the password');
    await dialog.getByRole('button', { name: 'Delete account' }).click();
    await expect(dialog.getByRole('alert')).toHaveText('Wrong password.');
    await dialog.getByLabel('Password').fill(ada.password);
    await dialog.getByRole('button', { name: 'Delete account' }).click();
    await expect(page).toHaveURL('/');
    const { request } = await newContext();
    const { email, password } = ada;
    expect((await request.post('/api/auth/sign-in/email', { data: { email, password } })).status()).toBe(401);
    await page.goto('/tasks');
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  });

  test('a dialog closes by Escape and by a click beside it', async ({ newUser }) => {
    const page = await (await newUser()).open('/account');
    const dialog = page.getByRole('dialog');
    const leave = [
      () => page.keyboard.press('Escape'),
      () => page.mouse.click(5, 5),
      async () => {
        // As in a browser that does not know the attribute `closedby`.
        await page.evaluate(() => Reflect.deleteProperty(HTMLDialogElement.prototype, 'closedBy'));
        await dialog.evaluate((element) => element.setAttribute('closedby', 'closerequest'));
        await page.mouse.click(5, 5);
      },
    ];
    for (const close of leave) {
      await page.getByRole('button', { name: 'Delete account…' }).click();
      await dialog.getByLabel('Password').click();
      await expect(dialog).toBeVisible();
      await close();
      await expect(dialog).toHaveCount(0);
    }
  });
});

test.describe('the theme', () => {
  const backgroundOf = (page: Page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const [LIGHT, DARK] = ['rgb(247, 247, 245)', 'rgb(19, 21, 23)'];

  test('a chosen theme applies at once, and to every page after it', async ({ newUser }) => {
    const ada = await newUser();
    const page = await ada.open('/account');
    await page.emulateMedia({ colorScheme: 'light' });
    const theme = page.getByRole('group', { name: 'Theme' });
    await expect(theme.getByLabel('System')).toBeChecked();
    await theme.getByLabel('Dark').check();
    expect(await backgroundOf(page)).toBe(DARK);
    await page.reload();
    await expect(theme.getByLabel('Dark')).toBeChecked();
    await page.goto('/');
    expect(await backgroundOf(page)).toBe(DARK);
    await expect(page.locator('meta[name="color-scheme"]')).toHaveAttribute('content', 'dark');
    const [cookie] = (await ada.context.cookies()).filter(({ name }) => name === 'theme');
    expect(cookie).toMatchObject({ value: 'dark', sameSite: 'Lax', path: '/' });
  });

  test('the theme of the system is followed until another one is chosen', async ({ newUser }) => {
    const ada = await newUser();
    const page = await ada.open('/account');
    const theme = page.getByRole('group', { name: 'Theme' });
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await backgroundOf(page)).toBe(DARK);
    await theme.getByLabel('Light').check();
    expect(await backgroundOf(page)).toBe(LIGHT);
    await theme.getByLabel('System').check();
    expect(await backgroundOf(page)).toBe(DARK);
    expect((await ada.context.cookies()).some(({ name }) => name === 'theme')).toBe(false);
  });
});
