import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { getApp } from '../../server/app';
import { readConfig } from '../../server/config';

const SERVER = 'postgres://tasks:pa55word@db.example.com/tasks';
const secret = randomBytes(32).toString('base64');
/** A valid production configuration. */
const valid = {
  NODE_ENV: 'production',
  DATABASE_URL: `${SERVER}?sslmode=verify-full`,
  BETTER_AUTH_SECRET: secret,
  BETTER_AUTH_URL: 'https://tasks.example.com',
} as const;

type Variables = Record<string, string | undefined>;
const read = (environment: Variables) => readConfig({ NODE_ENV: 'test', ...environment } as NodeJS.ProcessEnv);
/** The names of the variables that the error message lists. */
function invalidVariables(environment: Variables): string[] {
  try {
    read(environment);
    return [];
  } catch (error) {
    return [...(error as Error).message.matchAll(/^ {2}(\w+): /gm)].map(([, name]) => name ?? '');
  }
}

test('the embedded database requires no configuration', () => {
  expect(read({})).toMatchObject({ baseUrl: 'http://localhost:3000', mail: undefined, secret: undefined });
  expect(read({ NODE_ENV: 'production', PORT: '8080' })).toMatchObject({ baseUrl: 'http://localhost:8080' });
});

test('a complete production configuration is valid', () => {
  expect(read(valid)).toMatchObject({
    baseUrl: 'https://tasks.example.com',
    trustedOrigins: ['https://tasks.example.com'],
    secret,
  });
});

test('one message lists every invalid variable, and none of the values', () => {
  const wrong = {
    NODE_ENV: 'production',
    ALLOW_HTTP: 'wrong-1',
    ALLOW_PLAINTEXT_DATABASE: 'wrong-14',
    API_CONCURRENCY_LIMIT: 'wrong-20',
    API_RATE_LIMIT: 'wrong-15',
    AUTH_RATE_LIMIT: '-1',
    BETTER_AUTH_SECRET: 'wrong-2',
    BETTER_AUTH_SECRETS: '1:wrong-3',
    BETTER_AUTH_URL: 'http://wrong-4.example.com',
    CORS_ORIGINS: 'https://wrong-16.example.com, wrong-17',
    DATABASE_URL: 'postgres://wrong-5:wrong-6@db.example.com/wrong-7',
    DIRECT: 'wrong-21',
    LOG_LEVEL: 'wrong-8',
    MAX_TASKS: 'wrong-19',
    NEON_ENDPOINT: 'wrong-9',
    PORT: 'wrong-10',
    RATE_LIMIT_STORE: 'wrong-18',
    SMTP_URL: 'smtp://wrong-11:wrong-12@mail.example.com',
    TRUSTED_PROXIES: '11',
    VERCEL_URL: 'wrong_13',
  };
  const names = Object.keys(wrong).filter((name) => !['NODE_ENV', 'SMTP_URL'].includes(name));
  expect(invalidVariables(wrong).sort()).toEqual([...names, 'SMTP_FROM'].sort());
  expect(() => read(wrong)).not.toThrow(/wrong/);
});

describe('BETTER_AUTH_SECRET', () => {
  test('a secret is required with a database server, in production or not', () => {
    expect(invalidVariables({ DATABASE_URL: SERVER })).toEqual(['BETTER_AUTH_SECRET']);
    expect(invalidVariables({ ...valid, BETTER_AUTH_SECRET: undefined })).toEqual(['BETTER_AUTH_SECRET']);
    expect(invalidVariables({ ...valid, BETTER_AUTH_SECRET: '' })).toEqual(['BETTER_AUTH_SECRET']);
  });

  test.each([
    ['short', secret.slice(0, 31)],
    ['one character', 'x'.repeat(40)],
    ['few characters', 'abcabccbabacbbacabcacbabcbacbacbabc'],
    ['a phrase over and over', 'correct horse battery correct horse battery '],
    ['the digits over and over', '12345678901234567890123456789012'],
    ['the default of Better Auth', 'better-auth-secret-12345678901234567890'],
    ['a placeholder', 'please-change-me-to-something-else!'],
  ])('a secret that can be guessed is refused: %s', (_, weak) => {
    expect(invalidVariables({ ...valid, BETTER_AUTH_SECRET: weak })).toEqual(['BETTER_AUTH_SECRET']);
  });

  test('a secret as openssl, hex or a UUID writes it is accepted', () => {
    for (let i = 0; i < 200; i++) {
      const bytes = randomBytes(32);
      for (const good of [bytes.toString('base64'), bytes.toString('hex'), bytes.toString('hex').slice(32)]) {
        expect(read({ ...valid, BETTER_AUTH_SECRET: good }).secret).toBe(good);
      }
    }
  });
});

