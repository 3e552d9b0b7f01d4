import { foldText } from '@taskward/db/text';
import { v7 as uuidv7 } from 'uuid';
import type { Context } from '../kit/context';
import { decodeCursor, encodeCursor } from '../kit/cursor';
import { ApiError, notFound } from '../kit/errors';
import { selectHead } from '../kit/journal';
import type { Output } from '../kit/operation';
import { takePage } from '../kit/page';
import { toPreconditionValues } from '../kit/preconditions';
import { type Position, toPositions, toWeakEntityTag } from '../kit/sync-token';
import { preconditionFailed, type WriteResult, write } from '../kit/write';
import type * as contract from './contract';
import type { ListQuery, Task, TaskInput, TaskPatch } from './contract';
import * as queries from './queries';
import * as writes from './writes';

export interface TaskContext extends Context {
  /** How many tasks a user may have; 0 is no limit. */
  readonly maxTasks: number;
}

export async function list(
  ctx: TaskContext,
  { cursor, limit, sort, ...filterBy }: ListQuery,
): Promise<Output<typeof contract.listTasks>> {
  const filters = toFilters(filterBy);
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

const toColumnsOf = (positions: readonly Position[] = []) => ({
  seqs: positions.map(({ seq }) => seq),
  ats: positions.map(({ at }) => at),
});

/** Of the JSON of a task: six for each UTF-16 code unit of its texts, and what its other fields have at most. */
export const maxTaskBytes = ({ title, description }: Pick<Task, 'title' | 'description'>) =>
  6 * (title.length + (description?.length ?? 0)) + 8_000;

const ranks = { none: 0, low: 1, medium: 2, high: 3 };

/** The filters that are given, in one order, with the values that the statements take. */
function toFilters({ status, completed, priority, due_before, due_after, tag, q }: Filters) {
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
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

type Filters = Omit<ListQuery, 'cursor' | 'limit' | 'sort'>;

export async function get(ctx: TaskContext, id: string): Promise<Output<typeof contract.getTask>> {
  const { tasks } = await ctx.db.asUser(ctx.userId, { tasks: queries.selectTask({ id }) });
  if (!tasks[0]) throw notFound();
  return { status: 200, body: tasks[0] };
}

export async function create(ctx: TaskContext, task: TaskInput): Promise<Output<typeof contract.createTask>> {
  const statement = task.tags.length > 0 ? writes.createTaskAndTags : writes.createTask;
  const result = await write(ctx, statement, { ...toTaskValues(uuidv7(), task), max: quotaOf(ctx) });
  if (result.outcome === 'refused') throw quotaExceeded();
  const { outcome, resource, revision } = result;
  return { status: 201, body: resource, revision, replayed: outcome === 'replayed' };
}

/** Replaces the task whole, or creates it under this id. */
export async function replace(
  ctx: TaskContext,
  id: string,
  task: TaskInput,
): Promise<Output<typeof contract.replaceTask>> {
  const values = { ...toTaskValues(id, task), ...toPreconditionValues(ctx.preconditions), max: quotaOf(ctx) };
  const result = await write(ctx, writes.replaceTask, values);
  if (result.outcome === 'refused') {
    // Where there is no task, only `If-Match` and the quota refuse one.
    throw result.resource || ctx.preconditions.ifMatch ? preconditionFailed(result.resource?.version) : quotaExceeded();
  }
  const { outcome, resource, revision } = result;
  return { status: outcome === 'created' ? 201 : 200, body: resource, revision };
}

/** Changes the fields that the patch has. */
export async function update(ctx: TaskContext, id: string, patch: TaskPatch): Promise<WrittenTask> {
  const statement = patch.tags ? writes.updateTaskAndTags : writes.updateTask;
  const values = { ...toTaskValues(id, patch), ...toPreconditionValues(ctx.preconditions) };
  return toWritten(await write(ctx, statement, values));
}

/** Makes the task done or not done; toggles it when `completed` is omitted. */
export async function complete(ctx: TaskContext, id: string, completed: boolean | undefined): Promise<WrittenTask> {
  const values = { id, completed: completed ?? null, ...toPreconditionValues(ctx.preconditions) };
  return toWritten(await write(ctx, writes.completeTask, values));
}

export async function remove(ctx: TaskContext, id: string): Promise<Output<typeof contract.deleteTask>> {
  const values = { id, ...toPreconditionValues(ctx.preconditions) };
  const { revision } = assertWritten(await write(ctx, writes.deleteTask, values));
  return { status: 204, body: undefined, revision };
}

type WrittenTask = Output<typeof contract.updateTask>;

function toWritten(result: WriteResult<Task>): WrittenTask {
  const { outcome, resource, revision } = assertWritten(result);
  return { status: 200, body: resource, revision, replayed: outcome === 'replayed' };
}

/** @throws {ApiError} 404, or 412 where the task exists. */
function assertWritten<R>(result: WriteResult<R>): Exclude<WriteResult<R>, { outcome: 'refused' }> {
  if (result.outcome !== 'refused') return result;
  throw result.resource ? preconditionFailed(result.resource.version) : notFound();
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
