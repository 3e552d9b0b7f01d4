import {
  ClientDisconnected,
  type HeaderFields,
  type HttpRequest,
  type HttpResponse,
  type PathParams,
  type RequestBody,
  type Respond,
  type StreamBody,
  type StreamListener,
} from './message';
import { nodeRequestOf } from './node-requests';

/** A handler as a route file exports it. */
export interface RouteHandler {
  /** The interface of Next.js. */
  (request: Request, route: { params: Promise<PathParams> }): Promise<Response>;
  /** The same without the web's `Request` and `Response`, for serving requests directly. */
  readonly respond: Respond;
}

export function toRouteHandler(respond: Respond): RouteHandler {
  const handle = async (request: Request, { params }: { params: Promise<PathParams> }) =>
    toWebResponse(request.method, await respond(toHttpRequest(request), await params));
  return Object.assign(handle, { respond });
}

function toHttpRequest(request: Request): HttpRequest {
  const nodeRequest = nodeRequestOf(request);
  const { pathname, search } = new URL(nodeRequest?.target ?? request.url, request.url);
  return {
    method: request.method,
    path: pathname,
    search,
    headers: request.headers,
    body: request.body ? new WebBody(request.body) : undefined,
    get isDisconnected() {
      return request.signal.aborted;
    },
    onClosed: nodeRequest && ((listener) => void nodeRequest.closed.then(listener)),
  };
}

class WebBody implements RequestBody {
  isRead = false;
  bytesRead = 0;

  constructor(private readonly stream: ReadableStream<Uint8Array>) {}

  async read(visit: (chunk: Uint8Array) => boolean): Promise<void> {
    // Unlike the stream's own iterator, a reader does not cancel it when the loop ends early.
    const reader = this.stream.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read().catch((cause) => {
          throw new ClientDisconnected({ cause });
        });
        if (done) this.isRead = true;
        else this.bytesRead += value.length;
        if (done || !visit(value)) return;
      }
    } finally {
      reader.releaseLock();
    }
  }
}

/** In bytes. A longer body is sent in chunks, so that a client that has stopped reading can be distinguished from a slow one. */
const CHUNK_BYTES = 64 * 1024;

function toWebResponse(method: string, { status, headers, body, stream }: HttpResponse): Response {
  const init = { status, headers: toHeaders(headers) };
  if (stream) return new Response(toReadable(stream), init);
  if (body === undefined || method === 'HEAD') return new Response(null, init);
  if (body.length < CHUNK_BYTES && Buffer.byteLength(body) < CHUNK_BYTES) return new Response(body, init);
  const bytes = Buffer.from(body);
  let start = 0;
  const chunks = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(bytes.subarray(start, start + CHUNK_BYTES));
      start += CHUNK_BYTES;
      if (start >= bytes.length) controller.close();
    },
  });
  return new Response(chunks, init);
}

function toReadable(stream: StreamBody): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let listener: StreamListener;
  let isClosed = false;
  const close = (end: () => void) => {
    if (isClosed) return;
    isClosed = true;
    end();
    // Not before `stream` has returned.
    queueMicrotask(() => listener.onClosed());
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      listener = stream({
        get isWritable() {
          return !isClosed && (controller.desiredSize ?? 0) > 0;
        },
        write(text) {
          if (!isClosed) controller.enqueue(encoder.encode(text));
        },
        end: () => close(() => controller.close()),
        destroy: () => close(() => controller.error(new ClientDisconnected())),
      });
    },
    pull: () => listener.onWritable(),
    cancel: () => close(() => {}),
  });
}

function toHeaders(fields: HeaderFields): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of [value].flat()) headers.append(name, one);
  }
  return headers;
}

/** The response of a web API, with its body read. */
export async function fromWebResponse(response: Response): Promise<HttpResponse> {
  const { 'set-cookie': _, ...headers }: HeaderFields = Object.fromEntries(response.headers);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers['set-cookie'] = cookies;
  return { status: response.status, headers, ...(response.body && { body: await response.text() }) };
}
