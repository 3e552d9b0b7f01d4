import type { Task } from '@taskward/api-core/contract';
import { definedOf } from './apply';
import { type Change, idOf, type Operation, type OperationOf } from './changes';
import type { FieldChanges } from './drafts';

/** The names of what a user edits. */
export const FIELDS = ['title', 'description', 'status', 'priority', 'due_date', 'tags', 'list_id'] as const;
export type Field = (typeof FIELDS)[number];

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Those of the fields that differ from the task's. */
export function differences(task: Task, fields: FieldChanges): FieldChanges {
  const isChanged = ([name, value]: [string, unknown]) => value !== undefined && !isSame(value, task[name as Field]);
  return Object.fromEntries(Object.entries(fields).filter(isChanged));
}

/**
 * The fields that were changed on both sides, and differently.
 *
 * @param base what the user saw.
 */
export function conflicts(base: Task, mine: FieldChanges, theirs: Task): Field[] {
  return FIELDS.filter((field) => {
    if (mine[field] === undefined) return false;
    return !isSame(theirs[field], base[field]) && !isSame(theirs[field], mine[field]);
  });
}

type Update = OperationOf<'updateTask'>;

/** The update that a change consists of, with what the user saw; undefined if it is of another kind. */
export function updateOf({ operations, before }: Change): { update: Update; base: Task } | undefined {
  const [update] = operations;
  const base = update && before[idOf(update)];
  const isUpdate = operations.length === 1 && update?.op === 'updateTask' && base && 'title' in base;
  return isUpdate ? { update, base } : undefined;
}

/** The change without the fields that are so already, on top of the task as it is now. Undefined if nothing is left. */
export function rebaseOnto(change: Change, current: Task, idempotencyKey: string): Change | undefined {
  const found = updateOf(change);
  if (!found) return undefined;
  const body = differences(current, found.update.body);
  if (Object.keys(body).length === 0) return undefined;
  const operations = [{ ...found.update, body, if_match: current.version }];
  const { refusal: _, isAttempted: __, ...rest } = change;
  return { ...rest, idempotencyKey, operations, before: { ...change.before, [current.id]: current }, state: 'waiting' };
}

/**
 * The change as it has to be sent after another one of the same user has succeeded: a version that the other one made
 * counts as the one that the user saw.
 */
export function rebaseAfter(change: Change, earlier: Change, results: NonNullable<Change['results']>): Change {
  const next = new Map<string, { seen: number; version: number }>();
  for (const { id, version } of results) {
    const seen = earlier.before[id]?.version ?? 0;
    // More than one version further, somebody else's changes are among them.
    if (version === seen + 1 && id in change.before) next.set(id, { seen, version });
  }
  if (next.size === 0) return change;
  const rebase = (operation: Operation): Operation => {
    const found = next.get(idOf(operation));
    return found && operation.if_match === found.seen ? { ...operation, if_match: found.version } : operation;
  };
  const before = Object.entries(change.before).map(([id, image]) => {
    const found = next.get(id);
    return [id, image && found?.seen === image.version ? { ...image, version: found.version } : image];
  });
  return { ...change, operations: change.operations.map(rebase), before: Object.fromEntries(before) };
}

/** Later changes of a task that could not be created become a part of its creation, so that nothing typed is lost. */
export function foldInto(creation: Change, later: readonly Change[]): Change {
  const [first] = creation.operations;
  if (first?.op !== 'replaceTask' || creation.operations.length !== 1) return creation;
  let body = first.body;
  for (const { operations } of later) {
    for (const operation of operations) {
      if (operation.op === 'updateTask' && operation.task_id === first.task_id)
        body = { ...body, ...definedOf(operation.body) };
    }
  }
  return { ...creation, operations: [{ ...first, body }] };
}
