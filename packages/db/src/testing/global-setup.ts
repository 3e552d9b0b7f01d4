import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { openDriver } from '../database';
import { migrationsFolder } from '../location';

/** Makes one migrated database that each test file then copies. */
export default async function setup(project: TestProject) {
  const folder = mkdtempSync(join(tmpdir(), 'taskward-template-'));
  const driver = await openDriver(`pglite:${folder}`);
  await driver.migrate(migrationsFolder());
  await driver.close();
  project.provide('pgliteTemplate', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
