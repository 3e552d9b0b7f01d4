import { AsyncLocalStorage } from 'node:async_hooks';
import { type DatabaseUnavailable, isDatabaseUnavailable, SQLSTATE } from '@taskward/db';

/** The database error of the current request, if any. */
const requestErrors = new AsyncLocalStorage<{ outage?: DatabaseUnavailable; error?: unknown }>();

/**
 * Returns the response, unless a database error caused it: Better Auth ignores such an error, or reports it as an expired
 * session or a user that cannot be created.
 *
 * @throws {DatabaseUnavailable} if the database was unavailable.
 * @throws the database error if a statement does not match the schema.
 */
export function surfaceDatabaseErrors(handle: () => Promise<Response>): Promise<Response> {
  return requestErrors.run({}, async () => {
    const response = await handle();
    const { outage, error } = requestErrors.getStore() ?? {};
    if (outage) throw outage;
    if (error && response.status >= 400) throw error;
    return response;
  });
}

/** Wraps the adapter to record its errors, also those within transactions. */
export function trackErrors<A extends object>(adapter: A): A {
  const record = (error: unknown): never => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const request = requestErrors.getStore();
    if (request && isDatabaseUnavailable(cause)) request.outage = cause;
    else if (request && isUnexpectedSqlError(cause)) request.error = error;
    throw error;
  };
  return new Proxy(adapter, {
    get(target, name) {
      const property: unknown = Reflect.get(target, name);
      if (typeof property !== 'function') return property;
      if (name !== 'transaction') return async (...args: unknown[]) => property.apply(target, args).catch(record);
      return (work: (inner: A) => unknown) =>
        property.call(target, (inner: A) => work(trackErrors(inner))).catch(record);
    },
  });
}

/**
 * Whether this is an error of PostgreSQL, by its SQLSTATE. A violated constraint (class 23) is expected: two users may sign
 * up with one address at the same time.
 */
function isUnexpectedSqlError(error: unknown): boolean {
  const code = String((error as { code?: unknown }).code);
  return SQLSTATE.test(code) && !code.startsWith('23');
}
