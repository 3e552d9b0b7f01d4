import { METHODS } from 'node:http';
import fc from 'fast-check';
import { rarely } from '../test/run-fuzz';

/** Malformed and unusual HTTP messages, to be sent over raw connections. */

export interface Message {
  readonly method: string;
  /** With `{me}` and `{other}` for the ids of users; so is `{token}` in a header. */
  readonly target: string;
  readonly headers: readonly string[];
  readonly body?: { readonly bytes: number; readonly framing: 'fixed' | 'chunked' } | undefined;
  /** What is sent after the header section as it is, of a body whose framing is in `headers`. */
  readonly raw?: string;
  /** The expected statuses; undefined for any status that is not a server error. */
  readonly statuses?: readonly number[] | undefined;
  /** The server may not recognize it as HTTP, and close the connection with or without a bare status line. */
  readonly isHostile?: true;
}

/** What is sent over a connection: batches of requests, each sent as a whole before its first response is read. */
export interface Script {
  readonly batches: readonly (readonly Message[])[];
  /** A last request whose body is not sent to its end. */
  readonly truncated: { readonly message: Message; readonly how: 'half-close' | 'destroy' } | undefined;
}

const MAX_BODY = 64 * 1024;
const JSON_TYPE = 'Content-Type: application/json';
const SIGNED_IN = 'Authorization: Bearer {token}';
const TASKS = '/api/{me}/tasks';
const CLIENT_ERRORS = [400, 401, 403, 413, 415, 422, 429];
/** A shorter body is not valid JSON. */
export const SMALLEST_TASK = '{"title":"a"}';

const tooLargeOr = (other: number) => (bytes: number) => [bytes > MAX_BODY ? 413 : other];
const created = (bytes: number) => tooLargeOr(bytes < SMALLEST_TASK.length ? 400 : 201)(bytes);

/** Requests with predictable responses: method, target, header lines, and the statuses by the size of the body. */
const ORDINARY: readonly (readonly [string, string, readonly string[], (bytes: number) => readonly number[]])[] = [
  ['GET', '/api/health/live', [], () => [200]],
  ['HEAD', '/api/health/live', [], () => [200]],
  ['GET', TASKS, [SIGNED_IN], () => [200]],
  ['HEAD', TASKS, [SIGNED_IN], () => [200]],
  ['GET', '/sign-in', [], () => [200]],
  ['OPTIONS', TASKS, [], () => [204]],
  ['POST', TASKS, [SIGNED_IN, JSON_TYPE], created],
  ['POST', TASKS, [SIGNED_IN, JSON_TYPE, 'Expect: 100-continue'], created],
  [
    'PUT',
    `${TASKS}/019a5f3e-7a3c-7c61-9d0e-3b1f6a2c4d58`,
    [SIGNED_IN, JSON_TYPE],
    (bytes) => created(bytes).flatMap((status) => (status === 201 ? [200, 201] : [status])),
  ],
  ['POST', TASKS, [SIGNED_IN, 'Content-Type: text/plain'], (bytes) => [bytes > 0 ? 415 : 400]],
  ['POST', TASKS, [JSON_TYPE], () => [401]],
  ['GET', TASKS, [], () => [401]],
  ['POST', '/api/{other}/tasks', [SIGNED_IN, JSON_TYPE], () => [403]],
  ['GET', '/api/{other}/tasks', [SIGNED_IN], () => [403]],
  ['POST', '/api/nowhere', [JSON_TYPE], () => [404]],
  ['GET', '/nowhere', [], () => [404]],
  ['POST', '/api/auth/nowhere', [JSON_TYPE], () => [404]],
  ['DELETE', TASKS, [SIGNED_IN], () => [405]],
  ['POST', '/api/health/live', [], () => [405]],
  ['POST', '/sign-in', [], () => [405]],
  ['TRACE', '/api/health/live', [], () => [405]],
  ['POST', '/api/%zz/tasks', [SIGNED_IN, JSON_TYPE], () => [400]],
  ['GET', '/problems/%ff', [], () => [400]],
  ['POST', '/api/auth/sign-in/email', [JSON_TYPE], () => CLIENT_ERRORS],
  ['POST', '/api/auth/sign-out', [JSON_TYPE, 'Origin: https://evil.example', 'Cookie: a=b'], () => CLIENT_ERRORS],
];

