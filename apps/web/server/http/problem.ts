import { ApiError, type Problem, problemTypes } from '@taskward/api-core';
import { CACHE_CONTROL } from './cache-control';
import type { RequestContext } from './request-context';

/** The request that a problem document names. */
export type ProblemContext = Pick<RequestContext, 'id' | 'path'>;

const INTERNAL_DETAIL = 'An unexpected error occurred; quote the request_id when reporting it.';

/** The problem document (RFC 9457) of an error. An error that is not an `ApiError` is a 500 without its message. */
export function toProblem(error: unknown, ctx: ProblemContext): Response {
  const { code, message, options } = error instanceof ApiError ? error : new ApiError('internal', INTERNAL_DETAIL);
  const { status, title } = problemTypes[code];
  const problem = { type: `/problems/${code}`, title, status, detail: message };
  const challenge = problem.status === 401 && { 'WWW-Authenticate': 'Bearer realm="taskward", error="invalid_token"' };
  const headers = { ...challenge, ...options.headers };
  return problemResponse(problem, ctx, headers, options.errors && { errors: options.errors });
}

/** A response with a problem document, its `extensions` (RFC 9457, 3.2) last. */
export function problemResponse(
  problem: Pick<Problem, 'type' | 'title' | 'status' | 'detail'>,
  ctx: ProblemContext,
  headers: HeadersInit,
  extensions: object = {},
): Response {
  const document = { ...problem, instance: ctx.path, request_id: ctx.id, ...extensions };
  const response = Response.json(document, { status: problem.status, headers });
  response.headers.set('Content-Type', 'application/problem+json');
  response.headers.set('Cache-Control', CACHE_CONTROL.noStore);
  return response;
}
