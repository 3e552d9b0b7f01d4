import { onlineManager } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';

/** What stands between the page and the API. While something does, TanStack Query holds queries and changes back. */
export type Obstacle = 'unreachable' | 'unavailable' | 'signed-out';

/** Sending failed for want of a way to the API, and may be tried again after so many milliseconds. */
export class Outage extends Error {
  constructor(readonly ms: number) {
    super('The API cannot be reached.');
  }
}

const TIME_LIMIT_MS = 20_000;
const LOOK_AGAIN_MS = { first: 1_000, longest: 15_000 };

let obstacle: Obstacle | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

export function setObstacle(next: Obstacle | undefined, lookAgainMs = LOOK_AGAIN_MS.first): void {
  clearTimeout(timer);
  // Only the person can lift the end of a session.
  if (next === 'unreachable' || next === 'unavailable') timer = setTimeout(() => lookAgain(lookAgainMs), lookAgainMs);
  if (next === obstacle) return;
  obstacle = next;
  onlineManager.setOnline(next === undefined);
  for (const listener of listeners) listener();
}

/** Goes on when the API is there and ready, and else looks again later, each time a little later. */
export async function lookAgain(waitedMs = LOOK_AGAIN_MS.first): Promise<void> {
  if (obstacle === 'signed-out') return;
  const answer = await fetch('/api/health/ready', { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
  if (answer?.ok) setObstacle(undefined);
  else setObstacle(answer ? 'unavailable' : 'unreachable', Math.min(waitedMs * 2, LOOK_AGAIN_MS.longest));
}

/** `fetch` with a time limit, which notes what it learns of the way to the API. @throws {Outage} without an answer. */
export async function reach(url: string, init: RequestInit = {}): Promise<Response> {
  const limit = AbortSignal.timeout(TIME_LIMIT_MS);
  const signal = init.signal ? AbortSignal.any([init.signal, limit]) : limit;
  let answer: Response;
  try {
    answer = await fetch(url, { ...init, signal });
  } catch {
    init.signal?.throwIfAborted();
    setObstacle('unreachable');
    throw new Outage(LOOK_AGAIN_MS.first);
  }
  if (answer.status === 503) setObstacle('unavailable', retryAfterMs(answer));
  else if (obstacle !== 'signed-out') setObstacle(undefined);
  return answer;
}

export function retryAfterMs({ headers }: { readonly headers: Headers }): number {
  return (Number.parseInt(headers.get('Retry-After') ?? '', 10) || 1) * 1000;
}

export function useObstacle(): Obstacle | undefined {
  return useSyncExternalStore(
    subscribe,
    () => obstacle,
    () => undefined,
  );
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Takes the browser's word for being offline, but not for being online: it knows of its network, not of the API. */
export function watchConnection(): void {
  onlineManager.setEventListener(() => {
    const onOnline = () => void lookAgain();
    const onOffline = () => setObstacle('unreachable');
    window.addEventListener('online', onOnline);
    window.addEventListener('offline', onOffline);
    return () => {
      window.removeEventListener('online', onOnline);
      window.removeEventListener('offline', onOffline);
    };
  });
}
