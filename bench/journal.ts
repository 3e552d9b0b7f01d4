import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangePage, TaskPage } from '@taskward/api-core';
import { openDriver } from '@taskward/db';
import { startPostgres } from '@taskward/db/testing/postgres';
import { openPostgresCpu } from './cpu';
import { type LoadRequest, percentile, runLoad, send } from './load';
import { createTask, listTasks } from './scenarios';
import { type BenchUser, BIG, migrate, seedTasks, signUp } from './seed';
import { startServer } from './server';

/** What it costs to read all tasks of a user who keeps writing, and what others feel of a burst of writes. */

const WRITES_A_SECOND = 50;
const PAGE_SIZES = [250, 500];
const BASELINE_SECONDS = 15;
const BURST = 600;
const BURSTS = 10;
/** Reads a second by another user. */
const READS_A_SECOND = 100;

/** Sends requests at a steady rate until the function that it returns is called. */
function sendSteadily(port: number, rate: number, next: () => LoadRequest): () => Promise<number[]> {
  const latencies: number[] = [];
  let isOver = false;
  const sending: Promise<void>[] = [];
  const sendOne = async (loadRequest: LoadRequest) => {
    const started = performance.now();
    const { status, body } = await send({ port }, loadRequest);
    if (status !== loadRequest.status) throw new Error(`${loadRequest.method} ${loadRequest.path}: ${status} ${body}`);
    loadRequest.onBody?.(body);
    latencies.push(performance.now() - started);
  };
  const started = performance.now();
  const loop = (async () => {
    for (let i = 0; !isOver; i++) {
      await sleep(Math.max(0, started + (i * 1000) / rate - performance.now()));
      sending.push(sendOne(next()));
    }
    await Promise.all(sending);
  })();
  return async () => {
    isOver = true;
    await loop;
    return latencies;
  };
}

/** Writes to tasks of a user: creates, changes and deletes them in turn. */
function writesOf(user: BenchUser): () => LoadRequest {
  const created: string[] = [];
  let i = 0;
  return () => {
    const id = created.shift();
    const path = `${user.tasks}/${id}`;
    const { headers } = user;
    if (id && i++ % 3 === 0) return { method: 'DELETE', path, headers, status: 204 };
    if (id) return { method: 'PATCH', path, headers, body: `{"title":"Changed ${i}"}`, status: 200 };
    return { ...createTask(user), onBody: (body) => created.push(JSON.parse(body).id) };
  };
}

/** Reads changes until there are no more, applying them to a copy. */
async function readAll(port: number, { id, headers }: BenchUser, limit: number, copy: Map<string, number>, since = '') {
  let token = since;
  for (let pages = 1; ; pages++) {
    const path = `/api/${id}/changes?limit=${limit}${token && `&since=${token}`}`;
    const { status, body } = await send({ port }, { method: 'GET', path, headers });
    if (status !== 200) throw new Error(body);
    const page: ChangePage = JSON.parse(body);
    for (const change of page.changes) {
      if (change.type === 'task' && change.task) copy.set(change.id, change.task.version);
      else copy.delete(change.id);
    }
    token = page.token;
    if (!page.has_more) return { pages, token };
  }
}

async function listAll(port: number, { tasks, headers }: BenchUser): Promise<Map<string, number>> {
  const all = new Map<string, number>();
  for (let cursor: string | null = ''; cursor !== null; ) {
    const path = `${tasks}?limit=100${cursor && `&cursor=${cursor}`}`;
    const { body } = await send({ port }, { method: 'GET', path, headers });
    const page: TaskPage = JSON.parse(body);
    for (const { id, version } of page.data) all.set(id, version);
    cursor = page.next_cursor;
  }
  return all;
}

