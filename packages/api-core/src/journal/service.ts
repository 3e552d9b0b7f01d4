import type { Context } from '../kit/context';
import { ApiError } from '../kit/errors';
import { selectHead } from '../kit/journal';
import type { Output } from '../kit/operation';
import { takePage } from '../kit/page';
import { decodeToken, encodeToken, type Position, START, type SyncToken } from '../kit/sync-token';
import { maxTaskBytes } from '../tasks/service';
import type * as contract from './contract';
import type { Change, ChangesQuery } from './contract';
import * as queries from './queries';

const MAX_DELETION_BYTES = 1_000;

/** The changes after a token; without one, or on the way through everything, the next of all tasks. */
export async function changes(
  ctx: Context,
  { since, limit }: ChangesQuery,
): Promise<Output<typeof contract.listChanges>> {
  const token = since === undefined ? undefined : decodeToken(since);
  if (token && token.after === undefined) return { status: 200, body: await changesAfter(ctx, token.position, limit) };
  return { status: 200, body: await nextOfAll(ctx, token, limit) };
}

async function changesAfter(ctx: Context, since: Position, limit: number): Promise<contract.ChangePage> {
  // The check comes last: entries that were pruned before the others were read are missed by it, too.
  const { rows, known } = await ctx.db.asUser(ctx.userId, {
    rows: queries.selectChanged({ seq: since.seq, limit }),
    known: queries.selectIsKnown(since),
  });
  assertKnown(known);
  const page = takePage(rows, limit, (row) => (row.id === null ? MAX_DELETION_BYTES : maxTaskBytes(row)));
  const last = page.at(-1);
  return {
    changes: page.map(toChange),
    token: encodeToken({ position: last ?? since }),
    has_more: page.length < rows.length || last?.has_more === true,
    reset: false,
  };
}

/**
 * A page of everything, by id. Its token holds where the journal ended before the first page: what was changed since then
 * follows after the last one.
 */
async function nextOfAll(ctx: Context, token: SyncToken | undefined, limit: number): Promise<contract.ChangePage> {
  const { head, rows, known } = await ctx.db.asUser(ctx.userId, {
    head: selectHead({}),
    rows: token?.after ? queries.selectNextTasks({ after: token.after, limit }) : queries.selectFirstTasks({ limit }),
    ...(token && { known: queries.selectIsKnown(token.position) }),
  });
  if (known) assertKnown(known);
  const page = takePage(rows, limit, maxTaskBytes);
  const last = page.at(-1);
  const hasMore = page.length < rows.length || last?.has_more === true;
  const position = token?.position ?? head[0] ?? START;
  return {
    changes: page.map(({ has_more: _, ...task }) => ({ type: 'task', id: task.id, task })),
    token: encodeToken({ position, after: hasMore ? last?.id : undefined }),
    has_more: hasMore,
    reset: token === undefined,
  };
}

function toChange({ changed_id, has_more: _1, seq: _2, at: _3, ...task }: queries.ChangedRow): Change {
  return { type: 'task', id: changed_id, task: task.id === null ? null : task };
}

/** @throws {ApiError} 410 */
function assertKnown([row]: { is_known: boolean }[]): void {
  if (row?.is_known) return;
  throw new ApiError('gone', 'The token is not valid any more: start again without `since`.');
}
