import { type Operation, type Output, type Preconditions, toEntityTag } from '@taskward/api-core';

/** The response for what a handler returned, with `ETag`, `Location` and `Link` as the operation defines them, or a 304. */
export function toResponse<O extends Operation>(
  operation: O,
  { status, body, replayed }: Output<O>,
  url: URL,
  { ifNoneMatch }: Pick<Preconditions, 'ifNoneMatch'>,
): Response {
  const headers = new Headers();
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

/** A long body is sent in chunks, so that a client that has stopped reading can be distinguished from a slow one. */
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

/** The path and query of the next page: those of this page, with another cursor. */
function nextPagePath({ pathname, searchParams }: URL, cursor: string): string {
  const search = new URLSearchParams(searchParams);
  search.set('cursor', cursor);
  return `${pathname}?${search}`;
}