/** Reads everything under writes, and prints what a page costs PostgreSQL beyond what the writes cost by themselves. */
async function measureWalks(port: number, user: BenchUser, databaseCpu: () => number): Promise<void> {
  for (const limit of PAGE_SIZES) {
    const stopWriting = sendSteadily(port, WRITES_A_SECOND, writesOf(user));
    const start = databaseCpu();
    await sleep(BASELINE_SECONDS * 1000);
    const writesAMs = (databaseCpu() - start) / BASELINE_SECONDS / 1000;
    const copy = new Map<string, number>();
    const before = { cpu: databaseCpu(), at: performance.now() };
    const { pages, token } = await readAll(port, user, limit, copy);
    const elapsed = performance.now() - before.at;
    const perPage = (databaseCpu() - before.cpu - writesAMs * elapsed) / pages;
    await stopWriting();
    await readAll(port, user, limit, copy, token);
    const all = await listAll(port, user);
    const isEqual = copy.size === all.size && [...all].every(([id, version]) => copy.get(id) === version);
    if (!isEqual) throw new Error(`The copy has ${copy.size} tasks, other ones than the list with ${all.size}.`);
    console.log(
      `${BIG} tasks in pages of ${limit}, under ${WRITES_A_SECOND} writes a second: ${pages} pages in ${(elapsed / 1000).toFixed(1)} s, ${perPage.toFixed(1)} ms of PostgreSQL each; the copy equals the list`,
    );
  }
}

/** Prints the latency of one user's reads, by themselves and while another user sends many writes at once. */
async function measureBursts(port: number, reader: BenchUser, writer: BenchUser): Promise<void> {
  const [alone, during]: [number[], number[]] = [[], []];
  const readFor = async (latencies: number[], work: () => Promise<unknown>) => {
    const stopReading = sendSteadily(port, READS_A_SECOND, () => listTasks(reader));
    await work();
    latencies.push(...(await stopReading()));
  };
  // A process of its own, with a lower priority, so that the burst does not disturb the measurement.
  const burster = fork(import.meta.filename, ['burst'], { execArgv: ['--import', 'tsx'] });
  setPriority(burster.pid ?? 0, 10);
  const burst = () => {
    burster.send({ port, writer });
    return once(burster, 'message');
  };
  await once(burster, 'message');
  await burst();
  for (let i = 0; i < BURSTS; i++) {
    await readFor(alone, () => sleep(2_000));
    await readFor(during, burst);
  }
  burster.disconnect();
  const format = (latencies: number[]) => {
    const sorted = latencies.toSorted((a, b) => a - b);
    const [p50, p99] = [0.5, 0.99].map((share) => percentile(sorted, share).toFixed(1));
    return `p50 ${p50} ms, p99 ${p99} ms of ${sorted.length}`;
  };
  console.log(`reads of a user alone: ${format(alone)}`);
  console.log(`reads while another user sends ${BURST} writes at once, all answered: ${format(during)}`);
}

/** In the other process: sends a burst whenever it is asked to, over connections that stay open. */
function sendBursts(): void {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: BURST });
  process.on('message', async ({ port, writer }: { port: number; writer: BenchUser }) => {
    const responses = await Promise.all(Array.from({ length: BURST }, () => send({ port, agent }, createTask(writer))));
    const refused = responses.find(({ status }) => status !== 201);
    if (refused) throw new Error(`${refused.status} ${refused.body}`);
    process.send?.('done');
  });
  process.send?.('ready');
}

async function main(): Promise<void> {
  const postgres = await startPostgres();
  try {
    const { url, adminUrl } = await postgres.createDatabase();
    await migrate(url);
    const server = await startServer(
      '../apps/web',
      {
        DATABASE_URL: url,
        BETTER_AUTH_URL: 'http://localhost:3000',
        BETTER_AUTH_SECRET: 'for the benchmark of the journal only: 2236067977',
        ...{ API_CONCURRENCY_LIMIT: '0', API_RATE_LIMIT: '0', AUTH_RATE_LIMIT: '0', LOG_LEVEL: 'silent' },
      },
      '/api/health/ready',
    );
    try {
      const [user, reader, writer] = [await signUp(server.port), await signUp(server.port), await signUp(server.port)];
      const admin = await openDriver(adminUrl);
      await seedTasks(admin.ownerDb, [user.id], BIG);
      await admin.ownerDb.execute('vacuum analyze');
      await admin.close();
      for (const someone of [reader, writer]) await runLoad(server.port, 4, 100, () => createTask(someone));
      const databaseCpu = await openPostgresCpu(adminUrl);
      await measureBursts(server.port, reader, writer);
      await measureWalks(server.port, user, databaseCpu);
    } finally {
      await server.stop();
    }
  } finally {
    await postgres.dispose();
  }
}

if (process.argv[2] === 'burst') sendBursts();
else
  main().catch((error) => {
    console.error(error);
    process.exit(1);
  });
