import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrationsFolder } from '../location';
import { lockFolder, makePrivate, prepareFolder } from './data-folder';
import { openPglite } from './pglite';

let folder: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskward-lock-'));
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Each message is a folder to lock, or nothing to release it; responds with `locked`, `released` or why not. */
const PROGRAM = `
  import { lockFolder } from ${JSON.stringify(pathToFileURL(fileURLToPath(new URL('data-folder.ts', import.meta.url))))};
  let unlock;
  process.on('message', (folder) => {
    if (!folder) {
      unlock();
      return process.send('released');
    }
    try {
      unlock = lockFolder(folder);
      process.send('locked');
    } catch (error) {
      process.send(error.message);
    }
  });
  process.send('ready ' + process.pid);
`;
const NODE = [process.execPath, '--import', import.meta.resolve('tsx'), '--input-type=module'];

interface Locker {
  readonly child: ChildProcess;
  /** Its process number in its own PID namespace. */
  readonly pid: number;
  request(folder?: string): Promise<string>;
}

/** Starts a process that locks the folders it is sent. */
async function locker(prefix: string[] = [], program = PROGRAM): Promise<Locker> {
  const [command = '', ...args] = [...prefix, ...NODE, '--eval', program];
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  children.push(child);
  const [ready] = await once(child, 'message');
  const request = async (what = '') => {
    const reply = once(child, 'message');
    child.send(what);
    return String((await reply)[0]);
  };
  return { child, pid: Number(String(ready).slice('ready '.length)), request };
}

async function kill({ child }: Locker): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

const IN_USE = expect.stringContaining('is in use by');

describe('the lock of a data folder', () => {
  test('a data folder is locked by exactly one of two processes that try at the same time', async () => {
    const [a, b] = await Promise.all([locker(), locker()]);
    for (let round = 0; round < 50; round++) {
      const replies = await Promise.all([a.request(folder), b.request(folder)]);
      expect(replies.toSorted()).toEqual([IN_USE, 'locked']);
      await (replies[0] === 'locked' ? a : b).request();
    }
  });

  test('a data folder can be locked at once after kill -9 of the process that had it locked', async () => {
    const successor = await locker();
    for (let round = 0; round < 3; round++) {
      const first = await locker();
      expect(await first.request(folder)).toBe('locked');
      expect(await successor.request(folder)).toContain(
        `is in use by process ${first.pid} on ${hostname()}: stop that one`,
      );
      await kill(first);
      expect(await successor.request(folder)).toBe('locked');
      await successor.request();
    }
  });

  test('a data folder stays locked while the process that has it locked is stopped and does not respond', async () => {
    const [first, second] = await Promise.all([locker(), locker()]);
    await first.request(folder);
    first.child.kill('SIGSTOP');
    expect(await second.request(folder)).toEqual(IN_USE);
  });

  test.each(['+', '-'])('a data folder stays locked for a process whose clock is ten years off (%s)', async (sign) => {
    const shifted = `const { now } = Date; Date.now = () => now() ${sign} 315_360_000_000;`;
    const [first, second] = await Promise.all([locker(), locker([], `${shifted}\n${PROGRAM}`)]);
    await first.request(folder);
    expect(await second.request(folder)).toEqual(IN_USE);
  });

  test('a data folder can be locked when another process has the number of the one that was killed', async () => {
    writeFileSync(join(folder, 'lock'), `process ${process.pid}`);
    writeFileSync(join(folder, `lock.${process.pid}`), '');
    expect(await (await locker()).request(folder)).toBe('locked');
  });

  test('a data folder is locked between processes with the same number in different containers (PID namespaces)', async ({
    skip,
  }) => {
    const unshare = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const [command = '', ...args] = unshare;
    if (spawnSync(command, [...args, 'true']).status !== 0) skip('needs the right to make PID namespaces');
    const [first, second] = await Promise.all([locker(unshare), locker(unshare)]);
    expect([first.pid, second.pid]).toEqual([1, 1]);
    expect(await first.request(folder)).toBe('locked');
    expect(await second.request(folder)).toEqual(IN_USE);
    await kill(first);
    await expect.poll(() => second.request(folder)).toBe('locked');
  });

  test('a data folder cannot be locked twice by one process', () => {
    const unlock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(`in use by process ${process.pid}`);
    unlock();
    lockFolder(folder)();
  });

  test('a data folder can be locked however long its path is', () => {
    const long = join(folder, 'a'.repeat(250), 'b'.repeat(250));
    mkdirSync(long, { recursive: true });
    const unlock = lockFolder(long);
    expect(() => lockFolder(long)).toThrow('in use');
    unlock();
  });

  test('a data folder is not locked when another file has the place of the lock, and that file is not changed', () => {
    mkdirSync(join(folder, 'lock'));
    expect(() => lockFolder(folder)).toThrow(`The data folder ${folder} cannot be written (EISDIR)`);
    expect(existsSync(join(folder, 'lock'))).toBe(true);
  });

  test.runIf(process.platform === 'linux')(
    'a data folder is not locked when the flock command is missing',
    async () => {
      const { request } = await locker([], `process.env.PATH = '/nowhere';\n${PROGRAM}`);
      expect(await request(folder)).toContain('cannot be locked: the command flock (util-linux, BusyBox) is needed');
    },
  );
});

const modeOf = (...path: string[]) => (statSync(join(folder, ...path)).mode & 0o777).toString(8);

describe.skipIf(process.platform === 'win32')('permissions of a data folder', () => {
  test('other users of the machine cannot enter a new data folder', () => {
    prepareFolder(join(folder, 'data'));
    expect(modeOf('data')).toBe('700');
  });

  test('other users of the machine cannot enter an existing data folder, empty or with the files of the app', () => {
    for (const name of ['secret', 'lock', 'postgres.new']) {
      chmodSync(folder, 0o777);
      prepareFolder(folder);
      expect(modeOf()).toBe('700');
      writeFileSync(join(folder, name), '');
    }
  });

  test('a data folder with other files is refused, and its mode is not changed', () => {
    writeFileSync(join(folder, 'notes.txt'), '');
    chmodSync(folder, 0o755);
    expect(() => prepareFolder(folder)).toThrow('is open to other users and holds other files (notes.txt)');
    expect(modeOf()).toBe('755');
    chmodSync(folder, 0o700);
    prepareFolder(folder);
  });

  test('other users of the machine cannot read any file of an embedded database in a folder that was open to all', {
    timeout: 60_000,
  }, async () => {
    chmodSync(folder, 0o777);
    const umask = process.umask(0);
    try {
      const driver = await openPglite(folder);
      await driver.migrate(migrationsFolder());
      const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
      expect(paths.length).toBeGreaterThan(500);
      expect(['', ...paths].filter((path) => statSync(join(folder, path)).mode & 0o077)).toEqual([]);
      await driver.close();
    } finally {
      process.umask(umask);
    }
  });

  test('other users of the machine cannot read files with too wide a mode, and symbolic links are not followed', () => {
    const outside = join(folder, 'outside');
    const data = join(folder, 'data');
    mkdirSync(join(data, 'base'), { recursive: true });
    writeFileSync(outside, '');
    writeFileSync(join(data, 'base', '1'), '');
    symlinkSync(outside, join(data, 'link'));
    for (const path of [outside, data, join(data, 'base'), join(data, 'base', '1')]) chmodSync(path, 0o777);
    makePrivate(data);
    expect([modeOf('data'), modeOf('data', 'base'), modeOf('data', 'base', '1')]).toEqual(['700', '700', '600']);
    expect(modeOf('outside')).toBe('777');
  });
});
