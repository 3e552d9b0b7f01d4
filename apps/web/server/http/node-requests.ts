import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Names the request of Node's server that a web `Request` was made from. */
export const NODE_REQUEST = 'x-node-request';

/** What Node's server knows of a request and its web `Request` does not show. */
export interface NodeRequest {
  /** Path and query as they were sent: Next.js removes parameters that it takes for its own. */
  readonly target: string;
  /** Resolves when the last byte of the response has left, or the connection is closed. */
  readonly closed: Promise<void>;
}

// Next.js loads this module once for the instrumentation and once more for the routes.
const shared: { [name: symbol]: Map<string, NodeRequest> | undefined } = globalThis;
const LIVE = Symbol.for('taskward.node-requests');
shared[LIVE] ??= new Map();
const live = shared[LIVE];
let count = 0;

interface Started {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

/** From now on, routes find the request of Node's server behind theirs. A client's own field of that name is overwritten. */
export function trackNodeRequests(): void {
  subscribe('http.server.request.start', (message) => {
    const { request, response, socket } = message as Started;
    const id = String(++count);
    request.headers[NODE_REQUEST] = id;
    const closed = new Promise<void>((resolve) => {
      const onClose = () => {
        live.delete(id);
        socket.off('close', onClose);
        resolve();
      };
      response.once('close', onClose);
      // Of several pipelined requests, Node.js closes the first response alone.
      socket.setMaxListeners(0).once('close', onClose);
    });
    live.set(id, { target: request.url ?? '/', closed });
  });
}

/** Undefined where a host calls the routes itself, as on Vercel and in tests, and once the response has been closed. */
export function nodeRequestOf({ headers }: { readonly headers: Headers }): NodeRequest | undefined {
  return live.get(headers.get(NODE_REQUEST) ?? '');
}
