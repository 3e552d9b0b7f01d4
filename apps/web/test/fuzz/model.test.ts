import { queryBuilder, statement } from '@taskward/db/testing';
import { beforeAll, expect, test } from 'vitest';
import { getApp } from '../../server/app';
import { type Send, send, signUp, type TestUser, useApp } from '../harness';
import { FUZZ_TIMEOUT_MS, runFuzz, Stats } from '../run-fuzz';
import { type Expected, locationOf, Model, type ModelRequest, type Named, type Task } from './model';
import { type ETags, type Key, type Query, type Step, story } from './model-steps';

/** Compares the responses to any sequence of requests by three users with a simple model of the contract. */

useApp();

/** Fewer than the rate limit and the lifetime of a token allow one user. */
const REQUESTS_A_USER = 400;
const EVERYDAY_REQUESTS = 400;

let users: TestUser[];
let sentByUsers = 0;
const stats = new Stats();

async function newUsers(): Promise<void> {
  users = [await signUp(), await signUp(), await signUp()];
  sentByUsers = 0;
}
beforeAll(newUsers);

test('any sequence of requests gets the responses that the model of the contract predicts', {
  timeout: FUZZ_TIMEOUT_MS,
}, async () => {
  await runFuzz(story, { numRuns: 5, unbiased: true }, { stats, count: EVERYDAY_REQUESTS }, run);
});

async function run(steps: Step[]): Promise<void> {
  if (sentByUsers > REQUESTS_A_USER) await newUsers();
  for (const { id } of users) await deleteAll(id);
  const state: RunState = { model: new Model(), users, places: new Map(), moves: [] };
  const log: string[] = [];
  for (const step of steps) {
    const move = toMove(step, state);
    if (!move) continue;
    state.moves.push(move);
    const { method, path, options } = move;
    const response = await send(method, path, options);
    stats.add(`${move.request.op} ${response.status}`);
    sentByUsers++;
    const text = await response.text();
    log.push(`${method} ${path} ${shorten(JSON.stringify([options.headers, options.body]))} → ${response.status}`);
    try {
      compare(state, move, response, text === '' ? undefined : JSON.parse(text));
    } catch (error) {
      const { expected, actual } = error as { expected?: unknown; actual?: unknown };
      const difference = `${error}\nexpected ${JSON.stringify(expected)}\nreceived ${JSON.stringify(actual)}`;
      throw new Error(`${log.join('\n')}\n${shorten(text, 1_000)}\n${difference}`, { cause: error });
    }
  }
}

const shorten = (text: string, most = 200) => (text.length > most ? `${text.slice(0, most)}…` : text);

async function deleteAll(userId: string): Promise<void> {
  const { db } = await getApp();
  await db.asUser(userId, [
    statement(queryBuilder.execute('delete from tasks')),
    statement(queryBuilder.execute('delete from idempotency_keys')),
    // With its changes, from which versions would continue.
    statement(queryBuilder.execute('delete from journals')),
  ]);
}

function compare({ model, places }: RunState, { request }: Move, response: Response, body: unknown): void {
  const expected = model.predict(request);
  const created = request.op === 'create' && response.status === 201 ? (body as Task) : undefined;
  const { write, body: exact, ...head } = expected;
  const location = write && locationOf(request, created ?? write.draft, expected.status);
  expect(headOf(response, body)).toEqual({ ...head, ...location });
  if (exact && 'data' in exact) {
    const { data, next_cursor } = body as { data: Task[]; next_cursor: string | null };
    expect(data).toEqual(exact.data);
    expect(next_cursor !== null).toBe(exact.more);
    expectLink(response, next_cursor);
    const last = data.at(-1);
    if (next_cursor !== null && last && request.query)
      places.set(request.actor, { query: request.query, cursor: next_cursor, last });
  } else if (exact) expect(body).toStrictEqual(exact);
  else if (write) expectWritten(model, request, write, body as Task);
  else if (expected.problem === undefined) expect(body).toBeUndefined();
  model.settle(request, expected, write ? (body as Task) : undefined);
}

