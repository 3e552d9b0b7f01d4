import { readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest';
import { type Client, type ClientOptions, createClient, ProblemError } from './client';
import { createTask, type Operation, operations, type Task, type TaskPage } from './index';

/** Unit tests of the client, over a simulated network. */

const ORIGIN = 'https://tasks.example.com';
const params = { user_id: 'ada' };
const at = { ...params, task_id: 't1' };

type Outcome = () => Promise<Response>;

const respondWith =
  (status: number, headers: Record<string, string> = {}): Outcome =>
  async () =>
    status < 400
      ? new Response([204, 304].includes(status) ? null : '{}', { status, headers })
      : Response.json({ status }, { status, headers: { ...headers, 'Content-Type': 'application/problem+json' } });
const cut: Outcome = async () => {
  throw new TypeError('fetch failed');
};

interface Sent {
  url: string;
  init: RequestInit;
  headers: Headers;
}

/** A client whose attempts have these outcomes, one each; its requests, waits and token refreshes are recorded. */
function connect(outcomes: Outcome[] = [], options: Partial<ClientOptions> = {}) {
  const sent: Sent[] = [];
  const waits: number[] = [];
  const refreshes: boolean[] = [];
  const client = createClient({
    baseUrl: ORIGIN,
    getToken: ({ refresh }) => {
      refreshes.push(refresh);
      return refresh ? 'fresh' : 'first';
    },
    fetch: (url, init) => {
      sent.push({ url, init, headers: new Headers(init.headers) });
      return (outcomes.shift() ?? respondWith(200))();
    },
    sleep: async (ms) => {
      waits.push(ms);
    },
    ...options,
  });
  return { client, sent, waits, refreshes };
}

async function failure(call: Promise<unknown>): Promise<ProblemError> {
  const error: unknown = await call.then(() => undefined).catch((error) => error);
  if (error instanceof ProblemError) return error;
  throw new Error('The call should have failed with a problem', { cause: error });
}

type Call = (request: { params: object; body?: unknown }) => Promise<{ status: number }>;

/** A call of each operation, its success status, and whether it can be retried. */
const calls = operations.map(({ id, method, path, body, event, success, idempotent = false }) => ({
  id,
  isRetried: idempotent || (['GET', 'PUT', 'DELETE'].includes(method) && !event),
  status: Number(Object.keys(success)[0]),
  call(client: Client) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    const method: Call = Reflect.get(client, id);
    return method({ params: Object.fromEntries(names.map((name) => [name, 'x'])), ...(body && { body: {} }) });
  },
}));

