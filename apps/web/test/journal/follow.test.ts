import type { ChangePage } from '@taskward/api-core';
import { createClient, followChanges } from '@taskward/api-core/client';
import { beforeEach, expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { fetchFromApp, signUp, type TestUser, useApp } from '../harness';
import { createTask, sendAs } from '../task-requests';

useApp();

let user: TestUser;

beforeEach(async () => {
  user = await signUp();
});

const client = createClient({
  baseUrl: '',
  getToken: () => user.token,
  fetch: fetchFromApp,
});
const follow = (options: { since?: string; signal?: AbortSignal } = {}) =>
  followChanges(client, { params: { user_id: user.id }, intervalMs: 10, ...options });

async function nextPage(pages: AsyncGenerator<ChangePage>): Promise<ChangePage> {
  const { value } = await pages.next();
  return value;
}

test('followChanges yields everything, then each change as it is made, and continues from a stored token', async () => {
  const task = await createTask(user);
  const pages = follow();
  expect(await nextPage(pages)).toMatchObject({ reset: true, has_more: false, changes: [{ id: task.id, task }] });
  const next = nextPage(pages);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const other = await createTask(user);
  const { token, ...page } = await next;
  expect(page).toMatchObject({ reset: false, changes: [{ id: other.id, task: other }] });
  await pages.return(undefined as never);
  await sendAs(user, 'DELETE', `/${task.id}`);
  expect(await nextPage(follow({ since: token }))).toMatchObject({ changes: [{ id: task.id, task: null }] });
});

test('followChanges begins again with everything when its token is not valid any more', async () => {
  await createTask(user);
  const pages = follow();
  const { token } = await nextPage(pages);
  await (await getApp()).db.ownerDb.execute(
    `update changes set at = at + interval '1 second' where user_id = '${user.id}'`,
  );
  await (await getApp()).db.ownerDb.execute(
    `update journals set at = at + interval '1 second' where user_id = '${user.id}'`,
  );
  const again = await nextPage(pages);
  expect([again.reset, again.changes.length, again.token === token]).toEqual([true, 1, false]);
});

test('followChanges yields an empty last page of everything, which says that the copy is complete', async () => {
  const pages = ['0~019a5f3e-7a3c-7c61-9d0e-3b1f6a2c4d58', '0', '0'].map((token, i) => {
    return { changes: [], token, has_more: i === 0, reset: i === 0 };
  });
  const controller = new AbortController();
  const listChanges = async () => {
    const body = pages.shift();
    if (!body) controller.abort(new Error('All pages were read.'));
    return { status: 200 as const, body: body ?? first, etag: undefined, replayed: false, revision: undefined };
  };
  const first = { ...(pages[1] as ChangePage) };
  const streamChanges = () => Promise.reject(new Error('There is no stream.'));
  const yielded: boolean[] = [];
  const read = async () => {
    const options = { params: { user_id: 'ada' }, intervalMs: 1, signal: controller.signal };
    for await (const page of followChanges({ listChanges, streamChanges }, options)) yielded.push(page.has_more);
  };
  await expect(read()).rejects.toThrow('All pages were read.');
  expect(yielded).toEqual([true, false]);
});

test('followChanges ends with the reason of its signal', async () => {
  const controller = new AbortController();
  const pages = follow({ signal: controller.signal });
  await nextPage(pages);
  const next = pages.next();
  controller.abort(new Error('Enough.'));
  await expect(next).rejects.toThrow('Enough.');
});
