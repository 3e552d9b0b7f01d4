import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, DEFAULT_DATABASE_URL, type Driver, migrationsFolder, openDriver, pgliteDataDir } from '..';
import { copyRows } from '../copy';
import { DEFAULT_TIMEOUTS } from '../driver';
import { lockFolder } from '../drivers/data-folder';

/** A table is hashed in one statement, however large it is. */
const timeouts = { ...DEFAULT_TIMEOUTS, queryTimeoutMs: 3_600_000 };

/** Copies all that the database of `DATABASE_URL` holds to the server that the argument names, and checks it there. */
async function main(): Promise<void> {
  const { DATABASE_URL, NEON_ENDPOINT } = process.env;
  const from = DATABASE_URL || DEFAULT_DATABASE_URL;
  const options = { neonEndpoint: NEON_ENDPOINT || undefined, timeouts };
  const to = process.argv[2] ?? '';
  if (!/^postgres(ql)?:/.test(to) || !URL.canParse(to)) {
    throw new Error('Usage: pnpm db:copy postgres://user:password@host/database');
  }
  const folder = pgliteDataDir(from);
  const source = folder === undefined ? await openDriver(from, options) : await openSnapshot(folder);
  const target = await openDriver(to, options);
  try {
    await createDatabase(source).assertReady();
    await target.migrate(migrationsFolder());
    await createDatabase(target).assertReady();
    const copied = await copyRows(source, target);
    console.log(row('table', 'rows', 'added', 'hash on both sides'));
    for (const { table, rows, added, hash } of copied) console.log(row(table, rows, added, hash));
    console.log(`Copied: source and target are identical. ${secretHint(folder)}`);
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}

const row = (table: string, rows: unknown, added: unknown, hash: string) =>
  `${table.padEnd(20)} ${String(rows).padStart(9)} ${String(added).padStart(9)}  ${hash}`;

/**
 * A copy of the embedded database, opened and migrated in a folder of its own, while nobody can start on the original,
 * which stays as it is.
 */
async function openSnapshot(folder: string): Promise<Driver> {
  if (!existsSync(join(folder, 'postgres'))) throw new Error(`There is no embedded database in ${folder}.`);
  lockFolder(folder);
  const aside = mkdtempSync(join(tmpdir(), 'taskward-copy-'));
  process.once('exit', () => rmSync(aside, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  cpSync(join(folder, 'postgres'), join(aside, 'postgres'), { recursive: true });
  const driver = await openDriver(`pglite:${aside}`);
  await driver.migrate(migrationsFolder());
  return driver;
}

function secretHint(folder: string | undefined): string {
  const file = folder === undefined ? undefined : join(folder, 'secret');
  const secret = file && existsSync(file) ? `what ${file} contains` : 'its present value';
  return `Start the app there with BETTER_AUTH_SECRET set to ${secret}: under another one, passwords still work, but all users are signed out and new keys sign tokens.`;
}

main().catch((error) => {
  console.error(`Nothing was copied. ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
});
