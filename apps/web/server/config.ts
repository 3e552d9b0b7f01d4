import { DEFAULT_DATABASE_URL, pgliteDataDir } from '@taskward/db';
import * as z from 'zod';
import { isGuessable } from './auth/password-strength';
import type { TrustedProxies } from './http/client-address';

/** Everything the environment decides, read once at start. */
export interface Config {
  readonly databaseUrl: string;
  /** Where a gateway stands in for Neon's proxy; Neon's own is found by `databaseUrl`. */
  readonly neonEndpoint: string | undefined;
  /** The folder of the embedded database, where that is used. */
  readonly dataFolder: string | undefined;
  /** Signs cookies and cursors, and encrypts the private keys of tokens. The embedded database can keep its own. */
  readonly secret: string | undefined;
  /** Origin under which people reach the app; also `iss` and `aud` of its tokens. */
  readonly baseUrl: string;
  /** Every origin whose pages may use Better Auth with a cookie. */
  readonly trustedOrigins: readonly string[];
  /** How mail leaves; without it there is none. */
  readonly mail: { readonly url: string; readonly from: string } | undefined;
  readonly logLevel: string;
  /** Whether each answer tells how long its steps took. */
  readonly isDevelopment: boolean;
  /** Where spans and metrics go somewhere: how often metrics do, in milliseconds. */
  readonly telemetry: { readonly metricExportIntervalMs: number } | undefined;
  /** Requests to the task API by one user at the same time, in one process; 0 is no limit. */
  readonly apiConcurrencyLimit: number;
  /** Tasks of one user; 0 is no limit. */
  readonly maxTasks: number;
  /** Requests to the task API by one user in a minute; 0 is no limit. */
  readonly apiRateLimit: number;
  /** Attempts at accounts from one address in 15 minutes; 0 is no limit. */
  readonly authRateLimit: number;
  /** Whether several processes count together. */
  readonly sharesRateLimits: boolean;
  readonly trustedProxies: TrustedProxies;
  /** Other origins whose pages may call the task API. */
  readonly corsOrigins: readonly string[];
  /** Whether a build on Vercel brings the database up to date. */
  readonly migratesOnBuild: boolean;
}

const MIN_SECRET_LENGTH = 32;
const MIN_SECRET_VARIETY = 8;
const PLACEHOLDER = /change.?me|change.?this|example|placeholder|your.?secret|super.?secret|better-auth-secret/i;

const flag = z.enum(['0', '1'], 'use 1 or 0, or leave it unset').optional();
const host = z
  .string()
  .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i, 'is no host name')
  .optional();

const collector = z.url({ protocol: /^https?$/, error: 'use a URL, such as http://localhost:4318' }).optional();

const Environment = z.object({
  ALLOW_HTTP: flag,
  ALLOW_PLAINTEXT_DATABASE: flag,
  API_CONCURRENCY_LIMIT: integerUpTo(10_000).default(8),
  API_RATE_LIMIT: integerUpTo(1_000_000).default(600),
  AUTH_RATE_LIMIT: integerUpTo(1_000_000).default(100),
  BETTER_AUTH_SECRET: z
    .string()
    .min(MIN_SECRET_LENGTH, { error: `use at least ${MIN_SECRET_LENGTH} random characters`, abort: true })
    .refine((secret) => !isWeak(secret), 'can be guessed; make one with: openssl rand -base64 32')
    .optional(),
  BETTER_AUTH_SECRETS: z.never('is not supported; use BETTER_AUTH_SECRET').optional(),
  BETTER_AUTH_URL: z
    .string()
    .refine(isOrigin, 'use the origin alone, such as https://tasks.example.com')
    .transform((url) => new URL(url).origin)
    .optional(),
  CORS_ORIGINS: z
    .string()
    .transform((all) => all.split(',').map((one) => one.trim()))
    .refine((all) => all.every(isOrigin), 'use origins with commas between, such as https://app.example.com')
    .transform((all) => all.map((one) => new URL(one).origin))
    .default([]),
  DATABASE_URL: z
    .string()
    .refine(isDatabaseUrl, 'use postgres://user:password@host/database, or pglite:<folder>, or leave it unset')
    .default(DEFAULT_DATABASE_URL),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  MAX_TASKS: integerUpTo(10_000_000).default(20_000),
  MIGRATE_ON_BUILD: flag,
  NEON_ENDPOINT: z.string().refine(isOrigin, 'use the origin alone, such as http://localhost:4444').optional(),
  NODE_ENV: z.string().optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: collector,
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: collector,
  OTEL_EXPORTER_OTLP_PROTOCOL: z
    .enum(['http/json', 'http/protobuf'], 'use http/json, and the port for that, which is 4318')
    .optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector,
  OTEL_METRIC_EXPORT_INTERVAL: integerUpTo(86_400_000).default(60_000),
  OTEL_SDK_DISABLED: z.string().optional(),
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'use a number')
    .default('3000'),
  RATE_LIMIT_STORE: z.enum(['memory', 'database'], 'use memory or database').optional(),
  SMTP_FROM: z
    .string()
    .regex(
      /^([^\r\n<>]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/,
      'use an address, such as Tasks <tasks@example.com>',
    )
    .optional(),
  SMTP_URL: z.string().refine(isSmtpUrl, 'use smtp://user:password@host:587 or smtps://…').optional(),
  TRUSTED_PROXIES: integerUpTo(10).default(0),
  VERCEL: z.string().optional(),
  VERCEL_BRANCH_URL: host,
  VERCEL_ENV: z.string().optional(),
  VERCEL_PROJECT_PRODUCTION_URL: host,
  VERCEL_URL: host,
});

type Environment = z.infer<typeof Environment>;

