import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDriver } from '@taskward/db';
import { startNeonGateway } from '@taskward/db/testing/neon-gateway';
import { startPostgres } from '@taskward/db/testing/postgres';
import { runLoad } from './load';
import { createTask, listTasks, type Scenario, scenariosOf, warmUp } from './scenarios';
import { addCrowd, type BenchUser, BIG, migrate, SMALL, seedTasks, signUp } from './seed';
import { type Server, startServer } from './server';

/**
 * The CPU time of a request, compared with a baseline, the framework by itself: a route that returns a constant.
 * All are measured alternately in one run, so that a noisy machine affects all alike. Linux only, for /proc.
 */

const isQuick = process.env.BENCH_QUICK === '1';
const ROUNDS = isQuick ? 3 : 5;
/** Requests that are measured at a time, after some that are not, as a warm-up. */
const REQUESTS = 400;
const LEAD = 100;
const WARM_UP = 2_000;
const CONNECTIONS = 16;
const USERS = 20;
const SOAK = { first: 20_000, last: 200_000 };
const CONSTANT: Scenario = { name: 'baseline', next: () => ({ method: 'GET', path: '/api/constant', status: 200 }) };
/** The same request as to the app, with path parameter, query and headers, to the baseline. */
const constantLikeList = (user: BenchUser): Scenario => ({
  name: 'baseline, with the path, query and token of list(20)',
  next: () => listTasks(user),
});

const here = fileURLToPath(new URL('.', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'taskward-bench-'));
const lines: string[] = [];

function report(line = ''): void {
  console.log(line);
  lines.push(line);
}

function build(app: string): void {
  const next = createRequire(import.meta.url).resolve('next/dist/bin/next');
  const { status } = spawnSync(process.execPath, [next, 'build'], { cwd: app, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`next build in ${app} ended with ${status}.`);
}

interface Engine {
  readonly name: string;
  readonly environment: Record<string, string>;
  /** Whether to measure all sorts and filters, whose cost differs only in the database. */
  readonly full?: true;
}

/** The server on this engine, with users who have tasks. The embedded database takes one process at a time. */
async function open({ environment, full }: Engine) {
  const { DATABASE_URL = '' } = environment;
  await migrate(DATABASE_URL);
  const first = await startServer('../apps/web', environment, '/api/health/ready');
  const users = [];
  for (let i = 0; i <= USERS; i++) users.push(await signUp(first.port));
  await first.stop();
  // Bypasses the Neon gateway, through which it would take minutes.
  const driver = await openDriver(DATABASE_URL);
  const [big, ...rest] = users as [BenchUser, ...BenchUser[]];
  const crowd = full ? await addCrowd(driver.ownerDb) : [];
  await seedTasks(driver.ownerDb, [...crowd, ...rest.map(({ id }) => id)], SMALL);
  if (full) await seedTasks(driver.ownerDb, [big.id], BIG);
  await driver.ownerDb.execute('analyze');
  await driver.close();
  const server = await startServer('../apps/web', environment, `${big.tasks}?limit=20`, big);
  return { server, users: rest, big: full && big };
}

/** Milliseconds of CPU for one request. */
async function costOf(server: Server, { next, prepare }: Scenario): Promise<number> {
  await prepare?.(LEAD + REQUESTS);
  await runLoad(server.port, CONNECTIONS, LEAD, next);
  const before = server.cpu();
  await runLoad(server.port, CONNECTIONS, REQUESTS, next);
  return ((server.cpu() - before) * 1000) / REQUESTS;
}

/** Rather than the mean, since another process may have disturbed one of the rounds. */
const median = (all: readonly number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;

async function costs(engine: Engine, constant: Server): Promise<void> {
  const { server, users, big } = await open(engine);
  const scenarios = await scenariosOf(server.port, users, big);
  const [first] = users as [BenchUser];
  const taken = [
    { scenario: constantLikeList(first), at: constant },
    ...scenarios.map((scenario) => ({ scenario, at: server })),
  ].map((measured) => ({ ...measured, ms: [] as number[] }));
  await warmUp(constant.port, CONNECTIONS, CONSTANT, 2 * WARM_UP);
  for (const { scenario, at } of taken) await warmUp(at.port, CONNECTIONS, scenario, WARM_UP);
  const floors: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const { scenario, at, ms } of taken) {
      // Measured before each, since after half a minute of idling it takes twice the time.
      floors.push(await costOf(constant, CONSTANT));
      ms.push(await costOf(at, scenario));
    }
  }
  report(`\n## ${engine.name}\n\n### CPU per request\n\n| request | CPU, ms | × baseline |\n| --- | --- | --- |`);
  const floor = median(floors);
  report(`| ${CONSTANT.name} | ${floor.toFixed(2)} | 1 |`);
  for (const { scenario, ms } of taken) {
    report(`| ${scenario.name} | ${median(ms).toFixed(2)} | ${(median(ms) / floor).toFixed(2)} |`);
  }
  await latencies(engine, server, scenarios, constant);
  report(
    `\n### Startup time\n\n${Math.round(server.startedIn)} ms from the start of the process to its first page of tasks.`,
  );
  await server.stop();
}