describe('in production with a server', () => {
  test.each([
    ['http://tasks.example.com', false],
    ['http://192.168.1.5:3000', false],
    ['http://localhost.example.com', false],
    ['http://localhost:3000', true],
    ['http://127.0.0.1:3000', true],
    ['http://[::1]:3000', true],
    ['https://tasks.example.com', true],
  ])('in production, the base URL %s is valid: %s', (BETTER_AUTH_URL, isTaken) => {
    expect(invalidVariables({ ...valid, BETTER_AUTH_URL })).toEqual(isTaken ? [] : ['BETTER_AUTH_URL']);
    expect(invalidVariables({ ...valid, BETTER_AUTH_URL, ALLOW_HTTP: '1' })).toEqual([]);
    expect(invalidVariables({ ...valid, BETTER_AUTH_URL, NODE_ENV: 'development' })).toEqual([]);
    expect(invalidVariables({ ...valid, BETTER_AUTH_URL, DATABASE_URL: 'pglite:.data' })).toEqual([]);
  });

  test.each([
    [SERVER, false],
    ['postgres://10.0.0.7/tasks', false],
    [`${SERVER}?sslmode=disable`, false],
    [`${SERVER}?sslmode=prefer`, false],
    [`${SERVER}?sslmode=no-verify`, false],
    [`${SERVER}?ssl=true&sslmode=disable`, false],
    [`${SERVER}?ssl=0`, false],
    [`${SERVER}?sslmode=require`, true],
    [`${SERVER}?sslmode=verify-full`, true],
    [`${SERVER}?ssl=true`, true],
    ['postgres://localhost/tasks', true],
    ['postgres://127.0.0.1:5433/tasks', true],
    ['postgres:///tasks?host=/var/run/postgresql', true],
    ['postgres://u:p@ep-x-pooler.eu-central-1.aws.neon.tech/tasks', true],
  ])('in production, the database URL %s is valid: %s', (DATABASE_URL, isTaken) => {
    expect(invalidVariables({ ...valid, DATABASE_URL })).toEqual(isTaken ? [] : ['DATABASE_URL']);
    expect(invalidVariables({ ...valid, DATABASE_URL, ALLOW_PLAINTEXT_DATABASE: '1' })).toEqual([]);
    expect(invalidVariables({ ...valid, DATABASE_URL, NODE_ENV: 'test' })).toEqual([]);
  });
});

test('shared rate limits require a database server', () => {
  expect(invalidVariables({ RATE_LIMIT_STORE: 'database' })).toEqual(['RATE_LIMIT_STORE']);
  expect(read({ ...valid, RATE_LIMIT_STORE: 'database' }).rateLimitStore).toBe('database');
});

describe('mail', () => {
  test('SMTP_URL requires SMTP_FROM, with exactly one address', () => {
    const SMTP_URL = 'smtp://user:pass@mail.example.com:587';
    expect(invalidVariables({ SMTP_URL })).toEqual(['SMTP_FROM']);
    for (const bad of ['tasks', 'Tasks <tasks>', 'a@b, c@d', 'Tasks <a@b>\r\nBcc: c@d']) {
      expect(invalidVariables({ SMTP_URL, SMTP_FROM: bad })).toEqual(['SMTP_FROM']);
    }
    const SMTP_FROM = 'Tasks <tasks@example.com>';
    expect(read({ SMTP_URL, SMTP_FROM }).mail).toEqual({ url: SMTP_URL, from: SMTP_FROM });
    expect(invalidVariables({ SMTP_URL: 'http://mail.example.com', SMTP_FROM })).toEqual(['SMTP_URL']);
  });
});

