import type { z } from 'zod';
import type * as contract from '../contract';
import type { FieldError, Problem } from './errors';
import type { Operation } from './operation';
import { toEntityTag } from './preconditions';

const MAX_ATTEMPTS = 3;
/** In milliseconds, over all attempts of one call. A longer `Retry-After` is the caller's to wait for. */
const MAX_WAIT = 30_000;

export interface ClientOptions {
  /** Where the API is, without `/api`: `https://tasks.example.com`, or empty for the page's own origin. */
  readonly baseUrl: string;
  /** The access token to send. Asked to `refresh` when the API has refused the last one; a failure is the call's. */
  readonly getToken: (how: { refresh: boolean }) => string | Promise<string>;
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /** Waits so many milliseconds before another attempt; rejects when the signal aborts. */
  readonly sleep?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;
}

/** What an `If-Match` or `If-None-Match` speaks of: a task as it was read, its version, or any version at all. */
export type Version = { readonly version: number } | number | '*';

type Operations = { [O in Extract<(typeof contract)[keyof typeof contract], Operation> as O['id']]: O };

/** The API as functions, one for each operation, under its id. */
export type Client = { readonly [Id in keyof Operations]: ClientMethod<Operations[Id]> };

/** Who sends no `If-None-Match` is never answered 304. */
type ClientMethod<O extends Operation> = (304 extends keyof O['success']
  ? (call: RequestOptions<O> & { readonly ifNoneMatch: Version | undefined }) => Promise<Result<O>>
  : unknown) &
  ((call: RequestOptions<O>) => Promise<Exclude<Result<O>, { status: 304 }>>);

/** Parts that an operation does not have are left out. */
export type RequestOptions<O extends Operation> = {
  readonly params: z.input<O['params']>;
  readonly query?: QueryParams<O['query']>;
  readonly signal?: AbortSignal | undefined;
} & (O['body'] extends { readonly schema: infer S; readonly optional: true }
  ? { readonly body?: z.input<S> }
  : O['body'] extends { readonly schema: infer S }
    ? { readonly body: z.input<S> }
    : unknown) &
  (O['idempotent'] extends true ? { readonly idempotencyKey?: string | undefined } : unknown) &
  ('precondition_failed' extends O['errors'][number] ? { readonly ifMatch?: Version | undefined } : unknown) &
  (O['method'] extends 'PUT' ? { readonly ifNoneMatch?: '*' | undefined } : unknown);

/** On the wire all is text; here numbers, booleans and names are what the server reads them as. */
type QueryParams<S extends z.ZodObject> = {
  readonly [K in keyof z.input<S>]: QueryParam<z.output<S>[K & keyof z.output<S>], z.input<S>[K]>;
};
type QueryParam<Out, In> = Out extends readonly (infer E)[] ? (string extends E ? In : E | readonly E[]) : Out;

/** A success: the status tells its body. `etag` is as the header has it. */
export type Result<O extends Operation> = {
  [S in keyof O['success']]: {
    readonly status: S;
    readonly body: O['success'][S] extends z.ZodType ? z.output<O['success'][S]> : undefined;
    readonly etag: string | undefined;
  };
}[keyof O['success']];

/** Thrown for every answer that is not a success of the operation. */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    /** Without members where something on the way answered, such as a proxy. */
    readonly problem: Partial<Problem>,
    /** With `ETag` of the task as it is now on 412, and `Retry-After` in seconds on 429 and 503. */
    readonly headers: Headers,
  ) {
    super(problem.detail ?? `The API answered with status ${status}.`);
    this.name = 'ProblemError';
  }

  get errors(): readonly FieldError[] {
    return this.problem.errors ?? [];
  }

  get requestId(): string | null {
    return this.problem.request_id ?? this.headers.get('X-Request-Id');
  }
}

/** What it takes to send an operation: plain data, so that a page can be given it instead of all schemas. */
export interface OperationSpec extends Pick<Operation, 'id' | 'method' | 'path'> {
  readonly mediaType: string | undefined;
  readonly isIdempotent: boolean;
  readonly successes: readonly number[];
  /** Query parameters that are given once for each value; any other takes one text, with commas. */
  readonly repeated: readonly string[];
}

type Sendable = Pick<Operation, 'id' | 'method' | 'path' | 'body' | 'idempotent' | 'success' | 'query'>;

export function toSpec({ id, method, path, body, idempotent, success, query }: Sendable): OperationSpec {
  return {
    id,
    method,
    path,
    mediaType: body?.mediaTypes[0],
    isIdempotent: idempotent ?? false,
    successes: Object.keys(success).map(Number),
    repeated: Object.keys(query.shape).filter((name) => query.shape[name]?.safeParse([]).success),
  };
}

