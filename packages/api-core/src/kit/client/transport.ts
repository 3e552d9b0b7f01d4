import type { Operation } from '../operation';
import { toEntityTag } from '../preconditions';
import { readEvents } from './events';
import { ProblemError } from './problem-error';
import { type Sleep, withRetry } from './retry';
import type { Version } from './types';

export interface ClientOptions {
  /** Where the API is, without `/api`: `https://api.example.com`, or empty for the page's own origin. */
  readonly baseUrl: string;
  /** Returns the access token. Asked to `refresh` when the API has refused the last one; its failure is the request's. */
  readonly getToken: (how: { refresh: boolean }) => string | Promise<string>;
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /** `false` makes one attempt only; default true. */
  readonly retry?: boolean | undefined;
  /** Waits between attempts. */
  readonly sleep?: Sleep | undefined;
}

/** As much of an operation as it takes to send a request: plain data, so that a page needs no schemas. */
export interface OperationSpec extends Pick<Operation, 'id' | 'method' | 'path'> {
  readonly mediaType: string | undefined;
  readonly isIdempotent: boolean;
  /** Whether its success is a stream of events. */
  readonly isStream: boolean;
  readonly successes: readonly number[];
  /** Query parameters that are repeated for each value; any other has one value, with commas. */
  readonly repeated: readonly string[];
}

export function toSpec(
  operation: Pick<Operation, 'id' | 'method' | 'path' | 'body' | 'event' | 'idempotent' | 'success' | 'query'>,
): OperationSpec {
  const { id, method, path, body, event, idempotent, success, query } = operation;
  return {
    id,
    method,
    path,
    mediaType: body?.mediaTypes[0],
    isIdempotent: idempotent ?? false,
    isStream: event !== undefined,
    successes: Object.keys(success).map(Number),
    repeated: Object.keys(query.shape).filter((name) => query.shape[name]?.safeParse([]).success),
  };
}

/**
 * The operations as functions, to be typed by `ClientOf`.
 *
 * A request that meets a network error, 429 or 503 is retried up to twice where that is safe: an operation that takes an
 * `Idempotency-Key` gets one, the same for each attempt. A DELETE or a conditional PUT whose response was lost can find
 * its own work done, and so fail with 404 or 412. An attempt takes as long as `fetch` lets it: for a timeout, pass a
 * `signal`.
 *
 * @throws {ProblemError} from each function, for a response that is not a success; what `fetch` throws without a response.
 */
export function createClientOf<Client>(specs: readonly OperationSpec[], options: ClientOptions): Client {
  const methods = specs.map((spec) => [spec.id, (request: AnyRequest) => send(options, spec, request)] as const);
  // A list of specs does not relate ids to types. Responses are not parsed by their schemas: those are strict,
  // and would refuse the fields that a newer server adds.
  return Object.fromEntries(methods) as unknown as Client;
}

interface AnyRequest {
  readonly params: Record<string, unknown>;
  readonly query?: Record<string, unknown>;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  readonly ifMatch?: Version;
  readonly ifNoneMatch?: Version;
  readonly signal?: AbortSignal;
}

async function send(options: ClientOptions, spec: OperationSpec, request: AnyRequest): Promise<unknown> {
  const { baseUrl, getToken, fetch = globalThis.fetch, retry = true, sleep } = options;
  const { method } = spec;
  const signal = request.signal ?? null;
  const url = baseUrl.replace(/\/$/, '') + toPath(spec, request);
  const headers = toHeaders(spec, request);
  const body = request.body === undefined ? null : JSON.stringify(request.body);
  let token = await getToken({ refresh: false });
  let isRefreshed = false;

  const attempt = async (): Promise<unknown> => {
    headers.set('Authorization', `Bearer ${token}`);
    try {
      const response = await fetch(url, { method, headers, body, signal, credentials: 'omit' });
      return await parseResponse(spec, response, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (isRefreshed || !(error instanceof ProblemError) || error.status !== 401) throw error;
      isRefreshed = true;
      token = await getToken({ refresh: true });
      return attempt();
    }
  };
  // Whoever reads a stream can do something else meanwhile.
  const isSafe = !spec.isStream && (['GET', 'PUT', 'DELETE'].includes(method) || headers.has('Idempotency-Key'));
  return retry && isSafe ? withRetry(attempt, { sleep, signal }) : attempt();
}

function toPath({ path, repeated }: OperationSpec, request: AnyRequest): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => {
    const value = String(request.params[name]);
    // In a URL these segments lead to another operation, percent-encoded or not.
    if (/^\.{0,2}$/.test(value)) throw new TypeError(`${name} cannot be "${value}"`);
    return encodeURIComponent(value);
  });
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value === undefined) continue;
    const list = [value].flat().map(String);
    for (const text of repeated.includes(name) ? list : [list.join()]) search.append(name, text);
  }
  return `${filled}?${search}`.replace(/\?$/, '');
}

function toHeaders({ mediaType, isIdempotent }: OperationSpec, request: AnyRequest): Headers {
  const headers = new Headers();
  if (mediaType && request.body !== undefined) headers.set('Content-Type', mediaType);
  if (isIdempotent) headers.set('Idempotency-Key', request.idempotencyKey ?? randomKey());
  if (request.ifMatch !== undefined) headers.set('If-Match', toTag(request.ifMatch));
  if (request.ifNoneMatch !== undefined) headers.set('If-None-Match', toTag(request.ifNoneMatch));
  return headers;
}

/** 128 random bits, also over plain http, where pages have no `crypto.randomUUID` (https://www.w3.org/TR/secure-contexts/). */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function toTag(version: Version): string {
  if (typeof version === 'string') return version;
  return toEntityTag(typeof version === 'number' ? version : version.version);
}

/** @throws {ProblemError} for a response that is not a success. */
async function parseResponse(
  { isStream, successes }: OperationSpec,
  response: Response,
  signal: AbortSignal | null,
): Promise<unknown> {
  const { headers, status } = response;
  if (isStream && status === 200) return { status, body: readEvents(response.body, signal) };
  const text = await response.text();
  if (successes.includes(status)) {
    return {
      status,
      body: text === '' ? undefined : JSON.parse(text),
      etag: headers.get('ETag') ?? undefined,
      replayed: headers.get('Idempotency-Replayed') === 'true',
      revision: Number(headers.get('Revision')) || undefined,
    };
  }
  const isProblem = headers.get('Content-Type')?.startsWith('application/problem+json');
  throw new ProblemError(status, isProblem ? JSON.parse(text) : {}, headers);
}
