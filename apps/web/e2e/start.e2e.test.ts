import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { Agent, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrationsFolder, openDriver } from '@taskward/db';
import { startPostgres } from '@taskward/db/testing/postgres';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { JSON_TYPE, signUp } from './account';
import { freePort } from './server';

/** The built server, started as a user starts it, on a data folder of its own. */

const root = fileURLToPath(new URL('../../..', import.meta.url));

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

/** Starts the server and waits until it is ready. */
async function serve(port: number, environment: Record<string, string> = {}): Promise<Serving> {
  const started = start({ PORT: String(port), ...environment });
  const origin = `http://localhost:${port}`;
  const ended = started.exit.then(() => {
    throw new Error(started.output());
  });
  await Promise.race([ended, expect.poll(started.output, { timeout: 90_000 }).toContain(`serves on ${origin}`)]);
  return { ...started, origin };
}

/** The process that has the data folder locked. */
function holder(): number {
  return Number(/^process (\d+) on /.exec(readFileSync(join(folder, 'data/lock'), 'utf8'))?.[1]);
}

/** Random text that takes three bytes a character, which cannot be compressed. */
function ideographs(length: number): string {
  return String.fromCodePoint(...Array.from({ length }, () => randomInt(0x4e00, 0x9fff)));
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await exited;
}

test('acknowledged writes survive kill -9 and a restart', { timeout: 200_000 }, async () => {
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

test('a copy of the data works under another secret, with the old password and tasks', {
  timeout: 200_000,
}, async () => {
  const first = await serve(await freePort());
  const { headers, tasks } = await signUp(first.origin);
  await fetch(tasks, { method: 'POST', headers, body: JSON.stringify({ title: 'Milk' }) });
  first.process.kill('SIGTERM');
  await first.exit;
  cpSync(join(folder, 'data'), join(folder, 'copy'), { recursive: true });

  const BETTER_AUTH_SECRET = randomBytes(32).toString('hex');
  const { origin, output } = await serve(await freePort(), {
    DATABASE_URL: `pglite:${folder}/copy`,
    BETTER_AUTH_SECRET,
  });
  const copied = tasks.replace(first.origin, origin);
  expect((await fetch(copied, { headers })).status).toBe(401);
  const body = JSON.stringify({ email: 'ada@example.com', password: 'correct horse battery' });
  const signIn = await fetch(`${origin}/api/auth/sign-in/email`, { method: 'POST', headers: JSON_TYPE, body });
  const Cookie = signIn.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
  for (let i = 0; i < 2; i++) {
    const { token } = await (await fetch(`${origin}/api/auth/token`, { headers: { Cookie } })).json();
    const list = await fetch(copied, { headers: { Authorization: `Bearer ${token}` } });
    expect(await list.json()).toMatchObject({ data: [{ title: 'Milk' }] });
  }
  expect(output().match(/"event":"signing_key_skipped"/g)).toHaveLength(1);
});

test('a server with SMTP_URL sends mail, and one without logs that at the start', { timeout: 150_000 }, async () => {
  const NO_MAIL = 'SMTP_URL is not set: no mail is sent';
  const letters: string[] = [];
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      letters.push(...session.envelope.rcptTo.map(({ address }) => address));
      stream.resume().on('end', done);
    },
  });
  await new Promise<void>((listening) => smtp.listen(0, '127.0.0.1', listening));
  try {
    const { port } = smtp.server.address() as AddressInfo;
    const mail = { SMTP_URL: `smtp://127.0.0.1:${port}`, SMTP_FROM: 'tasks@example.com' };
    const { origin, output, process: child, exit } = await serve(await freePort(), mail);
    const body = JSON.stringify({ name: 'Ada', email: 'ada@example.com', password: 'correct horse battery' });
    await fetch(`${origin}/api/auth/sign-up/email`, { method: 'POST', headers: JSON_TYPE, body });
    await expect.poll(() => letters, { timeout: 5_000 }).toEqual(['ada@example.com']);
    expect(output()).not.toContain(NO_MAIL);
    child.kill('SIGTERM');
    await exit;
    expect((await serve(await freePort())).output()).toContain(NO_MAIL);
  } finally {
    await new Promise<void>((closed) => smtp.close(closed));
  }
});

