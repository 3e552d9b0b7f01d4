import { openDriver } from '@taskward/db';
import { sql } from 'drizzle-orm';
import { operationsOf, type Scenario } from './scenarios';
import {
  ACTIVE_USERS,
  addCrowd,
  type BenchUser,
  BIG,
  migrate,
  PEER_SECRET,
  SMALL,
  seedPeer,
  seedTasks,
  signUp,
  toPeerUser,
} from './seed';
import { type Server, startPeer, startServer } from './server';

/** The databases and the servers that are compared. */

export type Environment = Readonly<Record<'DATABASE_URL', string> & Record<string, string>>;

export const APP = '../apps/web';

/** Without limits, which would reject the requests, and without a line of log for each. */
export const COMMON = {
  BETTER_AUTH_URL: 'http://localhost:3000',
  BETTER_AUTH_SECRET: 'for the benchmark only: 2718281828',
  API_CONCURRENCY_LIMIT: '0',
  API_RATE_LIMIT: '0',
  AUTH_RATE_LIMIT: '0',
  LOG_LEVEL: 'warn',
};

export interface Variant {
  readonly name: string;
  readonly server: Server;
  readonly operations: readonly Scenario[];
}

/** A database of active users with tasks, on the embedded database. */
export async function prepareUsers(environment: Environment): Promise<BenchUser[]> {
  const users = await signUpUsers(environment, ACTIVE_USERS);
  const driver = await openOwner(environment);
  await seedTasks(driver.ownerDb, idsOf(users), SMALL);
  await driver.ownerDb.execute('analyze');
  await driver.close();
  return users;
}

/** The same on PostgreSQL among a crowd, with a user who has many tasks, and a copy of all tasks for the peer. */
export async function preparePostgres(environment: Environment): Promise<{ users: BenchUser[]; big: BenchUser }> {
  const [big, ...users] = (await signUpUsers(environment, ACTIVE_USERS + 1)) as [BenchUser, ...BenchUser[]];
  const driver = await openOwner(environment);
  const crowd = await addCrowd(driver.ownerDb);
  await seedTasks(driver.ownerDb, [...crowd, ...idsOf(users)], SMALL);
  await seedTasks(driver.ownerDb, [big.id], BIG);
  await seedPeer(driver.ownerDb);
  // It would run in whichever sample; `vacuum` runs between the rounds instead.
  for (const table of TABLES) {
    await driver.ownerDb.execute(sql.raw(`alter table ${table} set (autovacuum_enabled = off)`));
  }
  await driver.close();
  await vacuum(environment);
  return { users, big };
}

const TABLES = ['tasks', 'task_tags', 'peer_tasks'];

export async function vacuum(environment: Environment): Promise<void> {
  const driver = await openOwner(environment);
  await driver.ownerDb.execute(sql.raw(`vacuum analyze ${TABLES.join()}`));
  await driver.close();
}

/** The time limits of a server are too short for what is done here. */
const openOwner = ({ DATABASE_URL }: Environment) =>
  openDriver(DATABASE_URL, { timeouts: { connectTimeoutMs: 30_000, queryTimeoutMs: 600_000 } });

async function signUpUsers(environment: Environment, count: number): Promise<BenchUser[]> {
  await migrate(environment.DATABASE_URL);
  const server = await startServer(APP, environment, '/api/health/ready');
  const users: BenchUser[] = [];
  for (let i = 0; i < count; i++) users.push(await signUp(server.port));
  await server.stop();
  return users;
}

const idsOf = (users: readonly BenchUser[]) => users.map(({ id }) => id);

/** Starts one of the servers of the tasks, and waits for its first page of them. */
export async function startVariant(
  name: string,
  environment: Environment,
  activeUsers: readonly BenchUser[],
): Promise<Variant> {
  const users = name === 'peer' ? await Promise.all(activeUsers.map(toPeerUser)) : activeUsers;
  const { headers, tasks } = users[0] as BenchUser;
  const path = `${tasks}?limit=20`;
  const { DATABASE_URL } = environment;
  const server =
    name === 'peer'
      ? await startPeer({ DATABASE_URL, JWT_SECRET: PEER_SECRET }, path, { headers })
      : await startServer(APP, { ...environment, DIRECT: name === 'next' ? '0' : '1' }, path, { headers });
  return { name, server, operations: await operationsOf(server.port, users) };
}

/** How the report calls a variant. */
export const TITLES: Readonly<Record<string, string>> = {
  peer: 'peer',
  direct: 'Taskward',
  next: 'Taskward through Next.js',
};
