import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { ApiError } from '@taskward/api-core';
import { DISCARD_TIMEOUT_MS, MAX_DISCARDED_BYTES } from './body';
import { NODE_REQUEST } from './node-requests';
import { createPageQueue, PAGE_LIMITS } from './page-queue';
import type { IncomingRequest } from './request-context';
import { apiSecurityHeaders, securityHeaders, strictTransport } from './security-headers';

/** The lifecycle of requests (`createRequestHandler`), as far as a refused request needs it. */
export type Refuse = (request: IncomingRequest, respond: () => Response) => Promise<Response>;

const PAGE_METHODS = ['GET', 'HEAD'];
const API_METHODS = [...PAGE_METHODS, 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * Checks requests before Next.js does, refuses those that it would mishandle, and queues those for pages.
 *
 * @param handleRequest writes the access log of a refused request.
 */
export function guardRequests(server: Server, handleRequest: Refuse, limits = PAGE_LIMITS): void {
  const listeners = server.listeners('request') as RequestListener[];
  const forward: RequestListener = (request, response) => {
    for (const listener of listeners) listener.call(server, request, response);
  };
  const pages = createPageQueue(forward, limits);
  const guard = async (request: IncomingMessage, response: ServerResponse) => {
    const hasBody = 'content-length' in request.headers || 'transfer-encoding' in request.headers;
    if (hasBody) closeUnlessComplete(request, response);
    const error = toOriginForm(request) ?? findMethodError(request);
    // The routes of all other methods read the body themselves.
    if (hasBody && (error || PAGE_METHODS.includes(request.method ?? ''))) await discard(request);
    if (error) return send(await refuse(handleRequest, request, error), request, response);
    // With this header, Next.js would redirect to the URL of a client-side navigation, or fail to parse its state.
    if (isApi(request) || !hasReadableState(request)) delete request.headers.rsc;
    if (!isPage(request)) return forward(request, response);
    if (pages.isFull()) return send(await refuse(handleRequest, request, tooManyPages()), request, response);
    await pages.enqueue(request, response);
  };
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    guard(request, response).catch((error) => {
      console.error(error);
      response.destroy();
    });
  });
  acceptExpectations(server);
}

/** Serves requests with `Expect` like others. Node.js would respond with 417 to an unknown one (RFC 9110, 10.1.1). */
function acceptExpectations(server: Server): void {
  server.on('checkContinue', (request, response) => {
    // Node.js would send it after the header of a response that waits for the previous one on the connection.
    if (response.socket) response.writeContinue();
    server.emit('request', request, response);
  });
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

/**
 * Closes the connection after a response that is sent before the whole body has arrived (RFC 9112, 9.6): the next request
 * would wait behind the rest of it.
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

/** Removes scheme and host from an absolute target (RFC 9112, 3.2.2). Returns the error of a target that is not a path. */
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

/** Whether Next.js could render a page for it; it does so for unknown paths, too. */
function isPage(request: IncomingMessage): boolean {
  return !isApi(request) && !request.url?.startsWith('/_next/static/');
}

function tooManyPages(): ApiError {
  return new ApiError('unavailable', 'Too many pages are waiting to be rendered.', { headers: { 'Retry-After': '2' } });
}

function findMethodError(request: IncomingMessage): ApiError | undefined {
  const { method = '', url } = request;
  const allowed = url === '*' ? [] : isApi(request) ? API_METHODS : PAGE_METHODS;
  if (allowed.includes(method)) return undefined;
  const Allow = allowed.join(', ');
  const detail = Allow ? `Use one of: ${Allow}.` : 'No method applies to the server as a whole.';
  return new ApiError('method_not_allowed', detail, { headers: { Allow } });
}

/** Reads and discards the body, within limits, so that the client reads the response. */
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

/** The problem document of the error, with a line in the access log as for any other request. */
function refuse(handleRequest: Refuse, { method, url, headers }: IncomingMessage, error: ApiError): Promise<Response> {
  // Without the header that leads to the original target, which may not be a URL.
  const { [NODE_REQUEST]: _, ...rest } = headers;
  const fields = Object.entries(rest).filter((field): field is [string, string] => typeof field[1] === 'string');
  const origin = 'http://localhost';
  const target = url?.startsWith('/') ? url : '/';
  // Not a `Request`, which rejects methods such as TRACE.
  const request = { method: method ?? '', url: new URL(`${origin}${target}`).href, headers: new Headers(fields) };
  return handleRequest({ ...request, body: null, bodyUsed: false, signal: new AbortController().signal }, () => {
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
