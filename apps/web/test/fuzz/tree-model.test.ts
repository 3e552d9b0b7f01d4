import type { ChangePage, Problem, Revision } from '@taskward/api-core';
import { expect, test } from 'vitest';
import { send, signUp, type TestUser, useApp } from '../harness';
import { allTasks } from '../journal/copy';
import { FUZZ_TIMEOUT_MS, runFuzz, Stats } from '../run-fuzz';
import { type Entry, LISTS, type ListRow, placeOf, Refused, type TaskRow, Tree, type Write } from './tree-model';
import { type SingleStep, type Step, story, toWrite } from './tree-steps';
import { type Made, undo } from './tree-undo';

/** Compares what any sequence of writes leaves with a model of lists, trees of tasks, batches, undo and trash. */

useApp();

const EVERYDAY_REQUESTS = 150;
const stats = new Stats();

test('any sequence of writes of lists and sub-tasks, batches and undos leaves what the model of trees predicts', {
  timeout: FUZZ_TIMEOUT_MS,
}, async () => {
  await runFuzz(story, { numRuns: 5, unbiased: true }, { stats, count: EVERYDAY_REQUESTS }, run);
});

/** What a client knows: the rows of the server, and the token that they are of. */
interface Known {
  readonly rows: ReadonlyMap<string, Record<string, unknown>>;
  readonly token: string;
}
interface State {
  readonly user: TestUser;
  tree: Tree;
  readonly revisions: { readonly revision: number; readonly made: Made }[];
  readonly known: Known[];
}

async function run(steps: Step[]): Promise<void> {
  const user = await signUp();
  const state: State = { user, tree: new Tree(), revisions: [], known: [] };
  const log: string[] = [];
  try {
    for (const step of steps) await take(state, step, log);
    await compareCopies(state);
  } catch (error) {
    const { expected, actual } = error as { expected?: unknown; actual?: unknown };
    const difference = `${error}\nexpected ${JSON.stringify(expected)}\nreceived ${JSON.stringify(actual)}`;
    throw new Error(`${log.join('\n')}\n${difference}`, { cause: error });
  }
}

/** What is predicted: a tree, or a refusal with its pointers and codes where these are determined. */
interface Predicted {
  readonly status: number;
  readonly tree?: Tree;
  readonly errors?: readonly string[];
  readonly versions?: readonly (number | null)[];
}

async function take(state: State, step: Step, log: string[]): Promise<void> {
  const { user } = state;
  const { method, path, body, headers, predict } = toRequest(state, step);
  const response = await send(method, `/api/${user.id}${path}`, {
    token: user.token,
    body,
    ...(headers && { headers }),
  });
  const text = await response.text();
  const received = text === '' ? undefined : JSON.parse(text);
  log.push(`${method} ${path} ${JSON.stringify([body, headers])} → ${response.status} ${text.slice(0, 300)}`);
  stats.add(`${step.op} ${response.status}`);
  const { errors, status, tree, versions } = predict(received?.id ?? '');
  expect(response.status).toBe(status);
  if (errors) expect(errorsOf(received)).toEqual([...errors].sort());
  if (versions) {
    expect(
      received.version === undefined
        ? received.results.map(({ version }: { version: number }) => version)
        : [received.version],
    ).toEqual(versions);
  }
  const revision = Number(response.headers.get('Revision') ?? Number.NaN);
  expect(Number.isNaN(revision)).toBe(!tree || tree.entries.length === 0);
  const before = state.tree;
  state.tree = await adopt(state, tree ?? before.copy());
  if (Number.isNaN(revision)) return;
  const entries = await newestEntries(user, revision);
  expect(asText(entries)).toEqual(asText(tree?.entries ?? []));
  state.revisions.push({ revision, made: { entries, before, after: state.tree.copy() } });
}

function errorsOf({ errors = [] }: Problem): string[] {
  return [...new Set(errors.map(({ pointer, code }) => `${pointer} ${code}`))].sort();
}
const asText = (entries: readonly Entry[]) =>
  entries.map(({ type, id, op, version }) => `${type} ${id} ${op} ${version}`).sort();

async function newestEntries({ id, token }: TestUser, revision: number): Promise<Entry[]> {
  const [newest]: Revision[] = (await (await send('GET', `/api/${id}/revisions?limit=1`, { token })).json()).data;
  expect(newest?.revision).toBe(revision);
  return newest?.entries as Entry[];
}

