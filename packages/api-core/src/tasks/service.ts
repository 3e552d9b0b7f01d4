import type { Database } from '@taskward/db';
import { v7 as uuidv7 } from 'uuid';
import { ApiError } from '../errors';
import { Created } from '../operation';
import { includesVersion, type Preconditions, toEntityTag, type Versions } from '../precondition';
import type { ListQuery, Task, TaskInput, TaskPage, TaskPatch } from './contract';
import { decodeCursor, encodeCursor } from './cursor';
import * as statements from './statements';

/** On whose behalf, and with what. */
export interface Context {
  readonly db: Database;
  readonly userId: string;
  /** Signs cursors; any secret bytes, the same for all processes of a deployment. */
  readonly cursorKey: Uint8Array;
}

export async function list(ctx: Context, { cursor, limit, sort, ...given }: ListQuery): Promise<TaskPage> {
  const { userId } = ctx;
  const filters = toFilters(given);
  const scope = JSON.stringify([userId, sort, filters]);
  const [key, id] = cursor === undefined ? [] : decodeCursor(ctx.cursorKey, scope, cursor);
  const statement = statements.list({
    sort: sort.replace('-', '') as statements.SortKey,
    descending: sort.startsWith('-'),
    filters: Object.keys(filters) as statements.Filter[],
    continued: cursor !== undefined,
  });
  const [rows] = await ctx.db.asUser(userId, () => [
    statement.execute({ ...filters, userId, key, id, limit: limit + 1 }),
  ]);
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    data: rows.slice(0, limit).map(toTask),
    next_cursor: last ? encodeCursor(ctx.cursorKey, scope, [last.key, last.id]) : null,
  };
}

const ranks = { none: 0, low: 1, medium: 2, high: 3 };

