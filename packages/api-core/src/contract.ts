import type { Operation } from './kit/operation';
import * as resources from './resources';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Every operation on a resource, by path and method. Browser-safe: needs zod and pure functions alone. */
export const operations: readonly Operation[] = Object.values<unknown>(resources)
  .filter(isOperation)
  .sort((a, b) => compare(a.path, b.path) || METHODS.indexOf(a.method) - METHODS.indexOf(b.method));

export * from './resources';

function isOperation(value: unknown): value is Operation {
  return typeof value === 'object' && value !== null && 'path' in value && 'method' in value;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
