import type { StoredResponse } from './idempotency';

/** Why a statement refused: the message of the error that the function `refuse` of the database raises. */
export interface Refusal {
  /** The index of the operation in its batch; null where it is by itself, or all of them together were refused. */
  readonly operation: number | null;
  readonly reasons: readonly Reason[];
  /** In place of them: the response that is stored for the `Idempotency-Key` of a batch. */
  readonly stored?: StoredResponse;
}

export interface Reason {
  readonly code: string;
  /** Of an undo: the index of the entry that it is about. */
  readonly entry?: number;
  /** Where a precondition failed: the version of the resource. */
  readonly version?: number;
}

const SQLSTATE = 'TW001';

/** Undefined for any other error. */
export function toRefusal(error: unknown): Refusal | undefined {
  const isRefusal = error instanceof Error && 'code' in error && error.code === SQLSTATE;
  return isRefusal ? JSON.parse(error.message) : undefined;
}
