import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { ApiError } from '@taskward/api-core';
import pLimit from 'p-limit';
import { DISCARD_TIMEOUT_MS, MAX_DISCARDED_BYTES } from './body';
import { NODE_REQUEST } from './node-requests';
import type { handleRequest } from './request';
import { apiSecurityHeaders, securityHeaders, strictTransport } from './security-headers';

/** Longer values are cut, of all header fields but these. */
const MAX_FIELD_LENGTH = 512;
const LONG_FIELDS = new Set([
  ...['authorization', 'cookie', 'if-match', 'if-none-match', 'idempotency-key'],
  ...['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'via'],
  ...['traceparent', 'tracestate', 'baggage'],
  // Of links between pages: what is cut here could not be read.
  ...['next-router-state-tree', 'next-router-segment-prefetch', 'next-url'],
]);

/**
 * Cuts header values that nobody needs long, before anything matches a pattern against them: Next.js looks for bots in
 * `User-Agent` in quadratic time. From now on, for every request.
 */
export function limitHeaders(): void {
  subscribe('http.server.request.start', (message) => {
    const { headers, rawHeaders } = (message as { request: IncomingMessage }).request;
    if (!rawHeaders.some((text) => text.length > MAX_FIELD_LENGTH)) return;
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value === 'string' && !LONG_FIELDS.has(name)) headers[name] = value.slice(0, MAX_FIELD_LENGTH);
    }
  });
}

type Respond = typeof handleRequest;

const PAGE_METHODS = ['GET', 'HEAD'];
const API_METHODS = [...PAGE_METHODS, 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** What pages may take of the one thread that serves the API, too; rendering one takes some 10 ms of it. */
export const PAGE_LIMITS = {
  /** Pages that are rendered at a time. */
  rendering: 2,
  /** Requests that wait for it. */
  waiting: 1_000,
  /** How long a client that reads slowly keeps the next one waiting. */
  heldMs: 250,
};

/** Looks at requests before Next.js does, and responds to those that it would trip over. */
export function guardRequests(server: Server, respond: Respond, limits = PAGE_LIMITS): void {
  const rendering = pLimit(limits.rendering);
  const listeners = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  const guard = async (request: IncomingMessage, response: ServerResponse) => {
    const hasBody = 'content-length' in request.headers || 'transfer-encoding' in request.headers;
    if (hasBody) closeUnlessComplete(request, response);
    const refusal = toOriginForm(request) ?? refuseMethod(request);
    // All other methods read the body themselves.
    if (hasBody && (refusal || PAGE_METHODS.includes(request.method ?? ''))) await discard(request);
    if (refusal) return send(await respondWith(respond, request, refusal), request, response);
    // With it, Next.js redirects to what a link between pages would ask for, or fails to read what such a link sends.
    if (isApi(request) || !hasReadableState(request)) delete request.headers.rsc;
    const forward = () => {
      for (const listener of listeners) listener.call(server, request, response);
    };
    if (!isPage(request)) return forward();
    if (rendering.pendingCount >= limits.waiting)
      return send(await respondWith(respond, request, busy()), request, response);
    await rendering(async () => {
      if (request.socket.destroyed) return;
      forward();
      await untilSent(response, limits.heldMs);
    });
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    guard(request, response).catch((error) => {
      console.error(error);
      response.destroy();
    });
  });
  server.on('checkContinue', (request, response) => {
    // Node.js would put it behind the header of a response that has to wait for the one before it on the connection.
    if (response.socket) response.writeContinue();
    server.emit('request', request, response);
  });
  // An expectation that nobody knows may be ignored (RFC 9110, 10.1.1). Node.js would send a 417 by itself.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

/**
 * A response that is sent before the body has arrived ends the connection (RFC 9112, 9.6): the next request on it would
 * wait behind the rest.
 */
function closeUnlessComplete(request: IncomingMessage, response: ServerResponse): void {
  let keepsAlive = response.shouldKeepAlive;
  Object.defineProperty(response, 'shouldKeepAlive', {
    get: () => keepsAlive && request.complete,
    set: (value: boolean) => {
      keepsAlive = value;
    },
  });
}

/** Takes scheme and host off an absolute target (RFC 9112, 3.2.2). Returns what is wrong with one that is no path. */
function toOriginForm(request: IncomingMessage): ApiError | undefined {
  const { url = '' } = request;
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) {
    const { pathname, search } = new URL(url);
    request.url = pathname + search;
  }
  if (request.url === '*') return undefined;
  const [path = ''] = (request.url ?? '').split('?', 1);
  if (path.startsWith('/') && isDecodable(path)) return undefined;
  return new ApiError('malformed_path', 'The target is not a path, or a percent sign in it begins no UTF-8 character.');
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function hasReadableState({ headers }: IncomingMessage): boolean {
  const state = headers['next-router-state-tree'];
  if (typeof state !== 'string') return true;
  try {
    return Array.isArray(JSON.parse(decodeURIComponent(state)));
  } catch {
    return false;
  }
}

function isApi({ url = '' }: IncomingMessage): boolean {
  return /^\/api(?=[/?]|$)/.test(url);
}

/** Whatever Next.js could render, unknown paths included. */
function isPage(request: IncomingMessage): boolean {
  return !isApi(request) && !request.url?.startsWith('/_next/static/');
}

function busy(): ApiError {
  return new ApiError('unavailable', 'Too many pages are waiting to be rendered.', { headers: { 'Retry-After': '2' } });
}

function untilSent(response: ServerResponse, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    response.once('finish', end).once('close', end);
  });
}

function refuseMethod(request: IncomingMessage): ApiError | undefined {
  const { method = '', url } = request;
  const allowed = url === '*' ? [] : isApi(request) ? API_METHODS : PAGE_METHODS;
  if (allowed.includes(method)) return undefined;
  const Allow = allowed.join(', ');
  const detail = Allow ? `Use one of: ${Allow}.` : 'No method applies to the server as a whole.';
  return new ApiError('method_not_allowed', detail, { headers: { Allow } });
}

/** Reads on for a while and drops what comes, so that the client gets to read the response. */
function discard(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, DISCARD_TIMEOUT_MS);
    const end = () => {
      clearTimeout(timer);
      request.pause();
      resolve();
    };
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_DISCARDED_BYTES) end();
    });
    request.once('close', end).once('end', end);
  });
}

function respondWith(respond: Respond, { method, url, headers }: IncomingMessage, error: ApiError): Promise<Response> {
  // Not with the target that is known of it, which may be no URL.
  const { [NODE_REQUEST]: _, ...others } = headers;
  const fields = Object.entries(others).filter((field): field is [string, string] => typeof field[1] === 'string');
  const origin = 'http://localhost';
  const target = url?.startsWith('/') ? url : '/';
  // Not a `Request`, which takes no method such as TRACE.
  const request = { method: method ?? '', url: new URL(`${origin}${target}`).href, headers: new Headers(fields) };
  return respond({ ...request, body: null, bodyUsed: false, signal: new AbortController().signal }, () => {
    throw error;
  });
}

async function send(source: Response, { method }: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = Buffer.from(await source.arrayBuffer());
  const headers = {
    ...securityHeaders,
    ...strictTransport,
    ...apiSecurityHeaders,
    ...Object.fromEntries(source.headers),
  };
  response.writeHead(source.status, { ...headers, 'Content-Length': body.length });
  response.end(method === 'HEAD' ? undefined : body);
}
