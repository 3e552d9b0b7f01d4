import { AsyncLocalStorage } from 'node:async_hooks';
import { type DatabaseUnavailable, isDatabaseUnavailable, SQLSTATE } from '@taskward/db';

/** What the database failed with, if it did, in the request at hand. */
const failures = new AsyncLocalStorage<{ outage?: DatabaseUnavailable; error?: unknown }>();

/**
 * The answer, unless it came of a database that was away or at odds with the code: Better Auth would take either for a
 * session that has ended or a user who cannot be made, or pass over it.
 *
 * @throws {DatabaseUnavailable}
 * @throws what the database said.
 */
export function surfaceDatabaseErrors(handle: () => Promise<Response>): Promise<Response> {
  return failures.run({}, async () => {
    const response = await handle();
    const { outage, error } = failures.getStore() ?? {};
    if (outage) throw outage;
    if (error && response.status >= 400) throw error;
    return response;
  });
}

/** The adapter, with an eye on what fails in it, transactions included. */
export function trackErrors<A extends object>(adapter: A): A {
  const note = (error: unknown): never => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const request = failures.getStore();
    if (request && isDatabaseUnavailable(cause)) request.outage = cause;
    else if (request && isUnexpectedSqlError(cause)) request.error = error;
    throw error;
  };
  return new Proxy(adapter, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      if (name !== 'transaction') return async (...args: unknown[]) => member.apply(target, args).catch(note);
      return (work: (inner: A) => unknown) => member.call(target, (inner: A) => work(trackErrors(inner))).catch(note);
    },
  });
}

/** An error of the database's own, by its SQLSTATE. Of two who sign up at once the second violates a constraint (23). */
function isUnexpectedSqlError(error: unknown): boolean {
  const code = String((error as { code?: unknown }).code);
  return SQLSTATE.test(code) && !code.startsWith('23');
}