describe('on Vercel', () => {
  const vercel = {
    ...valid,
    BETTER_AUTH_URL: undefined,
    VERCEL_URL: 'tasks-d3pl0y-team.vercel.app',
    VERCEL_BRANCH_URL: 'tasks-git-topic-team.vercel.app',
    VERCEL_PROJECT_PRODUCTION_URL: 'tasks.example.com',
  };

  test('on Vercel, production uses its own address and trusts that of the deployment', () => {
    expect(read({ ...vercel, VERCEL_ENV: 'production' })).toMatchObject({
      baseUrl: 'https://tasks.example.com',
      trustedOrigins: [
        'https://tasks.example.com',
        'https://tasks-git-topic-team.vercel.app',
        'https://tasks-d3pl0y-team.vercel.app',
      ],
    });
  });

  test('on Vercel, a preview uses the address of its branch, and trusts neither production nor other previews', () => {
    const { baseUrl, trustedOrigins } = read({ ...vercel, VERCEL_ENV: 'preview' });
    expect(baseUrl).toBe('https://tasks-git-topic-team.vercel.app');
    expect(trustedOrigins).toEqual([baseUrl, 'https://tasks-d3pl0y-team.vercel.app']);
  });

  test('on Vercel, a preview never uses the address of production, even if BETTER_AUTH_URL says so', () => {
    const BETTER_AUTH_URL = 'https://tasks.example.com';
    expect(read({ ...vercel, BETTER_AUTH_URL, VERCEL_ENV: 'preview' }).baseUrl).not.toBe(BETTER_AUTH_URL);
    expect(read({ ...vercel, BETTER_AUTH_URL: 'https://own.example.com', VERCEL_ENV: 'production' }).baseUrl).toBe(
      'https://own.example.com',
    );
  });

  test('on Vercel, a preview without a branch uses the address of its deployment', () => {
    const preview = { ...vercel, VERCEL_BRANCH_URL: undefined, VERCEL_ENV: 'preview' };
    expect(read(preview).baseUrl).toBe('https://tasks-d3pl0y-team.vercel.app');
  });

  test('on Vercel, a database server is required, and with it a secret', () => {
    const bare = { ...vercel, VERCEL: '1', BETTER_AUTH_SECRET: undefined };
    for (const DATABASE_URL of [undefined, 'pglite:.data']) {
      expect(invalidVariables({ ...bare, DATABASE_URL })).toEqual(['DATABASE_URL', 'BETTER_AUTH_SECRET']);
    }
    expect(invalidVariables(bare)).toEqual(['BETTER_AUTH_SECRET']);
  });

  test('on Vercel, a build runs the migrations unless MIGRATE_ON_BUILD is 0', () => {
    expect(read(vercel).migratesOnBuild).toBe(true);
    expect(read({ ...vercel, MIGRATE_ON_BUILD: '0' }).migratesOnBuild).toBe(false);
    expect(invalidVariables({ ...vercel, MIGRATE_ON_BUILD: 'no' })).toEqual(['MIGRATE_ON_BUILD']);
  });

  test('on Vercel, a deployment without an address does not start', () => {
    expect(invalidVariables({ ...valid, BETTER_AUTH_URL: undefined, VERCEL_ENV: 'production' })).toEqual([
      'VERCEL_ENV',
    ]);
    expect(invalidVariables({ ...valid, VERCEL_ENV: 'preview' })).toEqual(['VERCEL_ENV']);
  });
});

test('next build opens no database', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'taskward-build-'));
  vi.stubEnv('DATABASE_URL', `pglite:${folder}`);
  vi.stubEnv('NEXT_PHASE', 'phase-production-build');
  await expect(getApp()).rejects.toThrow('getApp() must not be called during `next build`.');
  expect(readdirSync(folder)).toEqual([]);
  rmdirSync(folder);
});
