import { STATUS_CODES } from 'node:http';
import { CACHE_CONTROL } from '../http/cache-control';
import type { HttpResponse } from '../http/message';
import { type ProblemContext, problemResponse } from '../http/problem';
import { fromWebResponse } from '../http/web';

/** In characters. Better Auth's message may repeat what the client sent. */
const MAX_MESSAGE_LENGTH = 500;

/**
 * The response to a request for Better Auth: its own if it is a success; otherwise a problem document (RFC 9457), with
 * the `code` and `message` that Better Auth's client reads.
 */
export async function toAuthResponse(source: Response, ctx: ProblemContext): Promise<HttpResponse> {
  const response = await fromWebResponse(source);
  if (response.status >= 400) return toAuthProblem(response, ctx);
  return { ...response, headers: { ...response.headers, 'cache-control': CACHE_CONTROL.noStore } };
}

function toAuthProblem({ status, headers, body = '' }: HttpResponse, ctx: ProblemContext): HttpResponse {
  const error: { code?: string; message?: string } = body.startsWith('{') ? JSON.parse(body) : {};
  const message = error.message?.slice(0, MAX_MESSAGE_LENGTH);
  const title = STATUS_CODES[status] ?? 'Error';
  const problem = { type: 'about:blank', title, status, detail: message ?? title };
  const { 'content-length': _, 'x-retry-after': retryAfter, ...fields } = headers;
  if (retryAfter) fields['retry-after'] = retryAfter;
  // Of its own paths, Better Auth refuses only methods that write.
  if (status === 405) fields.allow = 'GET, HEAD, OPTIONS';
  return problemResponse(problem, ctx, fields, error.code ? { code: error.code, message } : {});
}
