import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'node:util';
import {
  createDatabase,
  type Database,
  type Driver,
  isDatabaseUnavailable,
  migrationsFolder,
  openDriver,
} from '@taskward/db';
import pino, { type Logger } from 'pino';
import { type Authenticate, createAuthenticate } from './auth/access-token';
import { createAuthLimits } from './auth/attempt-limits';
import { type Auth, createAuth } from './auth/better-auth';
import { createDeviceCookies } from './auth/device-cookie';
import { createSigningKeys, type SigningKeys } from './auth/signing-keys';
import { type Config, readConfig } from './config';
import { recordRemoteAddresses } from './http/client-address';
import { type ConcurrencyLimit, createConcurrencyLimit } from './http/concurrency-limit';
import { drainBackgroundWork } from './ops/background';
import { createMailer, type Mailer } from './ops/mail';
import { createWriteBehindRateLimit, type Policy, type RateLimit } from './ops/rate-limit';
import { serializeError } from './ops/serialize-error';
import { installGracefulShutdown } from './ops/shutdown';
import { createTelemetry, type Telemetry } from './ops/telemetry';

/** The parts of the running server, made once and wired here alone. */
export interface App {
  readonly auth: Auth;
  /** Tells who calls, from the `Authorization` header. */
  readonly authenticate: Authenticate;
  /** What has to hold before requests are sent here, one after the other; each throws where it does not. */
  readonly checks: Readonly<Record<string, () => Promise<unknown>>>;
  /** Origin under which people reach the app. */
  readonly baseUrl: string;
  /** Other origins whose pages may call the task API. */
  readonly corsOrigins: readonly string[];
  /** Signs the cursors of lists. */
  readonly cursorKey: KeyObject;
  readonly db: Database;
  readonly isDevelopment: boolean;
  readonly log: Logger;
  readonly mailer: Mailer | undefined;
  /** Tasks of one user; 0 is no limit. */
  readonly maxTasks: number;
  /** Where spans and metrics go somewhere. */
  readonly telemetry: Telemetry | undefined;
  /** Of requests by one user; undefined where there is none. */
  readonly userLimit: { readonly policy: Policy; readonly limit: Pick<RateLimit, 'consume'> } | undefined;
  /** Of requests by one user at the same time; undefined where there is none. */
  readonly concurrencyLimit: ConcurrencyLimit | undefined;
  /** Ends it, with what still goes on after answers; the next `getApp` makes another, by the environment of then. */
  close(): Promise<void>;
}

function createApp(config: Config, { driver, keys, log, secret }: Resources): App {
  const { apiConcurrencyLimit, apiRateLimit, authRateLimit, baseUrl, mail } = config;
  const { sharesRateLimits, trustedOrigins, trustedProxies } = config;
  const telemetry = config.telemetry ? createTelemetry() : undefined;
  const db = createDatabase(telemetry?.observeDriver(driver) ?? driver);
  const rateLimitStore = sharesRateLimits ? db.ownerDb : undefined;
  const mailer = mail && createMailer(mail, log, rateLimitStore);
  const devices = createDeviceCookies(secret, baseUrl.startsWith('https:'));
  const limits = createAuthLimits({ attempts: authRateLimit, devices, shared: rateLimitStore });
  const authenticate = createAuthenticate({ issuer: baseUrl, audience: baseUrl, keys });
  const policy = { name: 'user', requests: apiRateLimit, seconds: 60 };
  const auth = createAuth({ baseUrl, trustedOrigins, trustedProxies, secret, db, keys, mailer, limits, log });
  return {
    auth,
    authenticate: telemetry?.observeTokens(authenticate) ?? authenticate,
    // A token of nobody's: to sign it, a key has to be there that this secret decrypts, or can be made.
    checks: { ...db.checks, 'signing key': () => auth.api.signJWT({ body: { payload: {} } }) },
    baseUrl,
    corsOrigins: config.corsOrigins,
    cursorKey: createSecretKey(createHmac('sha256', secret).update('cursor').digest()),
    db,
    isDevelopment: config.isDevelopment,
    log,
    mailer,
    maxTasks: config.maxTasks,
    telemetry,
    userLimit:
      apiRateLimit > 0 ? { policy, limit: createWriteBehindRateLimit(policy, log, rateLimitStore) } : undefined,
    concurrencyLimit: apiConcurrencyLimit > 0 ? createConcurrencyLimit(apiConcurrencyLimit) : undefined,
    async close() {
      app = undefined;
      shared[RESOURCES] = undefined;
      await drainBackgroundWork();
      await driver.close();
    },
  };
}

