import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const TICKS_PER_SECOND = 100;

/** A `next start` of its own. */
export interface Server {
  readonly port: number;
  /** Milliseconds from its start to the first successful response. */
  readonly startedIn: number;
  /** Seconds of CPU it has used, its threads included. */
  cpu(): number;
  /** Bytes of memory it has now. */
  memory(): number;
  /** Returns its exit code, null when a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/**
 * Starts the server, and waits until a request for `path` succeeds. `log` and `errors` are open files for its output.
 */
export async function startServer(
  folder: string,
  environment: Record<string, string>,
  path: string,
  {
    headers = {},
    log = 'ignore',
    errors = 'inherit',
  }: {
    headers?: Record<string, string>;
    log?: number | 'ignore' | undefined;
    errors?: number | 'inherit' | undefined;
  } = {},
): Promise<Server> {
  const cwd = fileURLToPath(new URL(folder, import.meta.url));
  const port = await freePort();
  const next = createRequire(`${cwd}/`).resolve('next/dist/bin/next');
  const started = performance.now();
  const child = spawn(process.execPath, [next, 'start', '--port', String(port)], {
    cwd,
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', PORT: String(port), ...environment },
    stdio: ['ignore', log, errors],
  });
  await untilGood(child, `http://127.0.0.1:${port}${path}`, headers);
  const startedIn = performance.now() - started;
  const { pid } = child;
  return {
    port,
    startedIn,
    cpu: () => {
      // After the name, which may have spaces: state is the third field, utime and stime the 14th and 15th (proc(5)).
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return child.exitCode;
    },
  };
}

async function untilGood(child: ChildProcess, url: string, headers: Record<string, string>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode}.`);
    if (
      await fetch(url, { headers }).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    await sleep(10);
  }
  child.kill();
  throw new Error(`No response from ${url}.`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
