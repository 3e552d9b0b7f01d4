import { AsyncLocalStorage } from 'node:async_hooks';
import { type DatabaseUnavailable, isDatabaseUnavailable } from '@taskward/db';

/** What kept the database from answering, if anything did, in the request at hand. */
const outage = new AsyncLocalStorage<{ error?: DatabaseUnavailable }>();

/**
 * The answer, unless the database was away: Better Auth would take that for a session that has ended or a user who cannot
 * be made, or pass over it.
 *
 * @throws {DatabaseUnavailable}
 */
export function orOutage(handle: () => Promise<Response>): Promise<Response> {
  return outage.run({}, async () => {
    const response = await handle();
    const { error } = outage.getStore() ?? {};
    if (error) throw error;
    return response;
  });
}

/** The adapter, with an eye on what fails in it for want of the database, transactions included. */
export function watched<A extends object>(adapter: A): A {
  const note = (error: unknown): never => {
    const cause = error instanceof Error && isDatabaseUnavailable(error.cause) ? error.cause : error;
    const request = outage.getStore();
    if (request && isDatabaseUnavailable(cause)) request.error = cause;
    throw error;
  };
  return new Proxy(adapter, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      if (name !== 'transaction') return async (...args: unknown[]) => member.apply(target, args).catch(note);
      return (work: (inner: A) => unknown) => member.call(target, (inner: A) => work(watched(inner))).catch(note);
    },
  });
}
