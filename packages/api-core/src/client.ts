import * as contract from './contract';
import { type ClientOf, type ClientOptions, createClientOf, type OperationsOf, toSpec } from './kit/client';

export { type FollowOptions, followChanges } from './journal/follow';
export * from './kit/client';

/** Every operation of the API as a function, under its id. */
export type Client = ClientOf<OperationsOf<typeof contract>>;

/** A client of the API, in a browser or anywhere else that has `fetch`. See `createClientOf`. */
export function createClient(options: ClientOptions): Client {
  return createClientOf<Client>(contract.operations.map(toSpec), options);
}
