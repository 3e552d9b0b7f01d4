import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A header with the id of the Node.js request behind a web `Request`. */
const NODE_REQUEST = 'x-node-request';

/** What a Node.js request has and a web `Request` lacks. */
export interface NodeRequest {
  /** The path and query as sent. Next.js removes the parameters that it uses itself. */
  readonly target: string;
  /** Resolves when the last byte of the response has been sent or the connection is closed. */
  readonly closed: Promise<void>;
}

// Next.js loads this module once for the instrumentation and once more for the routes.
const shared: { [name: symbol]: Map<string, NodeRequest> | undefined } = globalThis;
const LIVE = Symbol.for('taskward.node-requests');
shared[LIVE] ??= new Map();
const live = shared[LIVE];
let count = 0;

interface RequestStart {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

/**
 * From now on, a route can look up the Node.js request that its web `Request` was made from. A client's header of that name is
 * overwritten.
 */
export function trackNodeRequests(): void {
  subscribe('http.server.request.start', (message) => {
    const { request, response, socket } = message as RequestStart;
    const id = String(++count);
    request.headers[NODE_REQUEST] = id;
    const closed = new Promise<void>((resolve) => {
      const onClose = () => {
        live.delete(id);
        socket.off('close', onClose);
        resolve();
      };
      response.once('close', onClose);
      // When a connection with pipelined requests is closed, Node.js emits `close` on the first response only.
      socket.setMaxListeners(0).once('close', onClose);
    });
    live.set(id, { target: request.url ?? '/', closed });
  });
}

/** Undefined if a host calls the routes itself, as on Vercel and in tests, and after the response has been closed. */
export function nodeRequestOf({ headers }: { readonly headers: Headers }): NodeRequest | undefined {
  return live.get(headers.get(NODE_REQUEST) ?? '');
}
