interface RequestContext {
  get(): { waitUntil?(work: Promise<unknown>): void } | undefined;
}

const hosts = globalThis as { [name: symbol]: RequestContext | undefined };

// Next.js loads this module once for the instrumentation and once more for the routes.
const shared: { [name: symbol]: Set<Promise<void>> | undefined } = globalThis;
const UNDERWAY = Symbol.for('taskward.underway');
shared[UNDERWAY] ??= new Set();
const underway = shared[UNDERWAY];

/**
 * Lets work go on after the answer has been given, also where the host stops a function that has answered. The work
 * sees to its own errors.
 *
 * @see https://nextjs.org/docs/app/api-reference/functions/after for the symbol under which a host offers `waitUntil`
 */
export function inBackground(work: Promise<void>): void {
  underway.add(work);
  work.finally(() => underway.delete(work));
  hosts[Symbol.for('@next/request-context')]?.get()?.waitUntil?.(work);
}

/** Waits until none of that work is left. */
export async function backgroundWork(): Promise<void> {
  while (underway.size > 0) await Promise.all(underway);
}
