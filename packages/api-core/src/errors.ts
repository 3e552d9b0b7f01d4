/** Every way a request can fail: its status and title. The key names the problem type, `/problems/<key>`. */
export const problems = {
  malformed_body: { status: 400, title: 'The body cannot be read' },
  malformed_header: { status: 400, title: 'A header cannot be read' },
  unauthorized: { status: 401, title: 'Authentication required' },
  forbidden: { status: 403, title: 'Not yours' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  precondition_failed: { status: 412, title: 'The task has moved on' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  validation: { status: 422, title: 'The request does not fit the schema' },
  internal: { status: 500, title: 'Something went wrong' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problems;

/** One fault of a request: where it is (RFC 6901 pointer into that part), what kind it is, and a line for a person. */
export interface Fault {
  readonly in: 'body' | 'query' | 'path' | 'header';
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

/** Thrown anywhere below a route; the route answers with the problem document it describes (RFC 9457). */
export class ApiError extends Error {
  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly extra: { readonly errors?: readonly Fault[]; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail);
    this.name = 'ApiError';
  }
}

/** The 422 that names every fault. */
export function invalid(errors: readonly Fault[]): ApiError {
  const detail = errors.length === 1 ? 'The request has one fault.' : `The request has ${errors.length} faults.`;
  return new ApiError('validation', detail, { errors });
}
