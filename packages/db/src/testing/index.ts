import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';
import { openDriver } from '../database';
import type { Driver } from '../driver';

export { type NeonGateway, startNeonGateway } from './neon-gateway';
export { type PostgresServer, startPostgres } from './postgres';
export { prepare, queryBuilder, statement } from './query-builder';

declare module 'vitest' {
  interface ProvidedContext {
    /** The engines that the global set-up started, for the test files to use and copy. */
    engines: {
      /** The folder of a migrated, empty embedded database. */
      pgliteTemplate: string;
      /** The superuser's URL of a PostgreSQL server. */
      adminUrl: string;
      /** A migrated, empty database there, as its owner. */
      templateUrl: string;
      /** The gateway that speaks Neon's protocols to that server. */
      neonEndpoint: string;
    };
  }
}

export interface FreshDatabase {
  readonly url: string;
  readonly neonEndpoint: string | undefined;
  drop(): Promise<void>;
}

/** The engine that this run of the test file is for. */
export const engine = (process.env.TEST_ENGINE ?? 'pglite') as 'pglite' | 'postgres' | 'neon';

/** A migrated, empty database of its own for a test file, on the engine of this run. */
export function freshDatabase(): Promise<FreshDatabase> {
  const { pgliteTemplate, templateUrl } = inject('engines');
  return copyOf(engine === 'pglite' ? `pglite:${pgliteTemplate}` : templateUrl);
}

/** A copy of a database on the engine of this run, to which nothing is connected. */
export async function copyOf(url: string): Promise<FreshDatabase> {
  if (engine === 'pglite') {
    const folder = mkdtempSync(join(tmpdir(), 'taskward-test-'));
    cpSync(url.slice('pglite:'.length), folder, { recursive: true });
    const drop = async () => rmSync(folder, { recursive: true, force: true });
    return { url: `pglite:${folder}`, neonEndpoint: undefined, drop };
  }
  const { adminUrl, neonEndpoint } = inject('engines');
  const original = new URL(url);
  const copy = new URL(url);
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  copy.pathname = `/${name}`;
  const asAdmin = async (statement: string) => {
    const client = new Client({ connectionString: adminUrl });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  await asAdmin(`create database ${name} template ${original.pathname.slice(1)} owner ${original.username}`);
  return {
    url: copy.href,
    neonEndpoint: engine === 'neon' ? neonEndpoint : undefined,
    drop: () => asAdmin(`drop database ${name} with (force)`),
  };
}

interface OpenDatabase {
  readonly fresh: FreshDatabase;
  readonly driver: Driver;
}

/** Opens a fresh database before the tests of a file, and closes and drops it after them. */
export function useFreshDatabase(onOpen: (opened: OpenDatabase) => void): void {
  let opened: OpenDatabase | undefined;
  let fresh: FreshDatabase | undefined;
  beforeAll(async () => {
    fresh = await freshDatabase();
    opened = { fresh, driver: await openDriver(fresh.url, { neonEndpoint: fresh.neonEndpoint }) };
    onOpen(opened);
  });
  afterAll(async () => {
    await opened?.driver.close();
    await fresh?.drop();
  });
}
