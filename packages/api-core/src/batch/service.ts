import type { Statement } from '@taskward/db';
import { beginBatch, beginKeyedBatch, type EndRow, endBatch, endKeyedBatch, MAX_BATCH_CHANGES } from '../kit/batch';
import { ApiError, notFound } from '../kit/errors';
import { deleteExpiredKeys, idempotencyKeyMismatch } from '../kit/idempotency';
import type { Output } from '../kit/operation';
import type { Preconditions } from '../kit/preconditions';
import { type Reason, type Refusal, toRefusal } from '../kit/refusal';
import { inBatch, preconditionFailed, pruneNowAndThen } from '../kit/write';
import * as lists from '../lists/service';
import { placeProblem } from '../tasks/place-problems';
import * as tasks from '../tasks/service';
import type { Batch, BatchOperation, BatchResult, runBatch } from './contract';

/** Runs the operations in one transaction and one round trip. */
export async function run(ctx: tasks.TaskContext, { operations }: Batch): Promise<Output<typeof runBatch>> {
  const { db, idempotency, userId } = ctx;
  const ids = operations.map(idOf);
  const writes = operations.flatMap((operation, i) => toStatements(ctx, operation, i));
  const [begin, end] = idempotency
    ? [beginKeyedBatch(idempotency), endKeyedBatch({ ...idempotency, ids })]
    : [beginBatch({}), endBatch({})];
  const housekeeping = [...(idempotency ? [deleteExpiredKeys({})] : []), ...Object.values(pruneNowAndThen() || {})];
  try {
    const results = await db.asUser(userId, [begin, ...writes, end, ...housekeeping]);
    const [{ revision, versions }] = results[writes.length + 1] as [EndRow];
    const all = versions.split(',');
    const body = { revision, results: ids.map((id, i) => ({ id, version: Number(all[i]) || null })) };
    return { status: 200, body, revision: revision ?? undefined };
  } catch (error) {
    const refusal = toRefusal(error);
    if (!refusal) throw error;
    if (!refusal.stored) throw toProblem(operations, refusal);
    const { fingerprint, response, revision } = refusal.stored;
    if (fingerprint !== idempotency?.fingerprint) throw idempotencyKeyMismatch();
    return { status: 200, body: response as BatchResult, revision: revision ?? undefined, replayed: true };
  }
}

function toStatements(ctx: tasks.TaskContext, operation: BatchOperation, index: number): Statement[] {
  const preconditions = toPreconditions(operation);
  switch (operation.op) {
    case 'replaceTask':
      return inBatch(tasks.toReplace(ctx, operation.task_id, operation.body, preconditions), index);
    case 'updateTask':
      return inBatch(tasks.toUpdate(operation.task_id, operation.body, preconditions), index);
    case 'completeTask':
      return inBatch(tasks.toComplete(operation.task_id, operation.body?.completed, preconditions), index);
    case 'moveTask':
      return inBatch(tasks.toMove(operation.task_id, operation.body, preconditions), index);
    case 'deleteTask':
      return inBatch(tasks.toRemove(operation.task_id, preconditions), index);
    case 'replaceList':
      return inBatch(lists.toReplace(operation.list_id, operation.body, preconditions), index);
    case 'updateList':
      return inBatch(lists.toUpdate(operation.list_id, operation.body, preconditions), index);
    case 'moveList':
      return inBatch(lists.toMove(operation.list_id, operation.body, preconditions), index);
    case 'deleteList':
      return inBatch(lists.toRemove(operation.list_id, operation.body?.tasks ?? 'delete', preconditions), index);
  }
}

const idOf = (operation: BatchOperation) => ('task_id' in operation ? operation.task_id : operation.list_id);

function toPreconditions({ if_match, if_none_match }: BatchOperation): Preconditions {
  const toTags = (version: number | '*' | undefined) => (typeof version === 'number' ? [version] : version);
  return { ifMatch: toTags(if_match), ifNoneMatch: toTags(if_none_match) };
}

/** The problem that the operation would have by itself, with pointers to the operation. */
function toProblem(operations: readonly BatchOperation[], { operation, reasons }: Refusal): ApiError {
  const refused = operation === null ? undefined : operations[operation];
  if (!refused) return new ApiError('conflict', `A batch changes at most ${MAX_BATCH_CHANGES} tasks and lists.`);
  const problem = problemOf(refused, reasons);
  const { errors = [{ code: problem.code, message: problem.message }] } = problem.options;
  return new ApiError(problem.code, `Operation ${operation} failed; nothing was changed.`, {
    errors: errors.map(({ code, message }) => ({ in: 'body', pointer: `/operations/${operation}`, code, message })),
  });
}

function problemOf({ op, if_match }: BatchOperation, reasons: readonly Reason[]): ApiError {
  const [reason] = reasons;
  if (reason?.code === 'precondition_failed') {
    return new ApiError('precondition_failed', `The resource was modified; its version is ${reason.version}.`);
  }
  if (reason?.code === 'not_allowed') {
    // Where there is nothing to replace, only a precondition and the quota refuse to create it.
    if (op !== 'replaceTask' && op !== 'replaceList') return notFound();
    if (if_match !== undefined) return preconditionFailed();
    return op === 'replaceTask' ? tasks.quotaExceeded() : lists.tooManyLists();
  }
  if (op === 'moveList') return lists.noSuchSibling();
  if (op === 'deleteList') return lists.tooManyTasks();
  return placeProblem(reasons.map(({ code }) => code));
}
