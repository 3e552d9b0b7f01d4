import { randomUUID } from 'node:crypto';
import { ApiError, type Operation } from '@taskward/api-core';
import { isDatabaseUnavailable } from '@taskward/db';
import { type App, getApp } from '../app';
import { serializeError } from '../ops/serialize-error';
import { ClientDisconnected, discardBody } from './body';
import { applyCorsHeaders } from './cors';
import { nodeRequestOf } from './node-requests';
import { type Exchange, toProblem } from './problem';

/** What was done by when, in milliseconds of `performance.now()`; noted in development alone. */
type Timing = readonly [name: string, at: number];

/** A request on its way; what is learnt of it goes to the log. */
export interface RequestContext extends Exchange {
  readonly app: App;
  readonly url: URL;
  /** Set on the answer, whatever it will be. */
  readonly headers: Record<string, string>;
  readonly timings: Timing[] | undefined;
  /** Called once, when the last byte of the response has left or the client is gone. */
  onSent?: (() => void) | undefined;
  operation?: Pick<Operation, 'id' | 'path'>;
  userId?: string;
}

/**
 * The outside of every answer under `/api/`: its request id, a problem document for whatever was thrown, and one line
 * in the log. Speaks web `Request` and `Response` alone.
 */
export async function handleRequest(
  request: Pick<Request, 'method' | 'url' | 'headers' | 'body' | 'bodyUsed' | 'signal'>,
  answer: (call: RequestContext) => Promise<Response> | Response,
): Promise<Response> {
  const started = performance.now();
  const app = await getApp();
  const id = requestId(request);
  const nodeRequest = nodeRequestOf(request);
  const url = new URL(nodeRequest?.target ?? request.url, request.url);
  const call: RequestContext = {
    app,
    id,
    url,
    path: url.pathname,
    headers: { 'X-Request-Id': id },
    timings: app.isDevelopment ? [] : undefined,
  };
  let response: Response;
  let failure: unknown;
  try {
    response = await answer(call);
  } catch (error) {
    failure = isUnavailable(error) ? unavailable(error) : error;
    const isGone = request.signal.aborted || error instanceof ClientDisconnected;
    response = isGone ? new Response(null, { status: CLIENT_CLOSED_REQUEST }) : toProblem(failure, call);
  }
  // A handler that has read the body and returned has read all of it.
  if (failure !== undefined || !request.bodyUsed) await discardBody(request);
  for (const [name, value] of Object.entries(call.headers)) response.headers.set(name, value);
  applyCorsHeaders(app.corsOrigins, request, call.path, response.headers);
  const ms = Math.round((performance.now() - started) * 10) / 10;
  call.timings?.push(['rest', performance.now()]);
  if (call.timings) response.headers.set('Server-Timing', toServerTiming(started, call.timings));
  app.telemetry?.note({ method: request.method, route: call.operation?.path, status: response.status, ms });
  const line = {
    request_id: call.id,
    trace_id: app.telemetry?.traceId(),
    operation: call.operation?.id ?? `${request.method} ${call.path}`.slice(0, MAX_LOGGED_LENGTH),
    user_id: call.userId,
    status: response.status,
    ms,
  };
  // A refusal that was meant, such as too many passwords at once, is nothing to wake somebody for.
  const isExpected = failure instanceof ApiError && failure.cause === undefined;
  if (response.status >= 500 && !isExpected)
    app.log.error({ ...line, error: serializeError(failure) }, 'request failed');
  else app.log.info(failure instanceof ApiError ? { ...line, ...problemLogFields(failure) } : line, 'request');
  if (nodeRequest) nodeRequest.closed.then(call.onSent);
  else call.onSent?.();
  return response;
}

/** As nginx logs a client that hangs up before it has its response. */
const CLIENT_CLOSED_REQUEST = 499;
/** Characters of a client's own text in a line of the log. */
const MAX_LOGGED_LENGTH = 300;

/** How long each step took (https://www.w3.org/TR/server-timing/). */
function toServerTiming(started: number, marks: readonly Timing[]): string {
  const from = [started, ...marks.map(([, at]) => at)];
  return marks.map(([name, at], i) => `${name};dur=${(at - (from[i] ?? at)).toFixed(1)}`).join(', ');
}

/** Thrown by a driver, and wrapped by Drizzle or Better Auth on the way here. */
function isUnavailable(error: unknown): boolean {
  return isDatabaseUnavailable(error) || (error instanceof Error && isUnavailable(error.cause));
}

function unavailable(cause: unknown): ApiError {
  const headers = { 'Retry-After': '5' };
  const detail = 'The database cannot be reached just now; nothing was half-written.';
  return Object.assign(new ApiError('unavailable', detail, { headers }), { cause });
}

/** Why a request was refused, for those who watch the log. */
function problemLogFields({ code, options }: ApiError) {
  return { problem: code, ...(options.reason && { reason: options.reason }) };
}

/** A client's own id is kept where it is short and plain enough for a log. */
function requestId(request: Pick<Request, 'headers'>): string {
  const given = request.headers.get('x-request-id');
  return given && /^[\w.=-]{1,128}$/.test(given) ? given : randomUUID();
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
type Method = (typeof METHODS)[number];
type Handler = (request: Request) => Promise<Response>;
/** As much of an operation as its neighbours at the same path need to know. */
type OfferedOperation = Pick<Operation, 'method' | 'body'>;

/** The rest of a resource: `OPTIONS`, which tells what it offers, and 405 for every other method (RFC 9110). */
export function methodNotAllowed(...offers: readonly OfferedOperation[]): Record<Method, Handler> {
  const own = offers.map(({ method }) => method);
  const allow = [...own, ...(own.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  const refuse: Handler = (request) =>
    handleRequest(request, () => {
      throw new ApiError('method_not_allowed', `Use one of: ${allow}.`, { headers: { Allow: allow } });
    });
  const headers = new Headers({ Allow: allow, 'Cache-Control': 'private, no-cache' });
  const patch = offers.find(({ method }) => method === 'PATCH')?.body;
  if (patch) headers.set('Accept-Patch', patch.mediaTypes.join(', '));
  const options: Handler = (request) => handleRequest(request, () => new Response(null, { status: 204, headers }));
  const rest = Object.fromEntries(METHODS.map((method) => [method, refuse])) as Record<Method, Handler>;
  return { ...rest, OPTIONS: options };
}
