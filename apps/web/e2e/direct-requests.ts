/** Requests in their order, each to be sent once to every server, which then is expected to give the same response. */

/** `{name}` in target, headers and body stands for a value of the user, or one from an earlier response. */
export interface Step {
  readonly status: number;
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The name under which the `id` in the body, or else the first cookies, are kept. */
  readonly keep?: string;
}

type More = Omit<Step, 'status' | 'method' | 'target'>;
type Row = readonly [status: number, request: string, more?: More];

/** The settings of the servers that the requests are for. */
export const BASE_URL = 'http://localhost:3000';
export const OTHER_ORIGIN = 'https://app.example.com';

const json = { 'Content-Type': 'application/json' };
const user = { Authorization: 'Bearer {token}' };
const own = { Origin: BASE_URL };
const page = { Origin: OTHER_ORIGIN };
const write = (body: string, headers: Record<string, string> = {}, keep?: string): More => ({
  body,
  headers: { ...user, ...json, ...headers },
  ...(keep && { keep }),
});
const read = (headers: Record<string, string> = {}): More => ({ headers: { ...user, ...headers } });

const MISSING = '00000000-0000-4000-8000-000000000000';
const TASKS = '/api/{me}/tasks';
const TASK = `${TASKS}/{task}`;
const CHANGES = '/api/{me}/changes';
const EVENTS = '/api/{me}/events';
const REVISIONS = '/api/{me}/revisions';
const TRASH = '/api/{me}/trash';
const LISTS = '/api/{me}/lists';
const LIST = `${LISTS}/{list}`;
const BATCH = '/api/{me}/batch';
const LONG = 'x'.repeat(9_000);

const tasks: Row[] = [
  [201, `POST ${TASKS}`, write('{"title":"Milk","tags":["home"]}', {}, 'task')],
  [201, `POST ${TASKS}`, write(`{"title":"Long","description":"${LONG}"}`, {}, 'long')],
  [201, `POST ${TASKS}`, write('{"title":"Käse 🧀"}', { 'Idempotency-Key': 'first' })],
  [201, `POST ${TASKS}`, write('{"title":"Käse 🧀"}', { 'Idempotency-Key': '"first"' })],
  [422, `POST ${TASKS}`, write('{"title":"Other"}', { 'Idempotency-Key': 'first' })],
  [400, `POST ${TASKS}`, write('{"title":"Other"}', { 'Idempotency-Key': 'a b' })],
  [200, `GET ${TASKS}`, read()],
  [200, `GET ${TASKS}?limit=1`, read()],
  [200, `GET ${TASKS}?limit=1&sort=title&status=todo,done`, read()],
  [200, `GET ${TASKS}?q=milk&tag=home&`, read()],
  [200, `GET ${TASKS}?`, read()],
  [200, `GET ${TASKS}?limit=2`, read({ 'Accept-Encoding': 'gzip' })],
  [200, `GET ${TASKS}`, read({ 'Accept-Encoding': 'gzip' })],
  [200, `GET ${TASKS}`, read({ 'Accept-Encoding': 'gzip;q=0' })],
  [200, `GET ${TASKS}`, read({ 'Accept-Encoding': 'br, gzip;q=0.5' })],
  [200, `HEAD ${TASKS}`, read({ 'Accept-Encoding': 'gzip' })],
  [200, `HEAD ${TASKS}`, read()],
  [422, `HEAD ${TASKS}?limit=0`, read()],
  [200, `GET ${TASK}`, read()],
  [200, `HEAD ${TASK}`, read()],
  [304, `GET ${TASK}`, read({ 'If-None-Match': '"1"' })],
  [304, `GET ${TASK}`, read({ 'If-None-Match': 'W/"9", W/"1"' })],
  [304, `GET ${TASK}`, read({ 'If-None-Match': '*' })],
  [304, `HEAD ${TASK}`, read({ 'If-None-Match': '"1"' })],
  [304, `GET ${TASKS}/{long}`, read({ 'If-None-Match': '"1"', 'Accept-Encoding': 'gzip' })],
  [200, `GET ${TASKS}/{long}`, read({ 'If-None-Match': '"2"', 'Accept-Encoding': 'gzip' })],
  [200, `PATCH ${TASK}`, write('{"title":"Bread"}', { 'If-Match': '"1"', 'Idempotency-Key': 'patch' })],
  [200, `PATCH ${TASK}`, write('{"title":"Bread"}', { 'If-Match': '"1"', 'Idempotency-Key': 'patch' })],
  [200, `PATCH ${TASK}`, write('{"priority":"high"}', { 'Content-Type': 'application/merge-patch+json' })],
  [412, `PATCH ${TASK}`, write('{"title":"Late"}', { 'If-Match': '"1"' })],
  [400, `PATCH ${TASK}`, write('{"title":"Late"}', { 'Idempotency-Key': '"' })],
  [200, `PUT ${TASK}`, write('{"title":"Butter"}')],
  [201, `PUT ${TASKS}/{new}`, write('{"title":"Put"}')],
  [412, `PUT ${TASK}`, write('{"title":"Late"}', { 'If-Match': '"1"' })],
  [404, `GET ${TASKS}/${MISSING}`, read(page)],
  [404, `PATCH ${TASKS}/${MISSING}`, write('{}')],
  [404, `PATCH ${TASKS}/${MISSING}/complete`, read()],
  [404, `PUT ${TASKS}/1`, write('{"title":"Put"}')],
  [200, `PATCH ${TASK}/complete`, read()],
  [200, `PATCH ${TASK}/complete`, write('{"completed":true}', { 'Idempotency-Key': 'complete' })],
  [200, `PATCH ${TASK}/complete`, write('{"completed":true}', { 'Idempotency-Key': 'complete' })],
  [412, `PATCH ${TASK}/complete`, write('{"completed":false}', { 'If-Match': '"1"' })],
  [400, `PATCH ${TASK}/complete`, write('{"completed":false}', { 'Idempotency-Key': 'ä' })],
  [412, `DELETE ${TASK}`, read({ 'If-Match': '"1"' })],
  [204, `DELETE ${TASKS}/{new}`, read()],
  [404, `DELETE ${TASKS}/{new}`, read()],
];

