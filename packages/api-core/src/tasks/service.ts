import { foldText } from '@taskward/db/text';
import { v7 as uuidv7 } from 'uuid';
import type { Context } from '../kit/context';
import { decodeCursor, encodeCursor } from '../kit/cursor';
import { ApiError, notFound } from '../kit/errors';
import { selectHead } from '../kit/journal';
import type { Output } from '../kit/operation';
import { takePage } from '../kit/page';
import { toSpot } from '../kit/position';
import { type Preconditions, toPreconditionValues } from '../kit/preconditions';
import { toColumnsOf, toPositions, toWeakEntityTag } from '../kit/sync-token';
import { assertWritten, preconditionFailed, type WriteResult, write } from '../kit/write';
import type * as contract from './contract';
import type { Task, TaskInput, TaskMove, TaskPatch } from './contract';
import type { ListQuery } from './list-query';
import { placeProblem, placing } from './place-problems';
import * as queries from './queries';
import { checkPlace } from './tree';
import { completeTask, deleteTask, moveTask } from './tree-writes';
import * as writes from './writes';

export interface TaskContext extends Context {
  /** How many tasks a user may have; 0 is no limit. */
  readonly maxTasks: number;
}

export async function list(
  ctx: TaskContext,
  { cursor, limit, sort, ...filterBy }: ListQuery,
): Promise<Output<typeof contract.listTasks>> {
  const filters = toFilters(filterBy, sort);
  const scope = JSON.stringify([ctx.userId, sort, filters]);
  const known = ctx.preconditions.ifNoneMatchTags && toPositions(ctx.preconditions.ifNoneMatchTags);
  const [key, id] = cursor === undefined ? [] : decodeCursor(ctx.cursorKey, scope, cursor);
  const selectPage = queries.selectPage({
    sort: sort.replace('-', '') as queries.SortKey,
    descending: sort.startsWith('-'),
    filters: Object.keys(filters) as queries.Filter[],
    afterCursor: cursor !== undefined,
    isConditional: known !== undefined,
  });
  const values = { ...filters, key, id, rows: limit + 1, ...toColumnsOf(known) };
  // The end of the journal comes first: what is changed after it is in a page that has this tag at the worst.
  const { head, rows } = await ctx.db.asUser(ctx.userId, { head: selectHead({}), rows: selectPage(values) });
  const etag = toWeakEntityTag(head[0]);
  if (ctx.preconditions.ifNoneMatchTags?.includes(etag.slice(3, -1))) return { status: 304, body: undefined, etag };
  const data = takePage(rows, limit, maxTaskBytes);
  const last = rows.length > data.length ? rows[data.length - 1] : undefined;
  const nextCursor = last?.key === undefined ? null : encodeCursor(ctx.cursorKey, scope, [last.key, last.id]);
  // JSON leaves it out. Copying each task without it would take longer than writing the page.
  for (const row of data) row.key = undefined;
  return { status: 200, body: { data, next_cursor: nextCursor }, etag };
}

/** Of the JSON of a task: six for each UTF-16 code unit of its texts, and what its other fields have at most. */
export const maxTaskBytes = ({ title, description }: Pick<Task, 'title' | 'description'>) =>
  6 * (title.length + (description?.length ?? 0)) + 8_000;

const ranks = { none: 0, low: 1, medium: 2, high: 3 };