/** What each variable says is sound; these are the faults of some beside others. */
function* crossFieldErrors(env: Environment): Generator<readonly [name: keyof Environment, fault: string]> {
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
    yield ['VERCEL_ENV', 'comes without an address: expose the system environment variables in the settings of Vercel'];
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
 * A preview is known by the address of its branch, whatever BETTER_AUTH_URL says: under the address of production, a
 * token of the one would be a token of the other.
 */
function findBaseUrl(env: Environment): string | undefined {
  const { BETTER_AUTH_URL, VERCEL_BRANCH_URL, VERCEL_ENV, VERCEL_PROJECT_PRODUCTION_URL, VERCEL_URL } = env;
  if (VERCEL_ENV === 'preview') return toOrigin(VERCEL_BRANCH_URL ?? VERCEL_URL);
  return BETTER_AUTH_URL ?? (VERCEL_ENV === 'production' ? toOrigin(VERCEL_PROJECT_PRODUCTION_URL) : undefined);
}

/**
 * By the variables that OpenTelemetry gives every program.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
function sendsTelemetry(env: Environment): boolean {
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT ?? env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
  const isNamed = (endpoint ?? env.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT) !== undefined;
  return isNamed && env.OTEL_SDK_DISABLED?.toLowerCase() !== 'true';
}

const toOrigin = (host: string | undefined) => (host ? new URL(`https://${host}`).origin : undefined);

function isWeak(secret: string): boolean {
  return isGuessable(secret) || PLACEHOLDER.test(secret) || new Set(secret).size < MIN_SECRET_VARIETY;
}

/** A whole number from 0 to this. */
function integerUpTo(most: number) {
  return z
    .string()
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) <= most, `use a whole number from 0 to ${most}`)
    .transform(Number);
}

function isOrigin(url: string): boolean {
  return /^https?:/.test(url) && URL.canParse(url) && new URL(url).href === `${new URL(url).origin}/`;
}

function isDatabaseUrl(url: string): boolean {
  return /^pglite:./.test(url) || (/^postgres(ql)?:/.test(url) && URL.canParse(url));
}

function isSmtpUrl(url: string): boolean {
  return /^smtps?:\/\/./.test(url) && URL.canParse(url) && new URL(url).hostname !== '';
}

function isPlainHttp(origin: string): boolean {
  return origin.startsWith('http:') && !isLoopback(new URL(origin).hostname);
}

/** Whether nobody on the way could read along: the way is none, or TLS is not negotiable. */
function isEncrypted({ hostname, searchParams }: URL): boolean {
  const isSocket = hostname === '' || /^%2f/i.test(hostname) || searchParams.get('host')?.startsWith('/');
  if (isSocket || isLoopback(hostname) || hostname.endsWith('.neon.tech')) return true;
  const mode = searchParams.get('sslmode');
  if (mode !== null) return ['require', 'verify-ca', 'verify-full'].includes(mode);
  return ['1', 'true'].includes(searchParams.get('ssl') ?? '');
}

/** Names and addresses of the machine itself (RFC 6761, RFC 1122, RFC 4291). */
export function isLoopback(hostname: string): boolean {
  return /^((.+\.)?localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(hostname);
}

/** @throws {Error} whose message names every variable at fault, one a line, and says none of their values. */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  // An empty variable is how shells and hosting panels write an unset one.
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const result = Environment.safeParse(set);
  const issues = result.error?.issues.map(({ path, message }) => [path.join('.'), message] as const) ?? [];
  const faulty = new Set(issues.map(([name]) => name));
  // What is wrong by itself is left out, so that the rest can still be looked at.
  const sound = Object.entries(set).filter(([name]) => !faulty.has(name));
  const env = Environment.parse(Object.fromEntries(sound));
  const beside = [...crossFieldErrors(env)].filter(([name]) => !faulty.has(name));
  const faults = [...issues, ...beside].map(([name, message]) => `  ${name}: ${message}`);
  if (faults.length > 0) throw new Error(`The configuration cannot be used:\n${faults.join('\n')}`);

  const baseUrl = findBaseUrl(env) ?? `http://localhost:${env.PORT}`;
  const own = [env.VERCEL_BRANCH_URL, env.VERCEL_URL].flatMap((one) => toOrigin(one) ?? []);
  const dataFolder = pgliteDataDir(env.DATABASE_URL);
  const isVercel = env.VERCEL === '1';
  return {
    databaseUrl: env.DATABASE_URL,
    neonEndpoint: env.NEON_ENDPOINT,
    dataFolder,
    secret: env.BETTER_AUTH_SECRET,
    baseUrl,
    trustedOrigins: [...new Set([baseUrl, ...own])],
    mail: env.SMTP_URL && env.SMTP_FROM ? { url: env.SMTP_URL, from: env.SMTP_FROM } : undefined,
    logLevel: env.LOG_LEVEL,
    apiConcurrencyLimit: env.API_CONCURRENCY_LIMIT,
    maxTasks: env.MAX_TASKS,
    apiRateLimit: env.API_RATE_LIMIT,
    authRateLimit: env.AUTH_RATE_LIMIT,
    // Functions are many processes; the embedded database belongs to one.
    sharesRateLimits: dataFolder === undefined && (env.RATE_LIMIT_STORE ?? (isVercel ? 'database' : '')) === 'database',
    trustedProxies: isVercel ? 'vercel' : env.TRUSTED_PROXIES,
    corsOrigins: env.CORS_ORIGINS,
    isDevelopment: env.NODE_ENV === 'development',
    telemetry: sendsTelemetry(env) ? { metricExportIntervalMs: env.OTEL_METRIC_EXPORT_INTERVAL } : undefined,
    migratesOnBuild: env.MIGRATE_ON_BUILD !== '0',
  };
}
