import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** The built server, started as a user starts it, on a data folder of its own. */

const root = fileURLToPath(new URL('../../..', import.meta.url));
const JSON_TYPE = { 'Content-Type': 'application/json' };

let folder: string;
let running: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskward-e2e-'));
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((process) => stop(process, 'SIGTERM')));
  rmSync(folder, { recursive: true, force: true });
});

interface Started {
  process: ChildProcess;
  /** Everything it printed so far. */
  output(): string;
  exit: Promise<number | null>;
}

function start(environment: Record<string, string>): Started {
  const child = spawn(process.execPath, ['scripts/start.mjs'], {
    cwd: root,
    env: { ...process.env, DATABASE_URL: `pglite:${folder}/data`, NODE_ENV: 'production', ...environment },
  });
  running.push(child);
  let printed = '';
  child.stdout.on('data', (chunk) => (printed += chunk));
  child.stderr.on('data', (chunk) => (printed += chunk));
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { process: child, output: () => printed, exit };
}

async function serve(): Promise<Started & { origin: string; pid: number }> {
  const port = await freePort();
  const started = start({ PORT: String(port) });
  const origin = `http://localhost:${port}`;
  await expect.poll(() => started.output(), { timeout: 90_000 }).toContain(`Taskward serves on ${origin}`);
  const lock = readdirSync(join(folder, 'data')).find((name) => name.startsWith('lock.'));
  return { ...started, origin, pid: Number(lock?.slice('lock.'.length)) };
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('The system gave no port.');
  return address.port;
}

async function signUp(origin: string) {
  const body = JSON.stringify({ name: 'Ada', email: 'ada@example.com', password: 'correct horse battery' });
  const answer = await fetch(`${origin}/api/auth/sign-up/email`, { method: 'POST', headers: JSON_TYPE, body });
  const { user } = await answer.json();
  const headers = { Cookie: answer.headers.getSetCookie().map((one) => one.split(';')[0]).join('; ') };
  const { token } = await (await fetch(`${origin}/api/auth/token`, { headers })).json();
  return { tasks: `${origin}/api/${user.id}/tasks`, headers: { ...JSON_TYPE, Authorization: `Bearer ${token}` } };
}

test('what was acknowledged survives kill -9 and a restart, and so does the token', { timeout: 200_000 }, async () => {
  const first = await serve();
  const { tasks, headers } = await signUp(first.origin);
  const created = await fetch(tasks, { method: 'POST', headers, body: JSON.stringify({ title: 'Milk' }) });
  process.kill(first.pid, 'SIGKILL');
  expect(created.status).toBe(201);
  expect(await first.exit).not.toBe(0);

  const second = await serve();
  const path = new URL(tasks).pathname;
  // The token names the first origin, port included, so the second server is another deployment to it.
  expect((await fetch(second.origin + path, { headers })).status).toBe(401);
  const signIn = await fetch(`${second.origin}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: JSON_TYPE,
    body: JSON.stringify({ email: 'ada@example.com', password: 'correct horse battery' }),
  });
  const Cookie = signIn.headers.getSetCookie().map((one) => one.split(';')[0]).join('; ');
  const { token } = await (await fetch(`${second.origin}/api/auth/token`, { headers: { Cookie } })).json();
  const list = await fetch(second.origin + path, { headers: { Authorization: `Bearer ${token}` } });
  expect(await list.json()).toMatchObject({ data: [{ title: 'Milk' }] });
});
