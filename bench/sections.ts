import { type Cost, measureCosts, type Subject } from './costs';
import { median, percentile, runLoad } from './load';
import { type Report, toMib, toMs, toRatio } from './report';
import { constant, constantLikeList, listTasks, longListsOf } from './scenarios';
import { type BenchUser, BIG, SMALL } from './seed';
import { type Server, startServer } from './server';
import { LATENCY_CONNECTIONS, LATENCY_REQUESTS, LATENCY_ROUNDS, SOAK, STARTS, variants as selected } from './settings';
import { APP, type Environment, startVariant, TITLES, type Variant, vacuum } from './setup';

/** The sections of the report. Each measures what it reports. */

/** Every operation on every variant; the same operation of all variants one after the other. */
function subjectsOf(variants: readonly Variant[]): (Subject & { variant: string })[] {
  const [first] = variants;
  return (first?.operations ?? []).flatMap((_, i) =>
    variants.flatMap(({ name, server, operations }) => {
      const scenario = operations[i];
      return scenario ? [{ variant: name, server, scenario }] : [];
    }),
  );
}

const sum = ({ server, database }: Cost) => server + database;

/** The CPU time of each operation, compared with the peer, and that of a route that returns a constant. */
export async function reportCosts(
  report: Report,
  variants: readonly Variant[],
  constantServer: Server | undefined,
  user: BenchUser,
  environment: Environment,
  databaseCpu: () => number,
): Promise<void> {
  const operations = subjectsOf(variants);
  const constants = constantServer
    ? [constant, constantLikeList(user)].map((scenario) => ({ server: constantServer, scenario }))
    : [];
  const costs = await measureCosts([...operations, ...constants], {
    databaseCpu,
    beforeRound: () => vacuum(environment),
  });
  const costOf = (i: number) => costs[i] ?? { server: Number.NaN, database: Number.NaN };

  report.heading('CPU time on PostgreSQL');
  const rows = operations.map(({ variant, scenario }, i) => {
    const cost = costOf(i);
    const peer = operations.findIndex((other) => other.variant === 'peer' && other.scenario.name === scenario.name);
    const base = peer < 0 ? undefined : costOf(peer);
    return [
      scenario.name,
      TITLES[variant] ?? variant,
      ...[toMs(cost.server), toRatio(cost.server, base?.server)],
      ...[toMs(cost.database), toRatio(cost.database, base?.database)],
      ...[toMs(sum(cost)), toRatio(sum(cost), base && sum(base))],
    ];
  });
  const columns = ['server, ms:', '× peer:', 'PostgreSQL, ms:', '× peer:', 'both, ms:', '× peer:'];
  report.table(['request', 'server', ...columns], rows);
  if (!constantServer) return;
  report.line('\nA route under the same Next.js that returns a constant page of 20 tasks:\n');
  const constantRows = constants.map(({ scenario }, i) => [scenario.name, toMs(costOf(operations.length + i).server)]);
  report.table(['request', 'server, ms:'], constantRows);
}

/** The CPU time of each operation on another engine. */
export async function reportEngine(
  report: Report,
  name: string,
  variants: readonly Variant[],
  databaseCpu?: () => number,
): Promise<void> {
  const operations = subjectsOf(variants);
  const costs = await measureCosts(operations, databaseCpu && { databaseCpu });
  report.heading(`CPU time on ${name}`);
  const rows = operations.map(({ variant, scenario }, i) => {
    const { server = Number.NaN, database = Number.NaN } = costs[i] ?? {};
    return [scenario.name, TITLES[variant] ?? variant, toMs(server), ...(databaseCpu ? [toMs(database)] : [])];
  });
  report.table(['request', 'server', 'server, ms:', ...(databaseCpu ? ['PostgreSQL, ms:'] : [])], rows);
}