describe('the functions of the client', () => {
  test('the client has one function for each operation, under its id', () => {
    expect(Object.keys(connect().client).sort()).toEqual(operations.map(({ id }) => id).sort());
    expectTypeOf<
      'listTasks' | 'createTask' | 'getTask' | 'replaceTask' | 'updateTask' | 'deleteTask' | 'completeTask'
    >().toExtend<keyof Client>();
  });

  test('options and results of the client are typed by the schemas', () => {
    expectTypeOf<Awaited<ReturnType<Client['listTasks']>>>().toEqualTypeOf<{
      readonly status: 200;
      readonly body: TaskPage;
      readonly etag: string | undefined;
      readonly replayed: boolean;
      readonly revision: number | undefined;
    }>();
    expectTypeOf<Awaited<ReturnType<Client['createTask']>>['body']>().toEqualTypeOf<Task>();
    expectTypeOf<Awaited<ReturnType<Client['replaceTask']>>['status']>().toEqualTypeOf<200 | 201>();
    expectTypeOf<Awaited<ReturnType<Client['deleteTask']>>['body']>().toEqualTypeOf<undefined>();

    type Of<Id extends keyof Client> = Parameters<Client[Id]>[0];
    expectTypeOf<Of<'getTask'>['params']>().toEqualTypeOf<{ user_id: string; task_id: string }>();
    expectTypeOf<Of<'createTask'>['body']['title']>().toEqualTypeOf<string>();
    expectTypeOf<Of<'createTask'>['body']['due_date']>().toEqualTypeOf<string | null | undefined>();
    expectTypeOf<{ params: { user_id: string; task_id: string } }>().toExtend<Of<'completeTask'>>();
    expectTypeOf<{ params: { user_id: string; task_id: string } }>().not.toExtend<Of<'updateTask'>>();
    type Query = NonNullable<Of<'listTasks'>['query']>;
    expectTypeOf<Query['limit']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<Query['completed']>().toEqualTypeOf<boolean | undefined>();
    expectTypeOf<Query['q']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<Query['tag']>().toEqualTypeOf<string | string[] | undefined>();
    expectTypeOf<'-due_date'>().toExtend<Query['sort']>();
    expectTypeOf<'due'>().not.toExtend<Query['sort']>();
    expectTypeOf<('todo' | 'done')[]>().toExtend<Query['status']>();
    expectTypeOf<'doing'>().not.toExtend<Query['status']>();

    // Only operations that support an option have it.
    expectTypeOf<Of<'createTask'>>().toHaveProperty('idempotencyKey');
    expectTypeOf<Of<'replaceTask'>>().not.toHaveProperty('idempotencyKey');
    expectTypeOf<Of<'deleteTask'>>().toHaveProperty('ifMatch');
    expectTypeOf<Of<'createTask'>>().not.toHaveProperty('ifMatch');
    expectTypeOf<Of<'replaceTask'>['ifNoneMatch']>().toEqualTypeOf<'*' | undefined>();
    expectTypeOf<Of<'updateTask'>>().not.toHaveProperty('ifNoneMatch');
    expectTypeOf<Awaited<ReturnType<Client['getTask']>>['status']>().toEqualTypeOf<200>();
  });

  test('getTask with ifNoneMatch may return 304 without a body', async () => {
    const { client } = connect([respondWith(304, { ETag: '"1"' })]);
    const notModified = await client.getTask({ params: at, ifNoneMatch: 1 });
    expectTypeOf(notModified.status).toEqualTypeOf<200 | 304>();
    if (notModified.status === 200) expectTypeOf(notModified.body).toEqualTypeOf<Task>();
    else expectTypeOf(notModified.body).toEqualTypeOf<undefined>();
    expect(notModified).toEqual({ status: 304, body: undefined, etag: '"1"', replayed: false, revision: undefined });
  });

  test('the client imports only zod and no Node.js module', () => {
    const needed = new Set<string>();
    const visit = (module: string) => {
      if (needed.has(module)) return;
      needed.add(module);
      if (module === 'zod') return;
      const path = module.replace('@taskward/db/', '../../db/src/').replace(/^kit\/client$/, '$&/index');
      const source = readFileSync(new URL(`${path}.ts`, import.meta.url), 'utf8');
      for (const [, name = ''] of source.matchAll(/^(?:import|export) (?!type\b)[^;]*?from '([^']+)'/gm)) {
        visit(name.startsWith('.') ? new URL(name, `x:/${path}`).pathname.slice(1) : name);
      }
    };
    visit('client');
    const resource = /^[\w-]+\/(contract|fields|list-query)$/;
    expect([...needed].filter((module) => !resource.test(module)).sort()).toEqual([
      '@taskward/db/text',
      'client',
      'contract',
      'journal/follow',
      'kit/client',
      'kit/client/events',
      'kit/client/problem-error',
      'kit/client/retry',
      'kit/client/transport',
      'kit/operation',
      'kit/preconditions',
      'kit/sync-token',
      'kit/text',
      'resources',
      'zod',
    ]);
  });
});

