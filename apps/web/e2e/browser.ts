import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LaunchOptions, chromium as playwright } from '@playwright/test';
import { inflate } from '@sparticuz/chromium';

/** Prevents the browser from sending requests of its own. */
const args = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
];

const INSTALLED = [
  '/usr/bin/google-chrome',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** A Chromium: Playwright's own, or the one that npm brings to Linux, or the machine's. @throws where there is none. */
export async function findBrowser(): Promise<LaunchOptions> {
  if (existsSync(playwright.executablePath())) return { args };
  if (process.platform === 'linux' && process.arch === 'x64') return { args, ...(await unpackedBrowser()) };
  const executablePath = INSTALLED.find((path) => existsSync(path));
  if (executablePath) return { args, executablePath };
  throw new Error('The tests of the pages need a Chromium. Get one with: npx playwright install chromium');
}

/** `@sparticuz/chromium`, with the libraries and fonts that a bare machine lacks, in a folder of its own. */
async function unpackedBrowser(): Promise<LaunchOptions> {
  const home = join(createRequire(import.meta.url).resolve('@sparticuz/chromium'), '../..');
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  const cache = fileURLToPath(new URL('../node_modules/.cache', import.meta.url));
  const folder = join(cache, `chromium-${version}`);
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true });
    // Unpacked elsewhere and moved, so that an interrupted run leaves no incomplete browser.
    const aside = mkdtempSync(join(cache, 'unpacking-'));
    await unpack(join(home, 'bin'), aside);
    renameSync(aside, folder);
  }
  const [executablePath, libraries, fonts] = [
    join(folder, 'chromium'),
    join(folder, 'al2023/lib'),
    join(folder, 'fonts'),
  ];
  const fontsFile = join(folder, 'fonts.conf');
  const dirs = [fonts, '/usr/share/fonts'].map((dir) => `<dir>${dir}</dir>`).join('');
  writeFileSync(fontsFile, `<fontconfig>${dirs}<cachedir>${folder}/fonts-cache</cachedir></fontconfig>`);
  const env = { ...process.env, LD_LIBRARY_PATH: libraries, FONTCONFIG_FILE: fontsFile };
  return { executablePath, env };
}

/** The package unpacks to the folder for temporary files, under fixed names that anyone could have taken there. */
async function unpack(bin: string, folder: string): Promise<void> {
  const { TMPDIR } = process.env;
  process.env.TMPDIR = folder;
  const archives = ['chromium.br', 'fonts.tar.br', 'swiftshader.tar.br', 'al2023.tar.br'];
  await Promise.all(archives.map((name) => inflate(join(bin, name))));
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
}
