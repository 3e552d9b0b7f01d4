import { type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres } from '@taskward/db/testing/postgres';
import { openPostgresCpu } from './cpu';
import { percentile, runLoad } from './load';
import { toMib } from './report';
import { createTask } from './scenarios';
import { type BenchUser, migrate, signUp } from './seed';
import { startServer } from './server';

/** What open event streams cost, and how long a change takes to arrive, through the same process and through another one. */

const STREAMS = Number(process.env.STREAMS || 1_000);
const PER_USER = 10;
const IDLE_SECONDS = 20;
/** Each through another process takes a second. */
const WRITES = { same: 300, other: 60 };

/** Opens a stream, and calls `onEvent` for each piece that arrives after its first event. */
async function openStream(port: number, { id, headers }: BenchUser, onEvent: () => void): Promise<IncomingMessage> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const path = `/api/${id}/events`;
    request({ host: '127.0.0.1', port, path, headers, agent: false }, resolve).on('error', reject).end();
  });
  if (response.statusCode !== 200) throw new Error(`A stream was refused with ${response.statusCode}.`);
  let isFirst = true;
  response.on('data', (chunk: Buffer) => {
    if (!chunk.includes('data: ')) return;
    if (!isFirst) onEvent();
    isFirst = false;
  });
  return response;
}

/** Milliseconds from sending each write to the event in each of its user's streams, sorted. */
async function measureDelays(
  port: number,
  writes: number,
  users: readonly BenchUser[],
  received: Map<string, number[]>,
) {
  const delays: number[] = [];
  for (let i = 0; i < writes; i++) {
    const user = users[i % users.length] as BenchUser;
    received.set(user.id, []);
    const sent = performance.now();
    await runLoad(port, 1, 1, () => createTask(user));
    const deadline = sent + 5_000;
    while ((received.get(user.id)?.length ?? 0) < PER_USER && performance.now() < deadline) await sleep(1);
    const arrivals = received.get(user.id) ?? [];
    if (arrivals.length < PER_USER) throw new Error(`A change reached ${arrivals.length} of ${PER_USER} streams.`);
    delays.push(...arrivals.map((at) => at - sent));
  }
  return delays.sort((a, b) => a - b);
}

async function main(): Promise<void> {
  const postgres = await startPostgres();
  try {
    const { url, adminUrl } = await postgres.createDatabase();
    const environment = {
      DATABASE_URL: url,
      BETTER_AUTH_URL: 'http://localhost:3000',
      BETTER_AUTH_SECRET: 'for the benchmark of streams only: 2718281828',
      ...{ API_CONCURRENCY_LIMIT: '0', API_RATE_LIMIT: '0', AUTH_RATE_LIMIT: '0', LOG_LEVEL: 'silent' },
      MAX_STREAMS: String(STREAMS),
    };
    await migrate(url);
    const [server, other] = await Promise.all(
      [1, 2].map(() => startServer('../apps/web', environment, '/api/health/ready')),
    );
    if (!server || !other) return;
    const users: BenchUser[] = [];
    for (let i = 0; i < STREAMS / PER_USER; i++) users.push(await signUp(server.port));
    const before = server.memory();
    const received = new Map<string, number[]>();
    const streams: IncomingMessage[] = [];
    for (const user of users) {
      const onEvent = () => received.get(user.id)?.push(performance.now());
      streams.push(
        ...(await Promise.all(Array.from({ length: PER_USER }, () => openStream(server.port, user, onEvent)))),
      );
    }
    await sleep(5_000);
    const databaseCpu = await openPostgresCpu(adminUrl);
    const start = { server: server.cpu(), database: databaseCpu() };
    await sleep(IDLE_SECONDS * 1_000);
    const shareOf = (ms: number) => `${(ms / IDLE_SECONDS / 10).toFixed(1)}%`;
    console.log(`${STREAMS} streams of ${users.length} users, Node.js ${process.versions.node}`);
    console.log(`memory: ${toMib(server.memory())}, ${toMib(before)} before`);
    console.log(
      `of one core while nothing changes: server ${shareOf(server.cpu() - start.server)}, PostgreSQL ${shareOf(databaseCpu() - start.database)}`,
    );
    const paths = [
      ['the same process', server, WRITES.same],
      ['another process', other, WRITES.other],
    ] as const;
    for (const [name, { port }, writes] of paths) {
      const delays = await measureDelays(port, writes, users, received);
      const [p50, p99] = [0.5, 0.99].map((share) => percentile(delays, share).toFixed(0));
      console.log(`from a write through ${name} to its events: p50 ${p50} ms, p99 ${p99} ms`);
    }
    const stopped = performance.now();
    const code = await server.stop();
    console.log(`shutdown: exit code ${code} after ${((performance.now() - stopped) / 1000).toFixed(1)} s`);
    for (const stream of streams) stream.destroy();
    await other.stop();
  } finally {
    await postgres.dispose();
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
