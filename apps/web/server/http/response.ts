import { type Feed, type Operation, type Output, type Preconditions, toEntityTag } from '@taskward/api-core';
import { CACHE_CONTROL } from './cache-control';
import type { HeaderFields, HttpRequest, HttpResponse, StreamBody } from './message';

/** The response for what a handler returned, with `ETag`, `Location` and `Link` as the operation defines them, or a 304. */
export function toResponse<O extends Operation>(
  operation: O,
  { status, body, replayed, revision, etag: weakTag }: Output<O>,
  request: HttpRequest,
  { ifNoneMatch }: Pick<Preconditions, 'ifNoneMatch'>,
): HttpResponse {
  const headers: HeaderFields = {};
  if (replayed) headers['idempotency-replayed'] = 'true';
  if (revision !== undefined) headers.revision = String(revision);
  const etag = typeof operation.etag === 'function' && body !== undefined ? operation.etag(body as never) : weakTag;
  if (etag) headers.etag = etag;
  if (body === undefined) return { status, headers };
  if (status === 201 && operation.location) headers.location = operation.location(body as never);
  const next = operation.next?.(body as never);
  if (next) headers.link = `<${nextPagePath(request, next)}>; rel="next"`;
  const isNotModified = ifNoneMatch === '*' || ifNoneMatch?.some((version) => toEntityTag(version) === etag);
  if (operation.method === 'GET' && etag && isNotModified) return { status: 304, headers };
  headers['content-type'] = 'application/json';
  return { status, headers, body: JSON.stringify(body) };
}

/** The event stream of what a handler returned. Proxies are told neither to store nor to buffer nor to compress it. */
export function toEventStream<O extends Operation>(
  { event = '' }: O,
  { status, body }: Output<O>,
  { method }: HttpRequest,
  open: (feed: Feed, event: string) => StreamBody,
): HttpResponse {
  const headers = {
    'content-type': 'text/event-stream',
    'cache-control': CACHE_CONTROL.stream,
    'x-accel-buffering': 'no',
  };
  return method === 'HEAD' ? { status, headers } : { status, headers, stream: open(body as Feed, event) };
}

/** The path and query of the next page: those of this page, with another cursor. */
function nextPagePath({ path, search }: HttpRequest, cursor: string): string {
  const parameters = new URLSearchParams(search);
  parameters.set('cursor', cursor);
  return `${path}?${parameters}`;
}