const lists: Row[] = [
  [201, `POST ${LISTS}`, write('{"name":"Garden"}', {}, 'list')],
  [400, `POST ${LISTS}`, write('{"name":"Other"}', { 'Idempotency-Key': 'a b' })],
  [200, `GET ${LISTS}`, read()],
  [200, `GET ${LISTS}?limit=1`, read()],
  [304, `GET ${LISTS}`, read({ 'If-None-Match': '*' })],
  [200, `GET ${LIST}`, read()],
  [304, `GET ${LIST}`, read({ 'If-None-Match': '"1"' })],
  [404, `GET ${LISTS}/${MISSING}`, read()],
  [200, `PUT ${LIST}`, write('{"name":"Balcony"}')],
  [201, `PUT ${LISTS}/{new}`, write('{"name":"Put"}')],
  [412, `PUT ${LIST}`, write('{"name":"Late"}', { 'If-Match': '"1"' })],
  [404, `PUT ${LISTS}/1`, write('{"name":"Put"}')],
  [200, `PATCH ${LIST}`, write('{"name":"Garden"}')],
  [404, `PATCH ${LISTS}/${MISSING}`, write('{}')],
  [412, `PATCH ${LIST}`, write('{}', { 'If-Match': '"1"' })],
  [200, `PATCH ${LIST}/move`, write('{}')],
  [404, `PATCH ${LISTS}/${MISSING}/move`, write('{}')],
  [412, `PATCH ${LIST}/move`, write('{}', { 'If-Match': '"1"' })],
  [200, `PATCH ${TASK}/move`, write('{"list_id":"{list}"}')],
  [404, `PATCH ${TASKS}/${MISSING}/move`, write('{}')],
  [412, `PATCH ${TASK}/move`, write('{}', { 'If-Match': '"1"' })],
  [200, `GET ${TASKS}?list={list}&sort=position`, read()],
  [200, 'GET /api/{me}/tags', read()],
  [200, `POST ${BATCH}`, write('{"operations":[{"op":"moveTask","task_id":"{task}","body":{"list_id":null}}]}')],
  [404, `POST ${BATCH}`, write(`{"operations":[{"op":"deleteTask","task_id":"${MISSING}"}]}`)],
  [412, `POST ${BATCH}`, write('{"operations":[{"op":"deleteTask","task_id":"{task}","if_match":1}]}')],
  [413, `POST ${BATCH}`, write(`{"operations":"${'x'.repeat(300_000)}"}`)],
  [412, `DELETE ${LIST}`, read({ 'If-Match': '"1"' })],
  [204, `DELETE ${LIST}?tasks=keep`, read()],
  [404, `DELETE ${LIST}`, read()],
];

