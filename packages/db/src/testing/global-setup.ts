import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { openDriver } from '../database';
import { migrationsFolder } from '../location';
import { startNeonGateway } from './neon-gateway';
import { startPostgres } from './postgres';

/** Starts the engines once for all test files, each with one migrated database for them to copy. */
export default async function setup(project: TestProject) {
  const pgliteTemplate = mkdtempSync(join(tmpdir(), 'taskward-template-'));
  await migrate(`pglite:${pgliteTemplate}`);
  const server = await startPostgres();
  const template = await server.createDatabase();
  await migrate(template.url);
  const gateway = await startNeonGateway(server);
  project.provide('engines', {
    pgliteTemplate,
    adminUrl: server.adminUrl,
    templateUrl: template.url,
    neonEndpoint: new URL(gateway.url).origin,
  });
  return async () => {
    await gateway.close();
    await server.dispose();
    rmSync(pgliteTemplate, { recursive: true, force: true });
  };
}

async function migrate(url: string): Promise<void> {
  const driver = await openDriver(url);
  await driver.migrate(migrationsFolder());
  await driver.close();
}
