import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangePage } from '@taskward/api-core';
import { type Client, createClient, ProblemError } from '@taskward/api-core/client';
import type { Act, History, Outcome, State } from './history';
import type { BenchUser } from './seed';

/** Virtual users, who work on their tasks, retry requests without a response, and record the responses. */

/** The context that all of them share. */
export interface WorkContext {
  readonly users: readonly BenchUser[];
  /** The ports of the servers, running or restarting. */
  readonly ports: () => readonly number[];
  /** A random number from 0 to below 1. */
  readonly random: () => number;
  /** Counts events. */
  readonly count: (what: string) => void;
  /** Records a violation. */
  readonly violation: (what: string) => void;
  readonly isOver: () => boolean;
}

/** Longer than any limit of the server's own. */
const TIMEOUT_MS = 15_000;
const MAX_TASKS = 20;
const EXPECTED_STATUSES = new Set([200, 201, 204, 401, 404, 412, 503]);

/** A task in a response of the API. */
interface Task {
  readonly id: string;
  readonly version: number;
  readonly title: string;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly completed: boolean;
}

type Call = (client: Client) => Promise<{ body?: unknown; etag?: string | undefined }>;

/** How a user reaches the API: one attempt at a request, on one of the servers, and the access token. */
function connect(user: BenchUser, { users, random, count, violation, ports }: WorkContext) {
  const others = users.filter(({ id }) => id !== user.id);
  let token = user.headers.Authorization?.slice('Bearer '.length) ?? '';

  const origin = () => {
    const all = ports();
    return `http://127.0.0.1:${all[Math.floor(random() * all.length)]}`;
  };

  const attempt = async (path: string, init: RequestInit): Promise<Response> => {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    const response = await fetch(origin() + path, { ...init, signal });
    const isStream = response.headers.get('content-type') === 'text/event-stream';
    const text = isStream ? '' : await response.clone().text();
    count(`response ${response.status}`);
    const what = `${init.method} ${path} got ${response.status}: ${text.slice(0, 500)}`;
    if (!EXPECTED_STATUSES.has(response.status)) violation(what);
    if (others.some(({ id }) => text.includes(id))) violation(`another user's id: ${what}`);
    return response;
  };

  const getToken = async ({ refresh }: { refresh: boolean }) => {
    if (!refresh) return token;
    const tokenResponse = await attempt('/api/auth/token', { method: 'GET', headers: { Cookie: user.cookie } });
    if (!tokenResponse.ok) throw new Error(`No token: ${tokenResponse.status}.`);
    ({ token } = (await tokenResponse.json()) as { token: string });
    count('token renewed');
    return token;
  };
  return { attempt, getToken };
}

/** A task as a client that follows the changes has it. */
export type Followed = ReadonlyMap<string, Task>;

/** How long a client reads an event stream before it closes the connection, at most. */
const MAX_STREAM_MS = 3_000;

/**
 * Follows the changes of a user until all work is done, with a pause after each failure: by event streams that it closes at
 * random, or by asking. Returns the tasks.
 */
export async function follow(
  user: BenchUser,
  context: WorkContext,
  { isDone, usesStreams }: { isDone: () => boolean; usesStreams: boolean },
): Promise<Followed> {
  const { count, random, violation } = context;
  const { attempt, getToken } = connect(user, context);
  const client = createClient({ baseUrl: '', getToken, fetch: attempt, retry: false });
  const params = { user_id: user.id };
  const tasks = new Map<string, Task>();
  let since: string | undefined;

  const apply = ({ changes, token }: ChangePage) => {
    if (since !== undefined && positionOf(token) < positionOf(since)) violation(`${token} followed ${since}`);
    since = token;
    for (const change of changes) {
      if (change.type === 'task' && change.task) tasks.set(change.id, change.task);
      else tasks.delete(change.id);
    }
  };
  const readStream = async (token: string) => {
    const signal = AbortSignal.timeout(Math.ceil(random() * MAX_STREAM_MS));
    const { body } = await client.streamChanges({ params, query: { since: token }, signal });
    count('stream');
    for await (const page of body) {
      count('event');
      apply(page);
    }
  };

  for (;;) {
    const wasDone = isDone();
    // It ends with an error, since the client closes it or a server is killed.
    if (usesStreams && since !== undefined && !wasDone) await readStream(since).catch(() => {});
    const page = await client.listChanges({ params, query: { limit: 10, ...(since && { since }) } }).then(
      ({ body }) => body,
      () => undefined,
    );
    if (page) apply(page);
    count(page ? 'changes' : 'changes failed');
    if (wasDone && page?.has_more === false) return tasks;
    if (!page?.has_more) await sleep(100);
  }
}

