import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import pLimit from 'p-limit';

/** Limits on pages, which share one thread with the API. Rendering a page takes about 10 ms of it. */
export const PAGE_LIMITS = {
  /** Requests that wait to be rendered. */
  waiting: 1_000,
  /** How long the next page waits for a slow client to read the one before. */
  heldMs: 250,
  /** How long no page is rendered before one that waits, so that the API has its share of the thread. */
  pauseMs: 30,
};

/** Creates the queue of pages, which `forward` renders one at a time. */
export function createPageQueue(forward: RequestListener, { heldMs, pauseMs, waiting }: typeof PAGE_LIMITS) {
  const limit = pLimit(1);
  return {
    isFull: () => limit.pendingCount >= waiting,
    /** Renders the page after those before it, unless its client has disconnected. */
    enqueue: (request: IncomingMessage, response: ServerResponse) =>
      limit(async () => {
        if (request.socket.destroyed) return;
        forward(request, response);
        await untilSent(response, heldMs);
        if (limit.pendingCount > 0) await setTimeout(pauseMs);
      }),
  };
}

function untilSent(response: ServerResponse, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = globalThis.setTimeout(resolve, timeoutMs);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    response.once('finish', end).once('close', end);
  });
}
