import { v7 as uuidv7 } from 'uuid';
import type { Context } from '../kit/context';
import { decodeCursor, encodeCursor } from '../kit/cursor';
import { ApiError, notFound, validationError } from '../kit/errors';
import { selectHead } from '../kit/journal';
import type { Output } from '../kit/operation';
import { toSpot } from '../kit/position';
import { type Preconditions, toPreconditionValues } from '../kit/preconditions';
import { toColumnsOf, toPositions, toWeakEntityTag } from '../kit/sync-token';
import { assertWritten, preconditionFailed, type WriteResult, write } from '../kit/write';
import type * as contract from './contract';
import {
  type List,
  type ListDeletion,
  type ListInput,
  type ListMove,
  type ListPatch,
  type ListsQuery,
  MAX_LISTS,
} from './contract';
import * as queries from './queries';
import * as writes from './writes';

export async function list(ctx: Context, { cursor, limit }: ListsQuery): Promise<Output<typeof contract.listLists>> {
  const scope = JSON.stringify([ctx.userId, 'lists']);
  const known = toPositions(ctx.preconditions.ifNoneMatchTags ?? []);
  const [after = ''] = cursor === undefined ? [] : decodeCursor(ctx.cursorKey, scope, cursor);
  const values = { after, rows: limit + 1, ...toColumnsOf(known) };
  const { head, rows } = await ctx.db.asUser(ctx.userId, { head: selectHead({}), rows: queries.selectLists(values) });
  const etag = toWeakEntityTag(head[0]);
  if (ctx.preconditions.ifNoneMatchTags?.includes(etag.slice(3, -1))) return { status: 304, body: undefined, etag };
  const data = rows.slice(0, limit);
  const last = rows.length > limit ? data.at(-1) : undefined;
  const nextCursor = last ? encodeCursor(ctx.cursorKey, scope, [last.position, last.id]) : null;
  return { status: 200, body: { data, next_cursor: nextCursor }, etag };
}

export async function get(ctx: Context, id: string): Promise<Output<typeof contract.getList>> {
  const { lists } = await ctx.db.asUser(ctx.userId, { lists: queries.selectList({ id }) });
  if (!lists[0]) throw notFound();
  return { status: 200, body: lists[0] };
}

export async function create(ctx: Context, { name }: ListInput): Promise<Output<typeof contract.createList>> {
  const values = { id: uuidv7(), name, max: MAX_LISTS };
  const result = await write(ctx, { statement: writes.createList, values });
  if (result.outcome === 'refused') throw tooManyLists();
  const { outcome, resource, revision } = result;
  return { status: 201, body: resource, revision, replayed: outcome === 'replayed' };
}

/** Renames the list, or creates it under this id. */
export async function replace(
  ctx: Context,
  id: string,
  input: ListInput,
): Promise<Output<typeof contract.replaceList>> {
  const result = await write(ctx, toReplace(id, input, ctx.preconditions));
  if (result.outcome === 'refused') {
    // Where there is no list, only `If-Match` and the limit refuse one.
    throw result.resource || ctx.preconditions.ifMatch ? preconditionFailed(result.resource?.version) : tooManyLists();
  }
  const { outcome, resource, revision } = result;
  return { status: outcome === 'created' ? 201 : 200, body: resource, revision };
}

export async function update(ctx: Context, id: string, patch: ListPatch): Promise<WrittenList> {
  return toWritten(await write(ctx, toUpdate(id, patch, ctx.preconditions)));
}

/** Moves the list after another one, to the first place, or to the last. */
export async function move(ctx: Context, id: string, spot: ListMove): Promise<WrittenList> {
  const result = await write(ctx, toMove(id, spot, ctx.preconditions));
  if (result.outcome === 'refused' && result.faults.length > 0) throw noSuchSibling();
  return toWritten(result);
}

/** Deletes the list, with its tasks unless they are kept: then they move to the inbox. */
export async function remove(
  ctx: Context,
  id: string,
  { tasks }: ListDeletion,
): Promise<Output<typeof contract.deleteList>> {
  const result = await write(ctx, toRemove(id, tasks, ctx.preconditions));
  if (result.outcome === 'refused' && result.faults.length > 0) throw tooManyTasks();
  const { revision } = assertWritten(result);
  return { status: 204, body: undefined, revision };
}

// The writes, as a request by itself or a batch sends them.

export const toReplace = (id: string, { name }: ListInput, preconditions: Preconditions) => ({
  statement: writes.replaceList,
  values: { id, name, max: MAX_LISTS, ...toPreconditionValues(preconditions) },
});
export const toUpdate = (id: string, { name }: ListPatch, preconditions: Preconditions) => ({
  statement: writes.updateList,
  values: { id, name: name ?? null, ...toPreconditionValues(preconditions) },
});
export const toMove = (id: string, { after }: ListMove, preconditions: Preconditions) => ({
  statement: writes.moveList,
  values: { id, ...toSpot(after), ...toPreconditionValues(preconditions) },
});
export const toRemove = (id: string, tasks: ListDeletion['tasks'], preconditions: Preconditions) => ({
  statement: tasks === 'keep' ? writes.deleteListAndKeepTasks : writes.deleteList,
  values: { id, ...toPreconditionValues(preconditions) },
});

type WrittenList = Output<typeof contract.updateList>;

function toWritten(result: WriteResult<List>): WrittenList {
  const { outcome, resource, revision } = assertWritten(result);
  return { status: 200, body: resource, revision, replayed: outcome === 'replayed' };
}

export const tooManyLists = () => new ApiError('conflict', 'You have as many lists as one user may have.');
export const tooManyTasks = () =>
  new ApiError(
    'conflict',
    `The list has more than ${writes.MAX_DELETED_TASKS} tasks: delete or move some of them first.`,
  );
export const noSuchSibling = () =>
  validationError([
    { in: 'body', pointer: '/after', code: 'no_sibling', message: 'There is no other list with this id.' },
  ]);