/** The parts of a response other than its body that the model predicts. */
function headOf(response: Response, body: unknown): Omit<Expected, 'body' | 'write'> {
  const { headers, status } = response;
  const { type, errors } = (status >= 400 ? body : {}) as { type?: string; errors?: { in: string; pointer: string }[] };
  const etag = headers.get('ETag') ?? undefined;
  const location = headers.get('Location') ?? undefined;
  const errorPointers =
    errors &&
    [...new Set(errors.map((invalidParameter) => `${invalidParameter.in} ${invalidParameter.pointer}`))].sort();
  return {
    status,
    ...(type !== undefined && { problem: type.replace('/problems/', '') }),
    ...(errorPointers && { errorPointers }),
    // The model has no journal, of which the ETag of a list is made.
    ...(etag !== undefined && !etag.startsWith('W/') && { etag }),
    ...(location !== undefined && { location }),
    ...(headers.has('Idempotency-Replayed') && { isReplayed: true }),
  };
}

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Expects the predicted task, with timestamps that follow the rules. */
function expectWritten(
  model: Model,
  request: ModelRequest,
  { was, draft }: NonNullable<Expected['write']>,
  task: Task,
): void {
  const { created_at, updated_at, completed_at, ...rest } = task;
  expect(rest).toStrictEqual(request.op === 'create' ? { ...draft, id: task.id } : draft);
  if (request.op === 'create') {
    expect(task.id).toMatch(UUID_V7);
    expect(model.of(request.owner).has(task.id)).toBe(false);
  }
  for (const timestamp of [created_at, updated_at, completed_at ?? created_at]) expect(timestamp).toMatch(TIMESTAMP);
  expect(created_at <= updated_at).toBe(true);
  if (was) expect(created_at).toBe(was.created_at);
  if (was?.version === task.version) expect(updated_at).toBe(was.updated_at);
  else expect(updated_at >= (was?.updated_at ?? '')).toBe(true);
  if (!task.completed) expect(completed_at).toBeNull();
  else if (was?.completed) expect(completed_at).toBe(was.completed_at);
  else
    expect([was?.updated_at ?? '', completed_at, updated_at]).toEqual(
      [was?.updated_at ?? '', completed_at, updated_at].sort(),
    );
}

function expectLink(response: Response, cursor: string | null): void {
  const link = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('Link') ?? '')?.[1];
  const target = link === undefined ? null : new URL(link, response.url || 'http://x');
  expect(target?.searchParams.get('cursor') ?? null).toBe(cursor);
}

/** A step in a given state: the request to send, and the same request in terms of the model. */
export interface Move {
  readonly request: ModelRequest;
  readonly method: string;
  readonly path: string;
  readonly options: Send;
}

/** Where a user's last page ended. */
interface Place {
  readonly query: Query;
  readonly cursor: string;
  readonly last: Task;
}

export interface RunState {
  readonly model: Model;
  readonly users: readonly TestUser[];
  readonly places: Map<string, Place>;
  readonly moves: Move[];
}

const METHODS = {
  list: 'GET',
  create: 'POST',
  get: 'GET',
  replace: 'PUT',
  update: 'PATCH',
  complete: 'PATCH',
  remove: 'DELETE',
} as const;

const userAt = ({ users }: RunState, n: number) => users[n] as TestUser;

/** The step as a request; undefined when it depends on something that does not exist. */
export function toMove(step: Step, state: RunState): Move | undefined {
  if (step.op === 'again') return state.moves.at(-1 - step.n);
  if (step.op === 'next' || step.op === 'misuse') return onward(step, state);
  const actor = userAt(state, step.actor);
  const owner = step.other === undefined ? actor : userAt(state, step.other);
  const headers: Record<string, string> = {};
  let request: ModelRequest = {
    op: step.op,
    isAuthenticated: step.token === 'own',
    actor: actor.id,
    owner: owner.id,
    means: {},
    errorPointers: [],
  };
  let path = owner.tasks;
  if ('body' in step)
    request = {
      ...request,
      means: step.body.means,
      errorPointers: step.body.errorPointers.map((pointer) => `body ${pointer}`),
    };
  if ('query' in step) {
    path += `?${toParameters(step.query)}`;
    request = { ...request, query: step.query, errorPointers: errorPointersOf(step.query) };
  }
  if ('target' in step) {
    const id = idOf(step.target, owner, state);
    path += `/${id}${step.op === 'complete' ? '/complete' : ''}`;
    const version = state.model.of(owner.id).get(id)?.version ?? 1;
    const ifMatch = tagsOf(step.ifMatch, version);
    const ifNoneMatch = tagsOf(step.ifNoneMatch, version);
    if (ifMatch) headers['If-Match'] = ifMatch.field;
    if (ifNoneMatch) headers['If-None-Match'] = ifNoneMatch.field;
    request = { ...request, id: step.target.of === 'no uuid' ? 'no uuid' : id, ifMatch, ifNoneMatch };
  }
  if ('key' in step && step.key) {
    headers['Idempotency-Key'] = fieldOf(step.key);
    request = { ...request, key: step.key.form === 'malformed' ? null : `k${step.key.n}` };
  }
  const token = { own: actor.token, bad: 'a.b.c', none: undefined }[step.token];
  const body = 'body' in step ? step.body.sent : undefined;
  return { request, method: METHODS[step.op], path, options: { token, headers, body } };
}