const journal: Row[] = [
  [200, `GET ${EVENTS}`, read()],
  [200, `GET ${EVENTS}?since=0`, read({ 'Accept-Encoding': 'gzip', Accept: 'text/event-stream' })],
  [200, `HEAD ${EVENTS}`, read()],
  [401, `GET ${EVENTS}`],
  [403, 'GET /api/somebody/events', read()],
  [410, `GET ${EVENTS}?since=9.a1`, read()],
  [410, `GET ${EVENTS}`, read({ 'Last-Event-ID': '9.a1' })],
  [422, `GET ${EVENTS}?since=x`, read()],
  [304, `GET ${TASKS}`, read({ 'If-None-Match': '*' })],
  [200, `GET ${CHANGES}`, read()],
  [200, `GET ${CHANGES}?limit=500`, read({ 'Accept-Encoding': 'gzip' })],
  [410, `GET ${CHANGES}?since=1.a`, read(page)],
  [422, `GET ${CHANGES}?since=`, read()],
  [200, `GET ${REVISIONS}?limit=2`, read()],
  [200, `POST ${REVISIONS}/2/undo`, read({ 'Idempotency-Key': 'undo' })],
  [200, `POST ${REVISIONS}/2/undo`, read({ 'Idempotency-Key': 'undo' })],
  [409, `POST ${REVISIONS}/2/undo`, read(page)],
  [400, `POST ${REVISIONS}/2/undo`, read({ 'Idempotency-Key': '"' })],
  [404, `POST ${REVISIONS}/999/undo`, read()],
  [200, `GET ${TRASH}`, read()],
  [201, `POST ${TRASH}/{long}/restore`, read()],
  [404, `POST ${TRASH}/{long}/restore`, read()],
  [204, `DELETE ${TASKS}/{long}`, read()],
  [204, `DELETE ${TRASH}/{long}`, read()],
  [404, `DELETE ${TRASH}/{long}`, read()],
  [204, `DELETE ${TRASH}`, read()],
];

/** The errors that any operation responds with. */
const errors: Row[] = [
  ['GET', TASKS],
  ['POST', TASKS],
  ['GET', TASK],
  ['PUT', TASK],
  ['PATCH', TASK],
  ['DELETE', TASK],
  ['PATCH', `${TASK}/complete`],
  ['PATCH', `${TASK}/move`],
  ['GET', LISTS],
  ['POST', LISTS],
  ['GET', LIST],
  ['PUT', LIST],
  ['PATCH', LIST],
  ['PATCH', `${LIST}/move`],
  ['DELETE', LIST],
  ['GET', '/api/{me}/tags'],
  ['POST', BATCH],
  ['GET', CHANGES],
  ['GET', REVISIONS],
  ['POST', `${REVISIONS}/1/undo`],
  ['GET', TRASH],
  ['DELETE', TRASH],
  ['DELETE', `${TRASH}/{task}`],
  ['POST', `${TRASH}/{task}/restore`],
].flatMap(([method = '', path = '']): Row[] => {
  const request = `${method} ${path}`;
  const takesBody = method.startsWith('P');
  return [
    [401, request],
    [401, request, { headers: { ...page, Authorization: 'Bearer x.y.z' } }],
    [403, request.replace('{me}', 'somebody'), read(page)],
    [422, `${request}?nonsense=1&nxtPuser_id=2`, takesBody ? write('{"title":"x"}', page) : read(page)],
  ];
});