describe('requests of the client', () => {
  test('the client encodes path parameters', async () => {
    const { client, sent } = connect();
    await client.getTask({ params: { user_id: 'a/b?c#d', task_id: 'x y' } });
    expect(sent[0]?.url).toBe(`${ORIGIN}/api/a%2Fb%3Fc%23d/tasks/x%20y`);
  });

  test.each(['', '.', '..'])(
    'the client refuses the path parameter %j, which would change the path',
    async (task_id) => {
      const { client, sent } = connect();
      await expect(client.deleteTask({ params: { ...params, task_id } })).rejects.toThrow(TypeError);
      expect(sent).toEqual([]);
    },
  );

  test('the client joins or repeats array parameters as the operation defines', async () => {
    const { client, sent } = connect();
    const query = { tag: ['a,b', 'ü&='], status: ['todo', 'done'] as const, completed: false, cursor: undefined };
    await client.listTasks({ params, query: { ...query, limit: 7 } });
    await client.listTasks({ params, query: { tag: 'one', status: 'done' } });
    expect(sent.map(({ url }) => [...new URL(url).searchParams])).toEqual([
      [
        ['tag', 'a,b'],
        ['tag', 'ü&='],
        ['status', 'todo,done'],
        ['completed', 'false'],
        ['limit', '7'],
      ],
      [
        ['tag', 'one'],
        ['status', 'done'],
      ],
    ]);
  });

  test('the client sends bodies as JSON of the first media type, without credentials', async () => {
    const { client, sent } = connect([respondWith(201)]);
    await client.createTask({ params, body: { title: 'Ü' } });
    await client.updateTask({ params: at, body: {} });
    await client.completeTask({ params: at });
    const types = sent.map(({ headers }) => headers.get('Content-Type'));
    expect(types).toEqual(['application/json', 'application/merge-patch+json', null]);
    expect(sent.map(({ init }) => init.body)).toEqual(['{"title":"Ü"}', '{}', null]);
    expect(sent.map(({ init }) => init.credentials)).toEqual(['omit', 'omit', 'omit']);
  });

  test('the client converts a version to an entity tag', async () => {
    const { client, sent } = connect();
    for (const ifMatch of [7, { version: 7 }, '*', undefined] as const) {
      await client.updateTask({ params: at, body: {}, ifMatch });
    }
    expect(sent.map(({ headers }) => headers.get('If-Match'))).toEqual(['"7"', '"7"', '*', null]);
    await client.replaceTask({ params: at, body: { title: 'Put' }, ifNoneMatch: '*' });
    expect(sent[4]?.headers.get('If-None-Match')).toBe('*');
  });

  test('the client sends a new idempotency key with each call of an idempotent operation unless one is given', async () => {
    const { client, sent } = connect([respondWith(201), respondWith(201), respondWith(201)]);
    const body = { title: 'Milk' };
    await client.createTask({ params, body, idempotencyKey: 'mine' });
    await client.createTask({ params, body });
    await client.createTask({ params, body });
    await client.updateTask({ params: at, body });
    await client.completeTask({ params: at });
    const [given, ...generated] = sent.map(({ headers }) => headers.get('Idempotency-Key'));
    expect(given).toBe('mine');
    for (const key of generated) expect(key).toMatch(/^[\da-f]{32}$/);
    expect(new Set(generated).size).toBe(4);
    sent.length = 0;
    await client.listTasks({ params });
    await client.replaceTask({ params: at, body });
    expect(sent.map(({ headers }) => headers.has('Idempotency-Key'))).toEqual([false, false]);
  });

  test('the client creates idempotency keys without crypto.randomUUID, which pages over plain HTTP do not have', async () => {
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
    onTestFinished(() => void vi.unstubAllGlobals());
    const { client, sent } = connect([respondWith(201)]);
    await client.createTask({ params, body: { title: 'Milk' } });
    expect(sent[0]?.headers.get('Idempotency-Key')).toMatch(/^[\da-f]{32}$/);
  });

  test.each(['/', '', '/behind/a/proxy', '/behind/a/proxy/'])(
    'the base URL of the client may end in %j',
    async (end) => {
      const { client, sent } = connect([], { baseUrl: `${ORIGIN}${end}` });
      await client.listTasks({ params });
      expect(sent[0]?.url).toBe(`${ORIGIN}${end.replace(/\/$/, '')}/api/ada/tasks`);
    },
  );

  test('the client uses the global fetch by default', async () => {
    const fetch = vi.fn(respondWith(200));
    vi.stubGlobal('fetch', fetch);
    await createClient({ baseUrl: '', getToken: () => 'token' }).listTasks({ params });
    vi.unstubAllGlobals();
    expect(fetch).toHaveBeenCalledExactlyOnceWith('/api/ada/tasks', expect.anything());
  });
});

