import type { Context } from '../kit/context';
import { decodeCursor, encodeCursor } from '../kit/cursor';
import { ApiError, notFound } from '../kit/errors';
import { selectHead } from '../kit/journal';
import type { Output } from '../kit/operation';
import { jsonBytes, takePage } from '../kit/page';
import { type Reason, toRefusal } from '../kit/refusal';
import { decodeToken, encodeToken, type Position, START, type SyncToken } from '../kit/sync-token';
import { runWrite, write } from '../kit/write';
import { MAX_LISTS } from '../lists/contract';
import { placing } from '../tasks/place-problems';
import { maxTaskBytes, quotaExceeded, quotaOf, type TaskContext } from '../tasks/service';
import { checkPlace, checkUndo } from '../tasks/tree';
import type { Change, ChangesQuery, PageQuery, Revision, RevisionsQuery, TrashedTask } from './contract';
import * as contract from './contract';
import * as queries from './queries';
import { type Conflict, undoRevision } from './undo';

/** Of what a deletion adds to a page, besides its task. */
const MAX_DELETION_BYTES = 1_000;
/** Of the JSON of a list. */
const MAX_LIST_BYTES = 3_000;

/** The changes after a token; without one, or on the way through everything, the next of all tasks. */
export async function changes(
  ctx: Context,
  { since, limit }: ChangesQuery,
): Promise<Output<typeof contract.listChanges>> {
  const token = since === undefined ? undefined : decodeToken(since);
  if (token && token.after === undefined) return { status: 200, body: await changesAfter(ctx, token.position, limit) };
  return { status: 200, body: await nextOfAll(ctx, token, limit) };
}

/** In one event. */
const MAX_STREAMED = 500;

/**
 * The changes as they happen, after a token; without one, from now on.
 *
 * @throws {ApiError} 410 for a token that is not valid any more.
 */
export async function openStream(
  ctx: Context,
  { since }: { since?: string | undefined },
): Promise<Output<typeof contract.streamChanges>> {
  const next = async (token: string) => (await changes(ctx, { since: token, limit: MAX_STREAMED })).body;
  if (since !== undefined) {
    const page = await next(since);
    return { status: 200, body: { token: page.token, first: page.token === since ? undefined : page, next } };
  }
  const { head } = await ctx.db.asUser(ctx.userId, { head: selectHead({}) });
  const token = encodeToken({ position: head[0] ?? START });
  return { status: 200, body: { token, first: { changes: [], token, has_more: false, reset: false }, next } };
}

async function changesAfter(ctx: Context, since: Position, limit: number): Promise<contract.ChangePage> {
  // The check comes last: entries that were pruned before the others were read are missed by it, too.
  const { rows, known } = await ctx.db.asUser(ctx.userId, {
    rows: queries.selectChanged({ seq: since.seq, limit }),
    known: queries.selectIsKnown(since),
  });
  assertKnown(known);
  const page = takePage(rows, limit, (row) => (row.id === null ? MAX_LIST_BYTES : maxTaskBytes(row)));
  const last = page.at(-1);
  return {
    changes: page.map(toChange),
    token: encodeToken({ position: last ?? since }),
    has_more: page.length < rows.length || last?.has_more === true,
    reset: false,
  };
}

/**
 * A page of everything: lists, then tasks, each by id. Its token holds where the journal ended before the first page: what was
 * changed since then follows after the last one.
 */
