import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { operations, problemTypes } from '@taskward/api-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signUp } from './account';
import { BASE_URL, OTHER_ORIGIN, type Step, steps } from './direct-requests';
import { exchange, type Received } from './exchange';
import { onPostgres, type Server, startOn } from './server';

/** The API with and without Next.js in front of it: two servers on one database that give the same responses. */

interface Mode {
  readonly server: Server;
  readonly port: number;
  /** What the placeholders in its requests stand for. */
  readonly known: Record<string, string>;
}

const REQUESTS_PER_MINUTE = 400;

const agent = new Agent({ keepAlive: true });
let database: Awaited<ReturnType<typeof onPostgres>>;
let direct: Mode;
let next: Mode;

beforeAll(async () => {
  database = await onPostgres();
  [direct, next] = await Promise.all([start('a', {}), start('b', { DIRECT: '0' })]);
}, 120_000);

afterAll(async () => {
  agent.destroy();
  await Promise.all([direct?.server.dispose(), next?.server.dispose()]);
  await database?.dispose();
});

async function start(name: string, settings: Record<string, string>): Promise<Mode> {
  const server = await startOn(database.url, {
    BETTER_AUTH_SECRET: 'k3vT9qLr2WcXy7HbN4mDs8PfGa1JuKe5Zx',
    BETTER_AUTH_URL: BASE_URL,
    CORS_ORIGINS: OTHER_ORIGIN,
    API_RATE_LIMIT: String(REQUESTS_PER_MINUTE),
    ...settings,
  });
  const { me, token } = await createUser(server, `${name}@example.com`);
  const known = { me, token, email: `new-${name}@example.com`, new: randomUUID() };
  return { server, port: Number(new URL(server.origin).port), known };
}

async function createUser({ origin }: Server, email: string) {
  const { tasks, headers } = await signUp(origin, email);
  const { pathname } = new URL(tasks);
  return { me: pathname.split('/')[2] ?? '', tasks: pathname, token: headers.Authorization.slice(7), headers };
}

/** Sends the request, and keeps what later ones need of the response. */
async function perform({ known, port }: Mode, { body, headers = {}, keep, method, target }: Step) {
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (braces, name: string) => known[name] ?? braces);
  const content = body === undefined ? undefined : Buffer.from(fill(body));
  const received = await exchange(port, agent, {
    method,
    target: fill(target),
    headers: {
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fill(value)])),
      ...(content && { 'Content-Length': String(content.length) }),
    },
    ...(content && { body: [content] }),
  });
  if (keep) known[keep] = cookiesOf(received) || JSON.parse(received.body).id;
  return received;
}

function cookiesOf({ fields }: Received): string {
  const cookies = fields.filter(([name]) => name.toLowerCase() === 'set-cookie');
  return cookies.map(([, value]) => value.split(';')[0]).join('; ');
}

