import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createDatabase,
  type Database,
  type Driver,
  isDatabaseUnavailable,
  migrationsFolder,
  openDriver,
} from '@taskward/db';
import pino, { type Logger } from 'pino';
import { type Authenticate, createAuthenticate } from './access-token';
import { type Auth, createAuth } from './auth';
import { type Config, readConfig } from './config';
import { createSigningKeys } from './signing-keys';

/** The parts of the running server, made once and wired here alone. */
export interface App {
  readonly auth: Auth;
  /** Tells who calls, from the `Authorization` header. */
  readonly authenticate: Authenticate;
  /** Signs the cursors of lists. */
  readonly cursorKey: Uint8Array;
  readonly db: Database;
  readonly log: Logger;
  close(): Promise<void>;
}

function createApp(config: Config, { driver, secret }: Resources): App {
  const { baseUrl, logLevel } = config;
  const db = createDatabase(driver);
  const keys = createSigningKeys(db);
  const log = pino({ level: logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  return {
    auth: createAuth({ baseUrl, secret, db, keys, log }),
    authenticate: createAuthenticate({ issuer: baseUrl, audience: baseUrl, keys }),
    cursorKey: createHmac('sha256', secret).update('cursor').digest(),
    db,
    log,
    close: () => driver.close(),
  };
}

/** What a process can have but once. */
interface Resources {
  readonly driver: Driver;
  readonly secret: string;
}

async function openResources({ databaseUrl, dataFolder, neonEndpoint, secret }: Config): Promise<Resources> {
  const driver = await openDriver(databaseUrl, neonEndpoint);
  // The embedded database is this process's own: nobody else could migrate it, or needs to know its secret.
  if (dataFolder !== undefined) await driver.migrate(migrationsFolder());
  return { driver, secret: secret ?? keptSecret(dataFolder) };
}

/** A secret generated once and kept beside the data it protects, readable by its owner alone. */
function keptSecret(folder: string | undefined): string {
  if (folder === undefined) throw new Error('BETTER_AUTH_SECRET is not set.');
  const file = join(folder, 'secret');
  if (!existsSync(file)) {
    // Written aside and moved, so that a start cut short leaves no half of a secret.
    writeFileSync(`${file}.new`, randomBytes(32).toString('base64url'), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return readFileSync(file, 'utf8');
}

// Next.js loads this module once for the instrumentation and once more for the routes.
const shared: { [key: symbol]: Promise<Resources> | undefined } = globalThis;
const RESOURCES = Symbol.for('taskward.resources');

let app: App | undefined;

/** The app of this process, made on first use. */
export async function getApp(): Promise<App> {
  if (app) return app;
  const config = readConfig(process.env);
  shared[RESOURCES] ??= openResources(config).catch((error) => {
    shared[RESOURCES] = undefined;
    throw error;
  });
  app ??= createApp(config, await shared[RESOURCES]);
  return app;
}

/** Starts the app with the server; what keeps it from starting is one message, and the end of the process. */
export async function boot(): Promise<void> {
  try {
    const { db, log } = await getApp();
    await db.assertReady().catch((error) => {
      if (!isDatabaseUnavailable(error)) throw error;
      log.warn('the database cannot be reached yet; requests are answered with 503 until it can');
    });
  } catch (error) {
    console.error(`taskward cannot start. ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }
}
