import * as z from 'zod';

/** Every way a request can fail. The key names the problem type, `/problems/<key>`, where the explanation is found. */
export const problemTypes = {
  malformed_body: {
    status: 400,
    title: 'The body cannot be read',
    explanation: `The body is missing, is not JSON or not UTF-8, is nested too deeply, or names a member twice. Nothing was
      changed. Send one JSON object (RFC 8259).`,
  },
  malformed_path: {
    status: 400,
    title: 'Malformed path',
    explanation:
      'The target of the request is not a path, or has a percent sign that does not begin the encoding of a UTF-8 character (RFC 3986, 2.1).',
  },
  malformed_header: {
    status: 400,
    title: 'A header cannot be read',
    explanation: 'A header field does not have the form that its definition asks for; the detail names it.',
  },
  unauthorized: {
    status: 401,
    title: 'Authentication required',
    explanation: `The request has no access token, or one that is invalid or has expired. Take a fresh one at
      GET /api/auth/token, with the cookie of the session, and send it as Authorization: Bearer.`,
  },
  forbidden: {
    status: 403,
    title: 'Not yours',
    explanation: `The path names another user than the token does. The answer is the same whether that user exists or
      not.`,
  },
  not_found: {
    status: 404,
    title: 'Not found',
    explanation:
      'There is nothing at this path, or you have no task with this id. Tasks of others are not found either.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    explanation: 'The path does not take this method. The Allow header lists those that it takes.',
  },
  precondition_failed: {
    status: 412,
    title: 'The task has moved on',
    explanation: `What If-Match or If-None-Match expects of the task does not hold. Nothing was changed. The ETag of the
      answer is the version it has now: read it, merge your change, and send it again with that.`,
  },
  conflict: {
    status: 409,
    title: 'Conflict',
    explanation: `You have as many tasks as one user may have here. Nothing was changed. Delete some, then send it again.
      Tasks that are there can still be read, replaced, changed and deleted.`,
  },
  payload_too_large: {
    status: 413,
    title: 'The body is too large',
    explanation: 'A body has at most 64 KiB, counted as it comes in.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    explanation: `The body is to be application/json (to PATCH a task, application/merge-patch+json will do too), in UTF-8
      and not compressed.`,
  },
  validation: {
    status: 422,
    title: 'The request does not fit the schema',
    explanation: `The request can be read, but not taken. The member errors names every fault: which part of the request,
      a pointer into it (RFC 6901), a code and a message. Nothing was changed.`,
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    explanation: 'Nothing was done. Send it again after as many seconds as Retry-After says.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong',
    explanation: 'A fault of the server. Its log has the cause under the request_id of the answer.',
  },
  unavailable: {
    status: 503,
    title: 'Temporarily unavailable',
    explanation: `The database cannot be reached, is out of connections or took too long, or too many passwords are being
      checked at once. Nothing was half-written. Send it again after
      as many seconds as Retry-After says; a POST or PATCH with the same Idempotency-Key, so that it is done once.`,
  },
} as const satisfies Record<string, { status: number; title: string; explanation: string }>;

export type ProblemCode = keyof typeof problemTypes;

/** One fault of a request: where it is (RFC 6901 pointer into that part), what kind it is, and a line for a person. */
const FieldError = z.strictObject({
  in: z.enum(['body', 'query', 'path', 'header']),
  pointer: z
    .string()
    .meta({ maxLength: 131_072, pattern: '^(/[\\s\\S]*)?$', description: 'JSON Pointer into that part.' }),
  code: z.string().meta({ maxLength: 50, pattern: '^[a-z_]+$', description: 'What kind of fault, for programs.' }),
  message: z.string().meta({ maxLength: 1000, pattern: '\\S', description: 'What is wrong, for people.' }),
});
export type FieldError = Readonly<z.output<typeof FieldError>>;

/** The body of every answer that is no success (RFC 9457). */
export const Problem = z
  .strictObject({
    type: z
      .string()
      .meta({ maxLength: 100, format: 'uri-reference', description: 'Which problem; resolves to its explanation.' }),
    title: z.string().meta({ maxLength: 200, pattern: '\\S' }),
    status: z.int32().min(400).max(599),
    detail: z.string().meta({ maxLength: 1000, pattern: '\\S', description: 'What is wrong with this request.' }),
    instance: z.string().meta({ maxLength: 16_384, pattern: '^/', description: 'The path of the request.' }),
    request_id: z.string().meta({ maxLength: 128, pattern: '^[\\w.=-]+$', description: 'As in `X-Request-Id`.' }),
    errors: z.array(FieldError).optional().meta({ maxItems: 16_384, description: 'With 422: all faults at once.' }),
    code: z
      .string()
      .optional()
      .meta({ maxLength: 100, pattern: '^[A-Z0-9_]+$', description: 'Under `/api/auth`: what Better Auth calls it.' }),
    message: z
      .string()
      .optional()
      .meta({ maxLength: 1000, pattern: '\\S', description: 'Under `/api/auth`: what Better Auth says of it.' }),
  })
  .meta({ id: 'Problem', description: 'Why a request failed (RFC 9457).' });
export type Problem = z.output<typeof Problem>;

/** Thrown anywhere below a route; the route answers with the problem document it describes (RFC 9457). */
export class ApiError extends Error {
  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly options: {
      readonly errors?: readonly FieldError[];
      readonly headers?: Readonly<Record<string, string>>;
      /** For the log alone. */
      readonly reason?: string;
    } = {},
  ) {
    super(detail);
    this.name = 'ApiError';
  }
}

/** The 422 that names every fault. */
export function validationError(errors: readonly FieldError[]): ApiError {
  const detail = errors.length === 1 ? 'The request has one fault.' : `The request has ${errors.length} faults.`;
  return new ApiError('validation', detail, { errors });
}
