import { randomInt } from 'node:crypto';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { openDriver, revokeSigningKeys } from '@taskward/db';
import { startNeonGateway } from '@taskward/db/testing/neon-gateway';
import { startPostgres } from '@taskward/db/testing/postgres';
import { differences, type Row } from './history';
import { migrate, signUp } from './seed';
import { type Server, startServer } from './server';
import { follow, type WorkContext, work } from './virtual-users';

/**
 * Virtual users work on two servers with one PostgreSQL, one through `pg` and the other through Neon's driver, while
 * all of these fail in turn. In the end the responses they received are compared with the stored rows.
 */

const SECONDS = wholeNumber('CHAOS_SECONDS', 600);
const SEED = wholeNumber('CHAOS_SEED', randomInt(2 ** 31));
const USERS = 10;
/** Of these, another client follows the changes: every second one by event streams. */
const FOLLOWED = 4;
const MINUTE_MS = 60_000;

function wholeNumber(name: string, otherwise: number): number {
  const text = process.env[name] || String(otherwise);
  if (/^\d{1,10}$/.test(text)) return Number(text);
  console.error(`${name} is ${text}: a whole number is needed.`);
  process.exit(1);
}

/** Pseudo-random numbers by seed (mulberry32). The timing of the machine is not reproducible. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function main(): Promise<void> {
  const random = randomFrom(SEED);
  const between = (from: number, to: number) => from + random() * (to - from);
  console.log(`${SECONDS} s of chaos; CHAOS_SEED=${SEED}`);

  const postgres = await startPostgres();
  const gateway = await startNeonGateway(postgres);
  const database = await postgres.createDatabase();
  await migrate(database.url);
  const common = {
    DATABASE_URL: database.url,
    BETTER_AUTH_URL: 'http://localhost:3000',
    BETTER_AUTH_SECRET: 'for the chaos test only: 1618033988',
    RATE_LIMIT_STORE: 'database',
    API_CONCURRENCY_LIMIT: '0',
    API_RATE_LIMIT: '1000000',
    AUTH_RATE_LIMIT: '0',
    LOG_LEVEL: 'error',
  };
  const environments = [common, { ...common, NEON_ENDPOINT: new URL(gateway.url).origin }];
  const folder = mkdtempSync(join(tmpdir(), 'taskward-chaos-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const log = openSync(join(folder, 'log'), 'a');
  const start = (i: number, more: Record<string, string> = {}) =>
    startServer('../apps/web', { ...environments[i], ...more }, '/api/health/ready', { log });
  const servers: Server[] = [];
  for (const i of environments.keys()) servers.push(await start(i));
  // As the superuser, who sees all rows.
  const admin = await openDriver(database.adminUrl);

  const counts = new Map<string, number>();
  const count = (what: string) => void counts.set(what, (counts.get(what) ?? 0) + 1);
  const violations: string[] = [];
  const violation = (what: string) => void violations.push(what);

  const restart = async (signal: NodeJS.Signals, more?: Record<string, string>) => {
    const i = Math.floor(random() * servers.length);
    const code = await servers[i]?.stop(signal);
    if (signal === 'SIGTERM' && code !== 0) violation(`a server ended with ${code} on SIGTERM`);
    servers[i] = await start(i, more);
  };
  const outage = async (mode: 'fast' | 'immediate') => {
    await postgres.stop(mode);
    await sleep(between(0, 2_000));
    await postgres.start();
  };
  const disturb = async (faults: typeof gateway.faults) => {
    gateway.faults = faults;
    await sleep(between(200, 1_500));
    gateway.faults = {};
  };
  const clock = pathToFileURL(`${import.meta.dirname}/clock.mjs`).href;
  const shifted = () => ({
    NODE_OPTIONS: `--import ${clock}`,
    CLOCK_SHIFT_MS: String(Math.round(between(-10, 10) * MINUTE_MS)),
  });
  const cut = () =>
    admin.queryAsOwner(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = '${database.name}' and pid <> pg_backend_pid()`);

  const faults: Record<string, () => Promise<unknown>> = {
    'server killed': () => restart('SIGKILL'),
    'server shut down': () => restart('SIGTERM'),
    'server with a wrong clock': () => restart('SIGTERM', shifted()),
    'PostgreSQL stopped': () => outage('fast'),
    'PostgreSQL crashed': () => outage('immediate'),
    'server killed and PostgreSQL crashed': () =>
      Promise.all([postgres.stop('immediate').then(postgres.start), restart('SIGKILL')]),
    'connections cut': cut,
    'gateway slow': () => disturb({ delayMs: between(50, 1_500) }),
    'gateway drops requests': () => disturb({ drop: true }),
    'gateway drops responses': () => disturb({ dropAfter: true }),
    'gateway truncates responses': () => disturb({ truncate: true }),
    'gateway fails': () => disturb({ status: 500 }),
    'signing keys revoked': () => revokeSigningKeys(admin.ownerDb),
  };

  let isOver = false;
  const users = [];
  for (let i = 0; i < USERS; i++) users.push(await signUp(servers[i % servers.length]?.port ?? 0));
  const context: WorkContext = {
    users,
    random: randomFrom(SEED + 1),
    count,
    violation,
    ports: () => servers.map(({ port }) => port),
    isOver: () => isOver,
  };
  let isDone = false;
  const working = Promise.all(users.map((user) => work(user, context)));
  const followed = users.slice(0, FOLLOWED);
  const following = Promise.all(
    followed.map((user, i) => follow(user, context, { isDone: () => isDone, usesStreams: i % 2 === 1 })),
  );

  const end = performance.now() + SECONDS * 1_000;
  let bag: string[] = [];
  try {
    while (performance.now() < end) {
      // All faults once in random order before any is repeated.
      if (bag.length === 0) bag = Object.keys(faults);
      const [name = ''] = bag.splice(Math.floor(random() * bag.length), 1);
      count(`! ${name}`);
      await faults[name]?.();
      await sleep(between(200, 1_500));
    }
  } finally {
    isOver = true;
  }
  const histories = (await working).flat();
  isDone = true;
  const copies = await following;

  // The select list determines the type, which the driver does not know.
  const rows = (await admin.queryAsOwner(`
    select user_id, id, version, title, status, description,
      array(select tag from task_tags g where g.user_id = t.user_id and g.task_id = t.id order by tag) as tags
    from tasks t`)) as unknown as Row[];
  const wrong = differences(histories, rows);
  for (const [i, { id }] of followed.entries()) {
    const format = (tasks: Iterable<Pick<Row, 'id' | 'version' | 'title'>>) =>
      [...tasks]
        .map((task) => `${task.id} ${task.version} ${task.title}`)
        .sort()
        .join('; ');
    const [copy, stored] = [format(copies[i]?.values() ?? []), format(rows.filter(({ user_id }) => user_id === id))];
    if (copy !== stored) violation(`the copy of ${id} has ${copy}, when ${stored} is stored`);
  }
  await admin.close();
  await Promise.all(servers.map((server) => server.stop()));
  await gateway.close();
  await postgres.dispose();

  for (const [what, times] of [...counts].sort()) console.log(`${String(times).padStart(7)}  ${what}`);
  if (!counts.has('succeeded')) violation('no request ever succeeded');
  // The cause of a 500 is only in the log.
  const logged = readFileSync(join(folder, 'log'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"status":500'));
  for (const line of [...violations, ...wrong, ...logged].slice(0, 20)) console.error(line);
  const failed = wrong.length + violations.length;
  console.log(`${histories.length} tasks, of which ${rows.length} are stored; CHAOS_SEED=${SEED}`);
  console.log(`${Math.max(0, histories.length - wrong.length)} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