const bodyErrors: Row[] = [
  ...[`POST ${TASKS}`, `PUT ${TASK}`, `PATCH ${TASK}`, `PATCH ${TASK}/complete`, `PATCH ${TASK}/move`],
  ...[`POST ${LISTS}`, `PUT ${LIST}`, `PATCH ${LIST}`, `PATCH ${LIST}/move`, `POST ${BATCH}`],
].flatMap((request): Row[] => [
  [400, request, write('{"title":')],
  [400, request, write('{"title":"a","title":"b"}', page)],
  [400, request, write('\u{feff}{}')],
  ...(request.endsWith('batch') ? [] : [[413, request, write(`{"title":"${'x'.repeat(70_000)}"}`)] as const]),
  [415, request, write('{"title":"x"}', { 'Content-Type': 'text/plain' })],
  [415, request, write('{"title":"x"}', { 'Content-Encoding': 'gzip' })],
  [422, request, write('{"title":1,"completed":"x","other":null}')],
]);

const preflight = { 'Access-Control-Request-Method': 'PATCH', 'Access-Control-Request-Headers': 'authorization' };

const methods: Row[] = [
  ...[TASKS, TASK, `${TASK}/complete`, '/api/health/live', '/api/openapi.json', '/api/auth/jwks'].flatMap(
    (path): Row[] => [
      [204, `OPTIONS ${path}`],
      [204, `OPTIONS ${path}`, { headers: { ...page, ...preflight } }],
      [204, `OPTIONS ${path}`, { headers: { Origin: 'https://evil.example', ...preflight } }],
      [405, `TRACE ${path}`],
      [405, `PROPFIND ${path}`],
    ],
  ),
  [405, `DELETE ${TASKS}`, read()],
  [405, `POST ${TASK}`, write('{}', page)],
  [405, `GET ${TASK}/complete`],
  [405, `HEAD ${TASK}/complete`],
  [405, 'POST /api/health/live', { body: 'x' }],
  [405, 'PUT /api/auth/jwks'],
  [404, 'OPTIONS /api/nowhere'],
  [405, 'OPTIONS *'],
];

const others: Row[] = [
  [200, 'GET /api/health/live', { headers: { 'X-Request-Id': 'mine' } }],
  [200, 'GET /api/health/live', { headers: { 'X-Request-Id': 'not allowed' } }],
  [200, 'GET /api/health/live', { headers: { ...page, RSC: '1' } }],
  [200, 'GET /api/health/live', { headers: { Connection: 'close' } }],
  [200, 'GET /api/health/live', { body: 'a body that nothing reads' }],
  [200, 'HEAD /api/health/live'],
  [200, 'GET /api/health/ready'],
  [200, 'GET /api/openapi.json'],
  [200, 'GET /api/openapi.json', { headers: { ...page, 'Accept-Encoding': 'gzip, deflate, br' } }],
  [200, 'GET /api/openapi.json', { headers: { 'Accept-Encoding': '*' } }],
  [200, 'GET /api/openapi.json', { headers: { 'Accept-Encoding': 'identity' } }],
  [200, 'HEAD /api/openapi.json'],
];

const EMAIL = '"email":"{email}","password":"correct horse battery"';
const auth: Row[] = [
  [200, 'POST /api/auth/sign-up/email', { headers: json, body: `{"name":"Ada",${EMAIL}}` }],
  [422, 'POST /api/auth/sign-up/email', { headers: json, body: `{"name":"Ada",${EMAIL}}` }],
  [400, 'POST /api/auth/sign-up/email', { headers: json, body: '{"name":"Ada"}' }],
  [200, 'POST /api/auth/sign-in/email', { headers: json, body: `{${EMAIL}}`, keep: 'session' }],
  [401, 'POST /api/auth/sign-in/email', { headers: json, body: '{"email":"{email}","password":"wrong password"}' }],
  [400, 'POST /api/auth/sign-in/email', { headers: json, body: '{' }],
  [413, 'POST /api/auth/sign-in/email', { headers: json, body: `{"email":"${'x'.repeat(70_000)}"}` }],
  [415, 'POST /api/auth/sign-in/email', { headers: { 'Content-Type': 'text/plain' }, body: '{}' }],
  [200, 'GET /api/auth/get-session', { headers: { Cookie: '{session}' } }],
  [200, 'GET /api/auth/get-session'],
  [200, 'HEAD /api/auth/get-session', { headers: { Cookie: '{session}' } }],
  [200, 'GET /api/auth/token', { headers: { Cookie: '{session}' } }],
  [401, 'GET /api/auth/token'],
  [200, 'GET /api/auth/jwks'],
  [200, 'HEAD /api/auth/jwks'],
  [200, 'GET /api/auth/jwks?x=1', { headers: page }],
  [200, 'GET /api/auth/ok'],
  [403, 'POST /api/auth/sign-out', { headers: { ...json, ...page, Cookie: '{session}' }, body: '{}' }],
  [200, 'POST /api/auth/sign-out', { headers: { ...json, ...own, Cookie: '{session}' }, body: '{}' }],
  [401, 'GET /api/auth/token', { headers: { Cookie: '{session}' } }],
  [404, 'GET /api/auth/nowhere'],
  [404, 'POST /api/auth/nowhere', { headers: json, body: '{}' }],
  [404, 'GET /api/auth'],
  [404, 'GET /api/auth/sign-in/email'],
];

