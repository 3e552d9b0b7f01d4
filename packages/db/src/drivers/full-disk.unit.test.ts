import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

/**
 * Runs in a process of its own, on a file system of 96 MB: fills it through the driver, then frees space. Prints what
 * happened as JSON.
 */
const PROGRAM = `
  import { rmSync, writeFileSync, statfsSync } from 'node:fs';
  import { openPglite } from ${JSON.stringify(new URL('pglite.ts', import.meta.url).href)};
  const [folder] = process.argv.slice(-1);
  const messageOf = (error) => error.name + ': ' + error.message;
  const report = { acknowledged: 0 };
  const count = async (driver) => (await driver.queryAsOwner('select count(*)::int as rows from notes'))[0].rows;

  let driver = await openPglite(folder + '/data');
  await driver.queryAsOwner('create table notes (text text)');
  await driver.close();
  const fill = (bytesLeft) => {
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(folder + '/ballast', Buffer.alloc(bavail * bsize - bytesLeft));
  };
  // Less than the next segment of the log (16 MB) takes.
  fill(14_000_000);

  driver = await openPglite(folder + '/data');
  let crash;
  driver.crashed.then((error) => { crash = error; });
  const insert = () => driver.queryAsOwner("insert into notes select string_agg(md5(random()::text), '') from generate_series(1, 16000)");
  while (!crash) {
    try {
      await insert();
      report.acknowledged++;
    } catch (error) {
      (report.failures ??= []).push(messageOf(error));
    }
    await new Promise(setImmediate);
  }
  report.crash = messageOf(crash);
  report.after = [
    await insert().catch(messageOf),
    await driver.ownerDb.execute('select 1').catch((error) => messageOf(error.cause)),
    await driver.ownerDb.transaction((tx) => tx.execute('select 1')).catch(messageOf),
    await driver.executeBatch('', [{ text: 'select 1', params: [], rowMode: 'array' }]).catch(messageOf),
  ];
  await driver.close();

  report.onFullDisk = await openPglite(folder + '/data').then(() => 'opened', messageOf);
  report.anotherOnFullDisk = await openPglite(folder + '/another').then(() => 'opened', messageOf);

  rmSync(folder + '/ballast');
  driver = await openPglite(folder + '/data');
  report.rows = await count(driver);

  // Too little for a table to grow, while the log has room.
  fill(1_000_000);
  report.refused = undefined;
  for (let rows = 0; rows < 20 && !report.refused; rows++) await insert().catch((error) => { report.refused = messageOf(error); });
  report.read = await count(driver);
  rmSync(folder + '/ballast');
  await insert();
  report.written = await count(driver);
  await driver.close();
  console.log(JSON.stringify(report));
`;

const folder = mkdtempSync(join(tmpdir(), 'taskward-full-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command in a mount namespace where the folder is a file system of its own. */
const onSmallDisk = (...command: string[]) =>
  spawnSync(
    'unshare',
    ['--mount', 'sh', '-c', 'mount -t tmpfs -o size=96m tmpfs "$0" && exec "$@"', folder, ...command],
    { encoding: 'utf8', timeout: 280_000, killSignal: 'SIGKILL' },
  );

test('a full disk refuses writes or ends the embedded database with an error, and loses nothing acknowledged', {
  timeout: 300_000,
}, ({ skip }) => {
  if (onSmallDisk('true').status !== 0) skip('needs the right to mount a tmpfs');
  const node = [process.execPath, '--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', PROGRAM];
  const { stdout, stderr } = onSmallDisk(...node, folder);
  expect(stderr).toBe('');
  const report = JSON.parse(stdout);
  const crash = expect.stringMatching(/^DatabaseUnavailable: .* No space left on device/);
  expect(report.crash).toEqual(crash);
  expect(report.after).toEqual([crash, crash, crash, crash]);
  const full = /^Error: .*(No space left on device|ENOSPC)/;
  expect(report.onFullDisk).toMatch(full);
  expect(report.anotherOnFullDisk).toMatch(full);
  expect(report.acknowledged).toBeGreaterThan(10);
  expect(report.rows).toBe(report.acknowledged);
  expect(report.refused).toMatch(/^DatabaseUnavailable: .* No space left on device/);
  expect(report.read).toBeGreaterThanOrEqual(report.rows);
  expect(report.written).toBe(report.read + 1);
});
