import type { Statement } from '@taskward/db';
import { foldText } from '@taskward/db/text';
import { v7 as uuidv7 } from 'uuid';
import type { Context } from '../kit/context';
import { decodeCursor, encodeCursor } from '../kit/cursor';
import { ApiError, notFound } from '../kit/errors';
import type { IdempotencyKey } from '../kit/idempotency';
import type { Output } from '../kit/operation';
import { takePage } from '../kit/page';
import { toPreconditionValues } from '../kit/preconditions';
import { preconditionFailed, type Write, type WriteResult, write } from '../kit/write';
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
  const id = uuidv7();
  const insert = task.tags.length > 0 ? queries.createTaskAndTags : queries.createTask;
  // A task that does not exist yet has no version to expect.
  const unconditional = { ...ctx, preconditions: {} };
  const { outcome, resource } = await writeWithinQuota(unconditional, (max_tasks) => ({
    before: {},
    change: insert({ ...toTaskValues(unconditional, id, task), max_tasks }),
    store: (key) => queries.storeTask({ ...key, id }),
  }));
  return { status: 201, body: resource, replayed: outcome === 'replayed' };
}

/** Replaces the task whole, or creates it under this id. */
export async function replace(
  ctx: TaskContext,
  id: string,
  task: TaskInput,
): Promise<Output<typeof contract.replaceTask>> {
  const result = await writeWithinQuota(ctx, (max_tasks) => ({
    before: { lock: queries.lockTask({ id }), version: queries.selectVersion({ id }) },
    change: queries.upsertTask({ ...toTaskValues(ctx, id, task), max_tasks }),
    ...toResource(id),
  }));
  const existed = result.outcome === 'written' && result.before.version.length === 1;
  return { status: existed ? 200 : 201, body: result.resource };
}

/** Changes the fields that the patch has. */
export async function update(ctx: TaskContext, id: string, patch: TaskPatch): Promise<WrittenTask> {
  const change = patch.tags ? queries.updateTaskAndTags : queries.updateTask;
  return writeExisting(ctx, id, change(toTaskValues(ctx, id, patch)));
}

/** Makes the task done or not done; toggles it when `completed` is omitted. */
export async function complete(ctx: TaskContext, id: string, completed: boolean | undefined): Promise<WrittenTask> {
  const values = { ...toPreconditionValues(ctx.preconditions), id, key: ctx.idempotency?.key ?? null };
  return writeExisting(ctx, id, queries.completeTask({ ...values, completed: completed ?? null }));
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

/** A change of a task that has to exist. */
async function writeExisting(ctx: TaskContext, id: string, change: Statement): Promise<WrittenTask> {
  const result = await write(ctx, { ...toResource(id), before: { lock: queries.lockTask({ id }) }, change });
  if (result.outcome !== 'refused') {
    return { status: 200, body: result.resource, replayed: result.outcome === 'replayed' };
  }
  throw result.resource ? preconditionFailed(result.resource.version) : notFound();
}

/** More creations than one user can have running at once, in all processes together. */
const RESERVE = 100;

/**
 * Runs a write that may create a task. Far from the quota, creations of one user run side by side; within `RESERVE` of it
 * they queue up, so that none exceeds it.
 *
 * @param define returns the write; it is given the number of tasks that it may leave, null for any.
 */
async function writeWithinQuota<Before extends Record<string, Statement>>(
  ctx: TaskContext,
  define: (maxTasks: number | null) => Write<Task, Before>,
) {
  const { maxTasks } = ctx;
  const attempt = (max: number | null): Promise<WriteResult<Task, Before>> => write(ctx, define(max));
  const attemptInQueue = () => {
    const definition = define(maxTasks);
    const before = { ...definition.before, quotaLock: queries.lockTasksOfUser({}) };
    return write<Task, Before>(ctx, { ...definition, before });
  };
  const isFar = maxTasks === 0 || maxTasks > RESERVE;
  let result = isFar ? await attempt(maxTasks === 0 ? null : maxTasks - RESERVE) : await attemptInQueue();
  if (isFar && isOverQuota(ctx, result)) result = await attemptInQueue();
  if (isOverQuota(ctx, result)) throw new ApiError('conflict', 'You have as many tasks as one user may have.');
  if (result.outcome === 'refused') throw preconditionFailed(result.resource?.version);
  return result;
}

/** Neither a precondition nor a missing task can have refused it. */
function isOverQuota({ preconditions }: TaskContext, result: WriteResult<Task, Record<never, never>>): boolean {
  return result.outcome === 'refused' && !result.resource && !preconditions.ifMatch;
}

const toResource = (id: string) => ({
  read: queries.selectTask({ id }),
  store: (key: IdempotencyKey) => queries.storeTask({ ...key, id }),
});

/** The values of a write, with a default for each field that the patch leaves out. */
function toTaskValues({ preconditions, idempotency }: TaskContext, id: string, patch: TaskPatch): queries.TaskValues {
  const { ifMatch, ifNoneMatch, mustExist, mustNotExist } = toPreconditionValues(preconditions);
  const { title = '', description = null, status = 'todo', priority = 'none', due_date = null, tags = [] } = patch;
  // Without spreading other objects, which takes several times as long.
  return {
    ifMatch,
    ifNoneMatch,
    mustExist,
    mustNotExist,
    id,
    key: idempotency?.key ?? null,
    title,
    description,
    status,
    priority,
    due_date,
    tags,
    has_title: patch.title !== undefined,
    has_description: patch.description !== undefined,
    has_status: patch.status !== undefined,
    has_priority: patch.priority !== undefined,
    has_due_date: patch.due_date !== undefined,
    has_tags: patch.tags !== undefined,
    title_key: foldText(title),
    description_key: foldText(description ?? ''),
  };
}
