import { ProblemError } from '@taskward/api-core/kit/client';

/** A response that is not a success. */
export function problem(
  status: number,
  { detail = 'Refused.', errors = [], retryAfter }: ProblemOptions = {},
): ProblemError {
  const headers = new Headers(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) });
  return new ProblemError(status, { detail, errors: [...errors] }, headers);
}

interface ProblemOptions {
  readonly detail?: string;
  readonly errors?: ProblemError['errors'];
  readonly retryAfter?: number;
}
