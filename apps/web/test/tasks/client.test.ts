import { randomUUID } from 'node:crypto';
import { type ClientOptions, createClient, ProblemError } from '@taskward/api-core/client';
import type { Task } from '@taskward/api-core/contract';
import { beforeAll, expect, test } from 'vitest';
import { ORIGIN, send, signUp, type TestUser, useApp } from '../harness';
import * as requests from '../task-requests';

/** The client with the real route files. Its unit tests are in packages/api-core. */

useApp();

let user: TestUser;
let params: { user_id: string };
beforeAll(async () => {
  user = await signUp();
  params = { user_id: user.id };
});

/** A fault of the network during an attempt: the request is sent when `real` is called. */
type NetworkFault = (real: () => Promise<Response>) => Promise<Response>;

const responseLost: NetworkFault = async (real) => {
  await real();
  throw new TypeError('fetch failed');
};
const responseReplaced: NetworkFault = async (real) => {
  await real();
  return new Response(null, { status: 503 });
};
/** The head of the response arrives, but its body is truncated. */
const responseTruncated: NetworkFault = async (real) => {
  const { status, headers } = await real();
  return new Response(new ReadableStream({ start: (body) => body.error(new TypeError('terminated')) }), {
    status,
    headers,
  });
};

/** A client over the route files. Each fault affects one of its first attempts; the real responses are recorded. */
function connect(networkFaults: NetworkFault[] = [], options: Partial<ClientOptions> = {}) {
  const responses: [status: number, isReplay: boolean][] = [];
  const client = createClient({
    baseUrl: ORIGIN,
    getToken: () => user.token,
    fetch: (url, { method = '', headers = {}, body }) => {
      const networkFault: NetworkFault = networkFaults.shift() ?? ((real) => real());
      return networkFault(async () => {
        const response = await send(method, url.slice(ORIGIN.length), { headers, body: body ?? undefined });
        responses.push([response.status, response.headers.has('Idempotency-Replayed')]);
        return response;
      });
    },
    sleep: async () => {},
    ...options,
  });
  return { client, responses };
}

/** Creates a task without the client. */
const createTask = (fields: object = {}): Promise<Task> => requests.createTask(user, { title: 'Milk', ...fields });

async function read(id: string): Promise<Task | undefined> {
  const response = await requests.sendAs(user, 'GET', `/${id}`);
  return response.status === 200 ? response.json() : undefined;
}

async function failure(call: Promise<unknown>): Promise<ProblemError> {
  const error: unknown = await call.then(() => undefined).catch((error) => error);
  if (error instanceof ProblemError) return error;
  throw new Error('The call should have failed with a problem', { cause: error });
}

const of = ({ id }: { id: string }) => ({ ...params, task_id: id });

test('the client creates, reads, changes, completes, lists and deletes a task', async () => {
  const { client } = connect();
  const created = await client.createTask({ params, body: { title: 'Milk', tags: ['Shop'] } });
  expect(created).toMatchObject({ status: 201, etag: '"1"', body: { title: 'Milk', tags: ['shop'], version: 1 } });
  const at = of(created.body);
  expect(await client.getTask({ params: at })).toEqual({ ...created, status: 200, revision: undefined });
  const changed = await client.updateTask({ params: at, body: { priority: 'high', tags: [] } });
  expect(changed).toMatchObject({ status: 200, etag: '"2"', body: { priority: 'high', tags: [] } });
  const replaced = await client.replaceTask({ params: at, body: { title: 'Oats' } });
  expect(replaced).toMatchObject({ status: 200, etag: '"3"', body: { title: 'Oats', priority: 'none' } });
  const done = await client.completeTask({ params: at, body: { completed: true } });
  expect(done).toMatchObject({ status: 200, etag: '"4"', body: { completed: true } });
  const toggled = await client.completeTask({ params: at });
  expect(toggled).toMatchObject({ status: 200, body: { completed: false } });
  const { body: page } = await client.listTasks({ params });
  expect(page.data).toContainEqual(toggled.body);
  expect(await client.deleteTask({ params: at })).toEqual({
    status: 204,
    body: undefined,
    etag: undefined,
    replayed: false,
    revision: expect.any(Number),
  });
  expect(await read(created.body.id)).toBeUndefined();
  const put = await client.replaceTask({ params: at, body: { title: 'Back' } });
  expect(put).toMatchObject({ status: 201, body: { id: created.body.id, title: 'Back' } });
});

test('the client encodes query parameters so that the server reads the same values', async () => {
  const tags = [`a,b ${randomUUID()}`, 'ü&='];
  const wanted = await createTask({ tags, status: 'in_progress', priority: 'high', due_date: '2026-03-01' });
  await createTask({ tags, status: 'done', priority: 'high' });
  await createTask({ tags, priority: 'low' });
  await createTask({ tags: tags.slice(1), status: 'todo', priority: 'high' });
  const { client } = connect();
  const { body } = await client.listTasks({
    params,
    query: {
      tag: tags,
      status: ['todo', 'in_progress'],
      priority: ['high', 'medium'],
      completed: false,
      limit: 7,
      sort: '-due_date',
      q: 'mi lk',
      due_after: '2026-03-01',
      cursor: undefined,
    },
  });
  expect(body).toEqual({ data: [wanted], next_cursor: null });
  const filtered = await client.listTasks({ params, query: { tag: tags[0], status: 'done' } });
  expect(filtered.body.data.map(({ status }) => status)).toEqual(['done']);
});

