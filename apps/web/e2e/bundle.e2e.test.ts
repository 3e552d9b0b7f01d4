import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** The files that the build sends to every browser: scripts, styles and prerendered pages. */

const root = fileURLToPath(new URL('../../..', import.meta.url));

const filesIn = (folder: string) =>
  readdirSync(join(root, 'apps/web/.next', folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
const files = [...filesIn('static'), ...filesIn('server/app').filter((file) => /\.(html|rsc|body)$/.test(file))];

/** The names under which the server keeps its secrets, and where this machine has some, the secrets themselves. */
const names = ['BETTER_AUTH_SECRET', 'DATABASE_URL', 'SMTP_URL'];
const secretFile = join(root, '.data/secret');
const values = [...names.map((name) => process.env[name]), existsSync(secretFile) && readFileSync(secretFile, 'utf8')];
const secrets = values.filter((value): value is string => typeof value === 'string' && value.length > 8);
/**
 * Text from the code that reads the secrets, and from code that no browser needs. (BETTER_AUTH_SECRET is not among
 * them: Better Auth's client asks for it by name, in an environment that browsers do not have.)
 */
const serverTexts = [
  'DATABASE_URL',
  'SMTP_URL',
  'is needed with a database server',
  'app_user',
  'better-auth.session_token',
  'pg_advisory',
];

test('the bundle has scripts to search', () => {
  for (const kind of ['.js', '.html']) expect(files.some((file) => file.endsWith(kind))).toBe(true);
});

test.each(serverTexts)('no script for browsers contains %s', (text) => {
  expect(files.filter((file) => readFileSync(file, 'utf8').includes(text))).toEqual([]);
});

// A machine without any, such as one that was just set up, has no secrets to search for.
test.skipIf(secrets.length === 0)('no script for browsers contains a secret of this machine', () => {
  const holding = files.filter((file) => secrets.some((secret) => readFileSync(file, 'utf8').includes(secret)));
  expect(holding).toEqual([]);
});
