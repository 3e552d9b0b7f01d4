import * as z from 'zod';

/** Every problem type (RFC 9457). Its key is the end of its URI, `/problems/<key>`, under which its explanation is found. */
export const problemTypes = {
  malformed_body: {
    status: 400,
    title: 'Malformed request body',
    explanation: `The body is missing, is not JSON or not UTF-8, is nested too deeply, or contains a duplicate key. Nothing was
      changed. Send one JSON object (RFC 8259).`,
  },
  malformed_path: {
    status: 400,
    title: 'Malformed path',
    explanation: `The target of the request is not a path, or has a percent sign that does not begin the encoding of a UTF-8
      character (RFC 3986, 2.1).`,
  },
  malformed_header: {
    status: 400,
    title: 'Malformed header',
    explanation: 'A header field does not have the form that its definition requires; the detail names the field.',
  },
  unauthorized: {
    status: 401,
    title: 'Authentication required',
    explanation: `The request has no access token, or one that is invalid or has expired. Get a new one from
      GET /api/auth/token, with the cookie of the session, and send it as Authorization: Bearer.`,
  },
  forbidden: {
    status: 403,
    title: 'Forbidden',
    explanation: `The user_id of the path is not that of the token. The response is the same whether that user exists or
      not.`,
  },
  not_found: {
    status: 404,
    title: 'Not found',
    explanation:
      'Nothing exists at this path, or no resource of yours has this id. Resources of other users are not found either.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    explanation: 'The path does not support this method. The Allow header lists the methods that it supports.',
  },
  precondition_failed: {
    status: 412,
    title: 'Precondition failed',
    explanation: `The resource does not have the version that If-Match or If-None-Match requires. Nothing was changed. The ETag
      of the response is its current version: read it, merge your change, and send it again with that.`,
  },
  conflict: {
    status: 409,
    title: 'Conflict',
    explanation: `What the request would change is not in a state that allows it. Nothing was changed. Either you have as many
      resources of this kind as one user may have: delete some, then send the request again; existing ones can still be
      read, replaced, changed and deleted. Or what is to be undone has changed since: the field errors lists each entry of
      the revision that prevents it, with a pointer to it (RFC 6901), a code and a message.`,
  },
  gone: {
    status: 410,
    title: 'Token no longer valid',
    explanation: `The token of \`since\` names no entry of your journal: it is too old, or from before a backup was restored.
      Start again without \`since\`, and drop what is not in a page then.`,
  },
  payload_too_large: {
    status: 413,
    title: 'Content too large',
    explanation: 'A body has at most 64 KiB, that of a batch 256, counted as it arrives.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    explanation: `The body must be application/json (for a PATCH, application/merge-patch+json as well), in UTF-8 and not
      compressed.`,
  },
  validation: {
    status: 422,
    title: 'Validation failed',
    explanation: `The request is well-formed, but does not match the schema. The field errors lists every error: which part of
      the request, a pointer into it (RFC 6901), a code and a message. Nothing was changed.`,
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    explanation: 'Nothing was changed. Send the request again after the number of seconds in Retry-After.',
  },
  internal: {
    status: 500,
    title: 'Internal server error',
    explanation: 'An error of the server. Its log has the cause under the request_id of the response.',
  },
  unavailable: {
    status: 503,
    title: 'Service unavailable',
    explanation: `The database is unavailable, has no free connection or took too long, or too many passwords or pages are being
      processed at once. No write was applied in part. Send the request again after the number of seconds in Retry-After; a
      POST or PATCH with the same Idempotency-Key, so that it takes effect once.`,
  },
} as const satisfies Record<string, { status: number; title: string; explanation: string }>;

export type ProblemCode = keyof typeof problemTypes;

/** One error in a request: its place (an RFC 6901 pointer into that part), its code, and a message for people. */
const FieldError = z.strictObject({
  in: z
    .enum(['body', 'query', 'path', 'header', 'resource'])
    .describe('The part of the request; `resource` is what its path names.'),
  pointer: z
    .string()
    .meta({ maxLength: 131_072, pattern: '^(/[\\s\\S]*)?$', description: 'JSON Pointer into that part.' }),
  code: z.string().meta({ maxLength: 50, pattern: '^[a-z_]+$', description: 'The kind of error, for programs.' }),
  message: z.string().meta({ maxLength: 1000, pattern: '\\S', description: 'The error, for people.' }),
});
export type FieldError = Readonly<z.output<typeof FieldError>>;

/** The body of every response that is not a success (RFC 9457). */
export const Problem = z
  .strictObject({
    type: z.string().meta({
      maxLength: 100,
      format: 'uri-reference',
      description: 'The type of the problem; resolves to its explanation.',
    }),
    title: z.string().meta({ maxLength: 200, pattern: '\\S' }),
    status: z.int32().min(400).max(599),
    detail: z.string().meta({ maxLength: 1000, pattern: '\\S', description: 'The error in this request.' }),
    instance: z.string().meta({ maxLength: 16_384, pattern: '^/', description: 'The path of the request.' }),
    request_id: z.string().meta({ maxLength: 128, pattern: '^[\\w.=-]+$', description: 'As in `X-Request-Id`.' }),
    errors: z.array(FieldError).optional().meta({
      maxItems: 16_384,
      description: 'With 422, with the 409 of an undo, and where a batch is refused: all errors at once.',
    }),
    code: z
      .string()
      .optional()
      .meta({ maxLength: 100, pattern: '^[A-Z0-9_]+$', description: 'Under `/api/auth`: the code of Better Auth.' }),
    message: z
      .string()
      .optional()
      .meta({ maxLength: 1000, pattern: '\\S', description: 'Under `/api/auth`: the message of Better Auth.' }),
  })
  .meta({ id: 'Problem', description: 'Why a request failed (RFC 9457).' });
export type Problem = z.output<typeof Problem>;

/** Thrown anywhere below a route, which responds with the problem document that it describes (RFC 9457). */
export class ApiError extends Error {
  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly options: {
      readonly errors?: readonly FieldError[];
      readonly headers?: Readonly<Record<string, string>>;
      /** Only for the log. */
      readonly reason?: string;
    } = {},
  ) {
    super(detail);
    this.name = 'ApiError';
  }
}

/** By name: a bundler may load this module twice, and an `instanceof` across the two would be false. */
export function isApiError(error: unknown): error is ApiError {
  return error instanceof Error && error.name === 'ApiError';
}

/** A 422 that lists every error. */
export function validationError(errors: readonly FieldError[]): ApiError {
  const detail = errors.length === 1 ? '1 field is invalid.' : `${errors.length} fields are invalid.`;
  return new ApiError('validation', detail, { errors });
}

/** A 404. A missing resource and one of another user are the same to the caller. */
export function notFound(): ApiError {
  return new ApiError('not_found', 'Not found.');
}

/** The response to a write whose foreign key to the user fails: the account was deleted after its token was issued. */
export function accountMissing(error: unknown): ApiError | undefined {
  if (!(error instanceof Error && 'code' in error && 'constraint' in error)) return undefined;
  const isMissing = error.code === '23503' && String(error.constraint).endsWith('_user_id_user_id_fk');
  return isMissing ? new ApiError('unauthorized', 'The account no longer exists.') : undefined;
}
