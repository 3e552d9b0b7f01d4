import { randomUUID } from 'node:crypto';
import type { Page, Response } from '@playwright/test';
import { expect, type SignedUpUser } from './fixtures';

/** The locators and actions that tests of the task page share. */

/** The titles of all rows, in their order. */
export const titlesOf = (page: Page) => page.locator('#tasks').getByRole('button', { name: /^Edit / });

export const titleOf = (page: Page, title: string) =>
  page.locator('#tasks').getByRole('button', { name: `Edit ${title}`, exact: true });

export const rowOf = (page: Page, title: string) =>
  page.locator('#tasks [data-row]').filter({ has: page.getByRole('button', { name: `Edit ${title}`, exact: true }) });

export const checkboxOf = (page: Page, title: string) =>
  page.getByRole('checkbox', { name: new RegExp(`^Mark as (not )?done: ${title}$`) });

export const editorOf = (page: Page) => page.getByRole('form', { name: /^Edit / });

export const messagesOf = (page: Page) => page.getByRole('region', { name: 'Messages' });

/** What the heading says of the number of tasks. */
export const summaryOf = (page: Page) => page.getByRole('main').getByRole('status').first();

export const searchOf = (page: Page) => page.getByRole('searchbox', { name: 'Search' });

export const newTaskOf = (page: Page) => page.getByLabel('New task', { exact: true });

/** Opens the tasks, and waits until the page's script runs. */
export async function openTasks(user: Pick<SignedUpUser, 'open'>, search = ''): Promise<Page> {
  const page = await user.open(`/tasks${search}`);
  await expect(newTaskOf(page)).toBeEnabled();
  return page;
}

/** Waits until the parts of the page that are loaded after it are there, and also work without the server. */
export async function expectStored(page: Page): Promise<void> {
  const isStored = () =>
    page.evaluate(async () => {
      const assets = await caches.match('/tasks/shell/assets.json');
      return assets !== undefined && navigator.serviceWorker.controller !== null;
    });
  await expect.poll(isStored, { timeout: 20_000 }).toBe(true);
}

export async function goTo(page: Page, view: string): Promise<void> {
  const link = page.getByRole('navigation', { name: 'Views and lists' }).getByRole('link', { name: view });
  await link.click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(view);
}

export async function add(page: Page, title: string): Promise<void> {
  await newTaskOf(page).fill(title);
  await newTaskOf(page).press('Enter');
  await expect(titleOf(page, title)).toBeVisible();
}

export async function edit(page: Page, title: string): Promise<void> {
  await titleOf(page, title).click();
  await expect(editorOf(page).getByLabel('Title')).toBeFocused();
}

export async function rename(page: Page, from: string, to: string): Promise<void> {
  await edit(page, from);
  await editorOf(page).getByLabel('Title').fill(to);
  await editorOf(page).getByLabel('Title').press('Enter');
  await expect(titleOf(page, to)).toBeVisible();
}

/** Opens the menu of a task. */
export async function openMenu(page: Page, title: string) {
  await page.getByRole('button', { name: `Due date, priority, list and more: ${title}`, exact: true }).click();
  const menu = page.getByRole('dialog', { name: title, exact: true });
  await expect(menu).toBeVisible();
  return menu;
}

export async function remove(page: Page, title: string): Promise<void> {
  await (await openMenu(page, title)).getByRole('button', { name: 'Delete' }).click();
  await expect(titleOf(page, title)).toBeHidden();
}

export async function undo(page: Page): Promise<void> {
  await messagesOf(page).getByRole('button', { name: 'Undo' }).click();
}

/** The fields of all tasks of a user, as the API has them, in the order of their creation. */
export async function readTasks(user: SignedUpUser): Promise<Record<string, unknown>[]> {
  return (await user.call('GET', '?sort=created_at')).body.data;
}

/** Waits until the API has exactly these tasks, in the order of their creation; of each, these fields. */
export async function expectTasks(user: SignedUpUser, tasks: object[], timeout = 7_000): Promise<void> {
  await expect(async () => expect(await readTasks(user)).toMatchObject(tasks)).toPass({ timeout });
}

/** Fills the form, on its page or in the dialog. */
export async function signIn(page: Page, { email, password }: Record<'email' | 'password', string>): Promise<void> {
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

export const isBatch = (response: Pick<Response, 'url'>) => response.url().endsWith('/batch');

/** Creates tasks by the API, a hundred a request. */
export async function seed(user: SignedUpUser, tasks: readonly object[]): Promise<void> {
  for (let i = 0; i < tasks.length; i += 100) {
    const operations = tasks.slice(i, i + 100).map((body) => ({ op: 'replaceTask', task_id: randomUUID(), body }));
    const { status, body } = await user.call('POST', `/api/${user.id}/batch`, { operations });
    expect(status, JSON.stringify(body)).toBe(200);
  }
}