/** What a process can have but once. */
interface Resources {
  readonly driver: Driver;
  readonly secret: string;
  readonly log: Logger;
  readonly keys: SigningKeys;
}

async function openResources(config: Config): Promise<Resources> {
  const { databaseUrl, dataFolder, logLevel, neonEndpoint } = config;
  const driver = await openDriver(databaseUrl, neonEndpoint);
  // The embedded database is this process's own: nobody else could migrate it, or needs to know its secret.
  if (dataFolder !== undefined) await driver.migrate(migrationsFolder());
  const secret = config.secret ?? loadOrCreateSecret(dataFolder);
  const log = await createLog(logLevel);
  driver.crashed?.then((error) => {
    log.fatal({ event: 'database_crashed' }, error.message);
    // In order: requests under way get their 503. Whoever supervises the process starts it again.
    process.exitCode = 1;
    process.kill(process.pid, 'SIGTERM');
  });
  return { driver, secret, log, keys: createSigningKeys({ auth: driver.ownerDb, secret, log }) };
}

/** One line of JSON for each event, written without waiting; in development, lines to read. */
async function createLog(level: string): Promise<Logger> {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (process.env.NODE_ENV === 'development') {
    const { default: pretty } = await import('pino-pretty');
    return pino(options, pretty({ sync: true, singleLine: true, translateTime: 'HH:MM:ss.l' }));
  }
  // A function may be frozen as soon as it has answered.
  return pino(options, pino.destination({ sync: process.env.VERCEL === '1' }));
}

/** A secret generated once and kept beside the data it protects, readable by its owner alone. */
function loadOrCreateSecret(folder: string | undefined): string {
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

/** The app of this process, made on first use, and never by a build: that has no request to answer. */
export async function getApp(): Promise<App> {
  if (app) return app;
  if (process.env.NEXT_PHASE === 'phase-production-build') throw new Error('A build is to open no database.');
  const config = readConfig(process.env);
  shared[RESOURCES] ??= openResources(config).catch((error) => {
    shared[RESOURCES] = undefined;
    throw error;
  });
  app ??= createApp(config, await shared[RESOURCES]);
  return app;
}

const MAX_PRINTED_LENGTH = 300;

/** From now on what libraries print as a warning or an error is a line of the log, and as bounded. */
function logConsole(log: Logger): void {
  for (const level of ['warn', 'error'] as const) {
    console[level] = (...printed: unknown[]) => {
      const error = printed.find((item) => item instanceof Error);
      const message = format(...printed.filter((item) => !(item instanceof Error))).slice(0, MAX_PRINTED_LENGTH);
      log[level]({ from: 'console', ...(error && { error: serializeError(error) }) }, message);
    };
  }
}

/** Starts the app with the server; what keeps it from starting is one message, and the end of the process. */
export async function boot(): Promise<void> {
  recordRemoteAddresses();
  // A function is ended by its host, and `next dev` by itself.
  let stopExporters = async () => {};
  if (process.env.NODE_ENV === 'production' && process.env.VERCEL !== '1') {
    installGracefulShutdown(async () => {
      await (await getApp()).close();
      await stopExporters();
    });
  }
  try {
    const { telemetry } = readConfig(process.env);
    // Before the app, which asks for them once.
    if (telemetry) stopExporters = (await import('./ops/exporters')).startExporters(telemetry);
    const { checks, log, mailer } = await getApp();
    if (!mailer)
      log.info('SMTP_URL is not set: no mail is sent, addresses are not verified, passwords cannot be reset');
    const checkAll = async () => {
      for (const check of Object.values(checks)) await check();
    };
    await checkAll().catch((error) => {
      if (!isDatabaseUnavailable(error)) throw error;
      log.warn('the database cannot be reached yet; requests are answered with 503 until it can');
    });
    if (process.env.NODE_ENV === 'production') logConsole(log);
  } catch (error) {
    console.error(`taskward cannot start. ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }
}
