import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Returns the secret in this folder, and creates it on first use: 256 bits in a file that only its owner can read.
 *
 * @throws {Error} if there is no folder.
 */
export function loadOrCreateSecret(folder: string | undefined): string {
  if (folder === undefined) throw new Error('BETTER_AUTH_SECRET is not set.');
  const file = join(folder, 'secret');
  if (!existsSync(file)) {
    // Written to another file and renamed, so that an interrupted start leaves no partial secret.
    writeFileSync(`${file}.new`, randomBytes(32).toString('base64url'), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return readFileSync(file, 'utf8');
}
