import { operations, type TaskInput } from '@taskward/api-core';
import fc from 'fast-check';
import { bodyFor } from '../requests';
import { rarely } from '../run-fuzz';

/** Random requests, valid and invalid, derived from those that the contract declares. */

export interface FuzzRequest {
  readonly method: string;
  /**
   * With `{me}`, `{victim}`, `{mine.task_id}`, `{theirs.task_id}` and `{cursor}` for values that only the test run has, and
   * the ids of other resources likewise; the same in the query and in the body of a batch.
   */
  readonly path: string;
  readonly query: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | Uint8Array | undefined;
  /** Whether the body is sent in chunks, without a Content-Length. */
  readonly isStream: boolean;
  readonly who: 'me' | 'session' | 'nobody' | 'forger';
}

const split = (text: string) => text.split(' ');
const words = (text: string) => fc.constantFrom(...split(text));

const ODD = [
  ...split(
    '. .. %00 %2e%2e ..%2f %2F %zz % %c0%af %ff %u0041 %25%32%66 %0d%0a * ~ ;a=b , @ : | {} [] () ..;/ $1 %s%n $(id)',
  ),
  ...split('<script> {{7*7}} \' " \\ ` null undefined true NaN -1 0 1e400 __proto__ constructor toString é ÿ 日本 😀'),
  ...['', ' ', "' or '1'='1", '\ud800', '\ufeff', '\u202e', '\u0000', '9'.repeat(40), 'a'.repeat(3_000)],
];
/** Text with a special meaning somewhere, and random text. */
const odd = fc.oneof(fc.constantFrom(...ODD), fc.string({ unit: 'binary', maxLength: 20 }), fc.string());

const insert = (text: string, piece: string, at: number) => text.slice(0, at) + piece + text.slice(at);

