import type { ChangePage, Problem, Revision, Task, TrashPage } from '@taskward/api-core';
import { expect, test } from 'vitest';
import { send, signUp, type TestUser, useApp } from '../harness';
import { allTasks } from '../journal/copy';
import { FUZZ_TIMEOUT_MS, runFuzz, Stats } from '../run-fuzz';
import { ANY, type Entry, LISTS, type ListRow, placeOf, type TaskRow, Tree } from './tree';
import { toRequest } from './tree-requests';
import { type Step, story } from './tree-steps';
import type { Made } from './tree-undo';

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

async function take(state: State, step: Step, log: string[]): Promise<void> {
  const { user } = state;
  const { method, path, body, headers, predict } = toRequest(step, state);
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
  await adoptTrash(state.user, tree);
  state.known.push({ rows: applied(new Map(), page), token: page.token });
  return new Tree(tree.tasks, tree.lists, tree.order, tree.trash, tree.lastVersions);
}

/** What a batch moves or completes, and then deletes, was never in a response. */
async function adoptTrash(user: TestUser, tree: Tree): Promise<void> {
  const unknown = [...tree.trash].filter(([, row]) => row.position === ANY || row.completed_at === ANY);
  if (unknown.length === 0) return;
  const trash = await getTrash(user);
  for (const [id, row] of unknown) {
    const { completed_at, position } = trash.get(id) ?? row;
    tree.trash.set(id, { ...row, completed_at, position });
  }
}

async function getTrash({ id, token }: TestUser): Promise<Map<string, Task>> {
  const { data }: TrashPage = await (await send('GET', `/api/${id}/trash?limit=100`, { token })).json();
  return new Map(data.map(({ task }) => [task.id, task]));
}

const raise = (id: string): never => {
  throw new Error(`${id} is missing.`);
};
const asAny = <T>(predicted: string | null, received: T) => (predicted === ANY ? received : {});

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
  const trashed = new Set([...tree.trash.keys()].filter((id) => !tree.tasks.has(id)));
  expect(new Set((await getTrash(user)).keys())).toEqual(trashed);
  const lists = await (await send('GET', `/api/${user.id}/lists?limit=100`, { token: user.token })).json();
  expect(lists.data.map(({ id }: { id: string }) => id)).toEqual(tree.at(LISTS));
  for (const list of lists.data) now.set(list.id, list);
  for (const { rows, token } of new Map(known.map((each) => [each.token, each])).values()) {
    expect(applied(rows, await getChanges(user, token))).toEqual(now);
  }
}
