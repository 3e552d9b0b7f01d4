import { ApiError } from '@taskward/api-core';
import { isDatabaseUnavailable } from '@taskward/db';
import { logRequest } from './access-log';
import { discardBody } from './body';
import { CACHE_CONTROL } from './cache-control';
import { corsHeaders } from './cors';
import { ClientDisconnected, type HttpResponse } from './message';
import { toProblem } from './problem';
import { openRequest, type RequestContext, type RequestServices } from './request-context';
import { addTiming, applyServerTiming } from './server-timing';
import { type RouteHandler, toRouteHandler } from './web';

/** Makes a route handler of a function that responds to a request. */
export type Handle<S = RequestServices> = (
  respond: (ctx: RequestContext<S>) => Promise<HttpResponse> | HttpResponse,
) => RouteHandler;

/**
 * Creates `handle`, for requests that are not operations, such as health checks. An error that `respond` throws becomes a
 * problem document.
 */
export function createHandle<S extends RequestServices>(getServices: () => Promise<S>): Handle<S> {
  return (respond) =>
    toRouteHandler(async (request) => {
      const ctx = openRequest(request, await getServices());
      let response: HttpResponse;
      try {
        response = await respond(ctx);
      } catch (error) {
        response = toErrorResponse(ctx, error);
      }
      return closeRequest(ctx, response);
    });
}

/** nginx's status for a client that closes the connection before it has the response. Only the log shows it. */
const CLIENT_CLOSED_REQUEST = 499;

/** Reports an error in the access log, and returns its problem document (RFC 9457). */
export function toErrorResponse(ctx: RequestContext, thrown: unknown): HttpResponse {
  ctx.error = isUnavailable(thrown) ? databaseUnavailable(thrown) : thrown;
  const isDisconnected = ctx.request.isDisconnected || thrown instanceof ClientDisconnected;
  return isDisconnected ? { status: CLIENT_CLOSED_REQUEST, headers: {} } : toProblem(ctx.error, ctx);
}

/** Ends the lifecycle of a request: everything that is done for each response, whatever its status. */
export async function closeRequest(ctx: RequestContext, response: HttpResponse): Promise<HttpResponse> {
  if (ctx.request.body?.isRead === false) await discardBody(ctx.request.body);
  const { status, body, stream } = response;
  const headers = { ...response.headers };
  headers['cache-control'] ??= CACHE_CONTROL.revalidate;
  Object.assign(headers, ctx.headers, corsHeaders(ctx.services.corsOrigins, ctx.request, headers.allow));
  const ms = Math.round((performance.now() - ctx.startedAt) * 10) / 10;
  addTiming(ctx, 'rest');
  applyServerTiming(ctx, headers);
  recordMetrics(ctx, status, ms);
  logRequest(ctx, status, ms);
  // Streams are limited by themselves.
  if (stream) ctx.releaseSlot?.();
  else releaseSlotWhenSent(ctx);
  return { status, headers, ...(body !== undefined && { body }), ...(stream && { stream }) };
}

function recordMetrics({ operation, request, services }: RequestContext, status: number, ms: number): void {
  services.telemetry?.recordRequest({ method: request.method, route: operation?.path, status, ms });
}

function releaseSlotWhenSent({ releaseSlot, request }: RequestContext): void {
  if (!releaseSlot) return;
  if (request.onClosed) request.onClosed(releaseSlot);
  else releaseSlot();
}

/** Drizzle and Better Auth wrap the error of the driver. */
function isUnavailable(error: unknown): boolean {
  return isDatabaseUnavailable(error) || (error instanceof Error && isUnavailable(error.cause));
}

function databaseUnavailable(cause: unknown): ApiError {
  const headers = { 'Retry-After': '5' };
  const detail = 'The database is unavailable or took too long; no write was applied in part.';
  return Object.assign(new ApiError('unavailable', detail, { headers }), { cause });
}
