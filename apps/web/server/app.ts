import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { tasks } from '@taskward/api-core';
import {
  createDatabase,
  type Database,
  type Driver,
  isDatabaseUnavailable,
  migrationsFolder,
  openDriver,
} from '@taskward/db';
import type { Logger } from 'pino';
import { createAuthenticate } from './auth/access-token';
import { createAuthLimits } from './auth/attempt-limits';
import { createDeviceCookies } from './auth/device-cookie';
import { type Auth, createAuth } from './auth/handler';
import { loadOrCreateSecret } from './auth/secret';
import { createSigningKeys, type SigningKeys } from './auth/signing-keys';
import { type Config, isBuild, readConfig } from './config';
import { recordRemoteAddresses } from './http/client-address';
import { createConcurrencyLimit } from './http/concurrency-limit';
import { createDirectRoutes, type RouteFile } from './http/direct';
import { EventStreams } from './http/event-streams';
import { guardServer } from './http/guard';
import { createMethodNotAllowed } from './http/method-not-allowed';
import { createHandle } from './http/request';
import { RequestPacing } from './http/request-pacing';
import { createRoute, type RequestFacts, type RouteServices } from './http/route';
import { drainBackgroundWork } from './ops/background';
import { createLog, redirectConsole } from './ops/log';
import { createMailer, type Mailer } from './ops/mail';
import { createWriteBehindRateLimit } from './ops/rate-limit';
import { type ReadinessChecks, runChecks } from './ops/readiness';
import { installGracefulShutdown } from './ops/shutdown';
import { createTelemetry, traceRequest } from './ops/telemetry';

/** The parts of the running server. This file alone creates and connects them. */
export interface App extends RouteServices {
  readonly auth: Auth;
  /** The public origin of the app. */
  readonly baseUrl: string;
  readonly checks: ReadinessChecks;
  /** Signs the cursors of lists. */
  readonly cursorKey: KeyObject;
  readonly db: Database;
  readonly log: Logger;
  /** Undefined if no mail is sent. */
  readonly mailer: Mailer | undefined;
  /** Tasks of one user; 0 for no limit. */
  readonly maxTasks: number;
  readonly streams: EventStreams;
  /** Finishes background work and closes the database. The next `getApp` creates another app from the environment. */
  close(): Promise<void>;
}

export const handle = createHandle(getApp);
export const methodNotAllowed = createMethodNotAllowed(handle);
export const route = createRoute(getApp, toTaskContext);

function toTaskContext({ cursorKey, db, maxTasks }: App, facts: RequestFacts): tasks.TaskContext {
  return { ...facts, cursorKey, db, maxTasks };
}

function createApp(config: Config, { driver, keys, log, secret, streams }: Resources): App {
  const { apiConcurrencyLimit, apiRateLimit, baseUrl, corsOrigins, isDevelopment, mail, maxTasks } = config;
  const { trustedOrigins, trustedProxies } = config;
  const telemetry = config.telemetry && createTelemetry();
  const db = createDatabase(telemetry?.observeDriver(driver) ?? driver, { onWrite: (userId) => streams.wake(userId) });
  telemetry?.observeStreams(streams);
  const pool = config.rateLimitStore === 'database' ? db.pool : undefined;
  const mailer = mail && createMailer(mail, log, pool);
  const devices = createDeviceCookies(secret, baseUrl.startsWith('https:'));
  const limits = createAuthLimits({ attempts: config.authRateLimit, devices, pool });
  const auth = createAuth({ baseUrl, trustedOrigins, trustedProxies, secret, db, keys, mailer, limits, log });
  const authenticate = createAuthenticate({ issuer: baseUrl, audience: baseUrl, keys });
  const policy = { name: 'user', requests: apiRateLimit, seconds: 60 };
  return {
    auth,
    authenticate: telemetry?.observeTokens(authenticate) ?? authenticate,
    baseUrl,
    // Signing a token without claims requires a key that this secret decrypts, or creates one.
    checks: { ...db.checks, 'signing key': () => auth.api.signJWT({ body: { payload: {} } }) },
    corsOrigins,
    cursorKey: createSecretKey(createHmac('sha256', secret).update('cursor').digest()),
    db,
    isDevelopment,
    log,
    mailer,
    maxTasks,
    telemetry,
    userLimit: apiRateLimit > 0 ? { policy, limit: createWriteBehindRateLimit(policy, log, pool) } : undefined,
    concurrencyLimit: apiConcurrencyLimit > 0 ? createConcurrencyLimit(apiConcurrencyLimit) : undefined,
    requestPacing: apiRateLimit > 0 ? new RequestPacing() : undefined,
    streams,
    async close() {
      app = undefined;
      shared[RESOURCES] = undefined;
      streams.shutDown();
      await drainBackgroundWork();
      await driver.close();
    },
  };
}

