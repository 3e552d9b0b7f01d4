import type { Client } from '@taskward/api-core/client';
import type { List, Task } from '@taskward/api-core/contract';
import type { FieldError } from '@taskward/api-core/kit/client';
import { INBOX, placeOf } from './view';

/** An operation of a batch, as the API takes it. */
export type Operation = Parameters<Client['runBatch']>[0]['body']['operations'][number];
export type OperationOf<Op extends Operation['op']> = Extract<Operation, { op: Op }>;

/** Tasks and lists by their ids; null where there was none. */
export type Images = Readonly<Record<string, Task | List | null>>;

/** Why the API has refused a change for good. */
export interface Refusal {
  /** `conflict`: the same field was changed elsewhere. `gone`: the task was deleted elsewhere. `invalid`: see `errors`. */
  readonly kind: 'conflict' | 'gone' | 'invalid' | 'failed';
  readonly message: string;
  readonly errors: readonly FieldError[];
  /** With a conflict: the task as it is now. */
  readonly current?: Task;
}

/**
 * Something that the user did: a batch of operations, or the undo of another change. It is stored until the copy contains
 * it, so that it survives the page.
 */
export interface Change {
  readonly key: string;
  /** Of its request. A change that has become another request, by merging, has another one. */
  readonly idempotencyKey: string;
  /** In milliseconds since the epoch; greater than that of every change before it. */
  readonly at: number;
  /** In the past tense, for messages: "Completed “Buy milk”". */
  readonly label: string;
  readonly operations: readonly Operation[];
  /** The key of the change that this one takes back; it has no operations then. */
  readonly undoes?: string;
  /** The revision to take back, once it is known. */
  readonly undoesRevision?: number;
  /** What an undo brings back, as far as this browser knows. */
  readonly restores?: Images;
  /** The tab in which it was made. */
  readonly tab: string;
  /** What it replaced: to merge it with changes from elsewhere, and to undo it before the API has confirmed that. */
  readonly before: Images;
  /** `sent`: the API has it, the copy does not yet. `refused`: the user decides what to do with it. */
  readonly state: 'waiting' | 'sent' | 'refused';
  /** Whether a request was begun, so that the server may have it although there was no response. */
  readonly isAttempted?: boolean;
  /** With `sent`: the revision that it is. */
  readonly revision?: number;
  /** With `sent`: of each operation, the version after it, null where it deleted. */
  readonly results?: readonly { readonly id: string; readonly version: number | null }[];
  readonly refusal?: Refusal;
}

/** The id of the task or list that an operation changes. */
export function idOf(operation: Operation): string {
  return 'task_id' in operation ? operation.task_id : operation.list_id;
}

/**
 * What a change depends on or affects. Changes that share none of it can be sent in any order: each task, each list, and
 * the order within each place.
 */
export function subjectsOf({ before, operations, restores = {} }: Change): Set<string> {
  const subjects = new Set(Object.keys(before));
  for (const operation of operations) {
    const id = idOf(operation);
    // Each is a member of some bodies only.
    const { list_id: list, parent_id: parent, after, tasks } = (operation.body ?? {}) as PlaceInput;
    for (const subject of [id, list, parent, after]) if (typeof subject === 'string') subjects.add(subject);
    const isMove = operation.op === 'replaceTask' || list !== undefined || parent !== undefined;
    if (isMove) subjects.add(orderIn(parent ?? list ?? INBOX));
    else if (operation.op === 'moveTask') subjects.add(orderOf(before[id]));
    if (tasks === 'keep') subjects.add(orderIn(INBOX));
    if (operation.op === 'replaceList' || operation.op === 'moveList') subjects.add(LISTS);
  }
  for (const image of Object.values(restores)) subjects.add(orderOf(image));
  return subjects;
}

const LISTS = 'order of lists';
const orderIn = (place: string) => `order in ${place}`;

function orderOf(image: Images[string] | undefined): string {
  if (!image) return LISTS;
  return 'title' in image ? orderIn(placeOf(image)) : LISTS;
}

interface PlaceInput {
  readonly list_id?: string | null;
  readonly parent_id?: string | null;
  readonly after?: string | null;
  readonly tasks?: string;
}
