import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from './fixtures';

test('the API reference lists the operations, and sends requests as the signed-in user', async ({ newUser }) => {
  const ada = await newUser();
  const page = await ada.open('/docs');
  for (const path of ['/api/{user_id}/tasks', '/api/{user_id}/tasks/{task_id}/complete', '/api/auth/token']) {
    await expect(page.locator(`[data-path="${path}"]`).first()).toBeVisible();
  }
  const create = page.locator('#operations-Tasks-createTask');
  await create.getByRole('button', { name: /POST/ }).first().click();
  await create.getByRole('button', { name: 'Try it out' }).click();
  await create.locator('textarea').fill('{"title":"Tried from the reference"}');
  await create.getByRole('button', { name: 'Execute' }).click();
  await expect(create.locator('.live-responses-table tbody .response-col_status')).toHaveText(/201/);
  expect((await ada.call('GET')).body).toMatchObject({ data: [{ title: 'Tried from the reference' }] });
});

test('the API reference can be read without an account, and asks for a token before a request', async ({
  newContext,
  pageErrors,
}) => {
  pageErrors.expected.push(/401/);
  const page = await (await newContext()).newPage();
  await page.goto('/docs');
  const list = page.locator('#operations-Tasks-listTasks');
  await list.getByRole('button', { name: /GET/ }).first().click();
  await list.getByRole('button', { name: 'Try it out' }).click();
  await list.locator('tr[data-param-name="user_id"] input').fill('somebody');
  await list.getByRole('button', { name: 'Execute' }).click();
  await expect(list.locator('.live-responses-table')).toContainText('/problems/unauthorized');
});

test('the API reference sends a token for every resource of the user', async ({ newUser }) => {
  const page = await (await newUser()).open('/docs');
  const list = page.locator('#operations-Lists-listLists');
  await list.getByRole('button', { name: /GET/ }).first().click();
  await list.getByRole('button', { name: 'Try it out' }).click();
  await list.getByRole('button', { name: 'Execute' }).click();
  await expect(list.locator('.live-responses-table tbody .response-col_status')).toHaveText(/200/);
});

test('the header offers sign-in to strangers, and the tasks to who is signed in', async ({ newUser, newContext }) => {
  const stranger = await (await newContext()).newPage();
  for (const path of ['/docs', '/problems/forbidden']) {
    await stranger.goto(path);
    await expect(stranger.getByRole('link', { name: 'Sign in' })).toHaveAttribute('href', '/sign-in');
    await expect(stranger.getByRole('link', { name: 'Tasks', exact: true })).toHaveCount(0);
  }
  const page = await (await newUser()).open('/docs');
  await expect(page.getByRole('banner').getByRole('link', { name: 'Tasks' })).toHaveAttribute('href', '/tasks');
  await expect(page.getByRole('link', { name: 'Sign in' })).toHaveCount(0);
});

test('axe finds no violation in the API reference, in light and dark mode', async ({ newUser }) => {
  test.slow();
  const page = await (await newUser()).open('/docs');
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const check = async (part: string) => {
    await page.emulateMedia({ colorScheme: 'light' });
    await expect(page.locator('html')).not.toHaveClass(/dark-mode/);
    expect((await new AxeBuilder({ page }).include(part).analyze()).violations, part).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect(page.locator('html')).toHaveClass(/dark-mode/);
    const inTheDark = await new AxeBuilder({ page }).include(part).withRules('color-contrast').analyze();
    expect(inTheDark.violations, `${part}, dark`).toEqual([]);
  };
  const create = page.locator('#operations-Tasks-createTask');
  await expect(create).toBeVisible();
  await check('body');
  await create.getByRole('button', { name: /POST/ }).first().click();
  await create.getByRole('button', { name: 'Try it out' }).click();
  await create.locator('textarea').fill('{"title":"Tried"}');
  await create.getByRole('button', { name: 'Execute' }).click();
  await expect(create.locator('.live-responses-table tbody .response-col_status')).toHaveText(/201/);
  await check('#operations-Tasks-createTask');
});

test('the type of a problem links to its explanation', async ({ newUser }) => {
  const ada = await newUser();
  const { body } = await ada.call('GET', '/nothing');
  const page = await ada.open(body.type);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(body.title);
});
