import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Commands run in the root or in a package; a relative path in the configuration means the same in each. */
function workspaceRoot(): string {
  let folder = process.cwd();
  while (!existsSync(join(folder, 'pnpm-workspace.yaml'))) {
    const parent = dirname(folder);
    if (parent === folder) return process.cwd();
    folder = parent;
  }
  return folder;
}

/** Where the SQL of the migrations is, in a checkout. */
export function migrationsFolder(): string {
  return join(workspaceRoot(), 'packages/db/migrations');
}

/** The absolute path of the embedded database; undefined where `DATABASE_URL` names a server. */
export function pgliteDataDir(databaseUrl: string): string | undefined {
  const scheme = 'pglite:';
  return databaseUrl.startsWith(scheme) ? resolve(workspaceRoot(), databaseUrl.slice(scheme.length)) : undefined;
}

export const DEFAULT_DATABASE_URL = 'pglite:.data';