/** The memory of the server after many requests. */
async function soak({ environment }: Engine): Promise<void> {
  const server = await startServer('../apps/web', environment, '/api/health/ready');
  const user = await signUp(server.port);
  const list = () => listTasks(user);
  await runLoad(server.port, CONNECTIONS, SMALL, () => createTask(user));
  await runLoad(server.port, CONNECTIONS, SOAK.first, list);
  const before = server.memory();
  await runLoad(server.port, CONNECTIONS, SOAK.last - SOAK.first, list);
  const after = server.memory();
  const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  report(
    `\n## Memory usage\n\nResident memory after ${SOAK.first} list requests: ${mib(before)}; after ${SOAK.last}: ${mib(after)} (× ${(after / before).toFixed(2)}).`,
  );
  await server.stop();
}

async function latencies(
  engine: Engine,
  server: Server,
  scenarios: readonly Scenario[],
  constant: Server,
): Promise<void> {
  report('\n### Latency and throughput\n');
  report('| request | connections | throughput, requests/s | p50, ms | p99, ms |\n| --- | --- | --- | --- | --- |');
  for (const connections of engine.full ? [1, 16, 64] : [16]) {
    for (const { name, next } of [CONSTANT, ...scenarios.slice(0, 4)]) {
      const { port } = name === CONSTANT.name ? constant : server;
      const { latencies: sorted, seconds } = await runLoad(port, connections, 3 * REQUESTS, next);
      const at = (share: number) => sorted[Math.floor(sorted.length * share)]?.toFixed(1);
      report(`| ${name} | ${connections} | ${Math.round(sorted.length / seconds)} | ${at(0.5)} | ${at(0.99)} |`);
    }
  }
}

async function main(): Promise<void> {
  build(join(here, 'constant'));
  build(join(here, '../apps/web'));
  const postgres = await startPostgres();
  const gateway = await startNeonGateway(postgres);
  const constant = await startServer('constant', {}, '/api/constant');
  try {
    const { version } = createRequire(import.meta.url)('next/package.json');
    report(
      `# Benchmark results\n\nNext.js ${version}, Node.js ${process.versions.node}, PostgreSQL 18, ${cpus().length} × ${cpus()[0]?.model}.`,
    );
    report(
      `The baseline is a route of the same Next.js that returns a constant; its startup time is ${Math.round(constant.startedIn)} ms.`,
    );
    report(
      `CPU per request is the CPU time of the server process, also as a multiple of the baseline, which was measured before each: medians of ${ROUNDS} rounds of ${REQUESTS} requests over ${CONNECTIONS} connections; \`pnpm bench\`.`,
    );
    const common = {
      BETTER_AUTH_URL: 'http://localhost:3000',
      BETTER_AUTH_SECRET: 'for the benchmark only: 2718281828',
      API_CONCURRENCY_LIMIT: '0',
      API_RATE_LIMIT: '0',
      AUTH_RATE_LIMIT: '0',
      LOG_LEVEL: 'warn',
    };
    const onServer = { ...common, DATABASE_URL: (await postgres.createDatabase()).url };
    const onNeon = {
      ...common,
      DATABASE_URL: (await postgres.createDatabase()).url,
      NEON_ENDPOINT: new URL(gateway.url).origin,
    };
    const onPostgres: Engine = { name: 'PostgreSQL', environment: onServer, full: true };
    const embedded = { ...common, DATABASE_URL: `pglite:${folder}/data` };
    await costs(onPostgres, constant);
    await costs({ name: 'Neon, over HTTP', environment: onNeon }, constant);
    await costs({ name: 'The embedded database, in the same process', environment: embedded }, constant);
    if (!isQuick) await soak(onPostgres);
    if (!isQuick) writeFileSync(join(here, 'RESULTS.md'), `${lines.join('\n')}\n`);
  } finally {
    await constant.stop();
    await gateway.close();
    await postgres.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