test('SIGTERM shuts down gracefully: requests in progress are completed, and the data folder is unlocked', {
  timeout: 100_000,
}, async () => {
  let arrived = '';
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo: (_, __, next) => void setTimeout(next, 2_000),
    onData(stream, session, done) {
      stream.resume().on('end', () => {
        arrived = session.envelope.rcptTo.map(({ address }) => address).join();
        done();
      });
    },
  });
  await new Promise<void>((listening) => smtp.listen(0, '127.0.0.1', listening));
  const { port: smtpPort } = smtp.server.address() as AddressInfo;
  const mail = { SMTP_URL: `smtp://127.0.0.1:${smtpPort}`, SMTP_FROM: 'tasks@example.com' };
  const { origin, process: child, exit, output } = await serve(await freePort(), mail);
  expect(statSync(join(folder, 'data/secret')).mode & 0o777).toBe(0o600);

  const agent = new Agent({ keepAlive: true });
  const startRequest = (path: string, options = {}) => {
    const outgoing = request(origin + path, options);
    const response = new Promise<string>((resolve, reject) => {
      outgoing.on('error', reject).on('response', (response) => {
        response.resume().on('end', () => resolve(`${response.statusCode} ${response.headers.connection}`));
      });
    });
    return { outgoing, response };
  };
  const read = startRequest('/api/health/live', { agent });
  read.outgoing.end();
  expect(await read.response).toBe('200 keep-alive');
  const body = JSON.stringify({ name: 'Ada', email: 'ada@example.com', password: 'correct horse battery' });
  const begun = startRequest('/api/auth/sign-up/email', {
    method: 'POST',
    headers: { ...JSON_TYPE, 'Content-Length': body.length },
  });
  begun.outgoing.write(body.slice(0, 9));
  // The shutdown does not wait for connections without a request, which browsers open in advance.
  const silent = connect(Number(new URL(origin).port), 'localhost').on('error', () => {});
  await new Promise((resolve) => setTimeout(resolve, 200));

  child.kill('SIGTERM');
  await expect.poll(() => fetch(origin).catch(({ cause }) => cause.code)).toBe('ECONNREFUSED');
  const keptAlive = startRequest('/api/health/live', { agent });
  keptAlive.outgoing.end();
  expect(await keptAlive.response).toBe('200 close');
  // Longer than connections without a request are left open.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  begun.outgoing.end(body.slice(9));
  expect(await begun.response).toBe('200 close');
  expect(arrived, 'the mail is still on its way').toBe('');

  expect(await exit, output()).toBe(0);
  expect(arrived).toBe('ada@example.com');
  // The state of a database that was shut down (DB_SHUTDOWNED of PostgreSQL's pg_control.h).
  expect(readFileSync(join(folder, 'data/postgres/global/pg_control')).readInt32LE(16)).toBe(1);
  silent.destroy();
  agent.destroy();
  await new Promise<void>((closed) => smtp.close(closed));
  const driver = await openDriver(`pglite:${folder}/data`);
  expect(await driver.queryAsOwner('select email from "user"')).toEqual([{ email: 'ada@example.com' }]);
  await driver.close();
});

test('a shutdown ends event streams at once', { timeout: 100_000 }, async () => {
  const { origin, process: child, exit, output } = await serve(await freePort());
  const { tasks, headers } = await signUp(origin, 'ada@example.com');
  const streams = await Promise.all(
    Array.from({ length: 10 }, () => fetch(tasks.replace(/tasks$/, 'events'), { headers })),
  );
  const ends = Promise.all(streams.map((stream) => stream.text()));
  child.kill('SIGTERM');
  for (const text of await ends) expect(text).toMatch(/^retry: 3000\n\nid: 0\nevent: changes\ndata: .*\n\n$/);
  expect(await exit, output()).toBe(0);
});

test('a request that never ends does not delay the shutdown beyond its timeout', { timeout: 100_000 }, async () => {
  const { origin, process: child, exit, output } = await serve(await freePort());
  const endless = request(`${origin}/api/auth/sign-up/email`, { method: 'POST', headers: JSON_TYPE });
  endless.on('error', () => {}).write('{');
  await new Promise((resolve) => setTimeout(resolve, 200));
  child.kill('SIGTERM');
  expect(await exit).toBe(1);
  expect(output()).toContain('Forced shutdown after 9 s: 1 request in flight');
});

test('a second server on the same data folder or port does not start, and the first continues', {
  timeout: 100_000,
}, async () => {
  const port = await freePort();
  const first = await serve(port);
  const onSameFolder = start({ PORT: String(await freePort()) });
  expect(await onSameFolder.exit).toBe(1);
  expect(onSameFolder.output()).toContain(`in use by process ${holder()} on`);
  const onSamePort = start({ PORT: String(port) });
  expect(await onSamePort.exit).toBe(1);
  expect(onSamePort.output()).toContain(`Port ${port} is in use`);
  expect((await fetch(`${first.origin}/api/health/ready`)).status).toBe(200);
});