const size = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 3, arbitrary: fc.constantFrom(MAX_BODY - 1, MAX_BODY, MAX_BODY + 1) },
  { weight: 2, arbitrary: fc.constant(200_000) },
  { weight: 1, arbitrary: fc.constantFrom(2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1, 2_000_000) },
);
const body = fc.record({ bytes: size, framing: fc.constantFrom('fixed' as const, 'chunked' as const) });

const ordinary = fc
  .tuple(fc.constantFrom(...ORDINARY), body, fc.boolean())
  .map(([[method, target, headers, statusesOf], body, hasBody]): Message => {
    const isRead = ['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(method) && !hasBody;
    return { method, target, headers, body: isRead ? undefined : body, statuses: statusesOf(isRead ? 0 : body.bytes) };
  });

const NAMES = [
  ...['User-Agent', 'Accept', 'Accept-Language', 'Accept-Encoding', 'Referer', 'Origin', 'Content-Type', 'Range'],
  ...['Content-Encoding', 'If-Match', 'If-None-Match', 'If-Modified-Since', 'If-Range', 'Idempotency-Key', 'Cookie'],
  ...['Authorization', 'Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Port'],
  ...['Via', 'Traceparent', 'Tracestate', 'Baggage', 'RSC', 'Next-Router-State-Tree', 'Next-Router-Prefetch'],
  ...['Next-Router-Segment-Prefetch', 'Next-Url', 'Next-Action', 'Next-HMR-Refresh', 'X-Nextjs-Data', 'Purpose'],
  ...['X-Middleware-Subrequest', 'X-Middleware-Rewrite', 'X-Matched-Path', 'X-Prerender-Revalidate', 'X-Now-Route'],
  ...['X-Invoke-Path', 'X-Invoke-Status', 'X-Invoke-Error', 'X-Http-Method-Override', 'X-Original-Url', 'X-Real-Ip'],
  ...['Sec-Fetch-Site', 'Access-Control-Request-Method', 'Access-Control-Request-Headers', 'X-Client-Address'],
  ...['X-Node-Request', 'Save-Data', 'Priority', 'Keep-Alive', 'Pragma', 'Cache-Control', 'Date', 'From', 'X-Unknown'],
  ...['__proto__', 'constructor', 'toString', 'Content-Security-Policy', 'Content-Security-Policy-Report-Only'],
];
const PIECES = [
  ...['a', '-', ' ', '/', '@', '%', '0', '.', ':', '"', ',', ';=', '\\', '*', '\t', '\xff', '\x80', '<', '{', '[', "'"],
  ...['a ', '-a', 'a.', 'W/"1",', '"1",', 'bytes=0-0,', 'gzip;q=0,', 'en;q=0.1,', 'http://e.com/', 'a=b; ', 'Google-'],
  ...['%zz', '%00', '%0d%0aX-Injected: 1', '[""', '{"a":', 'for="[::1]:1",', 'nonce-', "script-src 'nonce-", '../'],
];
/** Node.js takes header sections of up to 16 KiB: some are longer. */
const valueLength = fc.oneof(fc.constantFrom(0, 1, 20, 500, 1_000, 4_000, 15_000, 17_000), fc.nat({ max: 16_000 }));
const longHeader = fc
  .tuple(fc.constantFrom(...NAMES), fc.constantFrom(...PIECES), valueLength)
  .map(([name, piece, length]) => `${name}: ${piece.repeat(length / piece.length)}`);
const withLongHeaders = fc
  .tuple(ordinary, fc.array(longHeader, { minLength: 1, maxLength: 3 }))
  .map(([message, more]): Message => ({ ...message, headers: [...message.headers, ...more], statuses: undefined }));
/** Leaves room for the token and what every request has. */
const MAX_HEADERS = 15_000;
const isTooLong = ({ headers }: Message) => headers.join('').length > MAX_HEADERS;
const tooLong = withLongHeaders.filter(isTooLong).map((message): Message => ({ ...message, isHostile: true }));

const SEGMENTS = [
  ...[
    'api',
    'auth',
    'health',
    'live',
    '{me}',
    '{other}',
    'tasks',
    'problems',
    '_next',
    'static',
    'image',
    'data',
    'docs',
  ],
  ...['sign-in', 'verify-email', 'openapi.json', 'icon.svg', 'index.txt', 'tasks.rsc', '_not-found', '500', '_error'],
  ...['%', '%zz', '%ff', '%00', '%2f', '%2F..', '%25zz', '%25', '%c0%af', '%e0%80%af', '%ed%a0%80', '%f4%90%80%80'],
  ...['.', '..', '', '', '\\', '%5c', '%5C..', '%2e%2e', '..;', ';a=b', '%0d%0aX-Injected:%201', '%E5%98%8A', '%u0041'],
  ...[
    '*',
    '[',
    '{',
    '"',
    '<',
    '|',
    '^',
    '`',
    '\x7f',
    '\xe9',
    '\xff',
    '[user_id]',
    '[...all]',
    '(account)',
    '@slot',
    '~',
  ],
  ...['__proto__', 'constructor', 'a'.repeat(300), 'a'.repeat(5_000), '%41'.repeat(2_000), '%25'.repeat(3_000)],
];
const PREFIXES = [
  ...['/', '/', '/', '/', '/api/', '/api/', '/api/{me}/', '/_next/static/', '/problems/', '//', '///', '/\\', '\\'],
  ...['//evil.example/', '/.//evil.example/', 'http://localhost/', 'http://evil.example/api/', 'HTTPS://evil.example/'],
  ...['http://', 'http:///', 'http:/api/', 'http://a@b:1/', 'http://[/', 'ftp://evil.example/', 'evil.example:443'],
  ...['*', '', '?', '#', '/#', 'javascript:', 'http://evil.example', '/?', '/api?', '/api#'],
];
const QUERIES = [
  ...['', '', '', '?', '?%', '?%zz', '?q=%ff', '?a=%00', '?a=%0d%0aX-Injected:%201', '?nxtPx=1', '?__proto__=1'],
  ...['?_rsc=1', '?__nextDataReq=1', '?__nextLocale=%zz', '?__flight__=1', '?callbackURL=/.//evil.example&token=x'],
  ...[
    '??',
    '?a=b?c',
    '?&&==',
    '#',
    '?limit=1&limit=1',
    '?cursor=%',
    `?${'a&'.repeat(2_000)}`,
    `?q=${'%20'.repeat(3_000)}`,
  ],
];
const target = fc
  .tuple(
    fc.constantFrom(...PREFIXES),
    fc.array(fc.constantFrom(...SEGMENTS), { maxLength: 4 }),
    fc.constantFrom(...QUERIES),
  )
  .map(([prefix, segments, query]) => prefix + segments.join('/') + query);
const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('GET', 'HEAD', 'POST', 'PATCH', 'OPTIONS') },
  { weight: 2, arbitrary: fc.constantFrom(...METHODS) },
  { weight: 1, arbitrary: fc.constantFrom('FOO', 'get', 'G@T', '', 'GET\t', 'PRI', 'GETT', 'a'.repeat(9_000)) },
);
const hostileTarget = fc
  .tuple(method, target, fc.constantFrom([], [SIGNED_IN]), rarely(4, fc.constant(undefined), body))
  .map(([method, target, headers, body]): Message => ({ method, target, headers, body, isHostile: true }));