/** The filters that were given, in one order, with the values that the statements take. */
function toFilters({ status, completed, priority, tag, due_before, due_after, q }: Filters) {
  const byCompletion = completed ? ['done'] : ['todo', 'in_progress'];
  const statuses =
    completed === undefined ? status : byCompletion.filter((one) => status?.includes(one as never) ?? true);
  const all: Record<statements.Filter, unknown> = {
    status: statuses,
    priority: priority?.map((one) => ranks[one]),
    dueBefore: due_before,
    dueAfter: due_after,
    tag,
    // Every word may stand anywhere in the title or the description.
    q: q?.map((word) => `%${word.replace(/[\\%_]/g, '\\$&')}%`),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

type Filters = Omit<ListQuery, 'cursor' | 'limit' | 'sort'>;

export async function get(ctx: Context, id: string): Promise<Task> {
  const [[row]] = await ctx.db.asUser(ctx.userId, () => [statements.find.execute({ userId: ctx.userId, id })]);
  return toTask(row ?? notFound());
}

export async function create(ctx: Context, input: TaskInput): Promise<Created<Task>> {
  const { task } = await write(ctx, uuidv7(), toValues(input), [statements.put]);
  return new Created(task);
}

/** Replaces the task whole, or creates it under this id. */
export async function replace(
  ctx: Context,
  id: string,
  input: TaskInput,
  preconditions: Preconditions = {},
): Promise<Task | Created<Task>> {
  const { lock, version, put } = statements;
  const values = { ...toValues(input), ...toVersions(preconditions) };
  const { task, results } = await write(ctx, id, values, [lock, version, put]);
  const wasThere = results[1]?.length === 1;
  return wasThere ? task : new Created(task);
}

/** Changes the members that the patch has. */
export async function update(
  ctx: Context,
  id: string,
  patch: TaskPatch,
  preconditions: Preconditions = {},
): Promise<Task> {
  const given = toValues(patch);
  const members = Object.keys(given) as statements.Member[];
  if (members.length === 0) return getUnchanged(ctx, id, preconditions);
  const values = { ...given, ...toVersions(preconditions) };
  return (await write(ctx, id, values, [statements.lock, statements.update(members)])).task;
}

/** An empty patch changes nothing, but what the client expects of the task still has to hold. */
async function getUnchanged(ctx: Context, id: string, { ifMatch }: Preconditions): Promise<Task> {
  const task = await get(ctx, id);
  if (ifMatch && !includesVersion(ifMatch, task.version)) preconditionFailed(task.version);
  return task;
}

/** Makes the task done or not done; without a word on which, the opposite of what it is. */
export async function complete(
  ctx: Context,
  id: string,
  completed: boolean | undefined,
  preconditions: Preconditions = {},
): Promise<Task> {
  const values = { completed: completed ?? null, ...toVersions(preconditions) };
  return (await write(ctx, id, values, [statements.lock, statements.complete])).task;
}

export async function remove(ctx: Context, id: string, preconditions: Preconditions = {}): Promise<undefined> {
  const values = { userId: ctx.userId, id, ...toVersions(preconditions) };
  const { lock, remove, version } = statements;
  const [, removed, [left]] = await ctx.db.asUser(ctx.userId, () => [
    lock.execute(values),
    remove.execute(values),
    version.execute(values),
  ]);
  if (left) preconditionFailed(left.version);
  if (removed.length === 0) notFound();
}

interface Write {
  execute(values: Record<string, unknown>): PromiseLike<unknown[]>;
}

/** Runs the writes, the last of which answers what it hit, and reads the task that they leave, all in one batch. */
async function write(ctx: Context, id: string, given: Record<string, unknown>, writes: readonly Write[]) {
  const values = { ifMatch: null, ifNoneMatch: null, ...given, userId: ctx.userId, id };
  const results = await ctx.db
    .asUser(ctx.userId, () => [...writes, statements.find].map((one) => one.execute(values)))
    .catch((error) => {
      if (error.cause?.code === FOREIGN_KEY_VIOLATION) throw new ApiError('unauthorized', 'This account is gone.');
      throw error;
    });
  const [row] = results.at(-1) as Row[];
  const hit = results.at(-2)?.length === 1;
  if (hit && row) return { task: toTask(row), results };
  if (row) return preconditionFailed(row.version);
  if (given.ifMatch && writes.includes(statements.put)) return preconditionFailed();
  return notFound();
}

/** The only foreign key that a task statement can miss is the user's: the account was deleted after the token was made. */
const FOREIGN_KEY_VIOLATION = '23503';

function toValues(input: TaskPatch) {
  const { due_date, ...rest } = input;
  return due_date === undefined ? rest : { ...rest, dueDate: due_date };
}

function toVersions({ ifMatch, ifNoneMatch }: Preconditions) {
  const toList = (versions: Versions | undefined) => (versions === 'any' ? [0] : (versions ?? null));
  return { ifMatch: toList(ifMatch), ifNoneMatch: toList(ifNoneMatch) };
}

type Row = Awaited<ReturnType<typeof statements.find.execute>>[number];

/** What the world may see of a row, member by member: a new column stays inside until it is named here. */
function toTask(row: Row): Task {
  return {
    id: row.id,
    user_id: row.userId,
    title: row.title,
    description: row.description,
    status: row.status,
    completed: row.status === 'done',
    priority: row.priority,
    due_date: row.dueDate,
    tags: row.tags,
    completed_at: row.completedAt?.toISOString() ?? null,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
    version: row.version,
  };
}

/** With the entity tag of the task as it is, where it is. */
function preconditionFailed(version?: number): never {
  const detail = version ? 'The task is at another version.' : 'There is no task under this id.';
  const headers = version ? { ETag: toEntityTag(version) } : {};
  throw new ApiError('precondition_failed', detail, { headers });
}

/** Somebody else's task and nobody's are the same to the caller. */
function notFound(): never {
  throw new ApiError('not_found', 'You have no task with this id.');
}
