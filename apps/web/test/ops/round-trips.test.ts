import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { operations } from '@taskward/api-core';
import {
  engine,
  type FreshDatabase,
  freshDatabase,
  type NeonGateway,
  queryBuilder,
  startNeonGateway,
  statement,
} from '@taskward/db/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { getApp } from '../../server/app';
import { send, signUp, type TestUser, useApp } from '../harness';
import { createTask, sendAs } from '../task-requests';

let fresh: FreshDatabase;
let gateway: NeonGateway | undefined;
let user: TestUser;
let taskId: string;

afterAll(() => gateway?.close());
useApp({ open: openCounted });

async function openCounted(): Promise<FreshDatabase> {
  fresh = await freshDatabase();
  if (engine !== 'neon') return fresh;
  // A gateway of its own: its count is of this file's requests alone.
  gateway = await startNeonGateway({ host: new URL(fresh.url).hostname, port: port() });
  return { ...fresh, neonEndpoint: new URL(gateway.url).origin };
}

beforeAll(async () => {
  user = await signUp();
  taskId = (await createTask(user)).id;
  await createTask(user, { title: 'Bread' });
});

const port = () => Number(new URL(fresh.url).port);
const request = (method: string, path: string, body?: unknown, headers: HeadersInit = {}): Promise<Response> =>
  sendAs(user, method, path, body, headers);

interface Cost {
  sent: number;
  roundTrips: number;
}

interface Chunk {
  chunk: Buffer;
}

/**
 * The cost of `work`. On postgres each write to a connection is counted, however the kernel splits it: a client that
 * waits for a result before it continues has to write once more. On neon the gateway counts requests.
 */
async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const { pool } = (await getApp()).db;
  const ofOwner = pool ? [vi.spyOn(pool, 'query'), vi.spyOn(pool, 'connect')] : [];
  const writes: Buffer[] = [];
  const socket = Socket.prototype as unknown as Record<'_write' | '_writev', (...args: unknown[]) => unknown>;
  const { _write, _writev } = socket;
  const isOurs = (socket: Socket) => engine === 'pglite' || (engine === 'postgres' && socket.remotePort === port());
  socket._write = function (this: Socket, ...args: unknown[]) {
    if (isOurs(this)) writes.push(args[0] as Buffer);
    return _write.apply(this, args);
  };
  socket._writev = function (this: Socket, ...args: unknown[]) {
    if (isOurs(this)) writes.push(Buffer.concat((args[0] as Chunk[]).map(({ chunk }) => chunk)));
    return _writev.apply(this, args);
  };
  const { httpRequests = 0, httpStatements = 0 } = gateway ?? {};
  try {
    await work();
    for (const spy of ofOwner) expect(spy).not.toHaveBeenCalled();
    if (!gateway) return { sent: countStatements(Buffer.concat(writes)), roundTrips: writes.length };
    return { sent: gateway.httpStatements - httpStatements, roundTrips: gateway.httpRequests - httpRequests };
  } finally {
    Object.assign(socket, { _write, _writev });
    for (const spy of ofOwner) spy.mockRestore();
  }
}

/** The number of statements that PostgreSQL is sent: `Query` and `Execute` messages. */
function countStatements(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) {
    if ('QE'.includes(String.fromCharCode(bytes[at] ?? 0))) count++;
  }
  return count;
}

const big = '🐘'.repeat(10_000);
const newPath = () => `/${randomUUID()}`;
const newTaskPath = async () => `/${(await (await request('POST', '', { title: 'To be deleted' })).json()).id}`;

