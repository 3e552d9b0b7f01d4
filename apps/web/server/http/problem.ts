import { STATUS_CODES } from 'node:http';
import { ApiError, type Problem, problemTypes } from '@taskward/api-core';

/** The request as an answer speaks of it. */
export interface Exchange {
  readonly id: string;
  readonly path: string;
}

/** The problem document (RFC 9457) of an error. What is not an `ApiError` is our own fault, and stays in the log. */
export function toProblem(error: unknown, exchange: Exchange): Response {
  const { code, message, options } =
    error instanceof ApiError ? error : new ApiError('internal', 'The log has it under the request_id.');
  const { status, title } = problemTypes[code];
  const problem = { type: `/problems/${code}`, title, status, detail: message };
  const challenge = problem.status === 401 && { 'WWW-Authenticate': 'Bearer realm="taskward", error="invalid_token"' };
  return problemResponse(
    problem,
    exchange,
    { ...challenge, ...options.headers },
    options.errors && { errors: options.errors },
  );
}

const MAX_MESSAGE = 500;

/** A failure of Better Auth's as a problem document, which keeps the `code` and `message` its own client reads. */
export async function authErrorToProblem(response: Response, exchange: Exchange): Promise<Response> {
  const text = await response.text();
  const { code, message: said } = text.startsWith('{') ? JSON.parse(text) : {};
  // It may repeat what the client sent, however long that was.
  const message: string | undefined = said?.slice(0, MAX_MESSAGE);
  const title = STATUS_CODES[response.status] ?? 'Error';
  const problem = { type: 'about:blank', title, status: response.status, detail: message ?? title };
  const headers = new Headers(response.headers);
  const retryAfter = headers.get('x-retry-after');
  if (retryAfter) headers.set('Retry-After', retryAfter);
  headers.delete('Content-Length');
  // Where Better Auth knows the path, it refuses only what is no read.
  if (response.status === 405) headers.set('Allow', 'GET, HEAD, OPTIONS');
  return problemResponse(problem, exchange, headers, code && { code, message });
}

function problemResponse(
  problem: Pick<Problem, 'type' | 'title' | 'status' | 'detail'>,
  exchange: Exchange,
  headers: HeadersInit,
  members: object = {},
): Response {
  const document = { ...problem, instance: exchange.path, request_id: exchange.id, ...members };
  const response = Response.json(document, { status: problem.status, headers });
  response.headers.set('Content-Type', 'application/problem+json');
  response.headers.set('Cache-Control', 'no-store');
  return response;
}
