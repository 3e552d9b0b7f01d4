import { setTimeout as sleep } from 'node:timers/promises';
import { engine } from '@taskward/db/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { send, signUp, type TestUser, useApp } from '../harness';

useApp({ isBug: ({ status }) => status !== 503 });

let user: TestUser;

beforeAll(async () => {
  user = await signUp();
});

/** Blocks every statement on tasks. */
async function lockTasks(ms: number): Promise<void> {
  const { db } = await getApp();
  await db.ownerDb.transaction(async (tx) => {
    await tx.execute('lock table tasks in access exclusive mode');
    await sleep(ms);
  });
}

// The embedded database runs in the process, where no timer can stop it.
describe.skipIf(engine === 'pglite')('the list timeout', () => {
  test('a list that takes longer than two seconds returns 503 with Retry-After, while other operations may take longer', async () => {
    const { token, tasks } = user;
    const { id } = await (await send('POST', tasks, { token, body: { title: 'Milk' } })).json();
    const locked = lockTasks(3_500);
    await sleep(200);
    const started = performance.now();
    const get = send('GET', `${tasks}/${id}`, { token });
    const list = await send('GET', `${tasks}?q=milk`, { token });
    expect(performance.now() - started).toBeGreaterThan(1_900);
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(list.status).toBe(503);
    expect(Number(list.headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(await list.json()).toMatchObject({ type: '/problems/unavailable' });
    expect((await get).status).toBe(200);
    await locked;
    expect((await send('GET', tasks, { token })).status).toBe(200);
  });
});
