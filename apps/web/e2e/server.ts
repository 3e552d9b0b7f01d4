import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startPostgres } from '@taskward/db/testing/postgres';

export type Engine = 'pglite' | 'postgres';

/** The built app on a port and a database of its own. */
export interface Server {
  readonly origin: string;
  /** Milliseconds of CPU that its process has used, all threads together. On Linux alone. */
  cpuMs(): number;
  /** Bytes of memory that its process has now. On Linux alone. */
  memory(): number;
  /** Everything that it has printed. */
  output(): string;
  /**
   * Ends it: at once, as a crash would, unless another signal is given. Returns its exit code, null when a signal ended
   * it.
   */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Starts it again: same port, same data. */
  start(): Promise<void>;
  /** Ends it, and removes its data. */
  dispose(): Promise<void>;
}

const web = fileURLToPath(new URL('..', import.meta.url));
const root = join(web, '../..');
const next = createRequire(import.meta.url).resolve('next/dist/bin/next');

export async function startServer(engine: Engine, settings: Record<string, string> = {}): Promise<Server> {
  const database = engine === 'pglite' ? embedded() : await onPostgres();
  const server = await startOn(database.url, settings);
  return { ...server, dispose: () => server.dispose().then(database.dispose) };
}

/** Does the same on an existing database, which is not deleted. `onOutput` is given what the server prints. */
export async function startOn(
  url: string,
  settings: Record<string, string> = {},
  onOutput: (text: string) => void = () => {},
): Promise<Server> {
  const port = Number(settings.PORT ?? (await freePort()));
  const origin = `http://localhost:${port}`;
  const secret = randomBytes(32).toString('hex');
  let child: ChildProcess | undefined;
  let output = '';

  const start = async () => {
    const env = {
      ...process.env,
      NODE_ENV: 'production' as const,
      // Playwright sets it for its own children.
      FORCE_COLOR: undefined,
      NEXT_TELEMETRY_DISABLED: '1',
      DATABASE_URL: url,
      BETTER_AUTH_SECRET: secret,
      // All users of the tests share one address, and create many tasks at once.
      AUTH_RATE_LIMIT: '0',
      API_CONCURRENCY_LIMIT: '0',
      LOG_LEVEL: 'warn',
      PORT: String(port),
      ...settings,
    };
    const started = spawn(process.execPath, [next, 'start', '--port', String(port)], { cwd: web, env });
    child = started;
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        onOutput(text);
      });
    }
    const deadline = Date.now() + 30_000;
    while (!(await isReady(origin))) {
      if (started.exitCode !== null || Date.now() > deadline) {
        started.kill('SIGKILL');
        throw new Error(`The server did not start.\n${output}`);
      }
      await sleep(50);
    }
  };

  const stop = async (signal: NodeJS.Signals = 'SIGKILL') => {
    const stopping = child;
    child = undefined;
    if (stopping && stopping.exitCode === null && stopping.signalCode === null) {
      stopping.kill(signal);
      await once(stopping, 'exit');
    }
    return stopping?.exitCode ?? null;
  };

  // An interrupted run leaves no server running.
  process.once('exit', () => child?.kill());
  await start();
  const cpuMs = () => {
    const threads = `/proc/${child?.pid}/task`;
    const nanoseconds = readdirSync(threads).map(
      (id) => readFileSync(`${threads}/${id}/schedstat`, 'utf8').split(' ')[0],
    );
    return nanoseconds.reduce((sum, time) => sum + Number(time), 0) / 1e6;
  };
  const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child?.pid}/status`, 'utf8'))?.[1]) * 1024;
  return { origin, start, stop, cpuMs, memory, output: () => output, dispose: async () => void (await stop()) };
}

function isReady(origin: string): Promise<boolean> {
  return fetch(`${origin}/api/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
}

function embedded() {
  const folder = mkdtempSync(join(tmpdir(), 'taskward-pages-'));
  return { url: `pglite:${folder}/data`, dispose: async () => rmSync(folder, { recursive: true, force: true }) };
}

/** A migrated database on a PostgreSQL of its own. */
export async function onPostgres() {
  const server = await startPostgres();
  const { url } = await server.createDatabase();
  const migrate = ['--import', 'tsx', 'packages/db/src/cli/migrate.ts'];
  await promisify(execFile)(process.execPath, migrate, { cwd: root, env: { ...process.env, DATABASE_URL: url } });
  return { url, dispose: () => server.dispose() };
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('The system gave no port.');
  return address.port;
}
