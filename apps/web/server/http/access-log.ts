import { type ApiError, isApiError } from '@taskward/api-core';
import { serializeError } from '../ops/log';
import type { RequestContext } from './request-context';

/** In characters, of text that the client wrote. */
const MAX_LOGGED_LENGTH = 300;

/** Writes the one line that the log has for each request: ids, status and duration, never a body, token or address. */
export function logRequest(ctx: RequestContext, status: number, ms: number): void {
  const { error, id, operation, path, request, services, userId } = ctx;
  const line = {
    request_id: id,
    trace_id: services.telemetry?.traceId(),
    operation: operation?.id ?? `${request.method} ${path}`.slice(0, MAX_LOGGED_LENGTH),
    user_id: userId,
    status,
    ms,
  };
  // A deliberate 5xx, such as too many passwords at once, is no reason to alert anyone.
  const isExpected = isApiError(error) && error.cause === undefined;
  if (status >= 500 && !isExpected) services.log.error({ ...line, error: serializeError(error) }, 'request failed');
  else services.log.info(isApiError(error) ? { ...line, ...problemLogFields(error) } : line, 'request');
}

/** Which problem the response reports, and the reason that only the log may contain. */
function problemLogFields({ code, options }: ApiError) {
  return { problem: code, ...(options.reason && { reason: options.reason }) };
}