test('the client follows next_cursor from page to page', async () => {
  const tag = randomUUID();
  const created = [
    await createTask({ tags: [tag] }),
    await createTask({ tags: [tag] }),
    await createTask({ tags: [tag] }),
  ];
  const { client } = connect();
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const { body } = await client.listTasks({ params, query: { tag, limit: 2, cursor } });
    seen.push(...body.data.map(({ id }) => id));
    cursor = body.next_cursor ?? undefined;
  } while (cursor);
  expect(seen).toEqual(created.map(({ id }) => id).reverse());
});

test('a write of the client with ifMatch succeeds at that version, and fails with 412 at any other', async () => {
  const { client } = connect();
  const task = await createTask();
  const now = await client.updateTask({ params: of(task), body: { title: 'Mine' }, ifMatch: task });
  expect(now).toMatchObject({ status: 200, etag: '"2"' });
  const late = [
    client.updateTask({ params: of(task), body: { title: 'Late' }, ifMatch: task }),
    client.replaceTask({ params: of(task), body: { title: 'Late' }, ifMatch: 1 }),
    client.completeTask({ params: of(task), ifMatch: task }),
    client.deleteTask({ params: of(task), ifMatch: 1 }),
  ];
  for (const error of await Promise.all(late.map(failure)))
    expect([error.status, error.headers.get('ETag')]).toEqual([412, '"2"']);
  expect(await read(task.id)).toEqual(now.body);
  expect(await client.deleteTask({ params: of(task), ifMatch: now.body })).toMatchObject({ status: 204 });
});

test('the client can restrict a PUT to replacing or to creating', async () => {
  const { client } = connect();
  const [there, body] = [await createTask(), { title: 'Put' }];
  const replaceOnly = client.replaceTask({ params: of({ id: randomUUID() }), body, ifMatch: '*' });
  expect((await failure(replaceOnly)).status).toBe(412);
  const createOnly = client.replaceTask({ params: of(there), body, ifNoneMatch: '*' });
  expect((await failure(createOnly)).status).toBe(412);
  expect(await read(there.id)).toEqual(there);
});

test('the client gets a 304 without a body for an unmodified task', async () => {
  const { client } = connect();
  const task = await createTask();
  const notModified = await client.getTask({ params: of(task), ifNoneMatch: task });
  expect(notModified).toEqual({ status: 304, body: undefined, etag: '"1"', replayed: false, revision: undefined });
  const other = await client.getTask({ params: of(task), ifNoneMatch: 7 });
  expect(other).toEqual({ status: 200, body: task, etag: '"1"', replayed: false, revision: undefined });
});

test('two clients can share an idempotency key for one request', async () => {
  const call = { params, body: { title: 'Once' }, idempotencyKey: randomUUID() };
  const first = await connect().client.createTask(call);
  expect(await connect().client.createTask(call)).toEqual({ ...first, replayed: true });
});

test.each([
  ['lost', responseLost],
  ['replaced by a 503', responseReplaced],
  ['cut short', responseTruncated],
])(
  'a task whose creation response was %s is created once, and the retry returns the first response',
  async (_, networkFault) => {
    const tag = randomUUID();
    const { client, responses } = connect([networkFault]);
    const created = await client.createTask({ params, body: { title: 'Once', tags: [tag] } });
    expect(responses).toEqual([
      [201, false],
      [201, true],
    ]);
    const { body } = await client.listTasks({ params, query: { tag } });
    expect(body.data).toEqual([created.body]);
  },
);

test('a change whose response was lost is applied once, although its If-Match names the previous version', async () => {
  const task = await createTask();
  const { client } = connect([responseLost, responseLost]);
  const changed = await client.updateTask({ params: of(task), body: { title: 'Mine' }, ifMatch: task });
  expect(changed).toMatchObject({ status: 200, body: { title: 'Mine', version: 2 } });
  const toggled = await connect([responseLost, responseLost]).client.completeTask({ params: of(task) });
  expect(toggled.body).toMatchObject({ completed: true, version: 3 });
  expect(await read(task.id)).toEqual(toggled.body);
});

test('the client refreshes a refused token and repeats the request', async () => {
  const { client, responses } = connect([], { getToken: ({ refresh }) => (refresh ? user.token : 'stale') });
  expect(await client.createTask({ params, body: { title: 'Fresh' } })).toMatchObject({ status: 201 });
  expect(responses.map(([status]) => status)).toEqual([401, 201]);
});

test('an error of the client carries the problem document', async () => {
  const error = await failure(connect().client.createTask({ params, body: { title: '', tags: [''] } }));
  expect(error).toMatchObject({ name: 'ProblemError', status: 422, message: '2 fields are invalid.' });
  expect(error.errors.map((fieldError) => [fieldError.in, fieldError.pointer, fieldError.code])).toEqual([
    ['body', '/title', 'too_short'],
    ['body', '/tags/0', 'too_short'],
  ]);
  expect(error.problem).toMatchObject({ type: '/problems/validation', instance: user.tasks });
  expect(error.requestId).toBe(error.headers.get('X-Request-Id'));
  // Another origin's header may be hidden from a page.
  error.headers.delete('X-Request-Id');
  expect(new ProblemError(422, error.problem, error.headers).requestId).toBe(error.requestId);
});
