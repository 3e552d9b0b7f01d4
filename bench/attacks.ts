import { randomBytes, randomUUID } from 'node:crypto';
import { Agent, type RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LoadRequest, send } from './load';
import type { BenchUser } from './seed';

/** Requests by which a client, with or without an account, may try to slow the server down for other users. */

export interface Attack {
  readonly name: string;
  /** The rate of the attack. */
  readonly pace: string;
  /** The tasks of the attacker's account. */
  readonly tasks?: { readonly count: number; readonly description: string };
  /** Attacks until the process is ended. */
  readonly run: (context: AttackContext) => Promise<unknown>;
}

interface AttackContext {
  readonly port: number;
  /** The account of the attacker. */
  readonly user: BenchUser;
  /** Counts a response by its status, or a connection that was closed without one. */
  readonly count: (what: number | 'closed') => void;
}

type Request = Omit<LoadRequest, 'status'>;

interface Pace {
  /** Requests a second; if undefined, each follows the response to the one before. */
  readonly rate?: number;
  readonly parallel: number;
}

const STRANGER: Pace = { rate: 20, parallel: 8 };
/** The sustained limit of one user: 600 requests a minute, 8 at once. */
const USER: Pace = { rate: 10, parallel: 8 };
/** The same 600 in the first seconds of the minute. */
const BURST: Pace = { parallel: 8 };
const SOCKETS = 400;
const LONG_HEADER = 15_000;

const JSON_TYPE = { 'Content-Type': 'application/json' };

/** Headers with a client address of its own. */
const stranger = (headers: Record<string, string> = {}) => ({
  'X-Forwarded-For': `10.${[...randomBytes(3)].join('.')}`,
  ...headers,
});

/** Words at the end of each description. */
const words = (count: number) => Array.from({ length: count }, (_, i) => `w${i}`).join(' ');
const LONG_TEXTS = { count: 300, description: `${'lorem ipsum '.repeat(800)}${words(66)}` };
/** 40 KB each: four bytes a character. */
const LONG_PAGES = { count: 100, description: '😀'.repeat(10_000) };

/** Every word but the last is found, at the end of every description. */
const search = (count: number) => get(`?limit=1&q=${encodeURIComponent(`${words(count - 1)} absent`)}`);
const get =
  (query: string) =>
  ({ tasks, headers }: BenchUser): Request => ({ method: 'GET', path: tasks + query, headers });

const signOut = (headers: Record<string, string>, body: object = {}): Request => ({
  method: 'POST',
  path: '/api/auth/sign-out',
  headers: stranger({ ...JSON_TYPE, ...headers }),
  body: JSON.stringify(body),
});
const longUrl = (length: number) => `http://e.com/${'a'.repeat(length)}`;

const ALL: readonly Attack[] = [
  requests('A1 sign-out and verify-email with long URLs', STRANGER, [
    () => signOut({}, { callbackURL: longUrl(64_000) }),
    () => signOut({}, { redirectTo: longUrl(64_000) }),
    () => signOut({}, { errorCallbackURL: longUrl(64_000) }),
    () => signOut({ Cookie: 'a=b', Origin: longUrl(LONG_HEADER) }),
    () => signOut({ Cookie: 'a=b', Referer: longUrl(LONG_HEADER) }),
    () => ({
      method: 'GET',
      path: `/api/auth/verify-email?token=x&callbackURL=${longUrl(LONG_HEADER)}`,
      headers: stranger(),
    }),
  ]),
  requests(
    'A2 User-Agent of 15 KB',
    STRANGER,
    ['/', '/api/health/live', '/api/nobody/tasks'].map((path) => () => ({
      method: 'GET',
      path,
      headers: stranger({ 'User-Agent': 'a'.repeat(LONG_HEADER) }),
    })),
  ),
  { name: 'A3 sign-ins', pace: '20 at once, every second', run: signInWaves },
  {
    name: 'A4 upgrades, slow bodies, slow headers, silent sockets',
    pace: `${SOCKETS} sockets`,
    run: (context) => Promise.all(Array.from({ length: SOCKETS }, (_, i) => holdSocket(context, i))),
  },
  requests('B5 search for 66 words', BURST, [search(66)], LONG_TEXTS),
  requests('B5 search for 8 words', USER, [search(8)], LONG_TEXTS),
  requests('B5 search for 8 words', BURST, [search(8)], LONG_TEXTS),
  requests('B6 pages of 1 MiB', USER, [get('?limit=100')], LONG_PAGES),
  requests('B6 pages of 1 MiB', BURST, [get('?limit=100')], LONG_PAGES),
  {
    name: 'B6 pages of 1 MiB, never read',
    pace: `${USER.rate}/s, 8 a connection`,
    tasks: LONG_PAGES,
    run: requestUnread,
  },
  requests('B7 writes of 64 KiB', USER, [write]),
  requests('B7 writes of 64 KiB', BURST, [write]),
  requests('C9 refused uploads of 200 kB', STRANGER, [
    ({ tasks }) => ({ method: 'POST', path: tasks, headers: stranger(JSON_TYPE), body: ' '.repeat(200_000) }),
    ({ tasks, headers }) => ({
      method: 'POST',
      path: tasks,
      headers: stranger({ ...headers, 'Content-Type': 'text/plain' }),
      body: ' '.repeat(200_000),
    }),
  ]),
];

