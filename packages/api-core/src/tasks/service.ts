import type { KeyObject } from 'node:crypto';
import type { Database, Statement } from '@taskward/db';
import { foldText } from '@taskward/db/text';
import { v7 as uuidv7 } from 'uuid';
import { decodeCursor, encodeCursor } from '../kit/cursor';
import { ApiError, validationError } from '../kit/errors';
import { Created, Replayed } from '../kit/operation';
import { type EntityTagList, type Preconditions, toEntityTag } from '../kit/preconditions';
import type { ListQuery, Task, TaskInput, TaskPage, TaskPatch } from './contract';
import * as statements from './queries';

/** On whose behalf, and with what. */
export interface Context {
  readonly db: Database;
  readonly userId: string;
  /** Signs cursors; any secret, the same for all processes of a deployment. */
  readonly cursorKey: KeyObject;
  /** How many tasks a user may have; 0 is no limit. */
  readonly maxTasks: number;
  readonly preconditions: Preconditions;
  /** The client's key for this request, and what tells the request from others. */
  readonly idempotency?: { readonly key: string; readonly fingerprint: string } | undefined;
}

export async function list(ctx: Context, { cursor, limit, sort, ...given }: ListQuery): Promise<TaskPage> {
  const { userId } = ctx;
  const filters = toFilters(given);
  const scope = JSON.stringify([userId, sort, filters]);
  const [key, id] = cursor === undefined ? [] : decodeCursor(ctx.cursorKey, scope, cursor);
  const statement = statements.selectPage({
    sort: sort.replace('-', '') as statements.SortKey,
    descending: sort.startsWith('-'),
    filters: Object.keys(filters) as statements.Filter[],
    afterCursor: cursor !== undefined,
  });
  const values = { ...filters, userId, key, id, limit, candidates: limit + 1 };
  const [[page]] = await ctx.db.asUser(userId, [statement(values)]);
  const { data, key: lastKey } = page ?? { data: [], key: null };
  const last = data.at(-1);
  return {
    data,
    next_cursor: last && lastKey !== null ? encodeCursor(ctx.cursorKey, scope, [lastKey, last.id]) : null,
  };
}

const ranks = { none: 0, low: 1, medium: 2, high: 3 };

