import { defineStatement, type Statement } from '@taskward/db';
import type { Context } from './context';
import { ApiError, notFound } from './errors';
import {
  deleteExpiredKeys,
  type IdempotencyKey,
  idempotencyKeyMismatch,
  keyUnused,
  type StoredResponse,
  selectStoredResponse,
  storeResponse,
} from './idempotency';
import { type JournaledResource, pruneJournal, recordChange, recordChanges, trimJournal, userLocked } from './journal';
import { toEntityTag } from './preconditions';
import { type Fields, toColumns, toJson } from './sql';

/** What a write did. Where it was refused, the resource has only the fields that no write changes, and its version. */
type Outcome = 'created' | 'restored' | 'updated' | 'deleted' | 'unchanged' | 'refused';

type Row<Resource> = Resource & { outcome: Outcome; revision: number | null; faults?: string[] | null };

/** The statement of a write, for requests with an `Idempotency-Key` and without one. */
export interface KeyedStatement<Row, Values extends object> {
  readonly withoutKey: (values: Values) => Statement<Row>;
  readonly withKey: (values: Values & IdempotencyKey) => Statement<Row>;
}

/** The statement of a write of one resource. */
export interface WriteStatement<Resource, Values extends object> extends KeyedStatement<Row<Resource>, Values> {
  /** As the operation of this index in a batch, which it makes fail where it is refused. */
  readonly inBatch: (values: Values & { operation: number }) => Statement;
}

/** A resource whose writes are recorded. */
interface WrittenResource extends JournaledResource {
  /** Its fields, in terms of `result`. */
  readonly fields: Fields;
  /** Whether the statement may insert one. */
  readonly inserts?: boolean;
  /** Where it may change more than one: of which resources. Then `changed` is as `recordChanges` takes it. */
  readonly changes?: readonly JournaledResource[];
  /** Whether `result` has `faults`: an array of codes, why it was refused besides its preconditions. */
  readonly hasFaults?: boolean;
}

/** The settings by which the statements of a batch tell each other which versions they made. */
export const BATCH_RESULTS = 'app.results';

/**
 * Defines the statement of a write: it changes the resource, records the change in the journal, returns the resource, and
 * stores it as the response for its `Idempotency-Key`.
 *
 * @param parts returns the queries of its `with` clause. One is `changed`, the row that was changed, as `recordChange` takes
 *   it. The last is `result`: at most one row, with the columns of the resource and `outcome`. None may write anything
 *   unless the condition that it is given holds.
 */
export function defineWrite<Resource, Values extends object>(
  { changes, fields, hasFaults, inserts, ...resource }: WrittenResource,
  parts: (isAllowed: string) => readonly string[],
): WriteStatement<Resource, Values> {
  const faults = hasFaults ? ', faults' : '';
  const sql = (queries: readonly string[]) => `
  with recursive ${queries.join(', ')}
  select ${toColumns(fields)}, outcome${faults}, (select revision::float8 from recorded) as revision from result`;
  const record = (inBatch = false) => (changes ? recordChanges(changes, inBatch) : recordChange(resource, inBatch));
  const isAllowed = inserts ? userLocked : 'true';
  return {
    withoutKey: defineStatement(sql([...parts(isAllowed), record()])),
    // The response is a row of the user, too.
    withKey: defineStatement(
      sql([...parts(`${keyUnused} and ${userLocked}`), record(), storeResponse(toJson(fields))]),
    ),
    inBatch: defineStatement(`
  with recursive ${[...parts(isAllowed), record(true)].join(', ')}, reasons as (
    select case when ${hasFaults ? 'cardinality(faults) > 0' : 'false'}
      then (select json_agg(json_build_object('code', code)) from unnest(${hasFaults ? 'faults' : "'{}'::text[]"}) as code)
      when version is null then '[{"code": "not_allowed"}]'::json
      else json_build_array(json_build_object('code', 'precondition_failed', 'version', version)) end as reasons
    from (select) one left join result on true
    where outcome is null or outcome = 'refused'
  )
  select set_config('${BATCH_RESULTS}', current_setting('${BATCH_RESULTS}', true) || ',' || coalesce(
      (select refuse(json_build_object('operation', :operation::int, 'reasons', reasons)::text) from reasons),
      (select version::text from result where outcome <> 'deleted'), 'NULL'
    ), true)`),
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
  /** Nothing was changed; the version of the resource, where it exists, and why else it was refused. */
  | {
      readonly outcome: 'refused';
      readonly resource: { readonly version: number } | undefined;
      readonly faults: readonly string[];
    };

/** A write with its values, to be sent by itself or as a part of a batch. */
export interface Write<Resource, Values extends object> {
  readonly statement: WriteStatement<Resource, Values>;
  readonly values: Values;
  /** A statement after it, which makes both fail where the write was not allowed. */
  readonly check?: ((values: { operation: number | null }) => Statement) | undefined;
}

/** The statements of a write, as those of the operation of this index in a batch. */
export const inBatch = <Resource, Values extends object>(
  { check, statement, values }: Write<Resource, Values>,
  operation: number,
): Statement[] => [statement.inBatch({ ...values, operation }), ...(check ? [check({ operation })] : [])];

/** Writes one resource, as `runWrite` does. */
export async function write<Resource extends { version: number }, Values extends object>(
  ctx: Context,
  { check, statement, values }: Write<Resource, Values>,
): Promise<WriteResult<Resource>> {
  const { stored, changed } = await runWrite(ctx, statement, values, check?.({ operation: null }));
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
  check?: Statement,
): Promise<{ stored: StoredResponse | undefined; changed: Row[] }> {
  const after = { ...(check && { check }), ...pruneNowAndThen() };
  if (!idempotency) {
    const { changed } = await db.asUser(userId, {
      changed: statement.withoutKey(values),
      ...after,
    });
    return { stored: undefined, changed };
  }
  const { stored, changed } = await db.asUser(userId, {
    stored: selectStoredResponse(idempotency),
    changed: statement.withKey({ ...values, ...idempotency }),
    expired: deleteExpiredKeys({}),
    ...after,
  });
  const [first] = stored;
  if (first && first.fingerprint !== idempotency.fingerprint) throw idempotencyKeyMismatch();
  return { stored: first, changed };
}

/** The statements that delete from the journal what is too old or too much, of one write in sixteen. */
export const pruneNowAndThen = () =>
  Math.random() < PRUNE_PROBABILITY && { prune: pruneJournal({}), trim: trimJournal({}) };

function toResult<Resource extends { version: number }>([row]: readonly Row<Resource>[]): WriteResult<Resource> {
  if (!row) return { outcome: 'refused', resource: undefined, faults: [] };
  const { outcome, revision, faults, ...resource } = row;
  // TypeScript does not follow that a generic type without an added member is that type again.
  return { outcome, resource, revision: revision ?? undefined, faults: faults ?? [] } as WriteResult<Resource>;
}

/** @throws {ApiError} 404, or 412 where the resource exists. */
export function assertWritten<R>(result: WriteResult<R>): Exclude<WriteResult<R>, { outcome: 'refused' }> {
  if (result.outcome !== 'refused') return result;
  throw result.resource ? preconditionFailed(result.resource.version) : notFound();
}

/** @param version of the resource as it is, for its entity tag; undefined where it does not exist. */
export function preconditionFailed(version?: number): ApiError {
  const detail = version
    ? 'The resource was modified; its current version is in the ETag.'
    : 'There is no resource under this id.';
  return new ApiError('precondition_failed', detail, { headers: version ? { ETag: toEntityTag(version) } : {} });
}
