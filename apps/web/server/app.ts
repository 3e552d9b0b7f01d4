import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDatabase, type Database, type Driver, openDriver } from '@taskward/db';
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
}

export function createApp(config: Config, driver: Driver): App {
  const { baseUrl, logLevel, secret: source } = config;
  const db = createDatabase(driver);
  const secret = 'value' in source ? source.value : keptSecret(source.keptIn);
  const keys = createSigningKeys(db);
  return {
    auth: createAuth({ baseUrl, secret, db, keys }),
    authenticate: createAuthenticate({ issuer: baseUrl, audience: baseUrl, keys }),
    cursorKey: createHmac('sha256', secret).update('cursor').digest(),
    db,
    log: pino({ level: logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime }),
  };
}

/** A secret generated once and kept beside the data it protects, readable by its owner alone. */
function keptSecret(folder: string): string {
  const file = join(folder, 'secret');
  if (!existsSync(file)) {
    // Written aside and moved, so that a start cut short leaves no half of a secret.
    writeFileSync(`${file}.new`, randomBytes(32).toString('base64url'), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return readFileSync(file, 'utf8');
}

// Next.js loads this module once for the instrumentation and once for the routes; the process has one driver.
const shared: { [key: symbol]: Promise<Driver> | undefined } = globalThis;
const DRIVER = Symbol.for('taskward.driver');

async function sharedDriver({ databaseUrl, isEmbedded, migrationsFolder }: Config): Promise<Driver> {
  const open = async () => {
    const driver = await openDriver(databaseUrl);
    if (isEmbedded) await driver.migrate(migrationsFolder);
    return driver;
  };
  shared[DRIVER] ??= open().catch((error) => {
    shared[DRIVER] = undefined;
    throw error;
  });
  return shared[DRIVER];
}

let app: App | undefined;

/** The app of this process, made on first use. */
export async function getApp(): Promise<App> {
  if (app) return app;
  const config = readConfig(process.env);
  const driver = await sharedDriver(config);
  app ??= createApp(config, driver);
  return app;
}

/** Starts the app with the server; what keeps it from starting is one message, and the end of the process. */
export async function boot(): Promise<void> {
  try {
    const { db } = await getApp();
    await db.assertReady();
  } catch (error) {
    console.error(`taskward cannot start. ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }
}
