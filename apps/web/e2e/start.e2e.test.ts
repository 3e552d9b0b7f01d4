import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrationsFolder, openDriver } from '@taskward/db';
import { startPostgres } from '@taskward/db/testing/postgres';
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

interface Serving extends Started {
  origin: string;
}

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

/** Starts it and waits until it serves. */
async function serve(port: number, environment: Record<string, string> = {}): Promise<Serving> {
  const started = start({ PORT: String(port), ...environment });
  const origin = `http://localhost:${port}`;
  const ended = started.exit.then(() => {
    throw new Error(started.output());
  });
  await Promise.race([ended, expect.poll(started.output, { timeout: 90_000 }).toContain(`serves on ${origin}`)]);
  return { ...started, origin };
}

/** The process that has the data folder. */
function holder(): number {
  const lock = readdirSync(join(folder, 'data')).find((name) => name.startsWith('lock.'));
  return Number(lock?.slice('lock.'.length));
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
  const cookies = answer.headers.getSetCookie().map((one) => one.split(';')[0]);
  const cookie = cookies.join('; ');
  const { token } = await (await fetch(`${origin}/api/auth/token`, { headers: { Cookie: cookie } })).json();
  return {
    tasks: `${origin}/api/${user.id}/tasks`,
    cookie,
    headers: { ...JSON_TYPE, Authorization: `Bearer ${token}` },
  };
}

test('what was acknowledged survives kill -9 and a restart', { timeout: 200_000 }, async () => {
  const port = await freePort();
  const first = await serve(port);
  const { tasks, headers } = await signUp(first.origin);
  const created = await fetch(tasks, { method: 'POST', headers, body: JSON.stringify({ title: 'Milk' }) });
  expect(created.status).toBe(201);
  const task = await created.json();
  process.kill(holder(), 'SIGKILL');
  expect(await first.exit).not.toBe(0);

  await serve(port);
  const list = await fetch(tasks, { headers });
  expect(await list.json()).toMatchObject({ data: [task] });
});

test('SIGTERM ends it and lets go of the data folder', { timeout: 100_000 }, async () => {
  const { process: child, exit } = await serve(await freePort());
  expect(statSync(join(folder, 'data/secret')).mode & 0o777).toBe(0o600);
  child.kill('SIGTERM');
  await exit;
  await expect.poll(() => readdirSync(join(folder, 'data')), { timeout: 10_000 }).not.toContainEqual(/^lock\./);
});

test('a second server on the same data folder or port is refused, and the first goes on', {
  timeout: 100_000,
}, async () => {
  const port = await freePort();
  const first = await serve(port);
  const onSameFolder = start({ PORT: String(await freePort()) });
  expect(await onSameFolder.exit).toBe(1);
  expect(onSameFolder.output()).toContain(`in use by process ${holder()}`);
  const onSamePort = start({ PORT: String(port) });
  expect(await onSamePort.exit).toBe(1);
  expect(onSamePort.output()).toContain(`Port ${port} is in use`);
  expect((await fetch(`${first.origin}/api/health/ready`)).status).toBe(200);
});

test('on a server that stops and starts again: 503 meanwhile, and back by itself', { timeout: 120_000 }, async () => {
  const postgres = await startPostgres();
  try {
    const { url } = await postgres.createDatabase();
    const driver = await openDriver(url);
    await driver.migrate(migrationsFolder());
    await driver.close();
    const { origin } = await serve(await freePort(), { DATABASE_URL: url, BETTER_AUTH_SECRET: 'x'.repeat(32) });
    const { tasks, headers, cookie } = await signUp(origin);
    const create = (title: string) => fetch(tasks, { method: 'POST', headers, body: JSON.stringify({ title }) });
    expect((await create('Before')).status).toBe(201);

    await postgres.stop();
    const refused = [
      await create('Lost'),
      await fetch(tasks, { headers }),
      await fetch(`${origin}/api/health/ready`),
      await fetch(`${origin}/api/auth/token`, { headers: { Cookie: cookie } }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
    expect(refused[0]?.headers.get('Retry-After')).toBe('5');
    expect((await fetch(`${origin}/api/health/live`)).status).toBe(200);

    await postgres.start();
    await expect.poll(async () => (await create('After')).status, { timeout: 5_000 }).toBe(201);
    const { data } = await (await fetch(tasks, { headers })).json();
    expect(data.map(({ title }: { title: string }) => title)).toEqual(['After', 'Before']);
  } finally {
    await postgres.dispose();
  }
});

test.each([
  [{ DATABASE_URL: 'mysql://localhost/x' }, 'DATABASE_URL: use postgres://'],
  [{ DATABASE_URL: 'postgres://localhost/x', BETTER_AUTH_URL: 'nonsense' }, 'BETTER_AUTH_SECRET: is needed'],
  [{ BETTER_AUTH_SECRET: 'short' }, 'BETTER_AUTH_SECRET: use at least 32'],
  [{ DATABASE_URL: 'pglite:/nowhere/at/all' }, 'cannot be written'],
  [{ PORT: 'http' }, 'PORT is http'],
])('%o stops the start with one message', { timeout: 60_000 }, async (environment, message) => {
  const started = start({ PORT: String(await freePort()), ...environment });
  expect(await started.exit).toBe(1);
  expect(started.output()).toContain(message);
  expect(started.output()).not.toMatch(/^\s+at /m);
});
