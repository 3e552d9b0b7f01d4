import { copyOf } from '@taskward/db/testing';
import { expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { restartApp, signUp, type TestUser, useApp } from '../harness';
import { createTask, sendAs } from '../task-requests';
import { allTasks, type Copy, requestChanges, synchronize } from './copy';

useApp();

const WRITES = 100;

/** Creates, changes and deletes tasks. Returns the copy of a client after each write. */
async function writeMany(user: TestUser, copy: Copy): Promise<Copy[]> {
  const copies: Copy[] = [];
  for (let i = 0; i < WRITES; i++) {
    const last = copies.at(-1) ?? copy;
    const [id] = last.tasks.keys();
    if (i % 3 === 0) await createTask(user, { title: `Task ${i}` });
    else if (i % 3 === 1) await sendAs(user, 'PATCH', `/${id}`, { title: `Changed ${i} times` });
    else await sendAs(user, 'DELETE', `/${id}`);
    copies.push(await synchronize(user, last));
  }
  return copies;
}

test('after the restore of a backup, older tokens continue, and those of what was lost return 410', async () => {
  const user = await signUp();
  await createTask(user, { title: 'First' });
  const kept = await writeMany(user, await synchronize(user));
  await getApp().then(({ close }) => close());
  const { DATABASE_URL: original = '' } = process.env;
  const backup = await copyOf(original);
  await restartApp();
  const lost = await writeMany(user, kept.at(-1) as Copy);

  await restartApp({ DATABASE_URL: backup.url });
  for (const { token } of lost) expect((await requestChanges(user, { since: token ?? '' })).status).toBe(410);
  const others = await writeMany(user, kept.at(-1) as Copy);
  for (const { token } of lost) expect((await requestChanges(user, { since: token ?? '' })).status).toBe(410);
  const expected = await allTasks(user);
  for (const copy of [...kept, ...others]) expect((await synchronize(user, copy)).tasks).toEqual(expected);

  await restartApp({ DATABASE_URL: original });
  await backup.drop();
});
