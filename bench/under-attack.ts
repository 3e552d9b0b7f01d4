import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { cpus, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres } from '@taskward/db/testing/postgres';
import { type Attack, attacks } from './attacks';
import { type LoadRequest, median, percentile, runLoad, send } from './load';
import { createTask, listTasks } from './scenarios';
import { type BenchUser, migrate, signUp } from './seed';
import { type Server, startServer } from './server';

/**
 * Latencies of other users during an attack, compared with those on a quiet server: both alternately
 * within one run, so that a noisy machine affects both alike.
 */

/** The duration of the whole run without its preparation. */
const SECONDS = Number(process.env.ATTACK_SECONDS || 700);
const engine = process.env.ATTACK_ENGINE === 'pglite' ? 'pglite' : 'postgres';
const ROUNDS = 3;
/** After an attack, for what is left of it to end. */
const SETTLE_MS = 1_000;
const PHASE_MS = Math.max(500, (SECONDS * 1000) / ROUNDS / attacks.length / 2 - SETTLE_MS);
/** Requests a second of all users together, each of whom may send ten. */
const RATE = 40;
const USERS = 6;
const TASKS = 100;
/** A request that takes longer has failed; this also bounds the time of a phase. */
const TIMEOUT_MS = 5_000;
const MAX_RATIO = 3;

/** A user who sends requests, with the paths of existing tasks. */
interface ActiveUser {
  readonly user: BenchUser;
  readonly paths: readonly string[];
}

/** The responses to users during one phase. */
interface Sample {
  /** Milliseconds, sorted. */
  readonly latencies: readonly number[];
  readonly unavailable: number;
  /** All unexpected responses, including 503s. */
  readonly failures: readonly string[];
}

interface Round {
  readonly quiet: Sample;
  readonly attacked: Sample;
  /** The responses to the attacker by status. */
  readonly counts: Record<string, number>;
  /** Bytes of memory of the server at the end of the attack. */
  readonly memory: number;
}

function requestOf(users: readonly ActiveUser[], i: number): LoadRequest {
  const { user, paths } = users[i % users.length] as ActiveUser;
  const turn = Math.floor(i / users.length);
  const existing = { path: paths[turn % paths.length] ?? '', headers: user.headers, status: 200 };
  const kinds: LoadRequest[] = [
    listTasks(user),
    { ...existing, method: 'GET' },
    createTask(user),
    { ...existing, method: 'PATCH', body: `{"title":"Changed ${i} times"}` },
  ];
  return kinds[turn % kinds.length] as LoadRequest;
}

/** Sends the requests of users at their steady rate, however long each takes. */
async function measure(port: number, users: readonly ActiveUser[], ms: number): Promise<Sample> {
  const agent = new Agent({ keepAlive: true });
  const latencies: number[] = [];
  const failures: string[] = [];
  let unavailable = 0;
  const sendOne = async (loadRequest: LoadRequest) => {
    const sent = performance.now();
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const { status, body } = await send({ port, agent, signal }, loadRequest).catch((error) => ({
      status: 0,
      body: `${error}`,
    }));
    latencies.push(performance.now() - sent);
    if (status === 503) unavailable++;
    if (status !== loadRequest.status)
      failures.push(`${loadRequest.method} ${loadRequest.path}: ${status} ${body.slice(0, 300)}`);
  };
  const started = performance.now();
  const sending: Promise<void>[] = [];
  for (let i = 0; (i * 1000) / RATE < ms; i++) {
    await sleep(Math.max(0, started + (i * 1000) / RATE - performance.now()));
    sending.push(sendOne(requestOf(users, i)));
  }
  await Promise.all(sending);
  agent.destroy();
  return { latencies: latencies.sort((a, b) => a - b), unavailable, failures };
}

/** Starts the attacker in a process of its own, with a lower priority, so that it does not disturb the measurement. */
async function startAttacker(): Promise<ChildProcess> {
  const attacker = fork(join(import.meta.dirname, 'attacker.ts'), { execArgv: ['--import', 'tsx'] });
  setPriority(attacker.pid ?? 0, 10);
  await once(attacker, 'message');
  return attacker;
}

async function stop(attacker: ChildProcess): Promise<Record<string, number>> {
  attacker.send('stop');
  const [[counts]] = await Promise.all([once(attacker, 'message'), once(attacker, 'exit')]);
  return counts;
}

/** Waits until the server has finished the requests it was sent, ten seconds at most. */
async function settle(server: Server): Promise<void> {
  await sleep(SETTLE_MS);
  for (let tries = 0; tries < 20; tries++) {
    const before = server.cpu();
    await sleep(500);
    if (server.cpu() - before < 100) return;
  }
}

async function alternate(
  server: Server,
  users: readonly ActiveUser[],
  attack: number,
  user: BenchUser,
): Promise<Round> {
  const attacker = await startAttacker();
  await settle(server);
  const { port } = server;
  const quiet = await measure(port, users, PHASE_MS);
  attacker.send({ attack, port, user });
  const attacked = await measure(port, users, PHASE_MS);
  return { quiet, attacked, memory: server.memory(), counts: await stop(attacker) };
}

