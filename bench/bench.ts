import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNeonGateway } from '@taskward/db/testing/neon-gateway';
import { type PostgresServer, startPostgres } from '@taskward/db/testing/postgres';
import { openPostgresCpu } from './cpu';
import { Report } from './report';
import { reportCosts, reportEngine, reportLatencies, reportLongLists, reportMemory, reportStartup } from './sections';
import type { BenchUser } from './seed';
import { node, startServer } from './server';
import { CONNECTIONS, engines, isFull, REQUESTS, ROUNDS, variants as selected } from './settings';
import { COMMON, type Environment, preparePostgres, prepareUsers, startVariant, type Variant } from './setup';

/**
 * Compares the CPU time of a request with that of the peer, a plain server of the same API, and reports latency, memory
 * and startup time. Linux only, for /proc.
 */

const report = new Report();
const isSelected = (name: string) => selected.some((variant) => variant === name);

function buildConstant(): void {
  const next = createRequire(import.meta.url).resolve('next/dist/bin/next');
  const cwd = join(import.meta.dirname, 'constant');
  const { status } = spawnSync(process.execPath, [next, 'build'], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`next build in ${cwd} ended with ${status}.`);
}

/** One after the other, since starting takes all CPU cores. */
async function startVariants(
  names: readonly string[],
  environmentOf: (name: string) => Environment,
  users: readonly BenchUser[],
): Promise<Variant[]> {
  const started: Variant[] = [];
  for (const name of names.filter(isSelected)) started.push(await startVariant(name, environmentOf(name), users));
  return started;
}

const stopAll = (variants: readonly Variant[]) => Promise.all(variants.map(({ server }) => server.stop()));

async function measurePostgres(environment: Environment, users: BenchUser[], big: BenchUser): Promise<void> {
  const [small] = users as [BenchUser];
  const databaseCpu = await openPostgresCpu(environment.DATABASE_URL);
  if (isSelected('constant')) buildConstant();
  const constantServer = isSelected('constant') ? await startServer('constant', {}, '/api/constant') : undefined;
  const variants = await startVariants(['peer', 'direct', 'next'], () => environment, users);
  await reportCosts(report, variants, constantServer, small, environment, databaseCpu);
  const direct = variants.find(({ name }) => name === 'direct');
  await reportLatencies(
    report,
    variants.filter(({ name }) => name !== 'next'),
  );
  if (direct) await reportLongLists(report, direct.server, { big, small }, databaseCpu);
  await Promise.all([stopAll(variants), constantServer?.stop()]);
  await reportStartup(report, environment, users);
  if (direct) await reportMemory(report, environment, small);
}

async function measureNeon(postgres: PostgresServer, environment: Environment, users: BenchUser[]): Promise<void> {
  const gateway = await startNeonGateway(postgres);
  const onNeon = { ...environment, NEON_ENDPOINT: new URL(gateway.url).origin };
  const variants = await startVariants(['direct', 'next'], () => onNeon, users);
  await reportEngine(report, "Neon's driver", variants, await openPostgresCpu(environment.DATABASE_URL));
  await stopAll(variants);
  await gateway.close();
}

async function measurePglite(folder: string): Promise<void> {
  const environmentOf = (name: string) => ({ ...COMMON, DATABASE_URL: `pglite:${join(folder, name)}` });
  const users = await prepareUsers(environmentOf('direct'));
  // One process at a time can open the embedded database.
  cpSync(join(folder, 'direct'), join(folder, 'next'), { recursive: true });
  const variants = await startVariants(['direct', 'next'], environmentOf, users);
  await reportEngine(report, 'the embedded database, in the same process', variants);
  await stopAll(variants);
}

async function main(): Promise<void> {
  const { version } = createRequire(import.meta.url)('next/package.json');
  const nodeVersion = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  report.line('# Benchmark results\n');
  report.line(
    `Next.js ${version}, Node.js ${nodeVersion.slice(1)}, PostgreSQL 18, ${cpus().length} × ${cpus()[0]?.model}.`,
  );
  report.line(
    `CPU times are medians of ${ROUNDS} rounds of ${REQUESTS} requests over ${CONNECTIONS} connections. [The README](README.md) describes the servers and how they are measured.`,
  );
  const folder = mkdtempSync(join(tmpdir(), 'taskward-bench-'));
  const postgres = await startPostgres();
  try {
    if (engines.includes('postgres') || engines.includes('neon')) {
      const environment = { ...COMMON, DATABASE_URL: (await postgres.createDatabase()).url };
      const { users, big } = await preparePostgres(environment);
      if (engines.includes('postgres')) await measurePostgres(environment, users, big);
      if (engines.includes('neon')) await measureNeon(postgres, environment, users);
    }
    if (engines.includes('pglite')) await measurePglite(folder);
    if (isFull) writeFileSync(join(import.meta.dirname, 'RESULTS.md'), report.text);
  } finally {
    await postgres.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

// Ends the servers, too.
main().then(
  () => process.exit(),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
