import { readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest';
import { type Client, type ClientOptions, createClient, ProblemError } from './client';
import { createTask, type Operation, operations, type Task, type TaskPage } from './index';

/** The client by itself, over a network of our making. */

const ORIGIN = 'https://tasks.example.com';
const params = { user_id: 'ada' };
const at = { ...params, task_id: 't1' };

type Answer = () => Promise<Response>;

const answer =
  (status: number, headers: Record<string, string> = {}): Answer =>
  async () =>
    status < 400
      ? new Response([204, 304].includes(status) ? null : '{}', { status, headers })
      : Response.json({ status }, { status, headers: { ...headers, 'Content-Type': 'application/problem+json' } });
const cut: Answer = async () => {
  throw new TypeError('fetch failed');
};

interface Sent {
  url: string;
  init: RequestInit;
  headers: Headers;
}

/** A client whose attempts are answered with these, one each; what it sends, waits and asks for is noted. */
function connect(answers: Answer[] = [], options: Partial<ClientOptions> = {}) {
  const sent: Sent[] = [];
  const waits: number[] = [];
  const asked: boolean[] = [];
  const client = createClient({
    baseUrl: ORIGIN,
    getToken: ({ refresh }) => {
      asked.push(refresh);
      return refresh ? 'fresh' : 'first';
    },
    fetch: (url, init) => {
      sent.push({ url, init, headers: new Headers(init.headers) });
      return (answers.shift() ?? answer(200))();
    },
    sleep: async (ms) => {
      waits.push(ms);
    },
    ...options,
  });
  return { client, sent, waits, asked };
}

async function failure(call: Promise<unknown>): Promise<ProblemError> {
  const error: unknown = await call.then(() => undefined).catch((error) => error);
  if (error instanceof ProblemError) return error;
  throw new Error('The call should have failed with a problem', { cause: error });
}

/** A call of each operation, and the status it succeeds with. */
const calls: [id: string, status: number, call: (client: Client) => Promise<{ status: number }>][] = [
  ['listTasks', 200, (client) => client.listTasks({ params })],
  ['createTask', 201, (client) => client.createTask({ params, body: { title: 'New' } })],
  ['getTask', 200, (client) => client.getTask({ params: at })],
  ['replaceTask', 200, (client) => client.replaceTask({ params: at, body: { title: 'Put' } })],
  ['updateTask', 200, (client) => client.updateTask({ params: at, body: { title: 'Changed' } })],
  ['deleteTask', 204, (client) => client.deleteTask({ params: at })],
  ['completeTask', 200, (client) => client.completeTask({ params: at })],
];

describe('operations as functions', () => {
  test('each operation is one, under its id', () => {
    expect(Object.keys(connect().client).sort()).toEqual(operations.map(({ id }) => id).sort());
    expect(calls.map(([id]) => id)).toEqual(operations.map(({ id }) => id));
    expectTypeOf<keyof Client>().toEqualTypeOf<
      'listTasks' | 'createTask' | 'getTask' | 'replaceTask' | 'updateTask' | 'deleteTask' | 'completeTask'
    >();
  });

  test('what they take and answer is typed by the schemas', () => {
    expectTypeOf<Awaited<ReturnType<Client['listTasks']>>>().toEqualTypeOf<{
      readonly status: 200;
      readonly body: TaskPage;
      readonly etag: string | undefined;
      readonly replayed: boolean;
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

    // Options are there where the operation has a use for them.
    expectTypeOf<Of<'createTask'>>().toHaveProperty('idempotencyKey');
    expectTypeOf<Of<'replaceTask'>>().not.toHaveProperty('idempotencyKey');
    expectTypeOf<Of<'deleteTask'>>().toHaveProperty('ifMatch');
    expectTypeOf<Of<'createTask'>>().not.toHaveProperty('ifMatch');
    expectTypeOf<Of<'replaceTask'>['ifNoneMatch']>().toEqualTypeOf<'*' | undefined>();
    expectTypeOf<Of<'updateTask'>>().not.toHaveProperty('ifNoneMatch');
    expectTypeOf<Awaited<ReturnType<Client['getTask']>>['status']>().toEqualTypeOf<200>();
  });

  test('a version asked about may answer 304, with no body', async () => {
    const { client } = connect([answer(304, { ETag: '"1"' })]);
    const known = await client.getTask({ params: at, ifNoneMatch: 1 });
    expectTypeOf(known.status).toEqualTypeOf<200 | 304>();
    if (known.status === 200) expectTypeOf(known.body).toEqualTypeOf<Task>();
    else expectTypeOf(known.body).toEqualTypeOf<undefined>();
    expect(known).toEqual({ status: 304, body: undefined, etag: '"1"', replayed: false });
  });

  test('its modules need zod and nothing of Node.js', () => {
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
    expect([...needed].sort()).toEqual([
      '@taskward/db/text',
      'client',
      'contract',
      'kit/client',
      'kit/client/problem-error',
      'kit/client/retry',
      'kit/client/transport',
      'kit/operation',
      'kit/preconditions',
      'tasks/contract',
      'zod',
    ]);
  });
});

describe('the request', () => {
  test('parameters of the path are encoded', async () => {
    const { client, sent } = connect();
    await client.getTask({ params: { user_id: 'a/b?c#d', task_id: 'x y' } });
    expect(sent[0]?.url).toBe(`${ORIGIN}/api/a%2Fb%3Fc%23d/tasks/x%20y`);
  });

  test.each(['', '.', '..'])('a parameter %j, which would lead to another path, is not sent', async (task_id) => {
    const { client, sent } = connect();
    await expect(client.deleteTask({ params: { ...params, task_id } })).rejects.toThrow(TypeError);
    expect(sent).toEqual([]);
  });

  test('a query has commas in one parameter or repeats it, as the operation wants it', async () => {
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

  test('a body is JSON of the first media type, and none has no type; no cookie goes with it', async () => {
    const { client, sent } = connect([answer(201)]);
    await client.createTask({ params, body: { title: 'Ü' } });
    await client.updateTask({ params: at, body: {} });
    await client.completeTask({ params: at });
    const types = sent.map(({ headers }) => headers.get('Content-Type'));
    expect(types).toEqual(['application/json', 'application/merge-patch+json', null]);
    expect(sent.map(({ init }) => init.body)).toEqual(['{"title":"Ü"}', '{}', null]);
    expect(sent.map(({ init }) => init.credentials)).toEqual(['omit', 'omit', 'omit']);
  });

  test('a version becomes an entity tag', async () => {
    const { client, sent } = connect();
    for (const ifMatch of [7, { version: 7 }, '*', undefined] as const) {
      await client.updateTask({ params: at, body: {}, ifMatch });
    }
    expect(sent.map(({ headers }) => headers.get('If-Match'))).toEqual(['"7"', '"7"', '*', null]);
    await client.replaceTask({ params: at, body: { title: 'Put' }, ifNoneMatch: '*' });
    expect(sent[4]?.headers.get('If-None-Match')).toBe('*');
  });

  test('an idempotency key goes with each operation that honours it, new for each call unless given', async () => {
    const { client, sent } = connect([answer(201), answer(201), answer(201)]);
    const body = { title: 'Milk' };
    await client.createTask({ params, body, idempotencyKey: 'mine' });
    await client.createTask({ params, body });
    await client.createTask({ params, body });
    await client.updateTask({ params: at, body });
    await client.completeTask({ params: at });
    const [given, ...made] = sent.map(({ headers }) => headers.get('Idempotency-Key'));
    expect(given).toBe('mine');
    for (const key of made) expect(key).toMatch(/^[\da-f]{32}$/);
    expect(new Set(made).size).toBe(4);
    sent.length = 0;
    await client.listTasks({ params });
    await client.replaceTask({ params: at, body });
    expect(sent.map(({ headers }) => headers.has('Idempotency-Key'))).toEqual([false, false]);
  });

  test('an idempotency key needs no context that is secure: pages on plain http have no `crypto.randomUUID`', async () => {
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
    onTestFinished(() => void vi.unstubAllGlobals());
    const { client, sent } = connect([answer(201)]);
    await client.createTask({ params, body: { title: 'Milk' } });
    expect(sent[0]?.headers.get('Idempotency-Key')).toMatch(/^[\da-f]{32}$/);
  });

  test.each(['/', '', '/behind/a/proxy', '/behind/a/proxy/'])('the base URL may end in %j', async (end) => {
    const { client, sent } = connect([], { baseUrl: `${ORIGIN}${end}` });
    await client.listTasks({ params });
    expect(sent[0]?.url).toBe(`${ORIGIN}${end.replace(/\/$/, '')}/api/ada/tasks`);
  });

  test('goes by the fetch of the platform, where no other is given', async () => {
    const fetch = vi.fn(answer(200));
    vi.stubGlobal('fetch', fetch);
    await createClient({ baseUrl: '', getToken: () => 'token' }).listTasks({ params });
    vi.unstubAllGlobals();
    expect(fetch).toHaveBeenCalledExactlyOnceWith('/api/ada/tasks', expect.anything());
  });
});

describe('another attempt', () => {
  const mishaps: [string, Answer][] = [
    ['a failing network', cut],
    ['503', answer(503)],
    ['429', answer(429)],
  ];
  test.each(mishaps)('follows %s, on every operation, and is the same request', async (_, mishap) => {
    for (const [id, status, call] of calls) {
      const { client, sent, waits } = connect([mishap, mishap, answer(status)]);
      expect((await call(client)).status, id).toBe(status);
      expect([sent.length, waits.length], id).toEqual([3, 2]);
      expect([sent[1], sent[2]], id).toEqual([sent[0], sent[0]]);
    }
  });

  test('does not follow where the operation cannot safely be repeated', async () => {
    const { idempotent: _, ...unsafe } = createTask;
    const all = operations as Operation[];
    const at = all.indexOf(createTask);
    all[at] = unsafe;
    onTestFinished(() => {
      all[at] = createTask;
    });
    for (const [mishap, attempts] of [
      [cut, 1],
      [answer(503), 1],
      [answer(401), 2],
    ] as const) {
      const { client, sent } = connect([mishap, mishap]);
      await expect(client.createTask({ params, body: { title: 'Twice?' } })).rejects.toThrow();
      expect(sent).toHaveLength(attempts);
    }
  });

  test('comes no sooner than Retry-After says, and not always at the same time', async () => {
    const random = vi.spyOn(Math, 'random');
    const waitsAt = async (chance: number) => {
      random.mockReturnValue(chance);
      const { client, waits } = connect([answer(429, { 'Retry-After': '7' }), answer(503, { 'Retry-After': '3' })]);
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
    'comes in its own good time, later each time, where Retry-After is %j',
    async (date) => {
      const { client, waits } = connect([answer(503, date ? { 'Retry-After': date } : {}), cut]);
      await client.listTasks({ params });
      expect(waits[0]).toBeGreaterThanOrEqual(500);
      expect(waits[1]).toBeGreaterThanOrEqual(1_000);
      expect(waits[1]).toBeLessThan(2_000);
    },
  );

  test('is the third at most; then the call fails as the last one did', async () => {
    const { client, sent, waits } = connect([cut, cut, answer(503), cut]);
    expect((await failure(client.listTasks({ params }))).status).toBe(503);
    expect([sent.length, waits.length]).toEqual([3, 2]);
    await expect(connect([cut, cut, cut]).client.listTasks({ params })).rejects.toThrow('fetch failed');
  });

  test('does not come where the wait would be long, also in sum', async () => {
    const long = connect([answer(429, { 'Retry-After': '60' })]);
    const error = await failure(long.client.listTasks({ params }));
    expect([error.status, error.headers.get('Retry-After')]).toEqual([429, '60']);
    expect([long.sent.length, long.waits]).toEqual([1, []]);
    const slow = answer(503, { 'Retry-After': '20' });
    const sum = connect([slow, slow]);
    await failure(sum.client.listTasks({ params }));
    expect([sum.sent.length, sum.waits.length]).toEqual([2, 1]);
  });

  test.each([400, 403, 404, 409, 412, 422, 500, 502])('does not follow %i', async (status) => {
    const { client, sent } = connect([answer(status)]);
    expect((await failure(client.listTasks({ params }))).status).toBe(status);
    expect(sent).toHaveLength(1);
  });

  test('really waits, if nobody else does it', async () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { client, sent } = connect([answer(503, { 'Retry-After': '2' })], { sleep: undefined });
    const call = client.listTasks({ params });
    await vi.advanceTimersByTimeAsync(1_999);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(501);
    expect(sent).toHaveLength(2);
    await call;
  });
});

describe('tokens', () => {
  test('one that is refused is refreshed, and the call goes on', async () => {
    const { client, sent, asked, waits } = connect([answer(401)]);
    await client.listTasks({ params });
    expect(sent.map(({ headers }) => headers.get('Authorization'))).toEqual(['Bearer first', 'Bearer fresh']);
    expect([asked, waits]).toEqual([[false, true], []]);
  });

  test('one is refreshed once in a call', async () => {
    const { client, sent, asked } = connect([answer(401), cut, answer(401)]);
    expect((await failure(client.listTasks({ params }))).status).toBe(401);
    expect([sent.length, asked]).toEqual([3, [false, true]]);
  });

  test('without one nothing is sent', async () => {
    const { client, sent } = connect([], { getToken: () => Promise.reject(new Error('Signed out')) });
    await expect(client.listTasks({ params })).rejects.toThrow('Signed out');
    expect(sent).toEqual([]);
  });
});

describe('errors', () => {
  test('are made of whatever answered', async () => {
    const headers = { 'Content-Type': 'text/html', 'X-Request-Id': 'of-the-proxy' };
    const { client } = connect([async () => new Response('<h1>Bad gateway</h1>', { status: 502, headers })]);
    const error = await failure(client.listTasks({ params }));
    expect(error).toMatchObject({ status: 502, problem: {}, errors: [], requestId: 'of-the-proxy' });
    expect(error.message).toContain('502');
  });

  test('a success that the operation does not declare is one', async () => {
    expect((await failure(connect([answer(204)]).client.listTasks({ params }))).status).toBe(204);
  });
});

describe('an abort', () => {
  const reason = new Error('Changed my mind');

  test('reaches fetch, and there is no other attempt', async () => {
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

  test('ends the wait for another attempt', async () => {
    const controller = new AbortController();
    const { client, sent } = connect([answer(503, { 'Retry-After': '15' })], { sleep: undefined });
    const call = client.listTasks({ params, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await expect(call).rejects.toBe(reason);
    expect(sent).toHaveLength(1);
  });
});
