import fc from 'fast-check';
import { rarely } from '../run-fuzz';
import { LISTS, placeOf, type Tree } from './tree';
import { goalOf, type Place, type Write } from './tree-model';

/** Random steps of a user with lists and trees of tasks, which are resolved in the state that they find. */

/** Ids that the client makes, so that some come back after a deletion. */
const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const ABSENT = idOf(999_999);
const OWN_IDS = 12;
const OWN_LISTS = 4;

const nth = fc.nat({ max: 60 });
/** An existing one, one that may be under an id of the client, or a missing one. */
const target = fc.record({
  of: rarely(12, fc.constant('existing'), fc.constantFrom('client', 'client', 'absent')),
  n: nth,
});
const clientTarget = fc.record({ of: fc.constantFrom('existing', 'client', 'client'), n: nth });
interface Target {
  readonly of: 'existing' | 'newest' | 'client' | 'absent';
  readonly n: number;
}

const orNull = rarely(6, target, fc.constant(null));
/** Often the newest one, so that trees grow deep. */
const parent = fc.oneof(orNull, fc.constant({ of: 'newest' as const, n: 0 }));
const place = fc.oneof(
  { weight: 3, arbitrary: fc.record({}) },
  { weight: 3, arbitrary: fc.record({ list: orNull }) },
  { weight: 5, arbitrary: fc.record({ parent }) },
  { weight: 1, arbitrary: fc.record({ list: orNull, parent }) },
);
type PlaceStep = { readonly list?: Target | null; readonly parent?: Target | null };
/** None stands there to come after, where there are no siblings. */
const after = fc.oneof(fc.constant(undefined), fc.constant(null), nth, nth);

const title = fc.constantFrom('A', 'B', 'C', 'D', 'E', 'F');
const status = rarely(
  3,
  fc.constant(undefined),
  fc.constantFrom('todo' as const, 'in_progress' as const, 'done' as const),
);
const conditions = rarely(10, fc.constant(undefined), fc.constantFrom('now', 'before', 'any', 'none'));

const does = <O extends string>(op: O) => fc.constant(op);
const onTask = { target, conditions };
const createTask = fc.record({ op: does('createTask'), title, status, place });
const createList = fc.record({ op: does('createList'), title });
const replaceTask = fc.record({ op: does('replaceTask'), target: clientTarget, conditions, title, status, place });
const batched = fc.oneof(
  { weight: 3, arbitrary: replaceTask },
  { weight: 3, arbitrary: fc.record({ op: does('updateTask'), ...onTask, title: fc.option(title), status, place }) },
  { weight: 2, arbitrary: fc.record({ op: does('completeTask'), ...onTask, completed: fc.option(fc.boolean()) }) },
  { weight: 6, arbitrary: fc.record({ op: does('moveTask'), ...onTask, place, after }) },
  { weight: 2, arbitrary: fc.record({ op: does('deleteTask'), ...onTask }) },
  { weight: 2, arbitrary: fc.record({ op: does('replaceList'), target: clientTarget, conditions, title }) },
  { weight: 1, arbitrary: fc.record({ op: does('updateList'), ...onTask, title }) },
  { weight: 1, arbitrary: fc.record({ op: does('moveList'), ...onTask, after }) },
  { weight: 1, arbitrary: fc.record({ op: does('deleteList'), ...onTask, keep: fc.boolean() }) },
);
const single = fc.oneof(
  { weight: 4, arbitrary: createTask },
  { weight: 1, arbitrary: createList },
  { weight: 18, arbitrary: batched },
  { weight: 1, arbitrary: fc.record({ op: does('restoreTask'), n: nth }) },
);
export type SingleStep = typeof single extends fc.Arbitrary<infer T> ? T : never;
const step = fc.oneof(
  { weight: 8, arbitrary: single },
  { weight: 2, arbitrary: fc.record({ op: does('batch'), steps: fc.array(batched, { minLength: 1, maxLength: 5 }) }) },
  /** The newest ones mostly, since older ones are in the way of each other. */
  { weight: 3, arbitrary: fc.record({ op: does('undo'), n: fc.oneof(fc.nat({ max: 2 }), fc.nat({ max: 30 })) }) },
);
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Creates some lists and tasks first, for the other steps to use. */
export const story = fc
  .tuple(
    fc.array(createList, { minLength: 1, maxLength: 3 }),
    fc.array(createTask, { minLength: 1, maxLength: 8 }),
    fc.array(step, { maxLength: 30, size: 'max' }),
  )
  .map((parts): Step[] => parts.flat());