const paths: Row[] = [
  [404, 'GET /api'],
  [404, 'HEAD /api/nowhere'],
  [404, 'POST /api/nowhere', { headers: json, body: '{}' }],
  [404, 'GET /api/health'],
  [404, 'GET /api/health/live/more', { headers: page }],
  [404, 'GET /api/{me}/tasks/1/2/3'],
  [400, 'GET /api/%zz/tasks'],
  [400, 'GET /api/{me}/tasks/%'],
  [400, 'GET /api/auth/%ff'],
  [200, 'GET /api/./health/../health/live'],
  [200, 'GET /api/health/%2e%2e/health/live'],
  [200, 'GET /x/../api/health/live'],
  [308, 'GET /api//health/live'],
  [308, 'GET //api/health/live'],
  [308, 'GET /api/health/live/'],
  [308, 'POST /api/{me}/tasks/?a=%20b', write('{"title":"x"}')],
  [308, 'GET /api/'],
  [200, 'GET /api\\health\\live'],
  [200, 'GET http://example.com/api/health/live?x=1'],
  [200, 'GET HTTPS://example.com:1/api/health/live'],
  [400, 'GET ftp://example.com/api/health/live'],
  [404, 'GET /api/health%2Flive'],
  [404, 'GET /api%2Fhealth/live'],
  [403, 'GET /api/{me}%2Ftasks/tasks', read()],
  [403, 'GET /api/%7Bme/tasks', read()],
  [404, 'GET /api/{me}/tasks/a%2Fb', read()],
  [400, `GET /api/${Buffer.from('ä€').toString('latin1')}/tasks`, read()],
  [403, 'GET /api/%C3%A4/tasks', read()],
  [400, 'GET /api/\xe4/tasks', read()],
  [404, 'GET /API/health/live'],
  [200, 'GET /api/health/live?'],
  [200, 'GET /api/health/live??a=%zz&=&&b'],
  [200, 'GET /api/health/live#fragment'],
  [422, `GET ${TASKS}?limit=%zz`, read()],
  [422, `GET ${TASKS}?limit=1&limit=2`, read()],
  [422, `GET ${TASKS}?__proto__=1&constructor=2`, read()],
  [422, `GET ${TASKS}?_rsc=1&nxtPx=2&nxtIx=3&x=%00`, read()],
  [422, `GET ${TASKS}?a=1?b=2;c=3`, read()],
  [400, `GET ${TASKS}?a=\xc3\xa4`, read()],
];

const toStep = ([status, request, more]: Row): Step => {
  const [method = '', target = ''] = request.split(' ');
  return { status, method, target, ...more };
};

export const steps: readonly (readonly [subject: string, steps: readonly Step[]])[] = Object.entries({
  tasks,
  'lists and batches': lists,
  'changes, revisions and the trash': journal,
  'refused requests': [...errors, ...bodyErrors],
  methods,
  'health and the OpenAPI document': others,
  authentication: auth,
  'unusual targets': paths,
}).map(([subject, rows]) => [subject, rows.map(toStep)]);