/** Header lines with which messages are split, smuggled and upgraded, and others that a framework trusts. */
const LINES = [
  ...['Content-Length: 5, 6', 'Content-Length: 5\r\nContent-Length: 6', 'Content-Length: -1', 'Content-Length: 0x10'],
  ...['Content-Length: +5', 'Content-Length: 1e3', `Content-Length: ${'9'.repeat(20)}`, 'Content-Length: 5 5'],
  ...[
    'Content-Length: ',
    'Content-Length : 5',
    'Transfer-Encoding: chunked\r\nContent-Length: 5',
    'Transfer-Encoding: x',
  ],
  ...['Content-Length: 5\r\nTransfer-Encoding: chunked', 'Transfer-Encoding: identity', 'Transfer-Encoding: xchunked'],
  ...[
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding: chunked, chunked',
  ],
  ...['Transfer-Encoding:\x0bchunked', 'Transfer-Encoding : chunked', 'Transfer-Encoding\r\n : chunked'],
  ...['Transfer-Encoding: chunked\r\nTransfer-Encoding: x', ' folded: 1', 'X: 1\r\n folded', 'No colon', ': 1'],
  ...['X\x00: 1', 'X: a\x00b', 'X: a\rb', 'X: a\nX-Injected: 1', 'X-Injected\t: 1', 'X: \x01', 'X\xff: 1', 'X: \x7f'],
  ...['Host: a\r\nHost: b', 'Host: ', 'Host: @', 'Host: a/b', 'Host: evil.example', `Host: ${'a'.repeat(4_000)}`],
  ...['Host: [', 'Host: a b', 'Host: %00', 'Host: localhost:99999', 'Host: \xff', 'Connection: close'],
  ...['Connection: x-request-id, host', 'Connection: Upgrade\r\nUpgrade: websocket', 'Expect: 100-continue'],
  ...['Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__', 'Expect: nonsense'],
  ...['TE: trailers', 'Trailer: X', 'X-Request-Id: \xff', 'X-Request-Id: a%0d%0aX-Injected: 1', 'Next-Action: x'],
  ...[
    'RSC: 1\r\nNext-Router-State-Tree: %zz',
    'RSC: 1\r\nNext-Router-State-Tree: x',
    'RSC: 1\r\nNext-Url: //evil.example',
  ],
  ...['RSC: 1\r\nNext-Router-Prefetch: 1\r\nNext-Router-Segment-Prefetch: /%zz', 'X-Nextjs-Data: 1', 'RSC: 1'],
  ...[
    'X-Forwarded-Host: evil.example',
    'X-Forwarded-Proto: javascript',
    'X-Forwarded-Host: \xff',
    'Range: bytes=1-0,-1',
  ],
  ...['X-Middleware-Subrequest: proxy:proxy:proxy:proxy:proxy', 'X-Http-Method-Override: DELETE', 'Origin: null'],
  ...['Origin: http://%', 'Referer: %', 'Cookie: =;;=; %=%zz', 'Accept-Encoding: identity;q=0, *;q=0', 'Accept: ;'],
];
/** The body of the message before it, and never a message of its own. */
const AFTER = [
  'GET /api/smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  '0\r\n\r\n',
  'fffffffffffffffff\r\n',
];
const isFraming = (line: string) => /^(Content-Length|Transfer-Encoding)/.test(line);
const hostileHeaders = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'PUT', 'OPTIONS'),
    fc.constantFrom('/', '/sign-in', '/nowhere', '/api/health/live', TASKS, '/api/nowhere', '/api/auth/sign-out'),
    fc.constantFrom([], [SIGNED_IN, JSON_TYPE]),
    fc.constantFrom(...LINES),
    fc.constantFrom(...AFTER),
  )
  .map(([method, target, headers, line, after]): Message => {
    const raw = isFraming(line) ? after : '';
    return { method, target, headers: [...headers, line], raw, isHostile: true };
  });

