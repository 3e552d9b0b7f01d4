import { type Client, type ClientOptions, createCalls, toPlan } from './calls';
import { operations } from './contract';

export * from './calls';

/** A client of the API, in a browser or anywhere else that has `fetch`. See `createCalls`. */
export function createClient(options: ClientOptions): Client {
  return createCalls(operations.map(toPlan), options);
}
