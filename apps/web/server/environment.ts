import { DEFAULT_DATABASE_URL } from '@taskward/db';
import * as z from 'zod';
import { isGuessable } from './auth/password-strength';
import { isDatabaseUrl, isOrigin, isSmtpUrl } from './ops/url-checks';

const MIN_SECRET_LENGTH = 32;
const MIN_SECRET_VARIETY = 8;
const PLACEHOLDER = /change.?me|change.?this|example|placeholder|your.?secret|super.?secret|better-auth-secret/i;

const flag = z.enum(['0', '1'], 'use 1 or 0, or leave it unset').optional();
const host = z
  .string()
  .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i, 'must be a host name')
  .optional();

const collector = z.url({ protocol: /^https?$/, error: 'use a URL, such as http://localhost:4318' }).optional();

/** The environment variables of the server, each validated by itself. */
export const Environment = z.object({
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
    .transform((list) => list.split(',').map((url) => url.trim()))
    .refine((urls) => urls.every(isOrigin), 'use origins with commas between, such as https://app.example.com')
    .transform((urls) => urls.map((url) => new URL(url).origin))
    .default([]),
  DATABASE_URL: z
    .string()
    .refine(isDatabaseUrl, 'use postgres://user:password@host/database, or pglite:<folder>, or leave it unset')
    .default(DEFAULT_DATABASE_URL),
  DIRECT: flag,
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  MAX_STREAMS: integerUpTo(100_000).default(5_000),
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

export type Environment = z.infer<typeof Environment>;

function isWeak(secret: string): boolean {
  return isGuessable(secret) || PLACEHOLDER.test(secret) || new Set(secret).size < MIN_SECRET_VARIETY;
}

function integerUpTo(max: number) {
  return z
    .string()
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) <= max, `use a whole number from 0 to ${max}`)
    .transform(Number);
}