export async function reportLatencies(report: Report, variants: readonly Variant[]): Promise<void> {
  const rows: string[][] = [];
  for (const connections of LATENCY_CONNECTIONS) {
    const subjects = subjectsOf(variants);
    const results = subjects.map(() => ({ p50: [] as number[], p99: [] as number[], rate: [] as number[] }));
    for (let round = 0; round < LATENCY_ROUNDS; round++) {
      for (const [i, { server, scenario }] of subjects.entries()) {
        const { latencies, seconds } = await runLoad(server.port, connections, LATENCY_REQUESTS, scenario.next);
        results[i]?.p50.push(percentile(latencies, 0.5));
        results[i]?.p99.push(percentile(latencies, 0.99));
        results[i]?.rate.push(LATENCY_REQUESTS / seconds);
      }
    }
    console.error(`latency: ${connections} connections`);
    for (const [i, { variant, scenario }] of subjects.entries()) {
      const { p50 = [], p99 = [], rate = [] } = results[i] ?? {};
      const figures = [toMs(median(p50)), toMs(median(p99)), median(rate).toFixed(0)];
      rows.push([String(connections), scenario.name, TITLES[variant] ?? variant, ...figures]);
    }
  }
  report.heading('Latency and throughput on PostgreSQL');
  report.table(['connections:', 'request', 'server', 'p50, ms:', 'p99, ms:', 'requests/s:'], rows);
}

/** Lists of a user with many tasks, compared with the same of a user with few. */
export async function reportLongLists(
  report: Report,
  server: Server,
  { big, small }: Record<'big' | 'small', BenchUser>,
  databaseCpu: () => number,
): Promise<void> {
  const lists = await longListsOf(server.port, big, small);
  const subjects = lists.flatMap((list) => [list.small, list.big].map((scenario) => ({ server, scenario })));
  const costs = await measureCosts(subjects, { databaseCpu });
  report.heading(`Lists of a user with ${BIG} tasks`);
  const rows = lists.map(({ name, tasks }, i) => {
    const [few, many] = costs.slice(2 * i, 2 * i + 2) as [Cost, Cost];
    const compare = (of: keyof Cost) => [toMs(few[of]), toMs(many[of]), toRatio(many[of], few[of])];
    return [name, `${tasks.small}, ${tasks.big}`, ...compare('server'), ...compare('database')];
  });
  const columns = ['server', 'PostgreSQL'].flatMap((what) => [
    `${what}, ${SMALL}, ms:`,
    `${what}, ${BIG}, ms:`,
    'ratio:',
  ]);
  report.table(['list', 'tasks in the response:', ...columns], rows);
}

/** The memory of the server after many lists. */
export async function reportMemory(report: Report, environment: Environment, user: BenchUser): Promise<void> {
  if (!SOAK) return;
  const server = await startServer(APP, environment, '/api/health/ready');
  const list = () => listTasks(user);
  await runLoad(server.port, 16, SOAK.first, list);
  const before = server.memory();
  await runLoad(server.port, 16, SOAK.last - SOAK.first, list);
  const after = server.memory();
  await server.stop();
  report.heading('Memory');
  report.line(
    `Resident memory after ${SOAK.first} lists: ${toMib(before)}; after ${SOAK.last}: ${toMib(after)} (× ${toRatio(after, before)}).`,
  );
}

/** From the start of the process to its first page of tasks. */
export async function reportStartup(
  report: Report,
  environment: Environment,
  users: readonly BenchUser[],
): Promise<void> {
  const names = ['direct', 'next'].filter((name) => selected.some((variant) => variant === name));
  const times: number[][] = names.map(() => []);
  for (let start = 0; start < STARTS; start++) {
    for (const [i, name] of names.entries()) {
      const { server } = await startVariant(name, environment, users);
      times[i]?.push(server.startedIn);
      await server.stop();
    }
  }
  report.heading('Startup time');
  const rows = names.map((name, i) => [TITLES[name] ?? name, median(times[i] ?? []).toFixed(0)]);
  report.table(['server', 'from the start of the process to the first page of tasks, ms:'], rows);
}
