import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { functionFolders } from './build';
import { type Served, serve } from './router';

/** The output of `vercel build`, which runs with no variable of ours but the secret. */

const { environment, origin, output = '' } = inject('deployment') ?? expect.fail('There is no deployment.');

const root = fileURLToPath(new URL('../../..', import.meta.url));

const unwanted = new Set(['@electric-sql/pglite', 'swagger-ui-dist']);
for (const folder of ['.', 'apps/web', 'packages/api-core', 'packages/db']) {
  const { devDependencies } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  for (const name of Object.keys(devDependencies)) unwanted.add(name);
}

describe('a Vercel preview', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(output, new URL(origin).host, environment);
  });
  afterAll(() => served.close());

  const ask = (path: string, { headers, ...init }: RequestInit = {}) =>
    fetch(served.address + path, {
      ...init,
      headers: { 'Content-Type': 'application/json', Origin: origin, ...headers },
      redirect: 'manual',
    });

  test('a Vercel preview is ready, since its build has migrated the database of its branch', async () => {
    const ready = await ask('/api/health/ready');
    expect(ready.status).toBe(200);
    expect(Object.fromEntries(ready.headers)).toMatchObject({
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'strict-transport-security': 'max-age=63072000; includeSubDomains',
      'x-content-type-options': 'nosniff',
    });
  });

  test('a Vercel preview issues tokens by and for the address of its branch alone', async () => {
    const body = JSON.stringify({ name: 'Ada', email: 'ada@example.com', password: 'correct horse battery' });
    const signedUp = await ask('/api/auth/sign-up/email', { method: 'POST', body });
    expect(signedUp.status).toBe(200);
    const [cookie = ''] = signedUp.headers.getSetCookie();
    expect(cookie).toMatch(/^__Secure-better-auth\.session_token=.*; HttpOnly; Secure; SameSite=Lax$/);
    const { user } = await signedUp.json();
    const response = await ask('/api/auth/token', { headers: { Cookie: cookie.split(';')[0] ?? '' } });
    const { token } = await response.json();
    expect(decodeJwt(token)).toMatchObject({ sub: user.id, iss: origin, aud: origin });

    const headers = { Authorization: `Bearer ${token}` };
    const created = await ask(`/api/${user.id}/tasks`, { method: 'POST', headers, body: '{"title":"Milk"}' });
    expect([created.status, created.headers.get('RateLimit-Policy')]).toEqual([201, '"user";q=600;w=60']);
    const found = await ask(created.headers.get('Location') ?? '', { headers });
    expect(await found.json()).toEqual(await created.json());
  });

  test('a Vercel preview sends the Content-Security-Policy with pages, and caches scripts for a year', async () => {
    const page = await ask('/sign-in');
    expect(page.status).toBe(200);
    const [, nonce] = /'nonce-([^']+)'/.exec(page.headers.get('Content-Security-Policy') ?? '') ?? [];
    const html = await page.text();
    expect(html).toContain(`nonce="${nonce}"`);
    const [script = ''] = /\/_next\/static\/[^"]+\.js/.exec(html) ?? [];
    const asset = await ask(script);
    expect([asset.status, asset.headers.get('Cache-Control')]).toEqual([200, 'public,max-age=31536000,immutable']);
  });

  test('a Vercel preview returns 404 for unknown paths', async () => {
    const page = await ask('/nowhere');
    expect([page.status, page.headers.get('Content-Type')]).toEqual([404, 'text/html; charset=utf-8']);
    const problem = await ask('/api/nowhere');
    expect([problem.status, problem.headers.get('Content-Type')]).toEqual([404, 'application/problem+json']);
  });

  test('a Vercel preview logs no error', () => {
    const lines = readFileSync(served.log, 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line)).filter(({ level }) => level > 30)).toEqual([]);
  });
});

describe.each(functionFolders(output).map((folder) => [relative(join(output, 'functions'), folder), folder]))(
  'the function %s',
  (name, folder) => {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));

    test(`the function ${name} contains neither the embedded database, nor Swagger UI, nor build and test packages`, () => {
      const packages = files.flatMap((file) => /.*\/node_modules\/((@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
      expect(packages.filter((name) => unwanted.has(name))).toEqual([]);
      expect(files.filter((file) => readFileSync(file, 'utf8').includes('swagger-ui'))).toEqual([]);
    });

    test(`the function ${name} is smaller than 8 MB`, () => {
      expect(files.reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThan(8e6);
    });
  },
);

describe('vercel:prepare', () => {
  const unreachable = { ...environment, DATABASE_URL_UNPOOLED: 'postgres://ada:secret@127.0.0.1:1/tasks' };
  const prepare = (variables: Record<string, string>) => {
    // Nothing else of this machine's, so not NODE_ENV either, which Next.js would have in this type.
    const env = { PATH: process.env.PATH, ...variables } as unknown as NodeJS.ProcessEnv;
    const started = promisify(execFile)(process.execPath, ['--import', 'tsx', 'scripts/vercel-prepare.ts'], {
      cwd: root,
      env,
    });
    return started.catch((error) => error);
  };

  test('vercel:prepare fails with a hint for a project without a database', async () => {
    const { DATABASE_URL, ...without } = environment;
    const { code, stderr } = await prepare(without);
    expect(code).toBe(1);
    expect(stderr).toBe(`taskward cannot be built. The configuration cannot be used:
  DATABASE_URL: is needed on Vercel, where no file lasts; connect a Neon database to the project
`);
  });

  test('vercel:prepare fails when the database cannot be migrated', async () => {
    expect(await prepare(unreachable)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Migration failed: .+\n$/),
    });
  });

  test('vercel:prepare with MIGRATE_ON_BUILD=0 does not migrate the database', async () => {
    expect(await prepare({ ...unreachable, MIGRATE_ON_BUILD: '0' })).toEqual({ stdout: '', stderr: '' });
  });
});
