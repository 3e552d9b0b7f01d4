import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createDatabase, openDriver } from '..';
import { engine, freshDatabase } from '../testing';

/** Runs the command as an operator would. */
const migrate = (env: Record<string, string>) =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('migrate.ts', import.meta.url))], {
    env: { ...process.env, ...env },
  });

const NOWHERE = 'postgres://nobody:x@127.0.0.1:1/none';

test('makes an empty database one that the app takes, by the URL past a pooler where there is one', async () => {
  const { url, neonEndpoint, drop } = await freshDatabase();
  const before = await openDriver(url, neonEndpoint);
  for (const statement of ['drop schema drizzle cascade', 'drop schema public cascade', 'create schema public']) {
    await before.auth.execute(statement);
  }
  await before.close();
  const { stdout } = await migrate({ DATABASE_URL: NOWHERE, DATABASE_URL_UNPOOLED: url });
  expect(stdout).toBe('The schema is current.\n');
  const after = await openDriver(url, neonEndpoint);
  await createDatabase(after).assertReady();
  await after.close();
  await drop();
});

test('says in one line why it did not run', async () => {
  const { code, stderr } = await migrate({ DATABASE_URL: NOWHERE }).catch((end) => end);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^The migrations did not finish\. .*ECONNREFUSED 127\.0\.0\.1:1\n$/);
});

test.runIf(engine === 'pglite')('leaves an embedded database alone that is in use', async () => {
  const { url, drop } = await freshDatabase();
  const driver = await openDriver(url);
  const { code, stderr } = await migrate({ DATABASE_URL: url }).catch((end) => end);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^The migrations did not finish\. .+ in use by process \d+: .+\n$/);
  await driver.close();
  await drop();
});