async function nextOfAll(ctx: Context, token: SyncToken | undefined, limit: number): Promise<contract.ChangePage> {
  const after = token?.after;
  const afterTask = after?.kind === 'list' ? undefined : after?.id;
  const { head, lists, tasks, known, tail } = await ctx.db.asUser(ctx.userId, {
    ...(token ? undefined : { head: selectHead({}) }),
    ...(afterTask === undefined ? { lists: queries.selectListsById({ after: after?.id ?? null, limit }) } : undefined),
    tasks:
      afterTask === undefined
        ? queries.selectFirstTasks({ limit })
        : queries.selectNextTasks({ after: afterTask, limit }),
    ...(token && { known: queries.selectIsKnown(token.position) }),
    tail: selectHead({}),
  });
  if (known) assertKnown(known);
  const all = [
    ...(lists ?? []).map((list) => ({ type: 'list', id: list.id, list }) as const),
    ...tasks.map(({ has_more: _, ...task }) => ({ type: 'task', id: task.id, task }) as const),
  ];
  const page = takePage(all, limit, (change) => (change.type === 'list' ? MAX_LIST_BYTES : maxTaskBytes(change.task)));
  const last = page.at(-1);
  const isLast = page.length === all.length && tasks.at(-1)?.has_more !== true;
  const position = token?.position ?? head?.[0] ?? START;
  return {
    changes: page,
    token: encodeToken({
      position,
      after: isLast || !last ? undefined : { kind: last.type === 'list' ? 'list' : undefined, id: last.id },
    }),
    // What was changed on the way follows: only then has the client what there was at one moment.
    has_more: !isLast || (tail[0] ?? START).seq !== position.seq,
    reset: token === undefined,
  };
}

function toChange({ kind, list, changed_id, has_more: _1, seq: _2, at: _3, ...task }: queries.ChangedRow): Change {
  if (kind === 'list') return { type: 'list', id: changed_id, list };
  return { type: 'task', id: changed_id, task: task.id === null ? null : task };
}

/** @throws {ApiError} 410 */
function assertKnown([row]: { is_known: boolean }[]): void {
  if (row?.is_known) return;
  throw new ApiError('gone', 'The token is not valid any more: start again without `since`.');
}

/** The newest revisions, of one task or of all. */
export async function revisions(
  ctx: Context,
  { cursor, limit, task }: RevisionsQuery,
): Promise<Output<typeof contract.listRevisions>> {
  const scope = JSON.stringify([ctx.userId, 'revisions', task ?? null]);
  const values = { before: decodeBefore(ctx, scope, cursor), rows: limit + 1 };
  const select = task ? queries.selectRevisionsOfTask({ ...values, task }) : queries.selectRevisions(values);
  const { rows } = await ctx.db.asUser(ctx.userId, { rows: select });
  const data = takePage(rows.map(toRevision), limit, jsonBytes);
  const last = data.length < rows.length ? data.at(-1) : undefined;
  return { status: 200, body: { data, next_cursor: encodeBefore(ctx, scope, last?.revision, last?.entries[0]?.id) } };
}

function toRevision({ entries, ...row }: queries.RevisionRow): Revision {
  return { ...row, entries: entries.map(({ diff, ...entry }) => ({ ...entry, diff: diff && toDiff(diff) })) };
}

/** What a client can write: the journal has more, to undo by. */
function toDiff(diff: NonNullable<queries.EntryRow['diff']>): contract.Diff {
  return Object.fromEntries(Object.entries(diff).filter(([name]) => name in contract.Diff.shape));
}

/** After every position that there can be. */
const END = Number.MAX_SAFE_INTEGER;

function decodeBefore({ cursorKey }: Context, scope: string, cursor: string | undefined): number {
  return cursor === undefined ? END : Number(decodeCursor(cursorKey, scope, cursor)[0]);
}

/** @param before the position of the last one of a page; undefined where no other follows. */
function encodeBefore({ cursorKey }: Context, scope: string, before?: number, id?: string): string | null {
  return before === undefined || id === undefined ? null : encodeCursor(cursorKey, scope, [String(before), id]);
}

/**
 * Undoes a revision, all of it or nothing.
 *
 * @throws {ApiError} 404; 409 where something was changed since, or it would restore more tasks than the user may have.
 */
