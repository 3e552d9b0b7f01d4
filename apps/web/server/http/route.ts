import { hash } from 'node:crypto';
import {
  ApiError,
  type FieldError,
  type Input,
  notFound,
  type Operation,
  type Output,
  type Preconditions,
  parseEntityTags,
  type tasks,
  toEntityTag,
  validate,
  validationError,
} from '@taskward/api-core';
import { rateLimitHeaders, tooManyConcurrentRequests, tooManyRequests } from '../ops/rate-limit';
import { readJson } from './body';
import { handleRequest } from './request';

type Handler<O extends Operation> = (input: Input<O> & { ctx: tasks.TaskContext }) => Promise<Output<O>>;
type RouteHandler = (request: Request, route: { params: Promise<Record<string, string>> }) => Promise<Response>;

/** The way of every request to an operation: who calls, whose path, how often, what is asked, the handler, the answer. */
export function route<const O extends Operation>(operation: O, handle: Handler<O>): RouteHandler {
  return (request, { params }) =>
    handleRequest(request, async (call) => {
      const { authenticate, concurrencyLimit, cursorKey, db, maxTasks, userLimit } = call.app;
      call.operation = operation;
      const userId = await authenticate(request.headers.get('authorization'));
      call.userId = userId;
      call.timings?.push(['token', performance.now()]);
      const usage = userLimit && (await userLimit.limit.consume(userId));
      if (usage) Object.assign(call.headers, rateLimitHeaders(userLimit.policy, usage));
      const path = await params;
      if (path.user_id !== userId) throw new ApiError('forbidden', 'This path belongs to another user.');
      if (usage?.isExceeded) throw tooManyRequests(usage);
      const leave = concurrencyLimit?.enter(userId);
      if (concurrencyLimit && !leave) throw tooManyConcurrentRequests(usage);
      call.onSent = leave;
      const body = operation.body ? await readBody(operation.body, request) : {};
      const input = validateInput(operation, path, call.url, body);
      const preconditions = readPreconditions(request);
      const idempotency = operation.idempotent && readIdempotency(request, call.path, input.body);
      call.timings?.push(['input', performance.now()]);
      const result = await handle({ ...input, ctx: { db, userId, cursorKey, maxTasks, preconditions, idempotency } });
      call.timings?.push(['task', performance.now()]);
      return toResponse(operation, result, call.url, preconditions);
    });
}

function validateInput<O extends Operation>(
  operation: O,
  path: Record<string, string>,
  { searchParams }: URL,
  body: Checked,
): Input<O> {
  const query = validate(operation.query, toParameterValues(searchParams), 'query');
  const errors: FieldError[] = [...(query.errors ?? []), ...(body.errors ?? [])];
  if (errors.length > 0) throw validationError(errors);
  const params = validate(operation.params, path, 'path');
  if (params.errors) throw notFound();
  return { query: query.value, body: body.value, params: params.value } as Input<O>;
}

interface Checked {
  readonly value?: unknown;
  readonly errors?: readonly FieldError[] | undefined;
}

async function readBody(body: NonNullable<Operation['body']>, request: Request): Promise<Checked> {
  const json = await readJson(request, body.mediaTypes);
  if (json !== undefined) return validate(body.schema, json, 'body');
  if (body.optional) return {};
  throw new ApiError('malformed_body', 'A JSON body is needed.');
}

/** A parameter that is repeated becomes an array. */
function toParameterValues(parameters: URLSearchParams): Record<string, string | string[]> {
  const names = [...new Set(parameters.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = parameters.getAll(name);
      return [name, values.length > 1 ? values : (values[0] ?? '')];
    }),
  );
}

/** The client's key, as a structured string (RFC 9651) or bare, with a fingerprint of the request it is for. */
function readIdempotency(request: Request, path: string, body: unknown): tasks.TaskContext['idempotency'] {
  const field = request.headers.get('idempotency-key');
  if (field === null) return undefined;
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(field)?.[1]?.replace(/\\(.)/g, '$1');
  const key = field.startsWith('"') ? quoted : field;
  if (!key || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new ApiError('malformed_header', 'Idempotency-Key takes 1 to 255 visible ASCII characters.');
  }
  const requestIdentity = JSON.stringify([request.method, path, body]);
  return { key, fingerprint: hash('sha256', requestIdentity, 'base64url') };
}

/** A read may be answered by what the client has already, which a weak tag will do for (RFC 9110, 13.1.2). */
function readPreconditions({ headers }: Request): Preconditions {
  const read = (name: string, comparison: 'strong' | 'weak') => {
    const field = headers.get(name);
    return field === null ? undefined : parseEntityTags(field, comparison);
  };
  return { ifMatch: read('if-match', 'strong'), ifNoneMatch: read('if-none-match', 'weak') };
}

function toResponse<O extends Operation>(
  operation: O,
  { status, body, replayed }: Output<O>,
  url: URL,
  { ifNoneMatch }: Preconditions,
): Response {
  const headers = new Headers({ 'Cache-Control': 'private, no-cache' });
  if (replayed) headers.set('Idempotency-Replayed', 'true');
  if (body === undefined) return new Response(null, { status, headers });
  const etag = operation.etag?.(body as never);
  if (etag) headers.set('ETag', etag);
  if (status === 201 && operation.location) headers.set('Location', operation.location(body as never));
  const next = operation.next?.(body as never);
  if (next) headers.set('Link', `<${nextPagePath(url, next)}>; rel="next"`);
  const isNotModified = ifNoneMatch === '*' || ifNoneMatch?.some((version) => toEntityTag(version) === etag);
  if (operation.method === 'GET' && etag && isNotModified) return new Response(null, { status: 304, headers });
  return jsonResponse(body, status, headers);
}

const CHUNK_BYTES = 64 * 1024;

/** A long body leaves in chunks, so that a client which has stopped reading can be told from one that reads slowly. */
function jsonResponse(value: unknown, status: number, headers: Headers): Response {
  const text = JSON.stringify(value);
  headers.set('Content-Type', 'application/json');
  if (text.length < CHUNK_BYTES) return new Response(text, { status, headers });
  const bytes = Buffer.from(text);
  let start = 0;
  const chunks = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(bytes.subarray(start, start + CHUNK_BYTES));
      start += CHUNK_BYTES;
      if (start >= bytes.length) controller.close();
    },
  });
  return new Response(chunks, { status, headers });
}

/** The path and query of a list, with this cursor. */
function nextPagePath({ pathname, searchParams }: URL, cursor: string): string {
  const search = new URLSearchParams(searchParams);
  search.set('cursor', cursor);
  return `${pathname}?${search}`;
}