/** The write that a step is in this state. */
export function toWrite(step: SingleStep, tree: Tree): Write {
  switch (step.op) {
    case 'createTask':
      return { op: step.op, task_id: '', body: bodyOf(step, tree) };
    case 'createList':
      return { op: step.op, list_id: '', body: { name: step.title } };
    case 'restoreTask':
      return { op: step.op, task_id: nthOf([...tree.trash.keys()], step.n) };
    case 'replaceTask':
      return { op: step.op, ...onTaskOf(step, tree), body: bodyOf(step, tree) };
    case 'updateTask': {
      const { title = null, status, place } = step;
      const body = { ...(title !== null && { title }), ...(status && { status }), ...placeIn(tree, place) };
      return { op: step.op, ...onTaskOf(step, tree), body };
    }
    case 'completeTask': {
      const { completed } = step;
      return { op: step.op, ...onTaskOf(step, tree), ...(completed !== null && { body: { completed } }) };
    }
    case 'moveTask': {
      const found = onTaskOf(step, tree);
      const given = placeIn(tree, step.place);
      const siblings = tree.at(placeOf(goalOf(tree, found.task_id, given))).filter((id) => id !== found.task_id);
      return { op: step.op, ...found, body: { ...given, ...afterOf(step.after, siblings) } };
    }
    case 'deleteTask':
      return { op: step.op, ...onTaskOf(step, tree) };
    case 'replaceList':
    case 'updateList':
      return { op: step.op, ...onListOf(step, tree), body: { name: step.title } };
    case 'moveList':
      return { op: step.op, ...onListOf(step, tree), body: afterOf(step.after, tree.at(LISTS)) };
    case 'deleteList':
      return { op: step.op, ...onListOf(step, tree), ...(step.keep && { body: { tasks: 'keep' } }) };
  }
}

const nthOf = (ids: readonly string[], n: number): string => ids[n % (ids.length || 1)] ?? ABSENT;

function resolve({ of, n }: Target, existing: readonly string[], client: number, first: number): string {
  if (of === 'existing') return nthOf(existing, n);
  if (of === 'newest') return existing.at(-1) ?? ABSENT;
  return of === 'client' ? idOf(first + (n % client)) : ABSENT;
}
const taskOf = (target: Target, { tasks }: Tree) => resolve(target, [...tasks.keys()], OWN_IDS, 0);
const listOf = (target: Target, { lists }: Tree) => resolve(target, [...lists.keys()], OWN_LISTS, 100);

interface OnResource {
  readonly target: Target;
  readonly conditions: string | undefined;
}
function onTaskOf({ target, conditions }: OnResource, tree: Tree) {
  const task_id = taskOf(target, tree);
  return { task_id, ...conditionsOf(conditions, tree.versionOf(task_id)) };
}
function onListOf({ target, conditions }: OnResource, tree: Tree) {
  const list_id = listOf(target, tree);
  return { list_id, ...conditionsOf(conditions, tree.versionOf(list_id)) };
}

function conditionsOf(conditions: string | undefined, version = 1): Pick<Write, 'if_match' | 'if_none_match'> {
  if (conditions === 'now') return { if_match: version };
  if (conditions === 'before') return { if_match: Math.max(version - 1, 1) };
  if (conditions === 'any') return { if_match: '*' };
  return conditions === 'none' ? { if_none_match: '*' } : {};
}

function placeIn(tree: Tree, { list, parent }: PlaceStep): Place {
  return {
    ...(list !== undefined && { list_id: list && listOf(list, tree) }),
    ...(parent !== undefined && { parent_id: parent && taskOf(parent, tree) }),
  };
}

function bodyOf(
  step: { title: string; status: 'todo' | 'in_progress' | 'done' | undefined; place: PlaceStep },
  tree: Tree,
) {
  return { title: step.title, ...(step.status && { status: step.status }), ...placeIn(tree, step.place) };
}

const afterOf = (after: number | null | undefined, siblings: readonly string[]) =>
  after === undefined ? {} : { after: after === null ? null : nthOf(siblings, after) };
