import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createDatabase, openDriver } from '..';
import { engine, freshDatabase, queryBuilder, statement } from '../testing';

/** Runs the command as an operator would. */
const migrate = (env: Record<string, string>) =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('migrate.ts', import.meta.url))], {
    env: { ...process.env, ...env },
  });

const NOWHERE = 'postgres://nobody:x@127.0.0.1:1/none';

test('db:migrate makes an empty database ready, through DATABASE_URL_UNPOOLED if set, and lets users create no temporary tables', async () => {
  const { url, neonEndpoint, drop } = await freshDatabase();
  const before = await openDriver(url, { neonEndpoint });
  for (const statement of ['drop schema drizzle cascade', 'drop schema public cascade', 'create schema public']) {
    await before.ownerDb.execute(statement);
  }
  await before.close();
  const { stdout } = await migrate({ DATABASE_URL: NOWHERE, DATABASE_URL_UNPOOLED: url });
  expect(stdout).toBe('Migrations applied; schema is up to date.\n');
  const after = await openDriver(url, { neonEndpoint });
  const db = createDatabase(after);
  await db.assertReady();
  const temporary = 'create temporary table scratch (n int)';
  await expect(db.asUser('', [statement(queryBuilder.execute(temporary))])).rejects.toMatchObject({ code: '42501' });
  await expect(db.ownerDb.execute(temporary)).resolves.toBeDefined();
  await after.close();
  await drop();
});

test('db:migrate reports how many tasks it backfilled, and continues after a failure', {
  timeout: 60_000,
}, async () => {
  const { url, neonEndpoint, drop } = await freshDatabase();
  const asOwner = async (...statements: string[]) => {
    const driver = await openDriver(url, { neonEndpoint });
    for (const statement of statements) await driver.ownerDb.execute(statement);
    await driver.close();
  };
  await asOwner(
    `insert into "user" (id, name, email) values ('u', 'Test', 'u@example.com')`,
    `insert into tasks (user_id, id, title) select 'u', gen_random_uuid(), 'Über ' || n from generate_series(1, 3) n`,
    'alter table tasks add constraint stuck check (description_key is null)',
  );
  const { code, stdout, stderr } = await migrate({ DATABASE_URL: url }).catch((end) => end);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^Migration failed: .+ "stuck"\n$/);

  await asOwner('alter table tasks drop constraint stuck');
  const again = await migrate({ DATABASE_URL: url });
  expect(again.stdout).toBe(
    'Migrations applied; schema is up to date. The text of 3 tasks was normalized and folded.\n',
  );
  expect((await migrate({ DATABASE_URL: url })).stdout).toBe('Migrations applied; schema is up to date.\n');
  await drop();
});

test('db:migrate fails in one line when the server cannot be reached', async () => {
  const { code, stderr } = await migrate({ DATABASE_URL: NOWHERE }).catch((end) => end);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^Migration failed: .*ECONNREFUSED 127\.0\.0\.1:1\n$/);
});

test.runIf(engine === 'pglite')('db:migrate refuses an embedded database that is in use', async () => {
  const { url, drop } = await freshDatabase();
  const driver = await openDriver(url);
  const { code, stderr } = await migrate({ DATABASE_URL: url }).catch((end) => end);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^Migration failed: .+ in use by process \d+ on \S+: .+\n$/);
  await driver.close();
  await drop();
});
