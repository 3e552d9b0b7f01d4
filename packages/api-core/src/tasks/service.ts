import { foldText } from '@taskward/db/text';
import { v7 as uuidv7 } from 'uuid';
import type { Context } from '../kit/context';
import { decodeCursor, encodeCursor } from '../kit/cursor';
import { ApiError, notFound } from '../kit/errors';
import type { Output } from '../kit/operation';
import { takePage } from '../kit/page';
import { toPreconditionValues } from '../kit/preconditions';
import { preconditionFailed, type WriteResult, write } from '../kit/write';
import type * as contract from './contract';
import type { ListQuery, Task, TaskInput, TaskPatch } from './contract';
import * as queries from './queries';

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
  const [key, id] = cursor === undefined ? [] : decodeCursor(ctx.cursorKey, scope, cursor);
  const selectPage = queries.selectPage({
    sort: sort.replace('-', '') as queries.SortKey,
    descending: sort.startsWith('-'),
    filters: Object.keys(filters) as queries.Filter[],
    afterCursor: cursor !== undefined,
  });
  const selected = selectPage({ ...filters, key, id, rows: limit + 1 });
  const { rows } = await ctx.db.asUser(ctx.userId, { rows: selected });
  const data = takePage(rows, limit, maxBytes);
  const last = rows.length > data.length ? rows[data.length - 1] : undefined;
  const nextCursor = last?.key === undefined ? null : encodeCursor(ctx.cursorKey, scope, [last.key, last.id]);
  // JSON leaves it out. Copying each task without it would take longer than writing the page.
  for (const row of data) row.key = undefined;
  return { status: 200, body: { data, next_cursor: nextCursor } };
}

/** Of the JSON of a task: six for each UTF-16 code unit of its texts, and what its other fields have at most. */
const maxBytes = ({ title, description }: Task) => 6 * (title.length + (description?.length ?? 0)) + 8_000;

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
  const statement = task.tags.length > 0 ? queries.createTaskAndTags : queries.createTask;
  const values = toTaskValues(uuidv7(), task);
  // A task that does not exist yet has no version to expect.
  const { outcome, resource } = await writeWithinQuota({ ...ctx, preconditions: {} }, (max_tasks, locks) =>
    write(ctx, statement, { ...values, max_tasks }, locks),
  );
  return { status: 201, body: resource, replayed: outcome === 'replayed' };
}

/** Replaces the task whole, or creates it under this id. */
export async function replace(
  ctx: TaskContext,
  id: string,
  task: TaskInput,
): Promise<Output<typeof contract.replaceTask>> {
  const values = { ...toTaskValues(id, task), ...toPreconditionValues(ctx.preconditions) };
  const { outcome, resource } = await writeWithinQuota(ctx, (max_tasks, locks) =>
    write(ctx, queries.replaceTask, { ...values, max_tasks }, { lock: queries.lockTask({ id }), ...locks }),
  );
  return { status: outcome === 'created' ? 201 : 200, body: resource };
}

/** Changes the fields that the patch has. */
export async function update(ctx: TaskContext, id: string, patch: TaskPatch): Promise<WrittenTask> {
  const statement = patch.tags ? queries.updateTaskAndTags : queries.updateTask;
  const values = { ...toTaskValues(id, patch), ...toPreconditionValues(ctx.preconditions) };
  return toWritten(await write(ctx, statement, values, { lock: queries.lockTask({ id }) }));
}

/** Makes the task done or not done; toggles it when `completed` is omitted. */
export async function complete(ctx: TaskContext, id: string, completed: boolean | undefined): Promise<WrittenTask> {
  const values = { id, completed: completed ?? null, ...toPreconditionValues(ctx.preconditions) };
  return toWritten(await write(ctx, queries.completeTask, values, { lock: queries.lockTask({ id }) }));
}

export async function remove(ctx: TaskContext, id: string): Promise<Output<typeof contract.deleteTask>> {
  const { deleted, remaining } = await ctx.db.asUser(ctx.userId, {
    lock: queries.lockTask({ id }),
    deleted: queries.deleteTask({ ...toPreconditionValues(ctx.preconditions), id }),
    remaining: queries.selectVersion({ id }),
  });
  if (remaining[0]) throw preconditionFailed(remaining[0].version);
  if (deleted.length === 0) throw notFound();
  return { status: 204, body: undefined };
}

type WrittenTask = Output<typeof contract.updateTask>;

/** The response to a change of a task that has to exist. */
function toWritten({ outcome, resource }: WriteResult<Task>): WrittenTask {
  if (outcome !== 'refused') return { status: 200, body: resource, replayed: outcome === 'replayed' };
  throw resource ? preconditionFailed(resource.version) : notFound();
}

/** More creations than one user can have running at once, in all processes together. */
const RESERVE = 100;

type Locks = Parameters<typeof write>[3];

/**
 * Runs a write that may create a task. Far from the quota, creations of one user run side by side; within `RESERVE` of it
 * they queue up, so that none exceeds it.
 *
 * @param attempt runs the write; it is given the number of tasks that it may leave, null for any, and more locks to take.
 */
async function writeWithinQuota(
  ctx: TaskContext,
  attempt: (maxTasks: number | null, locks?: Locks) => Promise<WriteResult<Task>>,
) {
  const { maxTasks } = ctx;
  const attemptInQueue = () => attempt(maxTasks, { quotaLock: queries.lockTasksOfUser({}) });
  const isFar = maxTasks === 0 || maxTasks > RESERVE;
  let result = isFar ? await attempt(maxTasks === 0 ? null : maxTasks - RESERVE) : await attemptInQueue();
  if (isFar && isOverQuota(ctx, result)) result = await attemptInQueue();
  if (isOverQuota(ctx, result)) throw new ApiError('conflict', 'You have as many tasks as one user may have.');
  if (result.outcome === 'refused') throw preconditionFailed(result.resource?.version);
  return result;
}

/** Neither a precondition nor a missing task can have refused it. */
function isOverQuota({ preconditions }: TaskContext, result: WriteResult<Task>): boolean {
  return result.outcome === 'refused' && !result.resource && !preconditions.ifMatch;
}

/** The values of a write of the fields that are given. */
function toTaskValues(id: string, task: TaskPatch): queries.TaskValues {
  const { title, description } = task;
  const given = {
    ...task,
    ...(title !== undefined && { title_key: foldText(title) }),
    ...(description !== undefined && { description_key: foldText(description ?? '') }),
  };
  return { id, given: JSON.stringify(given) };
}
