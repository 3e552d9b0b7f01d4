import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

const markdown = ['.', 'docs', 'docs/decisions', 'bench']
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
  .filter((file) => file.endsWith('.md'));
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');
const withoutCode = (text: string) => text.replace(/^```.*?^```/gms, '');

/** As GitHub derives them from headings. */
function anchorsOf(file: string): string[] {
  const headings = [...withoutCode(textOf(file)).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

test.each(markdown)('every relative link in %s leads to a file, and to a heading of it', (file) => {
  const links = [...withoutCode(textOf(file)).matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
  for (const [link, path = '', anchor] of links) {
    const target = path === '' ? file : join(dirname(file), decodeURIComponent(path));
    expect.soft(existsSync(join(root, target)), link).toBe(true);
    if (anchor) expect.soft(anchorsOf(target), link).toContain(anchor);
  }
});

test('every script that the documentation runs with pnpm is declared in package.json', () => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
  const isOfPnpm = /^(audit|exec|install|vitest)$/;
  const named = markdown.flatMap((file) => [
    ...textOf(file).matchAll(/(?:`|^|&& |npx -y )pnpm(?:@[\d.]+)? (?:-w )?([a-z][\w:-]*)/gm),
  ]);
  const unknown = named.map(([, name = '']) => name).filter((name) => !isOfPnpm.test(name) && !(name in scripts));
  expect(named.length).toBeGreaterThan(30);
  expect(unknown).toEqual([]);
});

test('docs/configuration.md describes every variable of .env.example', () => {
  const variables = [...textOf('.env.example').matchAll(/^#([A-Z_]+)=/gm)].map(([, name = '']) => name);
  const missing = variables.filter((name) => !textOf('docs/configuration.md').includes(`\`${name}\``));
  expect(variables.length).toBeGreaterThan(15);
  expect(missing.filter((name) => !name.startsWith('OTEL_'))).toEqual([]);
});
