import { operations } from './contract';
import { type Client, type ClientOptions, createClientOf, toSpec } from './kit/client';

export * from './kit/client';

/** A client of the API, in a browser or anywhere else that has `fetch`. See `createCalls`. */
export function createClient(options: ClientOptions): Client {
  return createClientOf(operations.map(toSpec), options);
}