/** The parts of which a process can have only one. */
interface Resources {
  readonly driver: Driver;
  readonly secret: string;
  readonly log: Logger;
  readonly keys: SigningKeys;
  readonly streams: EventStreams;
}

async function openResources(config: Config): Promise<Resources> {
  const { databaseUrl, dataFolder, isVercel, logLevel, neonEndpoint } = config;
  const driver = await openDriver(databaseUrl, { neonEndpoint });
  // The embedded database belongs to this process, so nothing else migrates it or needs its secret.
  if (dataFolder !== undefined) await driver.migrate(migrationsFolder());
  const secret = config.secret ?? loadOrCreateSecret(dataFolder);
  const log = await createLog(logLevel, { isFunction: isVercel });
  driver.crashed?.then((error) => {
    log.fatal({ event: 'database_crashed' }, error.message);
    // A graceful shutdown, in which requests in flight get 503. A supervisor then restarts the process.
    process.exitCode = 1;
    process.kill(process.pid, 'SIGTERM');
  });
  const { readPositions } = createDatabase(driver);
  const streams = new EventStreams({ max: config.maxStreams, maxSeconds: config.maxStreamSeconds, log, readPositions });
  return { driver, secret, log, streams, keys: createSigningKeys({ ownerDb: driver.ownerDb, secret, log }) };
}

// Next.js loads this module twice, for the instrumentation and for the routes.
const shared: { [key: symbol]: Promise<Resources> | undefined } = globalThis;
const RESOURCES = Symbol.for('taskward.resources');

let app: App | undefined;

/**
 * Returns the app of this process, which is created on first use.
 *
 * @throws {Error} during a build, which has no request to serve.
 */
export async function getApp(): Promise<App> {
  if (app) return app;
  if (isBuild()) throw new Error('getApp() must not be called during `next build`.');
  return openApp(readConfig());
}

async function openApp(config: Config): Promise<App> {
  shared[RESOURCES] ??= openResources(config).catch((error) => {
    shared[RESOURCES] = undefined;
    throw error;
  });
  const resources = await shared[RESOURCES];
  app ??= createApp(config, resources);
  return app;
}

/**
 * Starts the app with the server. An error is printed in one message, and ends the process.
 *
 * @param routeFiles of the API, by their paths.
 */
export async function boot(routeFiles: Readonly<Record<string, RouteFile>>): Promise<void> {
  try {
    await start(readConfig(), routeFiles);
  } catch (error) {
    console.error(`taskward cannot start. ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }
}

async function start(config: Config, routeFiles: Readonly<Record<string, RouteFile>>): Promise<void> {
  // `next dev` upgrades connections and shuts down by itself; the host of a function has its own limits and ends it.
  const ownsProcess = config.isProduction && !config.isVercel;
  let stopExporters = async () => {};
  const trace = config.telemetry && traceRequest;
  const findHandler = ownsProcess && config.isDirect ? createDirectRoutes(routeFiles, trace) : undefined;
  guardServer({ handle, findHandler, ownsConnections: ownsProcess });
  recordRemoteAddresses();
  if (ownsProcess) {
    installGracefulShutdown({
      begin: async () => (await shared[RESOURCES])?.streams.shutDown(),
      close: async () => {
        await (await openApp(config)).close();
        await stopExporters();
      },
    });
  }
  // Before the app is created, which looks up the tracer and meter once.
  if (config.telemetry) stopExporters = (await import('./ops/exporters')).startExporters(config.telemetry);
  const { checks, log, mailer } = await openApp(config);
  if (!mailer) log.info('SMTP_URL is not set: no mail is sent, addresses are not verified, passwords cannot be reset');
  await runChecks(checks).catch((error) => {
    if (!isDatabaseUnavailable(error)) throw error;
    log.warn('database unavailable at start; requests get 503 until it is available');
  });
  if (config.isProduction) redirectConsole(log);
}
