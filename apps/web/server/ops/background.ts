interface RequestContext {
  get(): { waitUntil?(work: Promise<unknown>): void } | undefined;
}

const hosts = globalThis as { [name: symbol]: RequestContext | undefined };

// Next.js loads this module once for the instrumentation and once more for the routes.
const shared: { [name: symbol]: Set<Promise<void>> | undefined } = globalThis;
const IN_FLIGHT = Symbol.for('taskward.underway');
shared[IN_FLIGHT] ??= new Set();
const inFlight = shared[IN_FLIGHT];

/**
 * Lets work go on after the answer has been given, also where the host stops a function that has answered. The work
 * sees to its own errors.
 *
 * @see https://nextjs.org/docs/app/api-reference/functions/after for the symbol under which a host offers `waitUntil`
 */
export function waitUntil(work: Promise<void>): void {
  inFlight.add(work);
  work.finally(() => inFlight.delete(work));
  hosts[Symbol.for('@next/request-context')]?.get()?.waitUntil?.(work);
}

/** Waits until none of that work is left. */
export async function drainBackgroundWork(): Promise<void> {
  while (inFlight.size > 0) await Promise.all(inFlight);
}