/** All, or those that `ATTACKS` names by their first characters: `A3,B6`. */
const named = process.env.ATTACKS?.split(',');
export const attacks = ALL.filter(({ name }) => !named || named.some((start) => name.startsWith(start)));

/** Twenty at once; the next when all have been responded to. */
async function signInWaves({ port, count }: AttackContext): Promise<never> {
  const signIn = async () => {
    const body = JSON.stringify({ email: `${randomUUID()}@example.com`, password: randomUUID() });
    const request = { method: 'POST', path: '/api/auth/sign-in/email', headers: stranger(JSON_TYPE), body };
    count(await outcome({ port }, request));
  };
  for (;;) await Promise.all([...Array.from({ length: 20 }, signIn), sleep(1_000)]);
}

function write({ tasks, headers }: BenchUser): Request {
  const tags = Array.from({ length: 20 }, () => `${randomUUID()} ${'😀'.repeat(13)}`);
  const task = JSON.stringify({ title: randomUUID(), description: LONG_PAGES.description, tags });
  const body = task + ' '.repeat(64 * 1024 - Buffer.byteLength(task));
  return { method: 'POST', path: tasks, headers: { ...headers, 'Idempotency-Key': randomUUID() }, body };
}

/** An attack by requests, of each kind in turn, over connections that are kept alive. */
function requests(
  name: string,
  { rate, parallel }: Pace,
  kinds: readonly ((user: BenchUser) => Request)[],
  tasks?: Attack['tasks'],
): Attack {
  const run = ({ port, user, count }: AttackContext) => {
    const agent = new Agent({ keepAlive: true });
    const started = performance.now();
    let sent = 0;
    const worker = async () => {
      for (;;) {
        const i = sent++;
        if (rate) await sleep(Math.max(0, started + (i * 1000) / rate - performance.now()));
        const request = kinds[i % kinds.length]?.(user) as Request;
        count(await outcome({ port, agent }, request));
      }
    };
    return Promise.all(Array.from({ length: parallel }, worker));
  };
  const pace = rate ? `${rate}/s, ${parallel} at once` : `${parallel} at once`;
  return { name, pace, run, ...(tasks && { tasks }) };
}

function outcome(where: RequestOptions, request: Request): Promise<number | 'closed'> {
  return send(where, request).then(
    ({ status }) => status,
    () => 'closed',
  );
}

/** What is sent at first over a connection, and then every second. */
const HOLDS = [
  ['', 'GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
  ['POST /api/nobody/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n', ' '],
  ['GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', 'a'],
  ['', ''],
] as const;

/** Holds a connection open, and opens another one when the server closes it. */
async function holdSocket({ port, count }: AttackContext, i: number): Promise<void> {
  const [first, next] = HOLDS[i % HOLDS.length] ?? ['', ''];
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (chunk) => {
      for (const [, status] of chunk.toString('latin1').matchAll(/^HTTP\/1\.1 (\d{3}) /gm)) count(Number(status));
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    // 'close' follows.
    socket.on('error', () => {});
    if (first) socket.write(first);
    const timer = setInterval(() => next && socket.write(next), 1_000);
    await closed;
    clearInterval(timer);
    count('closed');
    await sleep(100);
  }
}

/** Requests pages and reads no response, over a new connection for every eight. */
async function requestUnread({ port, user, count }: AttackContext): Promise<void> {
  const { path, headers } = get('?limit=100')(user);
  const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${headers?.Authorization}\r\n\r\n`;
  for (;;) {
    const socket = connect(port, '127.0.0.1').pause();
    socket.on('error', () => {}).once('close', () => count('closed'));
    socket.write(request.repeat(USER.parallel));
    await sleep((USER.parallel * 1000) / (USER.rate ?? 1));
  }
}