/** The requests for each operation, by case. Creating a path is not counted. */
type Case = [
  name: string,
  path: () => string | Promise<string>,
  body: unknown,
  status: number,
  headers?: () => Record<string, string>,
];
const cases: Record<string, Case[]> = {
  listTasks: [
    ['first page', () => '', undefined, 200],
    [
      'next page',
      async () => `?cursor=${(await (await request('GET', '?limit=1')).json()).next_cursor}`,
      undefined,
      200,
    ],
  ],
  createTask: [
    ['small', () => '', { title: 'Milk' }, 201],
    ['large', () => '', { title: 'Milk', description: big, tags: ['a', 'b'] }, 201],
    ['with Idempotency-Key', () => '', { title: 'Milk' }, 201, () => ({ 'Idempotency-Key': randomUUID() })],
    ['replayed', () => '', { title: 'Milk' }, 201, () => ({ 'Idempotency-Key': 'again' })],
  ],
  getTask: [
    ['found', () => `/${taskId}`, undefined, 200],
    ['not found', newPath, undefined, 404],
  ],
  replaceTask: [
    ['new', newPath, { title: 'Milk', tags: ['a'] }, 201],
    ['existing', () => `/${taskId}`, { title: 'Milk', tags: ['a', 'b'] }, 200],
    ['large', () => `/${taskId}`, { title: 'Milk', description: big, tags: ['c'] }, 200],
  ],
  updateTask: [
    ['columns', () => `/${taskId}`, { title: 'Bread', status: 'done' }, 200],
    ['tags', () => `/${taskId}`, { title: 'Bread', tags: ['x', 'y'] }, 200],
    ['large', () => `/${taskId}`, { description: big }, 200],
    ['nothing', () => `/${taskId}`, {}, 200],
    ['with Idempotency-Key', () => `/${taskId}`, { title: 'Bread' }, 200, () => ({ 'Idempotency-Key': randomUUID() })],
    ['If-Match outdated', () => `/${taskId}`, { title: 'Bread' }, 412, () => ({ 'If-Match': '"0"' })],
    ['not found', newPath, { title: 'Bread' }, 404],
  ],
  deleteTask: [
    ['found', newTaskPath, undefined, 204],
    ['not found', newPath, undefined, 404],
  ],
  completeTask: [
    ['set', () => `/${taskId}/complete`, { completed: true }, 200],
    ['toggled', () => `/${taskId}/complete`, undefined, 200],
  ],
};

const [header = [], , ...rows] = readFileSync(new URL('../../../../docs/round-trips.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
const page = rows.map((cells) => Object.fromEntries(cells.map((cell, i) => [header[i], cell])));

test('docs/round-trips.md lists every operation with each of its cases', () => {
  expect(Object.keys(cases).sort()).toEqual(operations.map(({ id }) => id).sort());
  const expected = Object.entries(cases).flatMap(([id, all]) => all.map(([name]) => [`\`${id}\``, name]));
  expect(page.map((row) => [row.operation, row.case])).toEqual(expected);
});

describe.each(operations)('$id', ({ id, method }) => {
  test.each(cases[id] ?? [])(
    `${id} takes one round trip with the statements that docs/round-trips.md lists: %s`,
    async (name, path, body, status, headers) => {
      // Once unmeasured: statements are prepared, and connections and signing keys are warm.
      await request(method, await path(), body, headers?.());
      const target = await path();
      let response: Response | undefined;
      const cost = await costOf(async () => {
        response = await request(method, target, body, headers?.());
      });
      expect(response?.status).toBe(status);
      expect(cost.roundTrips).toBe(engine === 'pglite' ? 0 : 1);
      const row = page.find((row) => row.operation === `\`${id}\`` && row.case === name);
      const measured: Record<string, string> = { [`${engine}: round trips`]: String(cost.roundTrips) };
      // Statements inside the process cannot be counted.
      if (engine !== 'pglite') {
        measured[`${engine}: sent`] = String(cost.sent);
        measured['statements of the operation'] = String(cost.sent - 1);
      }
      expect(row).toMatchObject(measured);
    },
  );
});

test('a request with an invalid token, path or body takes no round trip', async () => {
  const none = { sent: 0, roundTrips: 0 };
  expect(await costOf(() => send('GET', user.tasks))).toEqual(none);
  expect(await costOf(() => send('GET', '/api/somebody/tasks', { token: user.token }))).toEqual(none);
  expect(await costOf(() => send('POST', user.tasks, { token: user.token, body: {} }))).toEqual(none);
});

test.runIf(engine !== 'pglite')('a statement of 4 MB takes one round trip', async () => {
  const { db } = await getApp();
  const long = `select length('${'x'.repeat(4_000_000)}')`;
  const request = () =>
    db.asUser(user.id, [statement(queryBuilder.execute(long)), statement(queryBuilder.execute('select 1'))]);
  await request();
  expect((await costOf(request)).roundTrips).toBe(1);
});
