import { defineStatement, type Statement } from '@taskward/db';
import type { Context } from './context';
import { ApiError } from './errors';
import {
  deleteExpiredKeys,
  type IdempotencyKey,
  idempotencyKeyMismatch,
  keyUnused,
  lockKey,
  selectStoredResponse,
  storeResponse,
} from './idempotency';
import { toEntityTag } from './preconditions';
import { type Fields, toColumns, toJson } from './sql';

/** What a write did. Where it was refused, the resource has only the fields that no write changes, and its version. */
type Outcome = 'created' | 'updated' | 'unchanged' | 'refused';

type Row<Resource> = Resource & { outcome: Outcome };

/** The statement of a write, for requests with an `Idempotency-Key` and without one. */
export interface WriteStatement<Resource, Values extends object> {
  readonly withoutKey: (values: Values) => Statement<Row<Resource>>;
  readonly withKey: (values: Values & IdempotencyKey) => Statement<Row<Resource>>;
}

/**
 * Defines the statement of a write, which changes the resource, returns it, and stores it as the response for its
 * `Idempotency-Key`.
 *
 * @param fields of the resource, in terms of `result`.
 * @param parts returns the queries of its `with` clause. The last is `result`: at most one row, with the columns of the
 *   resource and `outcome`. None may write anything unless the condition that it is given holds.
 */
export function defineWrite<Resource, Values extends object>(
  fields: Fields,
  parts: (isAllowed: string) => readonly string[],
): WriteStatement<Resource, Values> {
  const sql = (queries: readonly string[]) => `
  with ${queries.join(', ')}
  select ${toColumns(fields)}, outcome from result`;
  return {
    withoutKey: defineStatement(sql(parts('true'))),
    withKey: defineStatement(sql([...parts(keyUnused), storeResponse(toJson(fields))])),
  };
}

export type WriteResult<Resource> =
  | { readonly outcome: 'created' | 'updated' | 'unchanged'; readonly resource: Resource }
  /** The response that was stored for the same `Idempotency-Key`. */
  | { readonly outcome: 'replayed'; readonly resource: Resource }
  /** Nothing was changed; the version of the resource, where it exists. */
  | { readonly outcome: 'refused'; readonly resource: { readonly version: number } | undefined };

/**
 * Runs a write in one batch. With an `Idempotency-Key`, the batch begins with the lock of the key and the lookup of its
 * stored response, and ends by deleting expired ones. If a response is stored, the change does nothing, and the stored
 * response is replayed.
 *
 * @param locks statements that run first.
 * @throws {ApiError} 422 for a key that was already used with a different request.
 */
export async function write<Resource extends { version: number }, Values extends object>(
  { db, idempotency, userId }: Context,
  statement: WriteStatement<Resource, Values>,
  values: Values,
  locks: Readonly<Record<string, Statement>> = {},
): Promise<WriteResult<Resource>> {
  if (!idempotency) {
    const rows = await db.asUser(userId, [...Object.values(locks), statement.withoutKey(values)]);
    return toResult(rows.at(-1) as Row<Resource>[]);
  }
  const { stored, changed } = await db.asUser(userId, {
    keyLock: lockKey(idempotency),
    stored: selectStoredResponse(idempotency),
    ...locks,
    changed: statement.withKey({ ...values, ...idempotency }),
    expired: deleteExpiredKeys({}),
  });
  const [first] = stored;
  if (!first) return toResult(changed);
  if (first.fingerprint !== idempotency.fingerprint) throw idempotencyKeyMismatch();
  return { outcome: 'replayed', resource: first.response as Resource };
}

function toResult<Resource extends { version: number }>([row]: readonly Row<Resource>[]): WriteResult<Resource> {
  if (!row) return { outcome: 'refused', resource: undefined };
  const { outcome, ...resource } = row;
  // TypeScript does not follow that a generic type without an added member is that type again.
  return { outcome, resource } as WriteResult<Resource>;
}

/** @param version of the resource as it is, for its entity tag; undefined where it does not exist. */
export function preconditionFailed(version?: number): ApiError {
  const detail = version
    ? 'The resource was modified; its current version is in the ETag.'
    : 'There is no resource under this id.';
  return new ApiError('precondition_failed', detail, { headers: version ? { ETag: toEntityTag(version) } : {} });
}
