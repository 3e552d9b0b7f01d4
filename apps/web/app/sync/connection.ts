/** What prevents requests from succeeding. While something does, changes wait. */
export type Obstacle = 'offline' | 'unavailable' | 'signed-out';

/** The API could not be reached, or said so; it may be tried again after so many milliseconds. */
export class Outage extends Error {
  constructor(readonly ms: number) {
    super('The server cannot be reached.');
  }
}

const TIMEOUT_MS = 20_000;
const CHECK_AGAIN_MS = { first: 1_000, longest: 15_000 };

let obstacle: Obstacle | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

export const getObstacle = () => obstacle;

export function setObstacle(next: Obstacle | undefined, checkAgainMs = CHECK_AGAIN_MS.first): void {
  clearTimeout(timer);
  // Only signing in ends the absence of a session.
  if (next === 'offline' || next === 'unavailable') timer = setTimeout(() => checkAgain(checkAgainMs), checkAgainMs);
  if (next === obstacle) return;
  obstacle = next;
  for (const listener of listeners) listener();
}

/** Removes the obstacle if the API is ready, and checks again later if not, each time a little later. */
export async function checkAgain(waitedMs = CHECK_AGAIN_MS.first): Promise<void> {
  if (obstacle === 'signed-out') return;
  const response = await fetch('/api/health/ready', { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
  if (response?.ok) setObstacle(undefined);
  else setObstacle(response ? 'unavailable' : 'offline', Math.min(waitedMs * 2, CHECK_AGAIN_MS.longest));
}

/** `fetch` with a timeout, which takes note of obstacles. @throws {Outage} without a response. */
export async function reach(url: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  const timeout = new AbortController();
  const timeoutTimer = setTimeout(() => timeout.abort(), TIMEOUT_MS);
  try {
    // Until the headers arrive: an event stream stays open for longer.
    const signal = init.signal ? AbortSignal.any([init.signal, timeout.signal]) : timeout.signal;
    response = await fetch(url, { ...init, signal });
  } catch {
    init.signal?.throwIfAborted();
    setObstacle('offline');
    throw new Outage(CHECK_AGAIN_MS.first);
  } finally {
    clearTimeout(timeoutTimer);
  }
  if (response.status === 503) setObstacle('unavailable', retryAfterMs(response));
  else if (obstacle !== 'signed-out') setObstacle(undefined);
  return response;
}

export function retryAfterMs({ headers }: { readonly headers: Headers }): number {
  return (Number.parseInt(headers.get('Retry-After') ?? '', 10) || 1) * 1000;
}

export function onObstacle(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Believes the browser that it is offline, but not that it is online: it knows its network, not the API. */
export function watchConnection(): () => void {
  const onOnline = () => void checkAgain();
  const onOffline = () => setObstacle('offline');
  window.addEventListener('online', onOnline);
  window.addEventListener('offline', onOffline);
  return () => {
    window.removeEventListener('online', onOnline);
    window.removeEventListener('offline', onOffline);
  };
}
