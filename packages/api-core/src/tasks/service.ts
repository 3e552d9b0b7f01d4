import type { Database } from '@taskward/db';
import { v7 as uuidv7 } from 'uuid';
import { ApiError } from '../errors';
import { Created } from '../operation';
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

export async function list(ctx: Context, input: ListQuery): Promise<TaskPage> {
  const { userId } = ctx;
  const scope = JSON.stringify([userId, '-created_at']);
  const limit = input.limit + 1;
  const after = input.cursor === undefined ? undefined : decodeCursor(ctx.cursorKey, scope, input.cursor);
  const [rows] = await ctx.db.asUser(userId, () => [
    after
      ? statements.nextPage.execute({ userId, limit, createdAt: after[0], id: after[1] })
      : statements.firstPage.execute({ userId, limit }),
  ]);
  const data = rows.slice(0, input.limit).map(toTask);
  const last = data.at(-1);
  const more = rows.length > input.limit && last;
  return { data, next_cursor: more ? encodeCursor(ctx.cursorKey, scope, [last.created_at, last.id]) : null };
}

export async function get(ctx: Context, id: string): Promise<Task> {
  const [[row]] = await ctx.db.asUser(ctx.userId, () => [statements.find.execute({ userId: ctx.userId, id })]);
  return toTask(row ?? notFound());
}

export async function create(ctx: Context, input: TaskInput): Promise<Created<Task>> {
  const { insert, addTags } = statements;
  const { task } = await write(ctx, uuidv7(), toValues(input), [insert, addTags]);
  return new Created(task);
}

/** Replaces the task whole, or creates it under this id. */
export async function replace(ctx: Context, id: string, input: TaskInput): Promise<Task | Created<Task>> {
  const { lock, version, upsert, removeTags, addTags } = statements;
  const { task, results } = await write(ctx, id, toValues(input), [lock, version, upsert, removeTags, addTags]);
  const isNew = results[1]?.length === 0;
  return isNew ? new Created(task) : task;
}

/** Changes the members that the patch has. */
export async function update(ctx: Context, id: string, patch: TaskPatch): Promise<Task> {
  const values = toValues(patch);
  const members = Object.keys(values) as statements.Member[];
  if (members.length === 0) return get(ctx, id);
  const { lock, removeTags, addTags } = statements;
  const tags = patch.tags ? [removeTags, addTags] : [];
  return (await write(ctx, id, values, [lock, statements.update(members), ...tags])).task;
}

/** Makes the task done or not done; without a word on which, the opposite of what it is. */
export async function complete(ctx: Context, id: string, completed: boolean | undefined): Promise<Task> {
  const { lock, complete } = statements;
  return (await write(ctx, id, { completed: completed ?? null }, [lock, complete])).task;
}

export async function remove(ctx: Context, id: string): Promise<undefined> {
  const [removed] = await ctx.db.asUser(ctx.userId, () => [statements.remove.execute({ userId: ctx.userId, id })]);
  if (removed.length === 0) notFound();
}

interface Write {
  execute(values: Record<string, unknown>): PromiseLike<unknown[]>;
}

/** Runs the writes and reads the task that they leave, in one transaction and one round trip. */
async function write(ctx: Context, id: string, given: Record<string, unknown>, writes: readonly Write[]) {
  const values = { ...given, userId: ctx.userId, id };
  const results = await ctx.db
    .asUser(ctx.userId, () => [...writes, statements.find].map((one) => one.execute(values)))
    .catch((error) => {
      if (error.cause?.code === FOREIGN_KEY_VIOLATION) throw new ApiError('unauthorized', 'This account is gone.');
      throw error;
    });
  const [row] = results.at(-1) as Row[];
  return { task: toTask(row ?? notFound()), results };
}

/** The only foreign key that a task statement can miss is the user's: the account was deleted after the token was made. */
const FOREIGN_KEY_VIOLATION = '23503';

function toValues(input: TaskPatch) {
  const { due_date, ...rest } = input;
  return due_date === undefined ? rest : { ...rest, dueDate: due_date };
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

/** Somebody else's task and nobody's are the same to the caller. */
function notFound(): never {
  throw new ApiError('not_found', 'You have no task with this id.');
}
