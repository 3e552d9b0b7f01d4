interface HostRequestContext {
  get(): { waitUntil?(work: Promise<unknown>): void } | undefined;
}

const hosts = globalThis as { [name: symbol]: HostRequestContext | undefined };

// Next.js loads this module twice, for the instrumentation and for the routes.
const shared: { [name: symbol]: Set<Promise<void>> | undefined } = globalThis;
const IN_FLIGHT = Symbol.for('taskward.background');
shared[IN_FLIGHT] ??= new Set();
const inFlight = shared[IN_FLIGHT];

/**
 * Keeps the process running for work that continues after the response, on hosts that stop a function once it has
 * responded. The work must not reject.
 *
 * `after` of next/server would do the same, but only inside a request that Next.js serves: it throws in tests and for
 * requests that are served without Next.js. The symbol below is the one under which hosts provide `waitUntil` to it.
 *
 * @see https://nextjs.org/docs/app/api-reference/functions/after
 */
export function waitUntil(work: Promise<void>): void {
  inFlight.add(work);
  work.finally(() => inFlight.delete(work));
  hosts[Symbol.for('@next/request-context')]?.get()?.waitUntil?.(work);
}

/** Waits until all of that work has finished. */
export async function drainBackgroundWork(): Promise<void> {
  while (inFlight.size > 0) await Promise.all(inFlight);
}
