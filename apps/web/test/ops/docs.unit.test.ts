import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const page = readFileSync(join(root, 'docs/security.md'), 'utf8');

/** The test files that the page cites, each with the titles quoted after it. */
const cited = [...page.matchAll(/`([\w./-]+\.(?:test|spec)\.ts)`(?::((?: ?"[^"]+"[,;]?)+))?/g)].map(
  ([, file = '', titles = '']) => {
    const isFromRoot = /^(apps|packages|bench)\//.test(file);
    return {
      file,
      path: join(root, isFromRoot ? '' : 'apps/web/test', file),
      titles: [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title),
    };
  },
);

test('docs/security.md cites more than fifty test files and titles', () => {
  expect(cited.length).toBeGreaterThan(50);
  expect(cited.flatMap(({ titles }) => titles).length).toBeGreaterThan(50);
});

test.each(cited)('$file has the tests that docs/security.md cites: $titles', ({ path, titles }) => {
  const source = readFileSync(path, 'utf8').replaceAll("\\'", "'");
  for (const title of titles) {
    for (const part of title.split('…')) expect.soft(source).toContain(part.trim());
  }
});
