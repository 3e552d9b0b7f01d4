import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { engine, freshDatabase } from '@taskward/db/testing';
import { describe, expect, inject, test } from 'vitest';
import { getApp } from '../../server/app';
import { cookieOf, restartApp, send, signIn, signUp, takeToken, useApp } from '../harness';
import { allTasks, synchronize } from '../journal/copy';

/** An app moves from the embedded database to a server. */

const root = fileURLToPath(new URL('../../../..', import.meta.url));

let folder: string;

async function embedded() {
  folder = mkdtempSync(join(tmpdir(), 'taskward-test-'));
  cpSync(inject('engines').pgliteTemplate, folder, { recursive: true });
  const drop = async () => rmSync(folder, { recursive: true, force: true });
  return { url: `pglite:${folder}`, neonEndpoint: undefined, drop };
}

describe.runIf(engine !== 'pglite')('after pnpm db:copy to a server', { timeout: 60_000 }, () => {
  useApp({ open: embedded });

  test('after a copy to a server, passwords, sessions, tokens of all kinds and tasks continue to work', async () => {
    const ada = await signUp();
    const created = await send('POST', ada.tasks, { token: ada.token, body: { title: 'Move', tags: ['home'] } });
    const task = await created.json();
    const copies = [await synchronize(ada)];
    for (const title of ['Move soon', 'Move']) {
      await send('PATCH', `${ada.tasks}/${task.id}`, { token: ada.token, body: { title } });
      copies.push(await synchronize(ada, copies.at(-1)));
    }
    const tasks = await allTasks(ada);
    await getApp().then(({ close }) => close());

    const { url, neonEndpoint = '', drop } = await freshDatabase();
    const command = ['--import', 'tsx', 'packages/db/src/cli/copy.ts', url];
    const env = { ...process.env, DATABASE_URL: `pglite:${folder}`, NEON_ENDPOINT: neonEndpoint };
    await promisify(execFile)(process.execPath, command, { cwd: root, env });
    await restartApp({ DATABASE_URL: url, NEON_ENDPOINT: neonEndpoint });

    const response = await signIn(ada);
    expect(response.status).toBe(200);
    for (const token of [ada.token, await takeToken(ada.cookie), await takeToken(cookieOf(response))]) {
      const list = await send('GET', ada.tasks, { token });
      expect([list.status, await list.json()]).toEqual([200, { data: [...tasks.values()], next_cursor: null }]);
    }
    for (const copy of copies) expect((await synchronize(ada, copy)).tasks).toEqual(tasks);
    expect((await send('DELETE', `${ada.tasks}/${task.id}`, { token: ada.token })).status).toBe(204);
    const keys = await send('GET', '/api/auth/jwks');
    expect((await keys.json()).keys).toHaveLength(1);

    await getApp().then(({ close }) => close());
    await drop();
  });
});
