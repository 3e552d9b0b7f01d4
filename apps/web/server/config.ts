import { pgliteDataDir } from '@taskward/db';
import { Environment } from './environment';
import type { TrustedProxies } from './http/client-address';
import type { MailConfig } from './ops/mail';
import { isEncrypted, isPlainHttp } from './ops/url-checks';

/** The configuration of the server, from environment variables. */
export interface Config {
  readonly databaseUrl: string;
  /** The origin of a gateway in place of Neon's proxy, which `databaseUrl` names. */
  readonly neonEndpoint: string | undefined;
  /** The folder of the embedded database, if that is used. */
  readonly dataFolder: string | undefined;
  /** Signs cookies and cursors, and encrypts the private keys of tokens. With the embedded database it may be generated. */
  readonly secret: string | undefined;
  /** The public origin of the app; also `iss` and `aud` of its tokens. */
  readonly baseUrl: string;
  /** The origins whose pages may use Better Auth with a cookie; the first is `baseUrl`. */
  readonly trustedOrigins: readonly string[];
  /** Undefined if no mail is sent. */
  readonly mail: MailConfig | undefined;
  readonly logLevel: string;
  /** Whether this is `next dev`. */
  readonly isDevelopment: boolean;
  readonly isProduction: boolean;
  readonly isVercel: boolean;
  /** Whether `next start` serves the API without Next.js. */
  readonly isDirect: boolean;
  /** Undefined if no collector is configured. */
  readonly telemetry: { readonly metricExportIntervalMs: number } | undefined;
  /** Concurrent requests of one user to the API, in one process; 0 for no limit. */
  readonly apiConcurrencyLimit: number;
  /** Event streams in one process; 0 for none. */
  readonly maxStreams: number;
  /** Of one event stream. */
  readonly maxStreamSeconds: number;
  /** Tasks of one user; 0 for no limit. */
  readonly maxTasks: number;
  /** Requests of one user to the API in a minute; 0 for no limit. */
  readonly apiRateLimit: number;
  /** Attempts on accounts from one address in 15 minutes; 0 for no limit. */
  readonly authRateLimit: number;
  /** Where requests are counted: in each process, or across all processes. */
  readonly rateLimitStore: 'memory' | 'database';
  readonly trustedProxies: TrustedProxies;
  /** Other origins whose pages may call the API. */
  readonly corsOrigins: readonly string[];
  /** Whether a build on Vercel migrates the database. */
  readonly migratesOnBuild: boolean;
}

/** Errors of variables, each of them valid by itself, that do not fit the others. */
function* crossFieldErrors(env: Environment): Generator<readonly [name: keyof Environment, message: string]> {
  const database = pgliteDataDir(env.DATABASE_URL) === undefined ? new URL(env.DATABASE_URL) : undefined;
  const isVercel = env.VERCEL === '1';
  if (isVercel && !database) {
    yield ['DATABASE_URL', 'is needed on Vercel, where no file lasts; connect a Neon database to the project'];
  }
  if ((database || isVercel) && !env.BETTER_AUTH_SECRET) {
    yield ['BETTER_AUTH_SECRET', 'is needed with a database server; make one with: openssl rand -base64 32'];
  }
  if (!database && env.RATE_LIMIT_STORE === 'database') {
    yield ['RATE_LIMIT_STORE', 'needs a database server: the embedded database belongs to one process'];
  }
  if (env.SMTP_URL && !env.SMTP_FROM) yield ['SMTP_FROM', 'is needed with SMTP_URL'];
  if (/^(production|preview)$/.test(env.VERCEL_ENV ?? '') && !findBaseUrl(env)) {
    yield [
      'VERCEL_ENV',
      'is set, but no VERCEL_URL is: expose the system environment variables in the settings of Vercel',
    ];
  }
  if (!database || env.NODE_ENV !== 'production') return;
  const baseUrl = findBaseUrl(env);
  if (baseUrl && isPlainHttp(baseUrl) && env.ALLOW_HTTP !== '1') {
    yield ['BETTER_AUTH_URL', 'use https, or set ALLOW_HTTP=1 where passwords may travel in the clear'];
  }
  if (!isEncrypted(database) && env.ALLOW_PLAINTEXT_DATABASE !== '1') {
    yield ['DATABASE_URL', 'add sslmode=verify-full, or set ALLOW_PLAINTEXT_DATABASE=1 where the network is private'];
  }
}

