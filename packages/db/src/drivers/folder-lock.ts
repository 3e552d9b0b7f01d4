import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';

/**
 * Holds a folder for this process, and creates it (mode 0700) in a folder that is there. The hold ends with the returned
 * function or with the process, however that ends.
 *
 * Each process announces itself by a file with its number in the name, then looks for others: of two that start at
 * once both may be refused, never both admitted.
 *
 * @throws {Error} when another living process holds it, or it cannot be written.
 */
export function lockFolder(folder: string): () => void {
  const mine = join(folder, `lock.${process.pid}`);
  try {
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
    writeFileSync(mine, '', { mode: 0o600 });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new Error(`The data folder ${folder} cannot be written (${code}): make it writable, or name another one.`);
  }
  const release = () => rmSync(mine, { force: true });
  for (const name of readdirSync(folder)) {
    const pid = Number(/^lock\.(\d+)$/.exec(name)?.[1]);
    if (!pid || pid === process.pid) continue;
    const file = join(folder, name);
    if (isAlive(pid) && isSinceBoot(file)) {
      release();
      throw new Error(`The data folder ${folder} is in use by process ${pid}: stop that one first, or name another.`);
    }
    rmSync(file, { force: true });
  }
  process.once('exit', release);
  return () => {
    process.off('exit', release);
    release();
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** After a restart of the machine another process may have the number of the one that is gone. */
function isSinceBoot(file: string): boolean {
  const modified = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return modified > Date.now() - uptime() * 1000;
}
