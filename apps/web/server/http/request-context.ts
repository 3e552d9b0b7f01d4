import type { Operation } from '@taskward/api-core';
import type { Logger } from 'pino';
import type { Telemetry } from '../ops/telemetry';
import type { HeaderFields, HttpRequest } from './message';
import { readRequestId } from './request-id';

/** The services that every request needs. */
export interface RequestServices {
  /** Origins other than the app's own whose pages may read responses. */
  readonly corsOrigins: readonly string[];
  /** Whether responses report the duration of their steps. */
  readonly isDevelopment: boolean;
  readonly log: Pick<Logger, 'info' | 'error'>;
  /** Undefined if no collector is configured. */
  readonly telemetry: Pick<Telemetry, 'recordRequest' | 'traceId'> | undefined;
}

/** A step of a request and when it ended, in milliseconds of `performance.now()`. */
type Timing = readonly [name: string, endedAt: number];

/** One request and the state of its processing. */
export interface RequestContext<S = RequestServices> {
  readonly id: string;
  readonly request: HttpRequest;
  readonly services: S;
  /** In milliseconds of `performance.now()`. */
  readonly startedAt: number;
  readonly path: string;
  /** Headers of the response, whether it is a success or a problem. */
  readonly headers: HeaderFields;
  /** The steps so far; recorded in development only. */
  readonly timings: Timing[] | undefined;
  readonly operation: Pick<Operation, 'id' | 'path'> | undefined;
  userId?: string;
  /** Called once, when the last byte of the response has been sent or the connection is closed. */
  releaseSlot?: () => void;
  /** The error that the response reports. */
  error?: unknown;
}

/** Starts the lifecycle of a request. */
export function openRequest<S extends RequestServices>(
  request: HttpRequest,
  services: S,
  operation?: Operation,
): RequestContext<S> {
  const startedAt = performance.now();
  const id = readRequestId(request.headers);
  return {
    id,
    request,
    services,
    startedAt,
    path: request.path,
    headers: { 'x-request-id': id },
    timings: services.isDevelopment ? [] : undefined,
    operation,
  };
}