interface TreeRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** @param id of the resource in the response. */
  readonly predict: (id: string) => Predicted;
}

function toRequest(state: State, step: Step): TreeRequest {
  if (step.op === 'undo') {
    const { made, revision = 0 } = state.revisions.at(-1 - (step.n % (state.revisions.length || 1))) ?? {};
    const predict = () => (made ? attempt(state.tree, 200, (tree) => undo(tree, made)) : { status: 404 });
    return { method: 'POST', path: `/revisions/${revision}/undo`, predict };
  }
  if (step.op === 'batch') return toBatch(state, step.steps);
  const write = toWrite(step, state.tree);
  const { status, ...request } = toSingle(write, state.tree);
  const predict = (id: string) => {
    const named =
      write.op === 'createTask'
        ? { ...write, task_id: id }
        : write.op === 'createList'
          ? { ...write, list_id: id }
          : write;
    const versions: (number | null)[] = [];
    const predicted = attempt(state.tree, status, (tree) => versions.push(tree.write(named)), POINTERS);
    return predicted.tree && status !== 204 ? { ...predicted, versions } : predicted;
  };
  return { ...request, predict };
}

const POINTERS: Record<string, string> = { no_list: '/list_id', other_list: '/list_id', no_sibling: '/after' };

function attempt(
  before: Tree,
  status: number,
  write: (tree: Tree) => void,
  pointers?: Record<string, string>,
): Predicted {
  const tree = before.copy();
  try {
    write(tree);
    return { status, tree };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { codes, status } = error;
    if (codes.length === 0) return { status };
    return { status, errors: pointers ? codes.map((code) => `${pointers[code] ?? '/parent_id'} ${code}`) : codes };
  }
}

const PROBLEMS: Record<number, string> = { 404: 'not_found', 412: 'precondition_failed' };

function toBatch(state: State, steps: readonly SingleStep[]): TreeRequest {
  const tree = state.tree.copy();
  const versions: (number | null)[] = [];
  const operations: Write[] = [];
  let refused: Predicted | undefined;
  for (const [i, step] of steps.entries()) {
    const write = toWrite(step, tree);
    operations.push(write);
    if (refused) continue;
    try {
      versions.push(tree.write(write));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const codes = error.codes.length > 0 ? error.codes : [PROBLEMS[error.status]];
      refused = { status: error.status, errors: codes.map((code) => `/operations/${i} ${code}`) };
    }
  }
  return {
    method: 'POST',
    path: '/batch',
    body: { operations },
    predict: () => refused ?? { status: 200, tree, versions },
  };
}

const METHODS = {
  ...{
    createTask: 'POST',
    replaceTask: 'PUT',
    updateTask: 'PATCH',
    completeTask: 'PATCH',
    moveTask: 'PATCH',
    deleteTask: 'DELETE',
  },
  ...{
    createList: 'POST',
    replaceList: 'PUT',
    updateList: 'PATCH',
    moveList: 'PATCH',
    deleteList: 'DELETE',
    restoreTask: 'POST',
  },
} as const;

/** A write as a request by itself, and the status of its success. */
function toSingle(write: Write, { lists, tasks }: Tree) {
  const { if_match, if_none_match, op } = write;
  const headers: Record<string, string> = {};
  if (if_match !== undefined) headers['If-Match'] = if_match === '*' ? '*' : `"${if_match}"`;
  if (if_none_match !== undefined) headers['If-None-Match'] = if_none_match === '*' ? '*' : `"${if_none_match}"`;
  const id = 'task_id' in write ? write.task_id : write.list_id;
  const isCreated = METHODS[op] === 'POST' || (METHODS[op] === 'PUT' && !tasks.has(id) && !lists.has(id));
  const end = op.startsWith('move')
    ? '/move'
    : op === 'completeTask'
      ? '/complete'
      : op === 'restoreTask'
        ? '/restore'
        : '';
  const query = op === 'deleteList' && write.body ? `?tasks=${write.body.tasks}` : '';
  const collection = op === 'restoreTask' ? 'trash' : op.endsWith('List') ? 'lists' : 'tasks';
  const path = `/${collection}${op.startsWith('create') ? '' : `/${id}`}${end}${query}`;
  const hasBody = 'body' in write && op !== 'deleteList';
  const status = METHODS[op] === 'DELETE' ? 204 : isCreated ? 201 : 200;
  return { method: METHODS[op], path, headers, ...(hasBody && { body: write.body }), status };
}