const positionOf = (token: string) => Number.parseInt(token, 10);

/** Works until `isOver`. Returns the history of every task. */
export async function work(user: BenchUser, context: WorkContext): Promise<History[]> {
  const { random, count, violation } = context;
  const { attempt, getToken } = connect(user, context);
  const histories: History[] = [];

  /** Calls the API by the typed client, and returns the outcome. */
  const callApi = async (call: Call): Promise<{ outcome: Outcome; isRepeated: boolean; body?: unknown }> => {
    let isRepeated = false;
    const client = createClient({
      baseUrl: '',
      getToken,
      fetch: async (path, init) => {
        const response = await attempt(path, init).catch((error) => {
          count('no response');
          isRepeated = true;
          throw error;
        });
        // It may have been executed before the database became unavailable.
        if (response.status === 503) isRepeated = true;
        return response;
      },
      // A tenth of the wait of a real client, to save time.
      sleep: (ms) => sleep(ms / 10),
    });
    try {
      const { body, etag } = await call(client);
      const { version } = (body ?? {}) as Partial<Task>;
      const isOfList = etag?.startsWith('W/');
      if (etag && !isOfList && etag !== `"${version}"`) violation(`version ${version} came with ETag ${etag}`);
      count('succeeded');
      return { outcome: 'ok', body, isRepeated };
    } catch (error) {
      const status = error instanceof ProblemError ? error.status : undefined;
      const outcome = outcomes[status ?? 0] ?? 'unknown';
      // Refused in the end, but an earlier attempt may have been executed.
      const sure = outcome === 'refused' && isRepeated ? 'unknown' : outcome;
      count(`ended ${sure}`);
      return { outcome: sure, isRepeated };
    }
  };

  /** The task in a response; each is written as a whole, so that its fields agree. */
  const stateOf = (body: unknown): State & Pick<Task, 'id'> => {
    const { id, version, title, description, tags, completed } = body as Task;
    if (description !== title || tags.join() !== title)
      violation(`inconsistent task in a response: ${JSON.stringify(body)}`);
    return { id, version, title, done: completed };
  };

  const act = async (what: Pick<Act, 'kind' | 'title' | 'done' | 'ifMatch'>, call: Call): Promise<Act> => {
    const { outcome, isRepeated, body } = await callApi(call);
    count(what.kind);
    if (!body) return { ...what, outcome, isRepeated };
    const { id, ...observed } = stateOf(body);
    return { ...what, outcome, isRepeated, observed };
  };

  const mark = () => randomUUID().slice(0, 18);
  const bodyWith = (title: string) => ({ title, description: title, tags: [title] });
  const pick = <T>(all: readonly T[]): T | undefined => all[Math.floor(random() * all.length)];
  const paramsOf = ({ id = '' }: History) => ({ user_id: user.id, task_id: id });
  /** The version in the latest response, if any. */
  const versionOf = ({ steps }: History) => steps.flat().findLast(({ observed }) => observed)?.observed?.version;

  const post = async () => {
    const title = mark();
    const idempotencyKey = randomUUID();
    const history: History = { userId: user.id, steps: [] };
    histories.push(history);
    const create = () =>
      callApi((client) => client.createTask({ params: { user_id: user.id }, body: bodyWith(title), idempotencyKey }));
    // Sometimes two concurrent requests, as by a double click.
    const results = await Promise.all(random() < 0.3 ? [create(), create()] : [create()]);
    count('create');
    const observed = results.flatMap(({ body }) => (body ? [stateOf(body)] : []));
    if (new Set(observed.map(({ id }) => id)).size > 1) violation(`two tasks for one key: ${JSON.stringify(observed)}`);
    const [first] = observed;
    const outcome = first ? 'ok' : results.every((result) => result.outcome === 'refused') ? 'refused' : 'unknown';
    if (!first) return void history.steps.push([{ kind: 'create', title, outcome }]);
    const { id, ...state } = first;
    history.id = id;
    history.steps.push([{ kind: 'create', title, outcome, observed: state }]);
  };

  const put = async (history: History) => {
    const title = mark();
    const call: Call = (client) => client.replaceTask({ params: paramsOf(history), body: bodyWith(title) });
    history.steps.push([await act({ kind: 'put', title }, call)]);
  };

  const patch = (history: History, ifMatch?: number): Promise<Act> => {
    const title = mark();
    const call: Call = (client) => client.updateTask({ params: paramsOf(history), body: bodyWith(title), ifMatch });
    return act({ kind: 'patch', title, ifMatch }, call);
  };

  const complete = async (history: History) => {
    const done = pick([true, false, undefined]);
    const call: Call = (client) =>
      client.completeTask({ params: paramsOf(history), ...(done !== undefined && { body: { completed: done } }) });
    history.steps.push([await act({ kind: 'complete', ...(done !== undefined && { done }) }, call)]);
  };

  const read = async (history: History) => {
    const observed = await act({ kind: 'read' }, (client) => client.getTask({ params: paramsOf(history) }));
    if (observed.outcome !== 'unknown') history.steps.push([observed]);
  };

  const list = async () => {
    const { body } = await callApi((client) =>
      client.listTasks({ params: { user_id: user.id }, query: { limit: 100 } }),
    );
    count('list');
    for (const task of (body as { data: Task[] } | undefined)?.data ?? []) {
      const { id, ...observed } = stateOf(task);
      histories.find((history) => history.id === id)?.steps.push([{ kind: 'read', outcome: 'ok', observed }]);
    }
  };

  const remove = async (history: History) => {
    const call: Call = (client) => client.deleteTask({ params: paramsOf(history) });
    history.steps.push([await act({ kind: 'delete' }, call)]);
  };

  /** The share of each action, and its function, which takes a task with a known id. */
  const actions: readonly (readonly [share: number, (history: History) => Promise<void>])[] = [
    [2, put],
    [3, async (history) => void history.steps.push([await patch(history)])],
    [3, async (history) => void history.steps.push([await patch(history, versionOf(history))])],
    [
      2,
      async (history) => {
        // Two writers with the same version: one of them succeeds.
        const version = versionOf(history);
        history.steps.push(await Promise.all([patch(history, version), patch(history, version)]));
      },
    ],
    [3, complete],
    [2, remove],
    [3, read],
    [2, list],
  ];
  const wheel = actions.flatMap(([share, does]) => Array<typeof does>(share).fill(does));

  while (!context.isOver()) {
    const existing = histories
      .filter(({ id, steps }) => id && steps.at(-1)?.at(-1)?.kind !== 'delete')
      .slice(-MAX_TASKS);
    const fresh = random();
    if (existing.length === 0 || fresh < 0.12) await post();
    else if (fresh < 0.2) {
      const history = { userId: user.id, id: randomUUID(), steps: [] };
      histories.push(history);
      await put(history);
    } else await pick(wheel)?.(pick(existing) as History);
    await sleep(20 * random());
  }
  return histories;
}

const outcomes: Record<number, Outcome> = { 401: 'refused', 404: 'missing', 412: 'precondition failed' };
