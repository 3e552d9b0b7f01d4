import { ApiError, type Operation } from '@taskward/api-core';
import type { Handle } from './request';
import type { RouteHandler } from './web';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
type Method = (typeof METHODS)[number];

/** The part of an operation that `OPTIONS` reports. */
type AllowedOperation = Pick<Operation, 'method' | 'body'>;

/** Creates the handlers of all methods that a path does not have, given the operations that it has. */
export function createMethodNotAllowed(handle: Handle) {
  /** @returns `OPTIONS`, which lists the methods, and a 405 with `Allow` for each other method (RFC 9110, 15.5.6). */
  return (...operations: readonly AllowedOperation[]): Record<Method, RouteHandler> => {
    const methods = operations.map(({ method }) => method);
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
    const refuse = handle(() => {
      throw new ApiError('method_not_allowed', `Use one of: ${allow}.`, { headers: { Allow: allow } });
    });
    const patch = operations.find(({ method }) => method === 'PATCH')?.body;
    const headers = { allow, ...(patch && { 'accept-patch': patch.mediaTypes.join(', ') }) };
    const options = handle(() => ({ status: 204, headers }));
    const refused = Object.fromEntries(METHODS.map((method) => [method, refuse])) as Record<Method, RouteHandler>;
    return { ...refused, OPTIONS: options };
  };
}