function onward(step: Step & { op: 'next' | 'misuse' }, state: RunState): Move | undefined {
  const from = userAt(state, step.actor);
  const place = state.places.get(from.id);
  if (!place) return;
  const { query, cursor, last } = place;
  const actor = step.op === 'misuse' ? userAt(state, step.thief) : from;
  const isOther = step.op === 'misuse' && actor === from;
  const sort = query.sort === 'title' ? '-title' : 'title';
  const nextQuery = { ...query, cursor, ...(isOther ? { sort } : {}) };
  const errorPointers = step.op === 'misuse' ? ['query /cursor'] : [];
  const request: ModelRequest = {
    op: 'list',
    isAuthenticated: true,
    actor: actor.id,
    owner: actor.id,
    means: {},
    query,
    after: last,
    errorPointers,
  };
  return { request, method: 'GET', path: `${actor.tasks}?${toParameters(nextQuery)}`, options: { token: actor.token } };
}

function errorPointersOf({ invalidParameter }: Query): string[] {
  return invalidParameter ? [`query ${invalidParameter[2] ?? `/${invalidParameter[0]}`}`] : [];
}

function toParameters({ tag = [], invalidParameter, ...rest }: Query): URLSearchParams {
  const { status, priority, q, ...single } = rest;
  const parameters = new URLSearchParams(tag.map((value) => ['tag', ` ${value.toUpperCase()}`]));
  const all = { ...single, status: status?.join(','), priority: priority?.join(','), q: q?.join(' ') };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) parameters.set(name, String(value));
  if (invalidParameter) parameters.set(invalidParameter[0], invalidParameter[1]);
  return parameters;
}

function idOf({ of, n }: { of: string; n: number }, owner: TestUser, { model, users }: RunState): string {
  const others = users.filter((user) => user !== owner);
  const ids =
    {
      own: [...model.of(owner.id).keys()],
      other: others.flatMap((user) => [...model.of(user.id).keys()]),
      client: [1, 2, 3].map((i) => `00000000-0000-4000-8000-00000000000${i}`),
      'no uuid': ['nope', '1', 'null', '00000000-0000-4000-8000-00000000000g'],
    }[of] ?? [];
  return ids[n % (ids.length || 1)] ?? 'ffffffff-ffff-4fff-bfff-ffffffffffff';
}

function tagsOf(tags: ETags | undefined, version: number): (Named & { field: string }) | undefined {
  if (tags === undefined) return;
  if (tags === '*') return { any: true, strong: [], weak: [], field: '*' };
  const versions = { now: version, before: version - 1, after: version + 1, weak: version, foreign: Number.NaN };
  const named = tags.map((tag) => ({ tag, version: versions[tag as keyof typeof versions] }));
  const field = named.map(({ tag, version }) =>
    tag === 'foreign' ? '"a,b"' : `${tag === 'weak' ? 'W/' : ''}"${version}"`,
  );
  const of = (isWeak: boolean) => named.filter(({ tag }) => (tag === 'weak') === isWeak).map((etag) => etag.version);
  return { any: false, strong: of(false), weak: of(true), field: field.join(', ') };
}

function fieldOf({ n, form }: NonNullable<Key>): string {
  if (form === 'malformed') return `k ${n}`;
  return form === 'quoted' ? `"k${n}"` : `k${n}`;
}
