import { defineStatement } from '@taskward/db';
import { type ApiError, validationError } from './errors';

/** The `Idempotency-Key` of a request. */
export interface IdempotencyKey {
  readonly key: string;
  /** A hash of method, path and body: the same key with another request is refused. */
  readonly fingerprint: string;
}

/** For how long a response is stored. */
const LIFETIME = `interval '24 hours'`;
/** How many stored responses a user has at most; the oldest are deleted. */
const MAX_STORED_RESPONSES = 10_000;
/** How many of them one write deletes, so that none takes long. */
const DELETED_AT_ONCE = 20;

/** The condition of a stored response. */
export const storedFor = (key: string) => `user_id = :userId and key = ${key} and created_at > now() - ${LIFETIME}`;

/** The condition of a write with a key: no response is stored for it yet. */
export const keyUnused = `not exists (
      select from idempotency_keys where ${storedFor(':key::text')}
    )`;

export interface StoredResponse {
  readonly fingerprint: string;
  readonly response: unknown;
  /** The revision that the write made; null where it changed nothing. */
  readonly revision: number | null;
}

// The column `answer` keeps its former name: a renamed one would break the version that serves during a deployment.
export const selectStoredResponse = defineStatement<StoredResponse, { key: string }>(`
  select fingerprint, answer as response, revision::float8 from idempotency_keys
  where ${storedFor(':key')}`);

/** Stores the JSON of a row of `result`, as a part of the statement that makes the change. */
export const storeResponse = (json: string) => `stored as (
    insert into idempotency_keys (user_id, key, fingerprint, answer, revision)
    select :userId::text, :key::text, :fingerprint::text, ${json}, (select revision from recorded)
    from result where outcome <> 'refused'
    on conflict (user_id, key) do update set fingerprint = excluded.fingerprint, answer = excluded.answer,
      revision = excluded.revision, created_at = excluded.created_at
  )`;

/** Deletes some of the responses that have expired or are beyond the limit. */
export const deleteExpiredKeys = defineStatement<{ key: string }>(`
  delete from idempotency_keys where user_id = :userId and key in (
    select key from idempotency_keys where user_id = :userId and created_at < greatest(now() - ${LIFETIME}, (
      select created_at from idempotency_keys where user_id = :userId
      order by created_at desc offset ${MAX_STORED_RESPONSES} - 1 limit 1
    ))
    order by created_at limit ${DELETED_AT_ONCE}
  )
  returning key`);

export function idempotencyKeyMismatch(): ApiError {
  const message = 'Idempotency-Key was already used with a different request.';
  return validationError([{ in: 'header', pointer: '/Idempotency-Key', code: 'reused', message }]);
}