/** Expects that the server has what the model has, and adopts what only the server determines. */
async function adopt(state: State, tree: Tree): Promise<Tree> {
  const page = await getChanges(state.user);
  const tasks = new Map(
    page.changes.flatMap((change) => (change.type === 'task' && change.task ? [[change.id, change.task]] : [])),
  );
  const lists = new Map(
    page.changes.flatMap((change) => (change.type === 'list' && change.list ? [[change.id, change.list]] : [])),
  );
  expect([...tasks.keys()].sort()).toEqual([...tree.tasks.keys()].sort());
  expect([...lists.keys()].sort()).toEqual([...tree.lists.keys()].sort());
  for (const [id, row] of tree.tasks) {
    const { title, status, completed_at, list_id, parent_id, position, version } = tasks.get(id) ?? raise(id);
    const now: TaskRow = { title, status, completed_at, list_id, parent_id, position, version };
    expect({ id, ...now }).toEqual({
      id,
      ...row,
      ...asAny(row.position, { position }),
      ...asAny(row.completed_at, { completed_at }),
    });
    expect([id, completed_at !== null]).toEqual([id, status === 'done']);
    tree.tasks.set(id, now);
  }
  for (const [id, row] of tree.lists) {
    const { name, position, version } = lists.get(id) ?? raise(id);
    const now: ListRow = { name, position, version };
    expect({ id, ...now }).toEqual({ id, ...row, ...asAny(row.position, { position }) });
    tree.lists.set(id, now);
  }
  expectOrder(tree, LISTS, [...tree.lists]);
  const rows = [...tree.tasks];
  for (const place of new Set([...rows.map(([, row]) => placeOf(row)), ...tree.order.keys()])) {
    if (place === LISTS) continue;
    const siblings = rows.filter(([, row]) => placeOf(row) === place);
    expectOrder(tree, place, siblings);
  }
  state.known.push({ rows: applied(new Map(), page), token: page.token });
  return new Tree(tree.tasks, tree.lists, tree.order, tree.trash, tree.lastVersions);
}

const raise = (id: string): never => {
  throw new Error(`${id} is missing.`);
};
const asAny = <T>(predicted: string | null, received: T) => (predicted === '?' ? received : {});

/** The positions of siblings are unique, and their order is the predicted one. */
function expectOrder(tree: Tree, place: string, rows: readonly [id: string, row: { position: string }][]): void {
  const positions = rows.map(([, { position }]) => position);
  expect(new Set(positions).size, `positions in ${place}: ${positions}`).toBe(rows.length);
  const sorted = rows.toSorted(([, a], [, b]) => (a.position < b.position ? -1 : 1));
  expect(sorted.map(([id]) => id)).toEqual(tree.at(place));
}

async function getChanges({ id, token }: TestUser, since?: string): Promise<ChangePage> {
  const path = `/api/${id}/changes?limit=500${since === undefined ? '' : `&since=${since}`}`;
  const page: ChangePage = await (await send('GET', path, { token })).json();
  expect(page.has_more).toBe(false);
  return page;
}

function applied(rows: ReadonlyMap<string, Record<string, unknown>>, { changes }: ChangePage) {
  const result = new Map(rows);
  for (const change of changes) {
    const row = change.type === 'task' ? change.task : change.list;
    if (row) result.set(change.id, row);
    else result.delete(change.id);
  }
  return result;
}

/** Copies from the beginning and from each earlier token end as what the server has. */
async function compareCopies({ known, tree, user }: State): Promise<void> {
  const now = new Map<string, unknown>(await allTasks(user));
  expect(new Set(now.keys())).toEqual(new Set(tree.tasks.keys()));
  const lists = await (await send('GET', `/api/${user.id}/lists?limit=100`, { token: user.token })).json();
  expect(lists.data.map(({ id }: { id: string }) => id)).toEqual(tree.at(LISTS));
  for (const list of lists.data) now.set(list.id, list);
  for (const { rows, token } of new Map(known.map((each) => [each.token, each])).values()) {
    expect(applied(rows, await getChanges(user, token))).toEqual(now);
  }
}