/**
 * A preview has the origin of its branch, regardless of BETTER_AUTH_URL: with the origin of production, its tokens would be
 * valid there.
 */
function findBaseUrl(env: Environment): string | undefined {
  const { BETTER_AUTH_URL, VERCEL_BRANCH_URL, VERCEL_ENV, VERCEL_PROJECT_PRODUCTION_URL, VERCEL_URL } = env;
  if (VERCEL_ENV === 'preview') return toOrigin(VERCEL_BRANCH_URL ?? VERCEL_URL);
  return BETTER_AUTH_URL ?? (VERCEL_ENV === 'production' ? toOrigin(VERCEL_PROJECT_PRODUCTION_URL) : undefined);
}

/**
 * Whether OpenTelemetry's own variables name a collector.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
function sendsTelemetry(env: Environment): boolean {
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT ?? env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
  const isNamed = (endpoint ?? env.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT) !== undefined;
  return isNamed && env.OTEL_SDK_DISABLED?.toLowerCase() !== 'true';
}

const toOrigin = (host: string | undefined) => (host ? new URL(`https://${host}`).origin : undefined);

/** Whether this is `next build`, which opens no database. */
export const isBuild = (): boolean => process.env.NEXT_PHASE === 'phase-production-build';

/**
 * Reads and validates the environment.
 *
 * @throws {Error} with a message that has one line for each invalid variable and does not contain values.
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  // Shells and hosting panels write an unset variable as an empty one.
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const result = Environment.safeParse(set);
  const issues = result.error?.issues.map(({ path, message }) => [path.join('.'), message] as const) ?? [];
  const invalidNames = new Set(issues.map(([name]) => name));
  // Without the invalid variables, so that the others can still be compared.
  const validEntries = Object.entries(set).filter(([name]) => !invalidNames.has(name));
  const env = Environment.parse(Object.fromEntries(validEntries));
  const crossErrors = [...crossFieldErrors(env)].filter(([name]) => !invalidNames.has(name));
  const lines = [...issues, ...crossErrors].map(([name, message]) => `  ${name}: ${message}`);
  if (lines.length > 0) throw new Error(`The configuration cannot be used:\n${lines.join('\n')}`);
  return toConfig(env);
}

function toConfig(env: Environment): Config {
  const baseUrl = findBaseUrl(env) ?? `http://localhost:${env.PORT}`;
  const vercelOrigins = [env.VERCEL_BRANCH_URL, env.VERCEL_URL].flatMap((host) => toOrigin(host) ?? []);
  const dataFolder = pgliteDataDir(env.DATABASE_URL);
  const isVercel = env.VERCEL === '1';
  return {
    databaseUrl: env.DATABASE_URL,
    neonEndpoint: env.NEON_ENDPOINT,
    dataFolder,
    secret: env.BETTER_AUTH_SECRET,
    baseUrl,
    trustedOrigins: [...new Set([baseUrl, ...vercelOrigins])],
    mail: env.SMTP_URL && env.SMTP_FROM ? { url: env.SMTP_URL, from: env.SMTP_FROM } : undefined,
    logLevel: env.LOG_LEVEL,
    apiConcurrencyLimit: env.API_CONCURRENCY_LIMIT,
    maxStreams: env.MAX_STREAMS,
    // The route has 300 s there.
    maxStreamSeconds: isVercel ? 280 : 3_600,
    maxTasks: env.MAX_TASKS,
    apiRateLimit: env.API_RATE_LIMIT,
    authRateLimit: env.AUTH_RATE_LIMIT,
    // Vercel runs many processes.
    rateLimitStore: env.RATE_LIMIT_STORE ?? (isVercel ? 'database' : 'memory'),
    trustedProxies: isVercel ? 'vercel' : env.TRUSTED_PROXIES,
    corsOrigins: env.CORS_ORIGINS,
    isDevelopment: env.NODE_ENV === 'development',
    isProduction: env.NODE_ENV === 'production',
    isVercel,
    isDirect: env.DIRECT !== '0',
    telemetry: sendsTelemetry(env) ? { metricExportIntervalMs: env.OTEL_METRIC_EXPORT_INTERVAL } : undefined,
    migratesOnBuild: env.MIGRATE_ON_BUILD !== '0',
  };
}