describe('retries of the client', () => {
  const transientFailures: [string, Outcome][] = [
    ['a failing network', cut],
    ['503', respondWith(503)],
    ['429', respondWith(429)],
  ];
  test.each(transientFailures)(
    'the client retries every idempotent operation with the same request after %s, and no other',
    async (_, transientFailure) => {
      for (const { id, status, call } of calls.filter(({ isRetried }) => isRetried)) {
        const { client, sent, waits } = connect([transientFailure, transientFailure, respondWith(status)]);
        expect((await call(client)).status, id).toBe(status);
        expect([sent.length, waits.length], id).toEqual([3, 2]);
        expect([sent[1], sent[2]], id).toEqual([sent[0], sent[0]]);
      }
      for (const { id, call } of calls.filter(({ isRetried }) => !isRetried)) {
        const { client, sent } = connect([transientFailure]);
        await expect(call(client), id).rejects.toThrow();
        expect(sent, id).toHaveLength(1);
      }
    },
  );

  test('the client does not retry an operation that is not idempotent', async () => {
    const { idempotent: _, ...unsafe } = createTask;
    const all = operations as Operation[];
    const at = all.indexOf(createTask);
    all[at] = unsafe;
    onTestFinished(() => {
      all[at] = createTask;
    });
    for (const [transientFailure, attempts] of [
      [cut, 1],
      [respondWith(503), 1],
      [respondWith(401), 2],
    ] as const) {
      const { client, sent } = connect([transientFailure, transientFailure]);
      await expect(client.createTask({ params, body: { title: 'Twice?' } })).rejects.toThrow();
      expect(sent).toHaveLength(attempts);
    }
  });

  test('the client waits at least as long as Retry-After before a retry, with jitter', async () => {
    const random = vi.spyOn(Math, 'random');
    const waitsAt = async (chance: number) => {
      random.mockReturnValue(chance);
      const { client, waits } = connect([
        respondWith(429, { 'Retry-After': '7' }),
        respondWith(503, { 'Retry-After': '3' }),
      ]);
      await client.listTasks({ params });
      return waits;
    };
    const [soonest, latest] = [await waitsAt(0), await waitsAt(0.999)];
    random.mockRestore();
    expect(soonest).toEqual([7_000, 3_000]);
    expect(latest[0]).toBeGreaterThan(7_500);
    expect(latest[1]).toBeGreaterThan(3_300);
    expect(latest[0]).toBeLessThan(10_000);
  });

  test.each([undefined, 'Wed, 21 Oct 2026 07:28:00 GMT', '0', '-5', 'soon'])(
    'the client backs off exponentially when Retry-After is %j',
    async (date) => {
      const { client, waits } = connect([respondWith(503, date ? { 'Retry-After': date } : {}), cut]);
      await client.listTasks({ params });
      expect(waits[0]).toBeGreaterThanOrEqual(500);
      expect(waits[1]).toBeGreaterThanOrEqual(1_000);
      expect(waits[1]).toBeLessThan(2_000);
    },
  );

  test('the client makes at most three attempts, and then fails with the last error', async () => {
    const { client, sent, waits } = connect([cut, cut, respondWith(503), cut]);
    expect((await failure(client.listTasks({ params }))).status).toBe(503);
    expect([sent.length, waits.length]).toEqual([3, 2]);
    await expect(connect([cut, cut, cut]).client.listTasks({ params })).rejects.toThrow('fetch failed');
  });

  test('the client does not retry when it would have to wait for long, at once or in total', async () => {
    const long = connect([respondWith(429, { 'Retry-After': '60' })]);
    const error = await failure(long.client.listTasks({ params }));
    expect([error.status, error.headers.get('Retry-After')]).toEqual([429, '60']);
    expect([long.sent.length, long.waits]).toEqual([1, []]);
    const slow = respondWith(503, { 'Retry-After': '20' });
    const sum = connect([slow, slow]);
    await failure(sum.client.listTasks({ params }));
    expect([sum.sent.length, sum.waits.length]).toEqual([2, 1]);
  });

  test.each([400, 403, 404, 409, 412, 422, 500, 502])('the client does not retry after a %i', async (status) => {
    const { client, sent } = connect([respondWith(status)]);
    expect((await failure(client.listTasks({ params }))).status).toBe(status);
    expect(sent).toHaveLength(1);
  });

  test('the client waits with a timer by default', async () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { client, sent } = connect([respondWith(503, { 'Retry-After': '2' })], { sleep: undefined });
    const call = client.listTasks({ params });
    await vi.advanceTimersByTimeAsync(1_999);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(501);
    expect(sent).toHaveLength(2);
    await call;
  });
});

