import { defineStatement, type Statement } from '@taskward/db';
import type { Context } from './context';
import { ApiError } from './errors';
import {
  deleteExpiredKeys,
  type IdempotencyKey,
  idempotencyKeyMismatch,
  keyUnused,
  type StoredResponse,
  selectStoredResponse,
  storeResponse,
} from './idempotency';
import { type JournaledResource, pruneJournal, recordChange, trimJournal, userLocked } from './journal';
import { toEntityTag } from './preconditions';
import { type Fields, toColumns, toJson } from './sql';

/** What a write did. Where it was refused, the resource has only the fields that no write changes, and its version. */
type Outcome = 'created' | 'restored' | 'updated' | 'deleted' | 'unchanged' | 'refused';

type Row<Resource> = Resource & { outcome: Outcome; revision: number | null };

/** The statement of a write, for requests with an `Idempotency-Key` and without one. */
export interface KeyedStatement<Row, Values extends object> {
  readonly withoutKey: (values: Values) => Statement<Row>;
  readonly withKey: (values: Values & IdempotencyKey) => Statement<Row>;
}

/** The statement of a write of one resource. */
export type WriteStatement<Resource, Values extends object> = KeyedStatement<Row<Resource>, Values>;

/** A resource whose writes are recorded. */
interface WrittenResource extends JournaledResource {
  /** Its fields, in terms of `result`. */
  readonly fields: Fields;
  /** Whether the statement may insert one. */
  readonly inserts?: boolean;
}

/**
 * Defines the statement of a write: it changes the resource, records the change in the journal, returns the resource, and
 * stores it as the response for its `Idempotency-Key`.
 *
 * @param parts returns the queries of its `with` clause. One is `changed`, the row that was changed, as `recordChange` takes
 *   it. The last is `result`: at most one row, with the columns of the resource and `outcome`. None may write anything
 *   unless the condition that it is given holds.
 */
export function defineWrite<Resource, Values extends object>(
  { fields, inserts, ...resource }: WrittenResource,
  parts: (isAllowed: string) => readonly string[],
): WriteStatement<Resource, Values> {
  const sql = (queries: readonly string[]) => `
  with ${queries.join(', ')}
  select ${toColumns(fields)}, outcome, (select revision::float8 from recorded) as revision from result`;
  return {
    withoutKey: defineStatement(sql([...parts(inserts ? userLocked : 'true'), recordChange(resource)])),
    // The response is a row of the user, too.
    withKey: defineStatement(
      sql([...parts(`${keyUnused} and ${userLocked}`), recordChange(resource), storeResponse(toJson(fields))]),
    ),
  };
}

/** Of a write: it deletes up to 400 entries, and makes one. */
const PRUNE_PROBABILITY = 1 / 16;

/** What a write did, with the revision that it made, where it changed something. */
export type WriteResult<Resource> =
  | {
      readonly outcome: Exclude<Outcome, 'refused'> | 'replayed';
      /** Of a replay, as it was stored for the same `Idempotency-Key`. */
      readonly resource: Resource;
      readonly revision: number | undefined;
    }
  /** Nothing was changed; the version of the resource, where it exists. */
  | { readonly outcome: 'refused'; readonly resource: { readonly version: number } | undefined };

/** Writes one resource, as `runWrite` does. */
export async function write<Resource extends { version: number }, Values extends object>(
  ctx: Context,
  statement: WriteStatement<Resource, Values>,
  values: Values,
): Promise<WriteResult<Resource>> {
  const { stored, changed } = await runWrite(ctx, statement, values);
  if (!stored) return toResult(changed);
  return { outcome: 'replayed', resource: stored.response as Resource, revision: stored.revision ?? undefined };
}

/**
 * Runs a write in one batch. Now and then, it also deletes from the journal what is too old or too much. With an
 * `Idempotency-Key`, its stored response is looked up first, and expired ones are deleted last. If a response is stored, the
 * change does nothing, and the stored response is to be replayed.
 *
 * @throws {ApiError} 422 for a key that was already used with a different request.
 */
export async function runWrite<Row, Values extends object>(
  { db, idempotency, userId }: Context,
  statement: KeyedStatement<Row, Values>,
  values: Values,
): Promise<{ stored: StoredResponse | undefined; changed: Row[] }> {
  const prune = Math.random() < PRUNE_PROBABILITY && { prune: pruneJournal({}), trim: trimJournal({}) };
  if (!idempotency) {
    const { changed } = await db.asUser(userId, {
      changed: statement.withoutKey(values),
      ...prune,
    });
    return { stored: undefined, changed };
  }
  const { stored, changed } = await db.asUser(userId, {
    stored: selectStoredResponse(idempotency),
    changed: statement.withKey({ ...values, ...idempotency }),
    expired: deleteExpiredKeys({}),
    ...prune,
  });
  const [first] = stored;
  if (first && first.fingerprint !== idempotency.fingerprint) throw idempotencyKeyMismatch();
  return { stored: first, changed };
}

function toResult<Resource extends { version: number }>([row]: readonly Row<Resource>[]): WriteResult<Resource> {
  if (!row) return { outcome: 'refused', resource: undefined };
  const { outcome, revision, ...resource } = row;
  // TypeScript does not follow that a generic type without an added member is that type again.
  return { outcome, resource, revision: revision ?? undefined } as WriteResult<Resource>;
}

/** @param version of the resource as it is, for its entity tag; undefined where it does not exist. */
export function preconditionFailed(version?: number): ApiError {
  const detail = version
    ? 'The resource was modified; its current version is in the ETag.'
    : 'There is no resource under this id.';
  return new ApiError('precondition_failed', detail, { headers: version ? { ETag: toEntityTag(version) } : {} });
}
