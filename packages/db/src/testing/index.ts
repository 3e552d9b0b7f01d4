import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of a migrated, empty embedded database, to copy. */
    pgliteTemplate: string;
  }
}

/** A migrated, empty database of its own for a test file, as a value for `DATABASE_URL`. */
export async function freshDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'taskward-test-'));
  cpSync(inject('pgliteTemplate'), folder, { recursive: true });
  return {
    url: `pglite:${folder}`,
    drop: async () => rmSync(folder, { recursive: true, force: true }),
  };
}