describe('tokens of the client', () => {
  test('the client refreshes a refused token and repeats the request', async () => {
    const { client, sent, refreshes, waits } = connect([respondWith(401)]);
    await client.listTasks({ params });
    expect(sent.map(({ headers }) => headers.get('Authorization'))).toEqual(['Bearer first', 'Bearer fresh']);
    expect([refreshes, waits]).toEqual([[false, true], []]);
  });

  test('the client refreshes a token once per call', async () => {
    const { client, sent, refreshes } = connect([respondWith(401), cut, respondWith(401)]);
    expect((await failure(client.listTasks({ params }))).status).toBe(401);
    expect([sent.length, refreshes]).toEqual([3, [false, true]]);
  });

  test('the client sends nothing when getToken fails', async () => {
    const { client, sent } = connect([], { getToken: () => Promise.reject(new Error('Signed out')) });
    await expect(client.listTasks({ params })).rejects.toThrow('Signed out');
    expect(sent).toEqual([]);
  });
});

describe('errors of the client', () => {
  test('an error of the client has the status and request id even of a response that is not a problem document', async () => {
    const headers = { 'Content-Type': 'text/html', 'X-Request-Id': 'of-the-proxy' };
    const { client } = connect([async () => new Response('<h1>Bad gateway</h1>', { status: 502, headers })]);
    const error = await failure(client.listTasks({ params }));
    expect(error).toMatchObject({ status: 502, problem: {}, errors: [], requestId: 'of-the-proxy' });
    expect(error.message).toContain('502');
  });

  test('the client fails on a success status that the operation does not declare', async () => {
    expect((await failure(connect([respondWith(204)]).client.listTasks({ params }))).status).toBe(204);
  });
});

describe('aborting a call', () => {
  const reason = new Error('Changed my mind');

  test('aborting a call of the client aborts its fetch and prevents a retry', async () => {
    const controller = new AbortController();
    const { client, sent, waits } = connect([
      () => {
        controller.abort(reason);
        return cut();
      },
    ]);
    await expect(client.listTasks({ params, signal: controller.signal })).rejects.toBe(reason);
    expect(sent[0]?.init.signal).toBe(controller.signal);
    expect([sent.length, waits.length]).toEqual([1, 0]);
  });

  test('aborting a call of the client ends the wait for a retry', async () => {
    const controller = new AbortController();
    const { client, sent } = connect([respondWith(503, { 'Retry-After': '15' })], { sleep: undefined });
    const call = client.listTasks({ params, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await expect(call).rejects.toBe(reason);
    expect(sent).toHaveLength(1);
  });
});