/** What differs from one request to the next, whoever serves it. */
const MASKS: [RegExp, string][] = [
  [/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/g, '<uuid>'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>'],
  [/eyJ[\w.-]+/g, '<token>'],
  [/_token=[^;]+/g, '_token=<cookie>'],
  [/("token":"|"id":"|"userId":")\w{32}\b/g, '$1<id>'],
  [/("token":"|\bid: |W\/")\d+\.\w+/g, '$1<sync token>'],
  [/(next_cursor":"|cursor=)[\w-]+/g, '$1<cursor>'],
  [/r=\d+;t=\d+/g, 'r=<number>;t=<seconds>'],
  [/\bin \d+ seconds\b/g, 'in <number> seconds'],
  [/(nonce[^\w]+)[\w+/]{22}==/g, '$1<nonce>'],
];

function mask(text: string, known: Mode['known']): string {
  const named = Object.entries(known).reduce((rest, [name, value]) => rest.replaceAll(value, `<${name}>`), text);
  return MASKS.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), named);
}

/** The time of the response, and the seconds until another time. */
const TIME_FIELDS = ['date', 'retry-after'];
/** Next.js sends all responses in chunks, since it does not know the length. */
const FRAMING_FIELDS = ['content-length', 'transfer-encoding'];
/** Request fields by which the responses of Next.js differ, but not those of the API. */
const NEXT_VARY = ['rsc', 'next-router-state-tree', 'next-router-prefetch', 'next-router-segment-prefetch'];
/** Next.js leaves it out of a response without content, such as a 304, where RFC 9110, 15.4.5, asks for it. */
const COMPRESSION_VARY = 'accept-encoding';

/**
 * The header fields without these exceptions. Names are in lower case and sorted, since neither case nor order has a meaning
 * (RFC 9110, 5.1 and 5.3).
 */
function comparable({ fields }: Received, known: Mode['known']): Record<string, string[]> {
  const result: Record<string, string[]> = {};
  for (const [cased, value] of fields) {
    const name = cased.toLowerCase();
    if (TIME_FIELDS.includes(name) || FRAMING_FIELDS.includes(name)) continue;
    const values = name === 'vary' ? value.toLowerCase().split(/, */) : [mask(value, known)];
    result[name] = [...(result[name] ?? []), ...values].sort();
  }
  const isException = (name: string) => NEXT_VARY.includes(name) || name === COMPRESSION_VARY;
  const vary = result.vary?.filter((name) => !isException(name));
  return { ...result, vary: vary ?? [] };
}

async function expectSame(step: Step): Promise<void> {
  const [one, other] = [await perform(direct, step), await perform(next, step)];
  const name = `${step.method} ${step.target} ${JSON.stringify(step.headers ?? {})}`;
  expect.soft([one.status, other.status], name).toEqual([step.status, step.status]);
  expect.soft(one.reason, name).toBe(other.reason);
  expect.soft(comparable(one, direct.known), name).toEqual(comparable(other, next.known));
  expect.soft(mask(one.body, direct.known), name).toBe(mask(other.body, next.known));
}

describe('with and without Next.js, the responses have the same status, header fields and body', () => {
  test.each(steps)('for %s', { timeout: 120_000 }, async (_, all) => {
    for (const step of all) await expectSame(step);
  });

  test('for a user who has sent too many requests', { timeout: 120_000 }, async () => {
    const { tasks, token } = await createUser(direct.server, 'hasty@example.com');
    const step = { status: 429, method: 'GET', target: tasks, headers: { Authorization: `Bearer ${token}` } };
    for (const mode of [direct, next]) {
      // Twice the limit, in case a minute ends meanwhile.
      for (let i = 0; i < 2 * REQUESTS_PER_MINUTE && (await perform(mode, step)).status !== 429; i++);
    }
    await expectSame(step);
  });
});

test('the requests that are compared include each success and each error of each operation', () => {
  const sent = new Set(
    steps.flatMap(([, all]) =>
      all.map(({ method, status, target }) => {
        const path = target
          .split('?')[0]
          ?.replace('somebody', '{me}')
          .replace(/(tasks|trash)\/[^/]+/, '$1/{task_id}')
          .replace(/lists\/[^/]+/, 'lists/{list_id}')
          .replace(/revisions\/[^/]+/, 'revisions/{revision}');
        return `${method} ${path?.replace('{me}', '{user_id}')} ${status}`;
      }),
    ),
  );
  const ELSEWHERE = ['rate_limited', 'conflict', 'internal', 'unavailable'];
  const missing = operations.flatMap(({ errors, method, path, success }) => {
    const codes = errors.filter((code) => !ELSEWHERE.includes(code));
    const statuses = [...Object.keys(success), ...codes.map((code) => problemTypes[code].status)];
    return statuses.map((status) => `${method} ${path} ${status}`).filter((name) => !sent.has(name));
  });
  expect(missing).toEqual([]);
});

test('only with DIRECT=0 does Next.js serve the API, which its names in Vary show', async () => {
  const step = { status: 200, method: 'GET', target: '/api/health/live' };
  const varies = async (mode: Mode) => (await perform(mode, step)).fields.filter(([name]) => /^vary$/i.test(name));
  expect(await varies(direct)).toEqual([['vary', 'Accept-Encoding, Origin']]);
  expect(String(await varies(next))).toContain('rsc');
});
