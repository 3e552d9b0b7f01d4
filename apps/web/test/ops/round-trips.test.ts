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
import type { RoundTripCases } from '../round-trip-case';

let fresh: FreshDatabase;
let gateway: NeonGateway | undefined;
let user: TestUser;

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
});

const port = () => Number(new URL(fresh.url).port);

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
  // Now and then, a write also prunes the journal.
  const random = vi.spyOn(Math, 'random').mockReturnValue(0.5);
  try {
    await work();
    for (const spy of ofOwner) expect(spy).not.toHaveBeenCalled();
    if (!gateway) return { sent: countStatements(Buffer.concat(writes)), roundTrips: writes.length };
    return { sent: gateway.httpStatements - httpStatements, roundTrips: gateway.httpRequests - httpRequests };
  } finally {
    Object.assign(socket, { _write, _writev });
    for (const spy of [...ofOwner, random]) spy.mockRestore();
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

const files = import.meta.glob<{ cases: RoundTripCases }>('../*/round-trip-cases.ts', { eager: true });
const cases = Object.fromEntries(Object.values(files).flatMap(({ cases }) => Object.entries(cases)));

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
  const expected = Object.entries(cases).flatMap(([id, all]) => all.map(({ name }) => `\`${id}\` ${name}`));
  expect(page.map((row) => `${row.operation} ${row.case}`).sort()).toEqual(expected.sort());
});

describe.each(operations)('$id', ({ id, method }) => {
  test.each(cases[id] ?? [])(
    `${id} takes one round trip with the statements that docs/round-trips.md lists: $name`,
    async ({ name, path, body, status, headers }) => {
      const request = async () => {
        const [target, options] = [await path(user), { token: user.token, body, headers: headers?.() ?? {} }];
        return () => send(method, target, options);
      };
      // Once unmeasured: statements are prepared, and connections and signing keys are warm.
      await (await request())();
      const measured = await request();
      let response: Response | undefined;
      const cost = await costOf(async () => {
        response = await measured();
      });
      expect(response?.status).toBe(status);
      expect(cost.roundTrips).toBe(engine === 'pglite' ? 0 : 1);
      const row = page.find((row) => row.operation === `\`${id}\`` && row.case === name);
      const counted: Record<string, string> = { [`${engine}: round trips`]: String(cost.roundTrips) };
      // Statements inside the process cannot be counted.
      if (engine !== 'pglite') {
        counted[`${engine}: sent`] = String(cost.sent);
        counted['statements of the operation'] = String(cost.sent - 1);
      }
      expect(row).toMatchObject(counted);
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
