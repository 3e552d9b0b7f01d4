import type { FieldError, Problem } from '../errors';

/** Thrown for every response that is not a success of the operation. */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    /** Empty where the response is not the API's, but a proxy's, for example. */
    readonly problem: Partial<Problem>,
    /** With the current `ETag` on 412, and `Retry-After` in seconds on 429 and 503. */
    readonly headers: Headers,
  ) {
    super(problem.detail ?? `The API returned status ${status}.`);
    this.name = 'ProblemError';
  }

  get errors(): readonly FieldError[] {
    return this.problem.errors ?? [];
  }

  get requestId(): string | null {
    return this.problem.request_id ?? this.headers.get('X-Request-Id');
  }
}