function toRow({ name, pace }: Attack, rounds: readonly Round[]): string {
  const middle = (of: (round: Round) => number) => median(rounds.map(of));
  const times = (share: number) =>
    [({ quiet }: Round) => quiet, ({ attacked }: Round) => attacked]
      .map((phase) => middle((round) => percentile(phase(round).latencies, share)).toFixed(1))
      .join(' → ');
  const ratio = middle(
    ({ quiet, attacked }) => percentile(attacked.latencies, 0.99) / percentile(quiet.latencies, 0.99),
  );
  const sum = (of: (round: Round) => number) => rounds.reduce((total, round) => total + of(round), 0);
  const statuses = [...new Set(rounds.flatMap(({ counts }) => Object.keys(counts)))];
  const responses = statuses.map((status) => `${sum(({ counts }) => counts[status] ?? 0)} × ${status}`).join(', ');
  const unavailable = sum(({ attacked }) => attacked.unavailable);
  const others = sum(({ attacked }) => attacked.failures.length) - unavailable;
  const memory = Math.round(Math.max(...rounds.map(({ memory }) => memory)) / 2 ** 20);
  const mark = ratio > MAX_RATIO ? ' **!**' : '';
  return `| ${[name, pace, responses, unavailable, others, times(0.5), times(0.99), ratio.toFixed(1) + mark, memory].join(' | ')} |`;
}

/** Lines of the log that report errors. */
function unexpectedLogLines(log: string, users: readonly ActiveUser[]): string[] {
  return log.split('\n').filter((line) => {
    if (!line.startsWith('{')) return /error|unhandled|⨯/i.test(line);
    const { level, status, user_id, from } = JSON.parse(line);
    const isTheirs = users.some(({ user }) => user.id === user_id);
    return status === 500 || level >= 60 || (status >= 500 && isTheirs) || (level >= 50 && from === 'console');
  });
}

async function addTasks(port: number, { tasks: path, headers }: BenchUser, count: number, description: string) {
  const body = JSON.stringify({ title: 'Task of the attacker', description });
  await runLoad(port, 4, count, () => ({ method: 'POST', path, headers, body, status: 201 }));
}

async function toUser(port: number, user: BenchUser): Promise<ActiveUser> {
  await runLoad(port, 4, TASKS, () => createTask(user));
  const { body } = await send({ port }, { ...listTasks(user, '&limit=100'), path: `${user.tasks}?limit=100` });
  const { data } = JSON.parse(body) as { data: { id: string }[] };
  return { user, paths: data.map(({ id }) => `${user.tasks}/${id}`) };
}

async function main(): Promise<void> {
  const postgres = engine === 'postgres' ? await startPostgres() : undefined;
  const folder = mkdtempSync(join(tmpdir(), 'taskward-attacks-'));
  const [log, errors] = ['log', 'errors'].map((name) => openSync(join(folder, name), 'a'));
  const environment = {
    DATABASE_URL: (await postgres?.createDatabase())?.url ?? `pglite:${folder}/data`,
    BETTER_AUTH_URL: 'http://localhost:3000',
    BETTER_AUTH_SECRET: 'for the attack benchmark only: 1414213562',
    // Attackers without an account use any number of addresses.
    TRUSTED_PROXIES: '1',
  };
  const unlimited = { API_CONCURRENCY_LIMIT: '0', API_RATE_LIMIT: '0', AUTH_RATE_LIMIT: '0', LOG_LEVEL: 'warn' };
  let server: Server | undefined;
  try {
    await migrate(environment.DATABASE_URL);
    server = await startServer('../apps/web', { ...environment, ...unlimited }, '/api/health/ready');
    const users: ActiveUser[] = [];
    for (let i = 0; i < USERS; i++) users.push(await toUser(server.port, await signUp(server.port)));
    const attackers: BenchUser[] = [];
    for (const { tasks } of attacks) {
      const user = await signUp(server.port);
      attackers.push(user);
      if (tasks) await addTasks(server.port, user, tasks.count, tasks.description);
    }
    await server.stop();
    server = await startServer('../apps/web', environment, '/api/health/ready', { log, errors });
    await measure(server.port, users, 2 * PHASE_MS);
    const rounds: Round[][] = attacks.map(() => []);
    const end = performance.now() + SECONDS * 1000;
    // Where users wait for long, there are fewer rounds.
    for (let round = 0; round < ROUNDS && performance.now() < end; round++) {
      for (const [i, user] of attackers.entries()) {
        const result = await alternate(server, users, i, user);
        rounds[i]?.push(result);
        const [quiet, attacked] = [result.quiet, result.attacked].map((sample) =>
          percentile(sample.latencies, 0.99).toFixed(0),
        );
        console.error(`round ${round + 1}: ${attacks[i]?.name}, ${attacks[i]?.pace}: ${quiet} → ${attacked} ms`);
      }
    }
    report(rounds);
    const logged = unexpectedLogLines(
      ['log', 'errors'].map((name) => readFileSync(join(folder, name), 'utf8')).join('\n'),
      users,
    );
    const failures = rounds.flat().flatMap(({ quiet, attacked }) => [...quiet.failures, ...attacked.failures]);
    for (const line of [...failures, ...logged].slice(0, 20)) console.error(line.slice(0, 1_000));
    console.log(`\n${failures.length} requests of the users failed; ${logged.length} errors in the log.`);
    process.exitCode = failures.length + logged.length > 0 ? 1 : 0;
  } finally {
    await server?.stop('SIGKILL');
    await postgres?.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(rounds: readonly (readonly Round[])[]): void {
  const perPhase = Math.ceil((RATE * PHASE_MS) / 1000);
  console.log(`# Latency under attack

Node.js ${process.versions.node}, ${engine}, ${cpus().length} × ${cpus()[0]?.model}. ${USERS} users send ${RATE} requests a second
in total. Each attack ran ${rounds[0]?.length} times for ${(PHASE_MS / 1000).toFixed(1)} s, each time after as long without. Latencies are without → under
attack, medians of the rounds, each of ${perPhase} requests; the p99 ratio is the median of theirs, with **!** above ${MAX_RATIO}.

| attack | rate | responses to the attacker | 503 responses to users | other errors | p50, ms | p99, ms | p99 ratio | memory, MiB |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |`);
  for (const [i, attack] of attacks.entries()) console.log(toRow(attack, rounds[i] ?? []));
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
