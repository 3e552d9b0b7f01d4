import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

/**
 * Creates the folder (mode 0700) in one that exists, or closes it to the other users of the machine.
 *
 * @throws {Error} when it cannot be created, or is open to other users and holds files that are not the app's.
 */
export function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw unusable(folder, error);
  }
  // Windows has no such modes.
  if (process.platform === 'win32' || (statSync(folder).mode & 0o077) === 0) return;
  const foreign = readdirSync(folder).find((name) => !OWN_NAMES.test(name));
  if (foreign !== undefined) {
    throw new Error(
      `The data folder ${folder} is open to other users and holds other files (${foreign}): name a folder inside it, which will be created.`,
    );
  }
  chmod(folder, 0o700);
}

/** What the app writes into its folder, temporary files included. */
const OWN_NAMES = /^(lock|postgres|secret)(\.\w+)?$/;

/** Sets the mode of a folder (0700) and of everything in it (0700 and 0600). Symbolic links are skipped. */
export function makePrivate(folder: string): void {
  chmod(folder, 0o700);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) makePrivate(path);
    else if (entry.isFile()) chmod(path, 0o600);
  }
}

function chmod(path: string, mode: number): void {
  // Only the owner may set it, to whatever value.
  if ((statSync(path).mode & 0o777) === mode) return;
  try {
    chmodSync(path, mode);
  } catch (error) {
    throw new Error(`${path} is open to other users and belongs to another one (${codeOf(error)}).`);
  }
}

/**
 * Locks an existing folder, by a lock of the operating system on the file `lock` in it. The system releases it when the
 * process ends, however that happens, so it depends on no clock, process number or clean-up, and it holds between
 * containers that share a volume. The file itself stays and says nothing.
 *
 * @returns a function that releases the lock.
 * @throws {Error} when it is locked already, also by this process, or the file cannot be written or locked.
 */
export function lockFolder(folder: string): () => void {
  const file = join(folder, 'lock');
  let fd: number | undefined;
  try {
    fd = openSync(file, constants.O_RDWR | constants.O_CREAT | (constants.O_NONBLOCK ?? 0) | O_EXLOCK, 0o600);
    if (!O_EXLOCK) flock(fd);
    // For people to read.
    ftruncateSync(fd);
    writeSync(fd, `process ${process.pid} on ${hostname()}`);
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw unusable(folder, error);
  }
  return () => closeSync(fd);
}

/**
 * Makes `open` take the lock, where the system can: `O_EXLOCK` of macOS and BSD, `UV_FS_O_EXLOCK` on Windows. Node.js
 * has no name for either.
 *
 * @see https://docs.libuv.org/en/v1.x/fs.html#c.UV_FS_O_EXLOCK
 */
const O_EXLOCK = { linux: 0, win32: 0x1000_0000 }[process.platform as string] ?? 0x20;

/** Locks the open file. The lock belongs to that, not to the command, and so lasts as long as this process has it open. */
function flock(fd: number): void {
  const { error, status, stderr } = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'pipe', fd] });
  if (error) throw new Error(`the command flock (util-linux, BusyBox) is needed: ${error.message}`);
  const message = stderr.toString().trim();
  if (status === 1 && !message) throw Object.assign(new Error(), { code: 'EAGAIN' });
  if (status !== 0) throw new Error(message);
}

/** The error for the operator. */
function unusable(folder: string, error: unknown): Error {
  const code = codeOf(error);
  if (code === 'EAGAIN' || code === 'EBUSY') {
    return new Error(
      `The data folder ${folder} is in use by ${holderOf(folder)}: stop that one first, or name another.`,
    );
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new Error(`The data folder ${folder} cannot be written (${code}): free some space on its disk.`);
  }
  if (code === undefined) return new Error(`The data folder ${folder} cannot be locked: ${(error as Error).message}`);
  return new Error(`The data folder ${folder} cannot be written (${code}): make it writable, or name another one.`);
}

function holderOf(folder: string): string {
  try {
    return readFileSync(join(folder, 'lock'), 'utf8') || 'another process';
  } catch {
    // On Windows no other process can read it.
    return 'another process';
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
