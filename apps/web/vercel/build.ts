import { execFile, execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const CLI = 'vercel@56.5.0';

/** The settings of a Vercel project that was imported with this root directory and no other setting. */
const project = {
  projectId: 'prj_taskward',
  orgId: 'team_taskward',
  settings: { framework: 'nextjs', rootDirectory: 'apps/web', nodeVersion: '24.x' },
};

/**
 * Builds a preview with Vercel's own command, in a copy of the files that git tracks or would add, and removes the
 * copy.
 *
 * @param environment what the project's settings and the system of Vercel would set
 * @returns a folder in the form of the Build Output API, version 3, where each function has all its files; the caller's
 * to remove
 * @throws {Error} with what the build printed
 * @see https://vercel.com/docs/build-output-api
 */
export async function buildForVercel(environment: Record<string, string>): Promise<string> {
  const folder = fs.mkdtempSync(join(tmpdir(), 'taskward-vercel-'));
  try {
    const copy = join(folder, 'copy');
    const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
      cwd: root,
      encoding: 'utf8',
    });
    for (const file of listed.split('\0')) {
      if (file !== '' && fs.existsSync(join(root, file))) fs.cpSync(join(root, file), join(copy, file));
    }
    const variables = Object.entries(environment).map(([name, value]) => `${name}="${value}"\n`);
    fs.mkdirSync(join(copy, '.vercel'));
    fs.writeFileSync(join(copy, '.vercel/project.json'), JSON.stringify(project));
    fs.writeFileSync(join(copy, '.vercel/.env.preview.local'), variables.join(''));
    await runVercel(copy, join(folder, 'bin'));
    const output = join(folder, 'output');
    fs.renameSync(join(copy, '.vercel/output'), output);
    for (const functionFolder of functionFolders(output)) bringFiles(copy, functionFolder);
    fs.rmSync(copy, { recursive: true });
    return output;
  } catch (error) {
    fs.rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function runVercel(cwd: string, bin: string): Promise<void> {
  // The build looks for pnpm on the PATH, where the one that runs this need not be.
  const pnpm = process.env.npm_execpath ?? '';
  if (!pnpm.includes('pnpm')) throw new Error('Run this with pnpm: pnpm test:vercel');
  fs.mkdirSync(bin);
  fs.symlinkSync(pnpm, join(bin, 'pnpm'));
  // Of this machine only the way to programs and packages: its own variables are not the deployment's, nor is NODE_ENV,
  // which Next.js would have in this type.
  const own = Object.entries(process.env).filter(([name]) => /^(HOME|TMPDIR|.*_proxy|npm_config_.*)$/i.test(name));
  const env = {
    ...Object.fromEntries(own),
    PATH: `${bin}:${process.env.PATH}`,
    NEXT_TELEMETRY_DISABLED: '1',
    VERCEL_TELEMETRY_DISABLED: '1',
  } as unknown as NodeJS.ProcessEnv;
  await promisify(execFile)(process.execPath, [pnpm, 'dlx', CLI, 'build', '--yes'], { cwd, env }).catch(
    ({ stdout, stderr }) => {
      throw new Error(`The build failed.\n${stdout}\n${stderr}`);
    },
  );
}

/** Every function of an output; several routes may share one. */
export function functionFolders(output: string): string[] {
  return fs
    .readdirSync(join(output, 'functions'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.endsWith('.func'))
    .map(({ parentPath, name }) => join(parentPath, name));
}

/** Copies the files of a function that its configuration only lists. */
function bringFiles(from: string, folder: string): void {
  const { filePathMap = {} } = readFunction(folder);
  for (const [file, source] of Object.entries(filePathMap)) {
    const to = join(folder, file);
    fs.mkdirSync(dirname(to), { recursive: true });
    fs.cpSync(join(from, source), to, { verbatimSymlinks: true });
  }
}

interface FunctionConfig {
  readonly handler: string;
  /** Where the files are that are not in the folder, from the root of the repository. */
  readonly filePathMap?: Record<string, string>;
  /** Whether the handler takes a web request, as that of a proxy does. */
  readonly useWebApi?: boolean;
}

/** The configuration of a function. */
export function readFunction(folder: string): FunctionConfig {
  return JSON.parse(fs.readFileSync(join(folder, '.vc-config.json'), 'utf8'));
}