test('a full disk ends the server with one line, prevents a restart, and loses no acknowledged write', {
  timeout: 300_000,
}, async ({ skip }) => {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=96m,mode=0755', 'tmpfs', disk]);
  if (mount.status !== 0) skip('needs the right to mount a tmpfs');
  try {
    mkdirSync(join(disk, 'data'), { mode: 0o755 });
    const environment = { DATABASE_URL: `pglite:${disk}/data`, API_CONCURRENCY_LIMIT: '0', API_RATE_LIMIT: '0' };
    const port = await freePort();
    const first = await serve(port, environment);
    const openToOthers = readdirSync(disk, { recursive: true, withFileTypes: true })
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((path) => statSync(path).mode & 0o077);
    expect(openToOthers).toEqual([]);

    const { tasks, headers } = await signUp(first.origin);
    // Less than the next segment of the write-ahead log, 16 MB, takes.
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(bavail * bsize - 14_000_000));
    const acknowledged: string[] = [];
    let status = 201;
    while (status === 201) {
      const body = JSON.stringify({ title: 'Milk', description: ideographs(10_000) });
      const created = await fetch(tasks, { method: 'POST', headers, body });
      status = created.status;
      if (status === 201) acknowledged.push((await created.json()).id);
    }
    expect(status).toBe(503);
    expect(await first.exit).toBe(1);
    expect(first.output().match(/^.*database_crashed.*$/gm)).toEqual([
      expect.stringContaining('No space left on device'),
    ]);
    expect(first.output()).not.toMatch(/^\s+at /m);

    const second = start({ PORT: String(port), ...environment });
    expect(await second.exit).toBe(1);
    expect(second.output().match(/^taskward .*$/gm)).toEqual([
      expect.stringMatching(/^taskward cannot start\. .*(No space left on device|ENOSPC)/),
    ]);

    rmSync(join(disk, 'ballast'));
    await serve(port, environment);
    const statuses = await Promise.all(
      acknowledged.map(async (id) => (await fetch(`${tasks}/${id}`, { headers })).status),
    );
    expect(statuses).toEqual(acknowledged.map(() => 200));
  } finally {
    await Promise.all(running.map((process) => stop(process, 'SIGTERM')));
    spawnSync('umount', [disk]);
  }
});

test('while the database server restarts, requests return 503, and they succeed afterwards', {
  timeout: 120_000,
}, async () => {
  const postgres = await startPostgres();
  try {
    const { url } = await postgres.createDatabase();
    const driver = await openDriver(url);
    await driver.migrate(migrationsFolder());
    await driver.close();
    const secret = randomBytes(32).toString('hex');
    const { origin } = await serve(await freePort(), { DATABASE_URL: url, BETTER_AUTH_SECRET: secret });
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

test('responses of the started server have security headers, and its pages and problems are served', {
  timeout: 120_000,
}, async () => {
  const { origin } = await serve(await freePort());
  for (const path of ['/', '/docs', '/api/openapi.json', '/api/nothing', '/api/auth/jwks']) {
    const { headers } = await fetch(origin + path);
    expect(headers.get('Strict-Transport-Security'), path).toMatch(/^max-age=\d{8}/);
    expect(headers.get('X-Content-Type-Options'), path).toBe('nosniff');
    expect(headers.get('Referrer-Policy'), path).toBe('same-origin');
    expect(headers.get('Permissions-Policy'), path).toContain('camera=()');
    expect(headers.get('X-Powered-By'), path).toBeNull();
    expect(headers.get('Access-Control-Allow-Origin'), path).toBeNull();
    const policy = headers.get('Content-Security-Policy') ?? '';
    expect(policy, path).toMatch(/frame-ancestors 'none'/);
    expect(policy.match(/script-src[^;]*/)?.[0] ?? '', path).not.toContain('unsafe-inline');
    if (path.startsWith('/api/')) expect(policy).toContain("default-src 'none'");
  }

  const { tasks, headers } = await signUp(origin);
  const listed = await fetch(tasks, { headers });
  expect(listed.headers.get('RateLimit')).toMatch(/^"user";r=599;t=\d+$/);
  const missing = await fetch(`${tasks}/nothing`, { headers });
  const { type } = await missing.json();
  const explained = await fetch(origin + type);
  expect([explained.status, await explained.text()]).toEqual([
    200,
    expect.stringContaining('no resource of yours has this id'),
  ]);
  expect((await fetch(`${origin}/problems/nothing`)).status).toBe(404);

  const tooLong = await fetch(tasks, { headers: { ...headers, 'If-Match': '"1",'.repeat(5_000) } });
  expect(tooLong.status).toBe(431);

  const attempt = (i: number) =>
    fetch(`${origin}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { ...JSON_TYPE, 'X-Forwarded-For': `198.51.100.${i}`, 'X-Client-Address': `198.51.100.${i}` },
      body: JSON.stringify({ email: 'ada@example.com', password: 'not the password' }),
    });
  for (let i = 0; i < 10; i++) expect((await attempt(i)).status).toBe(401);
  expect((await attempt(10)).status, 'whatever address it claims').toBe(429);
});

test.each([
  [{ DATABASE_URL: 'mysql://localhost/x' }, 'DATABASE_URL: use postgres://'],
  [{ DATABASE_URL: 'postgres://localhost/x', BETTER_AUTH_URL: 'nonsense' }, 'BETTER_AUTH_SECRET: is needed'],
  [{ BETTER_AUTH_SECRET: 'short' }, 'BETTER_AUTH_SECRET: use at least 32'],
  [{ DATABASE_URL: 'postgres://db.example.com/x' }, 'DATABASE_URL: add sslmode=verify-full'],
  [{ DATABASE_URL: 'pglite:/nowhere/at/all' }, 'cannot be written'],
  [{ PORT: 'http' }, 'PORT is http'],
])('invalid configuration %o stops the start with one message', { timeout: 60_000 }, async (environment, message) => {
  const started = start({ PORT: String(await freePort()), ...environment });
  expect(await started.exit).toBe(1);
  expect(started.output()).toContain(message);
  expect(started.output()).not.toMatch(/^\s+at /m);
});