const sound = rarely(
  4,
  ordinary,
  withLongHeaders.filter((message) => !isTooLong(message)),
);
const hostile = fc.oneof(
  { weight: 4, arbitrary: hostileTarget },
  { weight: 4, arbitrary: hostileHeaders },
  { weight: 1, arbitrary: tooLong },
);
/** Nothing comes after a hostile message until it has been responded to. */
const batch = fc.oneof(
  { weight: 3, arbitrary: fc.array(sound, { minLength: 1, maxLength: 4 }) },
  { weight: 2, arbitrary: hostile.map((last) => [last]) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.array(ordinary, { minLength: 1, maxLength: 2 }), hostile)
      .map(([all, last]) => [...all, last]),
  },
);
const truncated = fc.record({
  message: ordinary.filter(({ body }) => (body?.bytes ?? 0) > 1),
  how: fc.constantFrom('half-close' as const, 'destroy' as const),
});

export const script: fc.Arbitrary<Script> = fc
  .record({
    batches: fc.array(batch, { minLength: 1, maxLength: 5 }),
    truncated: rarely(4, fc.constant(undefined), truncated),
  })
  .map((value) => ({ ...value, [fc.toStringMethod]: () => summarize(value) }));

/** For a report: long repetitions by how often they repeat. */
function summarize(value: Script): string {
  const counted = (_: string, piece: string, rest: string) => `${piece}…${1 + rest.length / piece.length} times…`;
  const shorten = (value: string) => value.replace(/(.{1,30}?)(\1{20,})/g, counted);
  return JSON.stringify(value, (_, value) => (typeof value === 'string' ? shorten(value) : value));
}