/**
 * The operations as functions.
 *
 * A call that met a network failure, 429 or 503 is tried up to three times, where that is safe: an operation that takes
 * an `Idempotency-Key` gets one and keeps it. A DELETE or a conditional PUT whose answer was lost can find its own work
 * done, and so fail with 404 or 412. An attempt takes as long as `fetch` lets it: for a limit, pass a `signal`.
 *
 * @throws {ProblemError} from each call, for an answer that is no success; what `fetch` throws when there was no answer.
 */
export function createClientOf(plans: readonly OperationSpec[], options: ClientOptions): Client {
  const methods = plans.map((one) => [one.id, (call: AnyRequestOptions) => send(options, one, call)] as const);
  // The list of operations has lost which id has which types, and answers are not parsed by their schemas: those are
  // strict, and would refuse the members that a newer server has.
  return Object.fromEntries(methods) as unknown as Client;
}

interface AnyRequestOptions {
  readonly params: Record<string, unknown>;
  readonly query?: Record<string, unknown>;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  readonly ifMatch?: Version;
  readonly ifNoneMatch?: Version;
  readonly signal?: AbortSignal;
}

async function send(options: ClientOptions, plan: OperationSpec, call: AnyRequestOptions): Promise<unknown> {
  const { baseUrl, getToken, fetch = globalThis.fetch, sleep = abortableSleep } = options;
  const { method } = plan;
  const signal = call.signal ?? null;
  const url = baseUrl.replace(/\/$/, '') + toPath(plan, call);
  const headers = toHeaders(plan, call);
  const body = call.body === undefined ? null : JSON.stringify(call.body);
  const isSafe = ['GET', 'PUT', 'DELETE'].includes(method) || headers.has('Idempotency-Key');
  let token = await getToken({ refresh: false });
  let isRefreshed = false;
  let waited = 0;
  for (let attempt = 1; ; ) {
    headers.set('Authorization', `Bearer ${token}`);
    try {
      return await parseResponse(plan, await fetch(url, { method, headers, body, signal, credentials: 'omit' }));
    } catch (error) {
      signal?.throwIfAborted();
      const { status, headers: responseHeaders } = error instanceof ProblemError ? error : {};
      if (status === 401 && !isRefreshed) {
        isRefreshed = true;
        token = await getToken({ refresh: true });
        continue;
      }
      const isTransient = status === undefined || status === 429 || status === 503;
      const seconds = Math.max(Number(responseHeaders?.get('Retry-After')) || 0, 2 ** attempt / 4);
      // Never sooner than asked, and not together with everybody else who was asked.
      const ms = seconds * 1000 * (1 + Math.random() / 4);
      if (!isSafe || !isTransient || attempt === MAX_ATTEMPTS || waited + ms > MAX_WAIT) throw error;
      attempt += 1;
      waited += ms;
      await sleep(ms, call.signal);
    }
  }
}

function toPath({ path, repeated }: OperationSpec, call: AnyRequestOptions): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => {
    const value = String(call.params[name]);
    // Encoded or not, in a URL these lead up, to another operation.
    if (/^\.{0,2}$/.test(value)) throw new TypeError(`${name} cannot be "${value}"`);
    return encodeURIComponent(value);
  });
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) {
    const list = [value].flat().map(String);
    if (value !== undefined) for (const one of repeated.includes(name) ? list : [list.join()]) search.append(name, one);
  }
  return `${filled}?${search}`.replace(/\?$/, '');
}

function toHeaders({ mediaType, isIdempotent }: OperationSpec, call: AnyRequestOptions): Headers {
  const headers = new Headers();
  if (mediaType && call.body !== undefined) headers.set('Content-Type', mediaType);
  if (isIdempotent) headers.set('Idempotency-Key', call.idempotencyKey ?? randomKey());
  if (call.ifMatch !== undefined) headers.set('If-Match', toTag(call.ifMatch));
  if (call.ifNoneMatch !== undefined) headers.set('If-None-Match', toTag(call.ifNoneMatch));
  return headers;
}

/** 128 random bits, also on plain http, where pages have no `crypto.randomUUID` (https://www.w3.org/TR/secure-contexts/). */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function toTag(version: Version): string {
  if (version === '*') return version;
  return toEntityTag(typeof version === 'number' ? version : version.version);
}

/** The result, or the error, that an answer is. */
async function parseResponse({ successes }: OperationSpec, response: Response): Promise<unknown> {
  const { headers, status } = response;
  const text = await response.text();
  const etag = headers.get('ETag') ?? undefined;
  if (successes.includes(status)) return { status, body: text === '' ? undefined : JSON.parse(text), etag };
  const isProblem = headers.get('Content-Type')?.startsWith('application/problem+json');
  throw new ProblemError(status, isProblem ? JSON.parse(text) : {}, headers);
}

function abortableSleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
