import { STATUS_CODES } from 'node:http';
import { CACHE_CONTROL } from '../http/cache-control';
import { type ProblemContext, problemResponse } from '../http/problem';

/** In characters. Better Auth's message may repeat what the client sent. */
const MAX_MESSAGE_LENGTH = 500;

/**
 * The response to a request for Better Auth: its own if it is a success; otherwise a problem document (RFC 9457), with
 * the `code` and `message` that Better Auth's client reads.
 */
export async function toAuthResponse(response: Response, ctx: ProblemContext): Promise<Response> {
  if (response.status >= 400) return toAuthProblem(response, ctx);
  response.headers.set('Cache-Control', CACHE_CONTROL.noStore);
  return response;
}

async function toAuthProblem(response: Response, ctx: ProblemContext): Promise<Response> {
  const text = await response.text();
  const error: { code?: string; message?: string } = text.startsWith('{') ? JSON.parse(text) : {};
  const message = error.message?.slice(0, MAX_MESSAGE_LENGTH);
  const title = STATUS_CODES[response.status] ?? 'Error';
  const problem = { type: 'about:blank', title, status: response.status, detail: message ?? title };
  const headers = new Headers(response.headers);
  const retryAfter = headers.get('x-retry-after');
  if (retryAfter) headers.set('Retry-After', retryAfter);
  headers.delete('Content-Length');
  // Of its own paths, Better Auth refuses only methods that write.
  if (response.status === 405) headers.set('Allow', 'GET, HEAD, OPTIONS');
  return problemResponse(problem, ctx, headers, error.code ? { code: error.code, message } : {});
}
