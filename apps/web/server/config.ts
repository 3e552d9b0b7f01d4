import { DEFAULT_DATABASE_URL, embeddedFolder } from '@taskward/db';
import { z } from 'zod';

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
  readonly logLevel: string;
}

const MIN_SECRET_LENGTH = 32;

const Environment = z
  .object({
    DATABASE_URL: z
      .string()
      .refine(isDatabaseUrl, 'use postgres://user:password@host/database, or pglite:<folder>, or leave it unset')
      .default(DEFAULT_DATABASE_URL),
    NEON_ENDPOINT: z.string().refine(isOrigin, 'use the origin alone, such as http://localhost:4444').optional(),
    BETTER_AUTH_SECRET: z
      .string()
      .min(MIN_SECRET_LENGTH, `use at least ${MIN_SECRET_LENGTH} random characters`)
      .optional(),
    BETTER_AUTH_URL: z
      .string()
      .refine(isOrigin, 'use the origin alone, such as https://tasks.example.com')
      .transform((url) => new URL(url).origin)
      .optional(),
    LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    PORT: z
      .string()
      .regex(/^\d{1,5}$/, 'use a number')
      .default('3000'),
  })
  .refine((env) => env.BETTER_AUTH_SECRET || embeddedFolder(env.DATABASE_URL) !== undefined, {
    path: ['BETTER_AUTH_SECRET'],
    message: 'is needed with a database server; make one with: openssl rand -base64 32',
    // Told together with the other faults, as long as there is a database to speak of.
    when: ({ value }) => typeof (value as { DATABASE_URL?: unknown }).DATABASE_URL === 'string',
  });

function isOrigin(url: string): boolean {
  return /^https?:/.test(url) && URL.canParse(url) && new URL(url).href === `${new URL(url).origin}/`;
}

function isDatabaseUrl(url: string): boolean {
  return /^pglite:./.test(url) || (/^postgres(ql)?:/.test(url) && URL.canParse(url));
}

/** @throws {Error} whose message names every variable at fault, one a line. */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  // An empty variable is how shells and hosting panels write an unset one.
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const result = Environment.safeParse(set);
  if (!result.success) {
    const faults = result.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The configuration cannot be used:\n${faults.join('\n')}`);
  }
  const { DATABASE_URL, NEON_ENDPOINT, BETTER_AUTH_SECRET, BETTER_AUTH_URL, LOG_LEVEL, PORT } = result.data;
  return {
    databaseUrl: DATABASE_URL,
    neonEndpoint: NEON_ENDPOINT,
    dataFolder: embeddedFolder(DATABASE_URL),
    secret: BETTER_AUTH_SECRET,
    baseUrl: BETTER_AUTH_URL ?? `http://localhost:${PORT}`,
    logLevel: LOG_LEVEL,
  };
}