export async function undo(ctx: TaskContext, revision: number): Promise<Output<typeof contract.undoRevision>> {
  const values = { revision, maxTasks: quotaOf(ctx), maxLists: MAX_LISTS };
  const check = checkUndo({ revision, operation: null });
  const { stored, changed } = await runWrite(ctx, undoRevision, values, check).catch((error) => {
    const refusal = toRefusal(error);
    throw refusal ? undoConflict(toConflicts(refusal.reasons)) : error;
  });
  if (stored) {
    const body = stored.response as contract.UndoResult;
    return { status: 200, body, revision: stored.revision ?? undefined, replayed: true };
  }
  const [row] = changed;
  if (!row?.is_known) throw notFound();
  if (row.conflicts) throw undoConflict(row.conflicts);
  if (row.outcome === 'refused') throw restoresTooMany();
  return { status: 200, body: { revision: row.revision }, revision: row.revision ?? undefined };
}

/** What is wrong with the places that an undo puts resources back to. */
function toConflicts(reasons: readonly Reason[]): Conflict[] {
  const conflicts = reasons.map(({ code, entry = 0 }) => {
    return { entry, code: code === 'in_use' ? 'in_use' : 'parent_gone' } satisfies Conflict;
  });
  return [...new Map(conflicts.map((conflict) => [`${conflict.entry} ${conflict.code}`, conflict])).values()].sort(
    (a, b) => a.entry - b.entry,
  );
}

const restoresTooMany = () => new ApiError('conflict', 'It would restore more tasks or lists than one user may have.');

const CONFLICT_MESSAGES: Record<Conflict['code'], string> = {
  changed: 'It is not as this revision left it: undo what was changed since first.',
  taken: 'Its id is in use again.',
  purged: 'The contents of the task were purged.',
  in_use: 'There are newer tasks in it: move or delete them first.',
  parent_gone: 'The parent or list that it was in was deleted, or cannot take it back.',
};

function undoConflict(conflicts: readonly Conflict[]): ApiError {
  const errors = conflicts.map(({ entry, code }) => {
    return { in: 'resource', pointer: `/entries/${entry}`, code, message: CONFLICT_MESSAGES[code] } as const;
  });
  return new ApiError('conflict', 'The revision cannot be undone; nothing was changed.', { errors });
}

/** The deleted tasks that can be restored. */
export async function trash(ctx: Context, { cursor, limit }: PageQuery): Promise<Output<typeof contract.listTrash>> {
  const scope = JSON.stringify([ctx.userId, 'trash']);
  const values = { before: decodeBefore(ctx, scope, cursor), rows: limit + 1 };
  const { rows } = await ctx.db.asUser(ctx.userId, { rows: queries.selectTrash(values) });
  const data = takePage(rows.map(toTrashed), limit, ({ task }) => maxTaskBytes(task) + MAX_DELETION_BYTES);
  const last = data.length < rows.length ? rows[data.length - 1] : undefined;
  return { status: 200, body: { data, next_cursor: encodeBefore(ctx, scope, last?.seq, last?.id) } };
}

function toTrashed({ image, deleted_at, revision }: queries.TrashRow): TrashedTask {
  const { title_key: _1, description_key: _2, ...task } = image;
  return { task, deleted_at, revision };
}

/** @throws {ApiError} 404 where it is not in the trash, 409 where the user has as many tasks as they may have. */
export async function restore(ctx: TaskContext, id: string): Promise<Output<typeof contract.restoreTask>> {
  const check = ({ operation }: { operation: number | null }) => checkPlace({ id, operation });
  const restoring = write(ctx, { statement: queries.restoreTask, values: { id, max: quotaOf(ctx) }, check });
  const result = await placing(restoring);
  if (result.outcome === 'refused') throw result.resource ? quotaExceeded() : notFound();
  return { status: 201, body: result.resource, revision: result.revision };
}

/** @throws {ApiError} 404 where it is not in the trash. */
export async function purge(ctx: Context, id: string): Promise<Output<typeof contract.purgeTask>> {
  const [purged] = await ctx.db.asUser(ctx.userId, [queries.purgeTask({ id })]);
  if (purged.length === 0) throw notFound();
  return { status: 204, body: undefined };
}

export async function emptyTrash(ctx: Context): Promise<Output<typeof contract.emptyTrash>> {
  await ctx.db.asUser(ctx.userId, [queries.emptyTrash({})]);
  return { status: 204, body: undefined };
}
