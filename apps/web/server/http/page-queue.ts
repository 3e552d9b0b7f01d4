import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import pLimit from 'p-limit';

/** Limits on pages, which share one thread with the API. Rendering a page takes about 10 ms of it. */
export const PAGE_LIMITS = {
  /** Pages that are rendered concurrently. */
  rendering: 2,
  /** Requests that wait to be rendered. */
  waiting: 1_000,
  /** How long a page holds its slot while a slow client reads it. */
  heldMs: 250,
  /** How long a slot stays free before the next page that waits, so that the API has its share of the thread. */
  pauseMs: 30,
};

/** Creates the queue of pages, which `forward` renders. */
export function createPageQueue(forward: RequestListener, { heldMs, pauseMs, rendering, waiting }: typeof PAGE_LIMITS) {
  const limit = pLimit(rendering);
  return {
    isFull: () => limit.pendingCount >= waiting,
    /** Renders the page as soon as a slot is free, unless its client has disconnected. */
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
