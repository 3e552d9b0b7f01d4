import { ApiError, isApiError, type Problem, problemTypes } from '@taskward/api-core';
import { CACHE_CONTROL } from './cache-control';
import type { HeaderFields, HttpResponse } from './message';
import type { RequestContext } from './request-context';

/** The request that a problem document names. */
export type ProblemContext = Pick<RequestContext, 'id' | 'path'>;

const INTERNAL_DETAIL = 'An unexpected error occurred; quote the request_id when reporting it.';

/** The problem document (RFC 9457) of an error. An error that is not an `ApiError` is a 500 without its message. */
export function toProblem(error: unknown, ctx: ProblemContext): HttpResponse {
  const { code, message, options } = isApiError(error) ? error : new ApiError('internal', INTERNAL_DETAIL);
  const { status, title } = problemTypes[code];
  const problem = { type: `/problems/${code}`, title, status, detail: message };
  const challenge = problem.status === 401 && { 'WWW-Authenticate': 'Bearer realm="taskward", error="invalid_token"' };
  const fields = Object.entries({ ...challenge, ...options.headers });
  const headers = Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value]));
  return problemResponse(problem, ctx, headers, options.errors && { errors: options.errors });
}

/** A response with a problem document, its `extensions` (RFC 9457, 3.2) last. */
export function problemResponse(
  problem: Pick<Problem, 'type' | 'title' | 'status' | 'detail'>,
  ctx: ProblemContext,
  headers: HeaderFields,
  extensions: object = {},
): HttpResponse {
  const document = { ...problem, instance: ctx.path, request_id: ctx.id, ...extensions };
  return {
    status: problem.status,
    headers: {
      ...headers,
      'content-type': 'application/problem+json',
      'cache-control': CACHE_CONTROL.noStore,
    },
    body: JSON.stringify(document),
  };
}