/** The filters that are given, in one order, with the values that the statements take. */
function toFilters(
  { status, completed, priority, due_before, due_after, tag, q, list, parent }: Filters,
  sort: string,
) {
  const byCompletion = completed ? ['done'] : ['todo', 'in_progress'];
  const statuses =
    completed === undefined ? status : byCompletion.filter((name) => status?.includes(name as never) ?? true);
  const all: Record<queries.Filter, unknown> = {
    status: statuses,
    priority: priority?.map((name) => ranks[name]),
    due_before,
    due_after,
    tag,
    q,
    list: list === 'inbox' ? undefined : list,
    inbox: list === 'inbox' || undefined,
    parent: parent === 'none' ? undefined : parent,
    // A place may be a list and a task that have one id.
    top: parent === 'none' || (parent === undefined && sort.endsWith('position')) || undefined,
    // One place, whose order its index has.
    place: sort.endsWith('position') ? placeOf(list, parent) : undefined,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

const NO_PLACE = '00000000-0000-0000-0000-000000000000';

function placeOf(list: string | undefined, parent: string | undefined): string | undefined {
  if (parent !== undefined && parent !== 'none') return parent;
  return list === 'inbox' ? NO_PLACE : list;
}

type Filters = Omit<ListQuery, 'cursor' | 'limit' | 'sort'>;

export async function get(ctx: TaskContext, id: string): Promise<Output<typeof contract.getTask>> {
  const { tasks } = await ctx.db.asUser(ctx.userId, { tasks: queries.selectTask({ id }) });
  if (!tasks[0]) throw notFound();
  return { status: 200, body: tasks[0] };
}

export async function tags(ctx: TaskContext): Promise<Output<typeof contract.listTags>> {
  const { data } = await ctx.db.asUser(ctx.userId, { data: queries.selectTags({}) });
  return { status: 200, body: { data } };
}

export async function create(ctx: TaskContext, task: TaskInput): Promise<Output<typeof contract.createTask>> {
  const id = uuidv7();
  const statement = isInTree(task)
    ? writes.createTaskInTree
    : task.tags.length > 0
      ? writes.createTaskAndTags
      : writes.createTask;
  const values = { ...toTaskValues(id, task), max: quotaOf(ctx) };
  const result = await placing(write(ctx, { statement, values, check: isInTree(task) ? checkOf(id) : undefined }));
  if (result.outcome === 'refused') throw quotaExceeded();
  const { outcome, resource, revision } = result;
  return { status: 201, body: resource, revision, replayed: outcome === 'replayed' };
}

const isInTree = ({ list_id, parent_id }: TaskPatch) => Boolean(list_id || parent_id);

/** Replaces the task, or creates it under this id. */
export async function replace(
  ctx: TaskContext,
  id: string,
  task: TaskInput,
): Promise<Output<typeof contract.replaceTask>> {
  const result = await placing(write(ctx, toReplace(ctx, id, task, ctx.preconditions)));
  if (result.outcome === 'refused') {
    // Where there is no task, only `If-Match` and the quota refuse one.
    throw result.resource || ctx.preconditions.ifMatch ? preconditionFailed(result.resource?.version) : quotaExceeded();
  }
  const { outcome, resource, revision } = result;
  return { status: outcome === 'created' ? 201 : 200, body: resource, revision };
}

/** Changes the fields that the patch has. */
export async function update(ctx: TaskContext, id: string, patch: TaskPatch): Promise<WrittenTask> {
  return toWritten(await placing(write(ctx, toUpdate(id, patch, ctx.preconditions))));
}

/** Makes the task done, with what is open below it, or not done; toggles it when `completed` is omitted. */
export async function complete(ctx: TaskContext, id: string, completed: boolean | undefined): Promise<WrittenTask> {
  return toWritten(await write(ctx, toComplete(id, completed, ctx.preconditions)));
}

/** Moves the task, with what is below it. */
export async function move(ctx: TaskContext, id: string, spot: TaskMove): Promise<WrittenTask> {
  const result = await placing(write(ctx, toMove(id, spot, ctx.preconditions)));
  if (result.outcome === 'refused' && result.faults.length > 0) throw placeProblem(result.faults);
  return toWritten(result);
}

/** Deletes the task, with what is below it. */
export async function remove(ctx: TaskContext, id: string): Promise<Output<typeof contract.deleteTask>> {
  const { revision } = assertWritten(await write(ctx, toRemove(id, ctx.preconditions)));
  return { status: 204, body: undefined, revision };
}

// The writes, as a request by itself or a batch sends them.

export const toReplace = (ctx: TaskContext, id: string, task: TaskInput, preconditions: Preconditions) => ({
  statement: writes.replaceTask,
  values: { ...toTaskValues(id, task), ...toPreconditionValues(preconditions), max: quotaOf(ctx) },
  // Without a list or a parent it is at the top level, but what is below it goes along.
  check: isInTree(task) ? checkOf(id) : undefined,
});

export function toUpdate(id: string, patch: TaskPatch, preconditions: Preconditions) {
  const isMove = patch.list_id !== undefined || patch.parent_id !== undefined;
  const statement =
    isMove || patch.status === 'done'
      ? writes.updateTaskInTree
      : patch.tags
        ? writes.updateTaskAndTags
        : writes.updateTask;
  const values = { ...toTaskValues(id, patch), ...toPreconditionValues(preconditions) };
  return { statement, values, check: isMove ? checkOf(id) : undefined };
}

export const toComplete = (id: string, completed: boolean | undefined, preconditions: Preconditions) => ({
  statement: completeTask,
  values: { id, completed: completed ?? null, ...toPreconditionValues(preconditions) },
});

export const toMove = (id: string, { after, ...given }: TaskMove, preconditions: Preconditions) => ({
  statement: moveTask,
  values: { id, given: JSON.stringify(given), ...toSpot(after), ...toPreconditionValues(preconditions) },
  check: checkOf(id),
});

export const toRemove = (id: string, preconditions: Preconditions) => ({
  statement: deleteTask,
  values: { id, ...toPreconditionValues(preconditions) },
});

const checkOf =
  (id: string) =>
  ({ operation }: { operation: number | null }) =>
    checkPlace({ id, operation });

type WrittenTask = Output<typeof contract.updateTask>;

function toWritten(result: WriteResult<Task>): WrittenTask {
  const { outcome, resource, revision } = assertWritten(result);
  return { status: 200, body: resource, revision, replayed: outcome === 'replayed' };
}

export const quotaOf = ({ maxTasks }: TaskContext) => (maxTasks === 0 ? null : maxTasks);
export const quotaExceeded = () => new ApiError('conflict', 'You have as many tasks as one user may have.');

/** The values of a write of the fields that are given. */
function toTaskValues(id: string, task: TaskPatch): writes.TaskValues {
  const { title, description } = task;
  const given = {
    ...task,
    ...(title !== undefined && { title_key: foldText(title) }),
    ...(description !== undefined && { description_key: foldText(description ?? '') }),
  };
  return { id, given: JSON.stringify(given) };
}
