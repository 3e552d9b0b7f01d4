import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cpuOfProcess } from './cpu';

/** Runs the servers; that of this process by default. */
export const node = process.env.BENCH_NODE || process.execPath;

/** A server in a process of its own. */
export interface Server {
  readonly port: number;
  /** Milliseconds from its start to the first successful response. */
  readonly startedIn: number;
  /** Milliseconds of CPU it has used, its threads included. */
  cpu(): number;
  /** Bytes of memory it has now. */
  memory(): number;
  /** Returns its exit code, null when a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

interface Options {
  /** Headers of the request for `path`. */
  readonly headers?: Record<string, string>;
  /** Open files for its output. */
  readonly log?: number | 'ignore' | undefined;
  readonly errors?: number | 'inherit' | undefined;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts `next start` in this folder, and waits until a request for `path` succeeds. */
export function startServer(
  folder: string,
  environment: Record<string, string>,
  path: string,
  options: Options = {},
): Promise<Server> {
  const cwd = fileURLToPath(new URL(folder, import.meta.url));
  const next = createRequire(`${cwd}/`).resolve('next/dist/bin/next');
  return startNode(cwd, [next, 'start'], { NEXT_TELEMETRY_DISABLED: '1', ...environment }, path, options);
}

/** Starts the peer likewise. */
export function startPeer(environment: Record<string, string>, path: string, options: Options = {}): Promise<Server> {
  return startNode(import.meta.dirname, ['--import', 'tsx', 'peer/server.ts'], environment, path, options);
}

async function startNode(
  cwd: string,
  commandLine: readonly string[],
  environment: Record<string, string>,
  path: string,
  { headers = {}, log = 'ignore', errors = 'inherit' }: Options,
): Promise<Server> {
  const port = await freePort();
  const started = performance.now();
  const child = spawn(node, commandLine, {
    cwd,
    env: { ...process.env, NODE_ENV: 'production', PORT: String(port), ...environment },
    stdio: ['ignore', log, errors],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  await untilGood(child, `http://127.0.0.1:${port}${path}`, headers);
  const startedIn = performance.now() - started;
  const pid = child.pid ?? 0;
  return {
    port,
    startedIn,
    cpu: () => cpuOfProcess(pid),
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
