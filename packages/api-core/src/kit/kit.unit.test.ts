import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
);

test.each(files)('the kit knows no resource: %s imports none and names none', (name) => {
  const source = readFileSync(new URL(name, `${import.meta.url}/../`), 'utf8');
  const imports = [...source.matchAll(/from '([^']+)'/g)].map(([, from]) => from);
  expect(imports.filter((from) => /tasks|accounts|service|contract/.test(from ?? ''))).toEqual([]);
  expect(source.match(/\btasks?\b/i)).toBeNull();
});
