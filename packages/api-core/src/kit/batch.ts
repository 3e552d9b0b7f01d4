import { defineStatement } from '@taskward/db';
import { type IdempotencyKey, storedFor, storeResponse } from './idempotency';
import { BATCH_REVISION, userLocked } from './journal';
import { BATCH_RESULTS } from './write';

/**
 * The statements around those of a batch, in one transaction with them: all of its writes are one revision. `beginBatch` says
 * which, and `endBatch` returns what the others have left of their versions.
 */

const begin = (...more: string[]) => `
  select set_config('${BATCH_RESULTS}', '', true), set_config('${BATCH_REVISION}', (
    coalesce((select seq from journals where user_id = :userId), 0) + 1
  )::text, true), ${userLocked}${more.map((column) => `, ${column}`).join('')}`;

export const beginBatch = defineStatement(begin());

/** The same, which fails with the stored response where there is one. */
export const beginKeyedBatch = defineStatement<unknown, IdempotencyKey>(
  begin(`(
    select refuse(json_build_object('stored', json_build_object(
      'fingerprint', fingerprint, 'response', answer, 'revision', revision
    ))::text) from idempotency_keys where ${storedFor(':key::text')}
  )`),
);

export interface EndRow {
  /** Null where nothing was changed. */
  revision: number | null;
  /** Of the resource of each operation, separated by commas; `NULL` where it was deleted. */
  versions: string;
}

/** How many resources a batch may change, so that none takes long. */
export const MAX_BATCH_CHANGES = 10_000;

/** Refuses a batch that changed more. */
const refusal = `(
    select refuse('{"operation": null, "reasons": []}') from journals
    where user_id = :userId and seq - current_setting('${BATCH_REVISION}')::bigint >= ${MAX_BATCH_CHANGES}
  )`;
const versions = `substr(current_setting('${BATCH_RESULTS}'), 2)`;
const revision = `(
    select current_setting('${BATCH_REVISION}')::bigint from journals
    where user_id = :userId and seq >= current_setting('${BATCH_REVISION}')::bigint
  )`;

export const endBatch = defineStatement<EndRow>(`
  select ${revision}::float8 as revision, ${versions} as versions, ${refusal}`);

/** The same, which stores the response. */
export const endKeyedBatch = defineStatement<EndRow, IdempotencyKey & { ids: readonly string[] }>(`
  with recorded as (
    select ${revision} as revision
  ), result as (
    select 'updated' as outcome
  ), ${storeResponse(`json_build_object('revision', (select revision from recorded), 'results', (
      select json_agg(json_build_object('id', id, 'version', version) order by number)
      from unnest(:ids::text[], ('{' || ${versions} || '}')::int[]) with ordinality as operation (id, version, number)
    ))`)}
  select revision::float8 as revision, ${versions} as versions, ${refusal} from recorded`);
