import type { BatchRows, Statement } from '@taskward/db';
import type { Context } from './context';
import { ApiError } from './errors';
import {
  deleteExpiredKeys,
  type IdempotencyKey,
  idempotencyKeyMismatch,
  lockKey,
  selectStoredResponse,
} from './idempotency';
import { toEntityTag } from './preconditions';

/** One write of a resource, as statements that run in this order. */
export interface Write<Resource, Before extends Record<string, Statement>> {
  /** Locks, and whatever has to be read before the change. */
  readonly before: Before;
  /** Returns a row where the resource was found, its preconditions hold, and `keyUnused` does. */
  readonly change: Statement;
  /** Reads the resource that the change leaves; omitted where the change returns it. */
  readonly read?: Statement<Resource>;
  /** Stores the resource as the response; see `defineStoreResponse`. */
  readonly store: (key: IdempotencyKey) => Statement;
}

export type WriteResult<Resource, Before extends Record<string, Statement>> =
  | { readonly outcome: 'written'; readonly resource: Resource; readonly before: BatchRows<Before> }
  /** The response that was stored for the same `Idempotency-Key`. */
  | { readonly outcome: 'replayed'; readonly resource: Resource }
  /** Nothing was changed; the resource as it is, where it exists. */
  | { readonly outcome: 'refused'; readonly resource: Resource | undefined };

/**
 * Runs a write in one batch. With an `Idempotency-Key`, the batch begins with the lock of the key and the lookup of its
 * stored response, and ends by storing the response and deleting expired ones. If a response is stored, the change does
 * nothing, by its condition `keyUnused`, and the stored response is replayed.
 *
 * @throws {ApiError} 422 for a key that was already used with a different request.
 */
export async function write<Resource, Before extends Record<string, Statement>>(
  { db, idempotency, userId }: Context,
  { before, change, read, store }: Write<Resource, Before>,
): Promise<WriteResult<Resource, Before>> {
  const withoutKey = { ...before, change, ...(read && { read }) };
  const batch = idempotency
    ? {
        keyLock: lockKey(idempotency),
        stored: selectStoredResponse(idempotency),
        ...withoutKey,
        store: store(idempotency),
        expired: deleteExpiredKeys({}),
      }
    : withoutKey;
  const rows = await db.asUser<Record<string, Statement>>(userId, batch);

  const [stored] = (rows.stored ?? []) as BatchRows<{ stored: ReturnType<typeof selectStoredResponse> }>['stored'];
  if (stored && stored.fingerprint !== idempotency?.fingerprint) throw idempotencyKeyMismatch();
  if (stored) return { outcome: 'replayed', resource: stored.response as Resource };

  const [resource] = (rows.read ?? rows.change) as Resource[];
  const isWritten = rows.change?.length === 1;
  if (!isWritten || !resource) return { outcome: 'refused', resource };
  return { outcome: 'written', resource, before: rows as BatchRows<Before> };
}

/** @param version of the resource as it is, for its entity tag; undefined where it does not exist. */
export function preconditionFailed(version?: number): ApiError {
  const detail = version
    ? 'The resource was modified; its current version is in the ETag.'
    : 'There is no resource under this id.';
  return new ApiError('precondition_failed', detail, { headers: version ? { ETag: toEntityTag(version) } : {} });
}
