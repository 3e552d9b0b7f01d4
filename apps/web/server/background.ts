interface RequestContext {
  get(): { waitUntil?(work: Promise<unknown>): void } | undefined;
}

const hosts = globalThis as { [name: symbol]: RequestContext | undefined };

/**
 * Lets work go on after the answer has been given, also where the host stops a function that has answered. The work
 * sees to its own errors.
 *
 * @see https://nextjs.org/docs/app/api-reference/functions/after for the symbol under which a host offers `waitUntil`
 */
export function inBackground(work: Promise<void>): void {
  hosts[Symbol.for('@next/request-context')]?.get()?.waitUntil?.(work);
}
