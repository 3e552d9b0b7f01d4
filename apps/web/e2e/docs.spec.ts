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

test('the type of a problem links to its explanation', async ({ newUser }) => {
  const ada = await newUser();
  const { body } = await ada.call('GET', '/nothing');
  const page = await ada.open(body.type);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(body.title);
});