/** The filters that were given, in one order, with the values that the statements take. */
function toFilters({ status, completed, priority, due_before, due_after, tag, q }: Filters) {
  const byCompletion = completed ? ['done'] : ['todo', 'in_progress'];
  const statuses =
    completed === undefined ? status : byCompletion.filter((one) => status?.includes(one as never) ?? true);
  const all: Record<statements.Filter, unknown> = {
    status: statuses,
    priority: priority?.map((one) => ranks[one]),
    dueBefore: due_before,
    dueAfter: due_after,
    tags: tag,
    q,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

type Filters = Omit<ListQuery, 'cursor' | 'limit' | 'sort'>;

export async function get(ctx: Context, id: string): Promise<Task> {
  const [[row]] = await ctx.db.asUser(ctx.userId, [statements.selectTask({ userId: ctx.userId, id })]);
  return row?.task ?? notFound();
}

export async function create(ctx: Context, input: TaskInput): Promise<Created<Task> | Replayed<Created<Task>>> {
  // A task that is not there yet has no version to expect.
  const unconditional = { ...ctx, preconditions: {} };
  const { task, isReplayed } = await put(unconditional, uuidv7(), input, []);
  const created = new Created(task);
  return isReplayed ? new Replayed(created) : created;
}

/** Replaces the task whole, or creates it under this id. */
export async function replace(ctx: Context, id: string, input: TaskInput): Promise<Task | Created<Task>> {
  const { lockTask, selectVersion } = statements;
  const { task, results } = await put(ctx, id, input, [lockTask, selectVersion]);
  const wasThere = results[1]?.length === 1;
  return wasThere ? task : new Created(task);
}

/** Changes the members that the patch has. */
export async function update(ctx: Context, id: string, patch: TaskPatch): Promise<Task | Replayed<Task>> {
  const members = Object.keys(toMembers(patch)) as statements.Field[];
  const { task, isReplayed } = await write(ctx, id, toValues(patch), [
    statements.lockTask,
    statements.updateTask(members),
  ]);
  return isReplayed ? new Replayed(task) : task;
}

/** Makes the task done or not done; without a word on which, the opposite of what it is. */
export async function complete(
  ctx: Context,
  id: string,
  completed: boolean | undefined,
): Promise<Task | Replayed<Task>> {
  const { lockTask, completeTask } = statements;
  const { task, isReplayed } = await write(ctx, id, { completed: completed ?? null }, [lockTask, completeTask]);
  return isReplayed ? new Replayed(task) : task;
}

export async function remove(ctx: Context, id: string): Promise<undefined> {
  const values = { userId: ctx.userId, id, ...toVersions(ctx.preconditions) };
  const { lockTask, deleteTask, selectVersion } = statements;
  const [, removed, [left]] = await ctx.db.asUser(ctx.userId, [
    lockTask(values),
    deleteTask(values),
    selectVersion(values),
  ]);
  if (left) preconditionFailed(left.version);
  if (removed.length === 0) notFound();
}

/** More creations than one user can have running at once, in all processes together. */
const RESERVE = 100;

/**
 * Creates the task or replaces it, after the other writes. Far from the limit creations of one user run side by side;
 * within `RESERVE` of it they queue up, so that none gets beyond it.
 */
async function put(ctx: Context, id: string, input: TaskInput, before: readonly Write[]) {
  const { lockUser, upsertTask } = statements;
  const attempt = (maxTasks: number | null, writes: readonly Write[]) =>
    write(ctx, id, { ...toValues(input), maxTasks }, [...before, ...writes]);
  if (ctx.maxTasks === 0) return attempt(null, [upsertTask]);
  const inQueue = () => attempt(ctx.maxTasks, [lockUser, upsertTask]);
  if (ctx.maxTasks <= RESERVE) return inQueue();
  return attempt(ctx.maxTasks - RESERVE, [upsertTask]).catch((error) => {
    if (error instanceof ApiError && error.code === 'conflict') return inQueue();
    throw error;
  });
}

type Write = (values: Record<string, unknown>) => Statement;

/**
 * Runs the writes, the last of which answers a row where it hit the task, and reads the task that they leave. With an
 * idempotency key the answer is kept, or, where it was given before, given again. All in one batch.
 */
async function write(ctx: Context, id: string, given: Record<string, unknown>, writes: readonly Write[]) {
  const { db, idempotency, preconditions, userId } = ctx;
  const { lockKey, selectIdempotentResponse, selectTask, saveIdempotentResponse, deleteExpiredKeys } = statements;
  const values = { ...toVersions(preconditions), key: null, ...idempotency, ...given, userId, id };
  const before: Write[] = idempotency ? [lockKey, selectIdempotentResponse] : [];
  const after: Write[] = idempotency ? [saveIdempotentResponse, deleteExpiredKeys] : [];
  const batch = [...before, ...writes, selectTask, ...after].map((one) => one(values));
  const answers = await db.asUser(userId, batch).catch((error) => {
    if (error.code === FOREIGN_KEY_VIOLATION) throw new ApiError('unauthorized', 'This account is gone.');
    throw error;
  });

  const [recalled] = (idempotency ? answers[1] : []) as { fingerprint: string; answer: Task }[];
  if (recalled && recalled.fingerprint !== idempotency?.fingerprint) throw idempotencyKeyMismatch();
  if (recalled) return { task: recalled.answer, isReplayed: true, results: [] };

  const results = answers.slice(before.length, before.length + writes.length);
  const [row] = answers[before.length + writes.length] as { task: Task }[];
  const hit = results.at(-1)?.length === 1;
  if (hit && row) return { task: row.task, isReplayed: false, results };
  if (row) return preconditionFailed(row.task.version);
  if (!writes.includes(statements.upsertTask)) return notFound();
  return preconditions.ifMatch ? preconditionFailed() : tooManyTasks();
}

/** The only foreign key that a task statement can miss is the user's: the account was deleted after the token was made. */
const FOREIGN_KEY_VIOLATION = '23503';

function toMembers({ due_date, ...rest }: TaskPatch) {
  return due_date === undefined ? rest : { ...rest, dueDate: due_date };
}

/** The members that the statements take, and what title and description are searched and sorted by. */
function toValues(input: TaskPatch) {
  const { title, description } = input;
  return {
    ...toMembers(input),
    ...(title !== undefined && { titleKey: foldText(title) }),
    ...(description !== undefined && { descriptionKey: foldText(description ?? '') }),
  };
}

function toVersions({ ifMatch, ifNoneMatch }: Preconditions) {
  const toList = (versions: EntityTagList | undefined) => (versions === 'any' ? [0] : (versions ?? null));
  return { ifMatch: toList(ifMatch), ifNoneMatch: toList(ifNoneMatch) };
}

/** With the entity tag of the task as it is, where it is. */
function preconditionFailed(version?: number): never {
  const detail = version ? 'The task is at another version.' : 'There is no task under this id.';
  const headers = version ? { ETag: toEntityTag(version) } : {};
  throw new ApiError('precondition_failed', detail, { headers });
}

function tooManyTasks(): never {
  throw new ApiError('conflict', 'You have as many tasks as one user may have.');
}

function idempotencyKeyMismatch(): ApiError {
  const message = 'This key came with another request before.';
  return validationError([{ in: 'header', pointer: '/Idempotency-Key', code: 'reused', message }]);
}

/** Somebody else's task and nobody's are the same to the caller. */
function notFound(): never {
  throw new ApiError('not_found', 'You have no task with this id.');
}