const LITERALS = [
  ...split(
    'null 0 -0 1e400 1E-400 NaN 01 nul true false [] {} "" "\\ud800" "\\u0000" {"a":1,"a":2} [null] ["a","A"] [""]',
  ),
  ...split('"todo" "done" "high" "2026-03-01" "0000-01-01" "2026-02-30" "milk" \'a\' +1 .5 1_000 Infinity [1,] {,}'),
  ...['9'.repeat(400), JSON.stringify(Array(21).fill('t'))],
  ...[256, 10_001, 70_000].map((length) => `"${'x'.repeat(length)}"`),
];
const json = fc.oneof(
  fc.json(),
  odd.map((text) => JSON.stringify(text)),
  fc.constantFrom(...LITERALS),
  fc.integer({ min: 1, max: 3_000 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
);

type JsonMember = readonly [name: string, value: string];
const validValues: Record<Exclude<keyof TaskInput, 'title'>, string> = {
  description: '"of \\n oats"',
  status: '"done"',
  priority: '"high"',
  due_date: '"2026-03-01"',
  tags: '["home","shop"]',
  list_id: 'null',
  parent_id: 'null',
};
const validMember = fc.constantFrom<JsonMember[]>(...Object.entries(validValues));
const examples = operations.map((operation) => bodyFor(operation) ?? {});
const NAMES = [
  ...new Set(examples.flatMap((body) => Object.keys(body))),
  ...split('description status id user_id version email password name'),
];
const anything = fc.tuple(rarely(6, fc.constantFrom(...NAMES), odd), json);
const title = fc.constant<JsonMember>(['title', '"milk"']);

/** As text, so that it can have duplicate members and invalid values. */
const object = (all: readonly JsonMember[]) =>
  `{${all.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
const task = fc
  .tuple(title, fc.uniqueArray(validMember, { maxLength: 3, selector: ([name]) => name }))
  .map(([first, rest]) => object([first, ...rest]));
const nearlyTask = fc
  .tuple(title, fc.array(validMember, { maxLength: 2 }), fc.array(anything, { maxLength: 2 }))
  .map((all) => object(all.flat(1) as JsonMember[]));
const example = fc.constantFrom(...examples.map((body) => JSON.stringify(body)));
const completion = fc.constantFrom('{"completed":true}', '{"completed":false}', '{"completed":null}', '{}');
const loose = fc.array(anything, { maxLength: 5 }).map(object);

const batched = operations.filter(({ batch }) => batch);
const condition = fc.constantFrom<JsonMember[]>(
  ...['if_match', 'if_none_match'].flatMap((name) =>
    ['1', '2', '"*"', '0', 'null'].map((value): JsonMember => [name, value]),
  ),
);
const batchedBody = fc.oneof(
  { weight: 4, arbitrary: task },
  { weight: 2, arbitrary: example },
  completion,
  fc.constantFrom(
    '{"after":null}',
    '{"parent_id":"{mine.task_id}"}',
    '{"list_id":"{mine.list_id}"}',
    '{"tasks":"keep"}',
  ),
  nearlyTask,
);
/** An operation with an id and a body that mostly are those of some other one. */
const batchOperation = fc
  .record({
    operation: fc.constantFrom(...batched),
    whose: rarely(8, fc.constant('mine'), fc.constant('theirs')),
    body: fc.option(batchedBody, { freq: 4 }),
    more: fc.oneof({ weight: 6, arbitrary: fc.constant([]) }, fc.tuple(rarely(3, condition, anything))),
  })
  .map(({ operation: { id, path }, whose, body, more }) => {
    const name = path.includes('{task_id}') ? 'task_id' : 'list_id';
    const members: JsonMember[] = [
      ['op', JSON.stringify(id)],
      [name, `"{${whose}.${name}}"`],
    ];
    return object([...members, ...(body === null ? [] : [['body', body] as const]), ...more]);
  });
const batchBody = fc
  .array(rarely(12, batchOperation, json), { minLength: 1, maxLength: 4 })
  .map((all) => `{"operations":[${all}]}`);

const account = fc
  .record({
    email: rarely(4, fc.constantFrom('"{email}"', '"a@example.com"', '"A@EXAMPLE.COM"', '"a"', '"a@b@c"'), json),
    password: rarely(4, fc.constantFrom('"correct horse battery"', '"short"', '"\\u0000aaaaaaaaaaaa"'), json),
    name: rarely(4, fc.constantFrom('"A"', '""', '"\\u0000"', '"\\ud800"'), json),
    more: rarely(3, fc.constant<JsonMember[]>([]), fc.array(anything, { maxLength: 2 })),
  })
  .map(({ more, ...all }) => object([...Object.entries(all), ...more]));

/** The text unchanged, truncated, with an insertion, or with a changed byte, which may make it invalid UTF-8. */
function corrupted(text: fc.Arbitrary<string>): fc.Arbitrary<string | Uint8Array> {
  const cut = fc.tuple(text, fc.nat()).map(([whole, at]) => whole.slice(0, at % (whole.length + 1)));
  const filled = fc
    .tuple(text, odd, fc.nat())
    .map(([whole, piece, at]) => insert(whole, piece, at % (whole.length + 1)));
  const flipped = fc.tuple(text, fc.nat(), fc.nat({ max: 255 })).map(([whole, at, byte]) => {
    const bytes = new TextEncoder().encode(whole);
    bytes[at % (bytes.length || 1)] = byte;
    return bytes;
  });
  return fc.oneof({ weight: 6, arbitrary: text }, cut, filled, flipped);
}

const none = fc.constant(undefined);
const bytes = fc.uint8Array({ maxLength: 300 });
const taskBody = fc.oneof(
  { weight: 2, arbitrary: none },
  { weight: 5, arbitrary: corrupted(task) },
  { weight: 4, arbitrary: corrupted(nearlyTask) },
  { weight: 2, arbitrary: completion },
  { weight: 2, arbitrary: corrupted(example) },
  { weight: 2, arbitrary: corrupted(loose) },
  { weight: 2, arbitrary: json },
  { weight: 1, arbitrary: bytes },
);
const accountBody = fc.oneof(
  { weight: 2, arbitrary: none },
  { weight: 5, arbitrary: corrupted(account) },
  { weight: 1, arbitrary: json },
  { weight: 1, arbitrary: bytes },
);

/** An id for the path parameter of this name. */
const resourceId = fc.oneof(
  { weight: 14, arbitrary: words('mine mine mine theirs').map((whose) => (name: string) => `{${whose}.${name}}`) },
  { weight: 2, arbitrary: fc.uuid().map((id) => () => id) },
  { weight: 1, arbitrary: odd.map((text) => () => text) },
);
const userId = fc.oneof(
  { weight: 22, arbitrary: fc.constant('{me}') },
  { weight: 2, arbitrary: fc.constant('{victim}') },
  { weight: 1, arbitrary: odd },
);
const anyMethod = words('GET HEAD POST PUT PATCH DELETE OPTIONS');
const toOperation = fc
  .tuple(fc.constantFrom(...operations), userId, resourceId, rarely(12, fc.constant(undefined), anyMethod))
  .map(([{ method, path }, user, idFor, other]) => ({
    method: other ?? method,
    path: path.replace(/\{(\w+)\}/g, (_, name: string) => (name === 'user_id' ? user : idFor(name))),
  }));
/** An insertion somewhere after `/api`. */
const nearOperation = fc
  .tuple(toOperation, odd, fc.nat())
  .map(([{ method, path }, piece, at]) => ({ method, path: insert(path, piece, 4 + (at % (path.length - 3))) }));

const authPath = fc.oneof(
  words(
    'sign-up/email sign-in/email sign-out get-session token jwks ok error .well-known/jwks.json sign-jwt verify-jwt',
  ),
  words(
    'list-sessions revoke-session revoke-sessions revoke-other-sessions update-user update-session admin/list-users',
  ),
  words('change-password set-password change-email delete-user delete-user/callback verify-password verify-email'),
  words('request-password-reset reset-password reset-password/x send-verification-email list-accounts unlink-account'),
  words('sign-in/social callback/google link-social account-info refresh-token get-access-token'),
  odd,
);
const toAuth = fc.record({
  method: fc.oneof(words('GET POST'), anyMethod),
  path: authPath.map((name) => `/api/auth/${name}`),
});
const elsewhere = fc.record({
  method: anyMethod,
  path: fc.oneof(
    words(
      '/api /api/ /api/auth /api/auth/ /api/health /api/health/live /api/health/ready /api/openapi.json /api/tasks',
    ),
    words('/api/{me} /api/{me}/tasks/ /api/{me}/tasks/{mine.task_id}/ /api/{me}/tasks/{mine.task_id}/complete/x'),
    fc.array(odd, { minLength: 1, maxLength: 5 }).map((parts) => `/api/${parts.join('/')}`),
  ),
});

const value = fc.oneof(
  words(
    '1 100 101 +1 1,2 todo,done high home 2026-03-01 2026-02-30 true -due_date title milk+% % _ {cursor} {cursor}x e30',
  ),
  odd,
);
const parameter = fc
  .tuple(
    rarely(6, fc.constantFrom(...new Set(operations.flatMap(({ query }) => Object.keys(query.shape)))), odd),
    value,
  )
  .map(([name, value]) => `${encode(name)}=${value.startsWith('{cursor}') ? value : encode(value)}`);
const parameters = fc.array(parameter, { minLength: 1, maxLength: 4 }).map((all) => all.join('&'));
const query = fc.oneof(
  { weight: 18, arbitrary: fc.constant('') },
  { weight: 6, arbitrary: parameters },
  { weight: 1, arbitrary: odd },
);

/** Some text is not encoded: not every client does so. */
function encode(text: string): string {
  return text.isWellFormed() && text.length % 3 > 0 ? encodeURIComponent(text) : text;
}

/** The characters that a Headers object accepts: bytes except NUL and line breaks. */
const fieldText = odd.map((text) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, ''));
const field = (name: string, values: fc.Arbitrary<string>) => fc.tuple(fc.constant(name), rarely(5, values, fieldText));
const tags = fc.array(words('"1" W/"1" "2" * 1 "" " "1 w/"1" "2147483648" "99999999999999999999" "-1" ,'), {
  minLength: 1,
  maxLength: 3,
});
const media = fc.constantFrom(
  'application/json',
  'application/merge-patch+json',
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'application/json;',
  'application/json, text/plain',
  'application/json-patch+json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'multipart/form-data',
  'application/octet-stream',
  'text/plain',
  'text/html',
  '*/*',
  ';',
);
const FREE =
  'X-Forwarded-Host X-Forwarded-For X-Forwarded-Proto Host Range Expect X-HTTP-Method-Override X-User-Id Referer';
const header = fc.oneof(
  field('Content-Type', media),
  field(
    'If-Match',
    tags.map((all) => all.join(',')),
  ),
  field(
    'If-None-Match',
    tags.map((all) => all.join(', ')),
  ),
  field('Idempotency-Key', fc.constantFrom('k1', 'k2', '"k1"', '"k\\"', '', 'a b', 'k'.repeat(256), '?1', ':YWI=:')),
  field('X-Request-Id', fc.constantFrom('mine', 'a.b-c_d=', 'x'.repeat(129), '<script>')),
  field('Content-Encoding', words('gzip identity br')),
  field('Content-Length', words('0 1 -1 99999999999')),
  field('Accept', words('text/html application/xml */*;q=0')),
  field('Cookie', words('better-auth.session_token=x.y better-auth.session_token=% a =')),
  field('Origin', words('null http://evil.example http://localhost:3000 x')),
  fc.tuple(words(FREE), fieldText),
);

const rest = {
  query,
  headers: rarely(2, fc.constant([]), fc.array(header, { maxLength: 4 })),
  isStream: rarely(6, fc.constant(false), fc.constant(true)),
};
const who = fc.constantFrom<FuzzRequest['who'][]>('me', 'me', 'me', 'me', 'session', 'nobody', 'forger');
const visitor = fc.constantFrom<FuzzRequest['who'][]>('me', 'session', 'session', 'nobody');

type Of<K extends keyof FuzzRequest> = fc.Arbitrary<FuzzRequest[K]>;
const requestTo = (target: fc.Arbitrary<Pick<FuzzRequest, 'method' | 'path'>>, who: Of<'who'>, body: Of<'body'>) =>
  fc.record({ target, who, body, ...rest }).map(({ target, ...all }): FuzzRequest => ({ ...target, ...all }));
export const fuzzRequest = fc.oneof(
  { weight: 20, arbitrary: requestTo(toOperation, who, taskBody) },
  {
    weight: 3,
    arbitrary: requestTo(fc.constant({ method: 'POST', path: '/api/{me}/batch' }), who, corrupted(batchBody)),
  },
  { weight: 3, arbitrary: requestTo(toAuth, visitor, accountBody) },
  { weight: 2, arbitrary: requestTo(nearOperation, who, taskBody) },
  { weight: 1, arbitrary: requestTo(elsewhere, who, taskBody) },
);
