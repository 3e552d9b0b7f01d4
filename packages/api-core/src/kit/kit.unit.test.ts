import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
);

test.each(files)('the kit knows no resource: %s imports nothing else of this package, and names no task', (name) => {
  const source = readFileSync(join(import.meta.dirname, name), 'utf8');
  const imports = [...source.matchAll(/from '(\.[^']+)'/g)].map(([, from = '']) => join(dirname(name), from));
  expect(imports.filter((path) => path.startsWith('..'))).toEqual([]);
  expect(source.match(/\btasks?\b/i)).toBeNull();
});
