import { ApiError } from '@taskward/api-core';
import { isDatabaseUnavailable } from '@taskward/db';
import { logRequest } from './access-log';
import { ClientDisconnected, discardBody } from './body';
import { CACHE_CONTROL } from './cache-control';
import { applyCorsHeaders } from './cors';
import { toProblem } from './problem';
import { type IncomingRequest, openRequest, type RequestContext, type RequestServices } from './request-context';
import { addTiming, applyServerTiming } from './server-timing';

export type HandleRequest<S = RequestServices> = (
  request: IncomingRequest,
  respond: (ctx: RequestContext<S>) => Promise<Response> | Response,
) => Promise<Response>;

/**
 * Creates the lifecycle of a request that is not an operation, such as a health check. An error that `respond` throws
 * becomes a problem document.
 */
export function createRequestHandler<S extends RequestServices>(getServices: () => Promise<S>): HandleRequest<S> {
  return async (request, respond) => {
    const ctx = await openRequest(request, getServices);
    let response: Response;
    try {
      response = await respond(ctx);
    } catch (error) {
      response = toErrorResponse(ctx, error);
    }
    return closeRequest(ctx, response);
  };
}

/** nginx's status for a client that closes the connection before it has the response. Only the log shows it. */
const CLIENT_CLOSED_REQUEST = 499;

/** The error boundary: records the error for the log, and returns its problem document (RFC 9457). */
export function toErrorResponse(ctx: RequestContext, thrown: unknown): Response {
  ctx.error = isUnavailable(thrown) ? databaseUnavailable(thrown) : thrown;
  const isDisconnected = ctx.request.signal.aborted || thrown instanceof ClientDisconnected;
  return isDisconnected ? new Response(null, { status: CLIENT_CLOSED_REQUEST }) : toProblem(ctx.error, ctx);
}

/** Ends the lifecycle of a request: everything that is done for each response, whatever its status. */
export async function closeRequest(ctx: RequestContext, response: Response): Promise<Response> {
  await discardUnreadBody(ctx);
  applyHeaders(ctx, response.headers);
  const ms = Math.round((performance.now() - ctx.startedAt) * 10) / 10;
  addTiming(ctx, 'rest');
  applyServerTiming(ctx, response.headers);
  recordMetrics(ctx, response, ms);
  logRequest(ctx, response, ms);
  releaseSlotWhenSent(ctx);
  return response;
}

/** A handler that has started to read the body and returned has read all of it. */
async function discardUnreadBody({ error, request }: RequestContext): Promise<void> {
  if (error !== undefined || !request.bodyUsed) await discardBody(request);
}

function applyHeaders({ headers, path, request, services }: RequestContext, target: Headers): void {
  for (const [name, value] of Object.entries(headers)) target.set(name, value);
  if (!target.has('Cache-Control')) target.set('Cache-Control', CACHE_CONTROL.revalidate);
  applyCorsHeaders(services.corsOrigins, request, path, target);
}

function recordMetrics({ operation, request, services }: RequestContext, { status }: Response, ms: number): void {
  services.telemetry?.recordRequest({ method: request.method, route: operation?.path, status, ms });
}

function releaseSlotWhenSent({ nodeRequest, releaseSlot }: RequestContext): void {
  if (nodeRequest) nodeRequest.closed.then(releaseSlot);
  else releaseSlot?.();
}

/** Drizzle and Better Auth wrap the error of the driver. */
function isUnavailable(error: unknown): boolean {
  return isDatabaseUnavailable(error) || (error instanceof Error && isUnavailable(error.cause));
}

function databaseUnavailable(cause: unknown): ApiError {
  const headers = { 'Retry-After': '5' };
  const detail = 'The database cannot be reached just now; nothing was half-written.';
  return Object.assign(new ApiError('unavailable', detail, { headers }), { cause });
}
