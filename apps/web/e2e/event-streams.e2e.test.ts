import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Task } from '@taskward/api-core';
import { createClient, followChanges } from '@taskward/api-core/client';
import { openDriver } from '@taskward/db';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { JSON_TYPE, signUp } from './account';
import { onPostgres, type Server, startOn } from './server';

/** Event streams over real connections, with their real times. */

/** A busy machine needs some time to notice that a stream was closed. */
const SLACK_MS = 2_000;
/** For how long the tokens of `lateServer` are still valid when the other server receives them. */
const LIFETIME_MS = 8_000;
const TOKEN_LIFETIME_MS = 900_000;

let database: Awaited<ReturnType<typeof onPostgres>>;
let server: Server;
/** Has the same database, and a clock so late that its tokens soon expire. */
let lateServer: Server;

beforeAll(async () => {
  database = await onPostgres();
  const settings = {
    BETTER_AUTH_SECRET: randomBytes(32).toString('hex'),
    BETTER_AUTH_URL: 'http://localhost:3000',
    API_RATE_LIMIT: '0',
    LOG_LEVEL: 'info',
  };
  server = await startOn(database.url, settings);
  const clock = new URL('../../../bench/clock.mjs', import.meta.url).href;
  lateServer = await startOn(database.url, {
    ...settings,
    NODE_OPTIONS: `--import ${clock}`,
    CLOCK_SHIFT_MS: String(LIFETIME_MS - TOKEN_LIFETIME_MS),
  });
}, 60_000);

afterAll(async () => {
  await Promise.all([server?.dispose(), lateServer?.dispose()]);
  await database?.dispose();
});

type User = Awaited<ReturnType<typeof signUp>>;

const idOf = ({ tasks }: User) => tasks.split('/').at(-2) ?? '';
const tokenOf = ({ headers }: User) => headers.Authorization.slice('Bearer '.length);
const openStream = (user: User) => fetch(`${server.origin}/api/${idOf(user)}/events`, { headers: user.headers });
const create = ({ tasks, headers }: User, title: string) =>
  fetch(tasks, { method: 'POST', headers, body: JSON.stringify({ title }) });

async function takeToken({ origin }: Server, { cookie }: User): Promise<string> {
  const response = await fetch(`${origin}/api/auth/token`, { headers: { Cookie: cookie } });
  return (await response.json()).token;
}

interface StreamEnd {
  readonly user_id: string;
  readonly events: number;
  readonly reason: string;
}

/** What the server logged when the stream of a user ended. */
const endOf = (user: User): StreamEnd | undefined =>
  server
    .output()
    .split('\n')
    .filter((line) => line.includes('stream ended'))
    .map((line): StreamEnd => JSON.parse(line))
    .find(({ user_id }) => user_id === idOf(user));

const expectEnd = (user: User, reason: string) =>
  expect.poll(() => endOf(user)?.reason, { timeout: SLACK_MS }).toBe(reason);

test('a stream ends when its access token expires, and followChanges goes on with the next token', async () => {
  const user = await signUp(lateServer.origin, 'expiry@example.com');
  const expiresAt = (decodeJwt(tokenOf(user)).exp ?? 0) * 1_000;
  expect(expiresAt - Date.now()).toBeGreaterThan(LIFETIME_MS / 2);
  const response = await openStream(user);
  expect(response.status).toBe(200);
  const ended = response.text().then(() => Date.now());

  const tokens: string[] = [];
  const controller = new AbortController();
  const client = createClient({
    baseUrl: server.origin,
    getToken: async ({ refresh }) => {
      if (refresh || tokens.length === 0) tokens.push(refresh ? await takeToken(server, user) : tokenOf(user));
      return tokens.at(-1) ?? '';
    },
  });
  const copy = new Map<string, Task>();
  const following = (async () => {
    const pages = followChanges(client, { params: { user_id: idOf(user) }, signal: controller.signal });
    for await (const { changes } of pages)
      for (const change of changes) if (change.type === 'task' && change.task) copy.set(change.id, change.task);
  })();

  const other = { ...user, tasks: `${server.origin}/api/${idOf(user)}/tasks` };
  other.headers = { ...user.headers, Authorization: `Bearer ${await takeToken(server, user)}` };
  let created = 0;
  while (Date.now() < expiresAt + 4_000) {
    expect((await create(other, `Task ${created++}`)).status).toBe(201);
    await sleep(200);
  }
  expect(await ended).toBeGreaterThanOrEqual(expiresAt);
  expect(await ended).toBeLessThan(expiresAt + 1_000 + SLACK_MS);
  await expectEnd(user, 'token expired');
  await expect.poll(() => copy.size, { timeout: 10_000 }).toBe(created);
  expect(tokens).toHaveLength(2);
  controller.abort(new Error('done'));
  await expect(following).rejects.toThrow('done');
}, 60_000);

test('a stream ends when another server deletes the account', async () => {
  const user = await signUp(lateServer.origin, 'deleted@example.com');
  const response = await openStream(user);
  const ended = response.text().then(() => Date.now());
  const deleted = await fetch(`${lateServer.origin}/api/auth/delete-user`, {
    method: 'POST',
    headers: { Cookie: user.cookie, Origin: 'http://localhost:3000', ...JSON_TYPE },
    body: JSON.stringify({ password: 'correct horse battery' }),
  });
  expect(deleted.status).toBe(200);
  const deletedAt = Date.now();
  expect((await ended) - deletedAt).toBeLessThan(2_300 + SLACK_MS);
  await expectEnd(user, 'account deleted');
});

/** Adds tasks with their entries in the journal, as so many creations would. */
async function addTasks(userId: string, count: number): Promise<void> {
  const driver = await openDriver(database.url);
  const id = `('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid`;
  const statements = [
    `update journals set seq = seq + ${count}, at = at + interval '1 second', tasks = tasks + ${count}
      where user_id = '${userId}'`,
    `insert into tasks (user_id, id, title, title_key, description_key, position)
      select '${userId}', ${id}, 'Task', null, '', (5000000000 + n)::text from generate_series(1, ${count}) n`,
    `insert into changes (user_id, seq, revision, at, kind, id, operation, version)
      select user_id, seq - ${count} + n, seq - ${count} + n, at - (${count} - n) * interval '1 microsecond', 'task',
        ${id}, 'created', 1
      from journals, generate_series(1, ${count}) n where user_id = '${userId}'`,
  ];
  await driver.ownerDb.transaction(async (tx) => {
    for (const statement of statements) await tx.execute(statement);
  });
  await driver.close();
}

test('a client that stops reading is disconnected after 30 seconds, and no pages are read for it meanwhile', async () => {
  const user = await signUp(server.origin, 'stalled@example.com');
  expect((await create(user, 'First')).status).toBe(201);
  const socket = connect({ port: Number(new URL(server.origin).port), host: '127.0.0.1' });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  // The server resets the connection.
  socket.on('error', () => {});
  socket.write(
    `GET /api/${idOf(user)}/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${user.headers.Authorization}\r\n\r\n`,
  );
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  const CHANGES = 100_000;
  await addTasks(idOf(user), CHANGES);
  await expect.poll(() => endOf(user), { timeout: 60_000, interval: 500 }).toBeDefined();
  const { events, reason } = endOf(user) as StreamEnd;
  expect(reason).toBe('client stopped reading');
  // What fits in the buffers of the two sockets, and one more.
  expect(events).toBeGreaterThan(1);
  expect(events).toBeLessThan(CHANGES / 500 / 2);
  socket.resume();
  await closed;
}, 90_000);
