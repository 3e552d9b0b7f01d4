import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { ApiError } from '@taskward/api-core';
import { discardBody } from './body';
import { FairTurns } from './fair-turns';
import type { Respond } from './message';
import { fromNodeRequest, hasBody, NodeBody, parseTarget, ROOT, sendResponse, type Target } from './node';
import { createPageQueue, PAGE_LIMITS } from './page-queue';
import type { Handle } from './request';

export interface GuardOptions {
  /** Gives a refused request its problem document and its line in the access log. */
  readonly handle: Handle;
  /** Finds the handler of a request that is served here; undefined for all others, which Next.js serves. */
  readonly findHandler?: ((method: string, path: string) => Respond | undefined) | undefined;
  readonly pageLimits?: typeof PAGE_LIMITS;
}

const PAGE_METHODS = ['GET', 'HEAD'];
const API_METHODS = [...PAGE_METHODS, 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * Checks requests before Next.js does, refuses those that it would mishandle, serves those that have a route here, and queues
 * those for pages.
 */
export function guardRequests(server: Server, { handle, findHandler, pageLimits = PAGE_LIMITS }: GuardOptions): void {
  const listeners = server.listeners('request') as RequestListener[];
  const forward: RequestListener = (request, response) => {
    for (const listener of listeners) listener.call(server, request, response);
  };
  const pages = createPageQueue(forward, pageLimits);

  const serve = async (request: IncomingMessage, response: ServerResponse, target: Target, respond: Respond) => {
    const source = fromNodeRequest(request, response, target);
    await sendResponse(request, response, await respond(source, {}));
  };

  const refuse = (request: IncomingMessage, response: ServerResponse, target: Target, error: ApiError) => {
    const { respond } = handle(() => {
      throw error;
    });
    return serve(request, response, target.path.startsWith('/') ? target : ROOT, respond);
  };

  const guard = async (request: IncomingMessage, response: ServerResponse) => {
    const target = parseTarget(request.url ?? '');
    const error = findError(request, target);
    if (error) return refuse(request, response, target, error);
    const respond = findHandler?.(request.method ?? '', target.path);
    if (respond) return serve(request, response, target, respond);

    request.url = target.path + target.search;
    if (hasBody(request)) closeUnlessComplete(request, response);
    // The routes of all other methods read the body themselves.
    if (hasBody(request) && PAGE_METHODS.includes(request.method ?? '')) await discardBody(new NodeBody(request));
    // With this header, Next.js would redirect to the URL of a client-side navigation, or fail to parse its state.
    if (isApi(target.path) || !hasReadableState(request)) delete request.headers.rsc;
    // Next.js renders a page for unknown paths, too.
    const isPage = !isApi(target.path) && !target.path.startsWith('/_next/static/');
    if (!isPage) return forward(request, response);
    if (pages.isFull()) return refuse(request, response, target, tooManyPages());
    await pages.enqueue(request, response);
  };

  const turns = new FairTurns();
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    turns.run(clientOf(request), () => {
      guard(request, response).catch((error) => {
        console.error(error);
        response.destroy();
      });
    });
  });
  acceptExpectations(server);
}

/** The client as far as can be told without any work; many who are anonymous are one. */
const clientOf = ({ headers }: IncomingMessage) => headers.authorization ?? headers.cookie ?? '';

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

function isDecodable(path: string): boolean {
  if (!path.includes('%')) return true;
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

const isApi = (path: string) => path.startsWith('/api/') || path === '/api';

function tooManyPages(): ApiError {
  return new ApiError('unavailable', 'Too many pages are waiting to be rendered.', { headers: { 'Retry-After': '2' } });
}

function findError({ method = '', url }: IncomingMessage, { path }: Target): ApiError | undefined {
  if (url !== '*' && !(path.startsWith('/') && isDecodable(path))) {
    return new ApiError(
      'malformed_path',
      'The target is not a path, or a percent sign in it begins no UTF-8 character.',
    );
  }
  const allowed = url === '*' ? [] : isApi(path) ? API_METHODS : PAGE_METHODS;
  if (allowed.includes(method)) return undefined;
  const Allow = allowed.join(', ');
  const detail = Allow ? `Use one of: ${Allow}.` : 'No method applies to the server as a whole.';
  return new ApiError('method_not_allowed', detail, { headers: { Allow } });
}
