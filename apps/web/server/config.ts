import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';

/** Everything the environment decides, read once at start. */
export interface Config {
  readonly databaseUrl: string;
  /** The embedded database is this process's own: migrated at start, and with a secret kept in its folder. */
  readonly isEmbedded: boolean;
  /** Signs cookies and encrypts the keys of tokens. */
  readonly secret: { readonly value: string } | { readonly keptIn: string };
  /** Origin under which people reach the app; also `iss` and `aud` of its tokens. */
  readonly baseUrl: string;
  readonly migrationsFolder: string;
  readonly logLevel: string;
}

const MIN_SECRET_LENGTH = 32;

const Environment = z
  .object({
    DATABASE_URL: z.string().regex(/^pglite:./, 'use pglite:<folder>, or leave it unset for the embedded default').optional(),
    BETTER_AUTH_SECRET: z.string().min(MIN_SECRET_LENGTH, `at least ${MIN_SECRET_LENGTH} characters are needed`).optional(),
    BETTER_AUTH_URL: z
      .url({ protocol: /^https?$/, error: 'an http or https URL is expected' })
      .refine((url) => new URL(url).pathname === '/', 'only the origin is expected, without a path')
      .transform((url) => new URL(url).origin)
      .optional(),
    LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    PORT: z.string().regex(/^\d{1,5}$/, 'a port number is expected').default('3000'),
  });

/**
 * @throws {Error} whose message names every variable at fault, one a line.
 */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  // An empty variable is how shells and hosting panels write an unset one.
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const result = Environment.safeParse(set);
  if (!result.success) {
    const faults = result.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The configuration cannot be used:\n${faults.join('\n')}`);
  }
  const { DATABASE_URL, BETTER_AUTH_SECRET, BETTER_AUTH_URL, LOG_LEVEL, PORT } = result.data;
  const root = workspaceRoot();
  const dataFolder = resolve(root, DATABASE_URL?.slice('pglite:'.length) ?? '.data');
  return {
    databaseUrl: `pglite:${dataFolder}`,
    isEmbedded: true,
    secret: BETTER_AUTH_SECRET === undefined ? { keptIn: dataFolder } : { value: BETTER_AUTH_SECRET },
    baseUrl: BETTER_AUTH_URL ?? `http://localhost:${PORT}`,
    migrationsFolder: join(root, 'packages/db/migrations'),
    logLevel: LOG_LEVEL,
  };
}

/** Scripts run in the root or in a package; paths in the configuration mean the same in each. */
function workspaceRoot(): string {
  let folder = process.cwd();
  while (!existsSync(join(folder, 'pnpm-workspace.yaml'))) {
    const parent = dirname(folder);
    if (parent === folder) return process.cwd();
    folder = parent;
  }
  return folder;
}
