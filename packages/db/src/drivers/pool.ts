import type { EventEmitter } from 'node:events';
import { DatabaseUnavailable, toDatabaseError } from '../driver';

/** What the pools of `pg` and of Neon's driver have in common. */
interface Pool extends EventEmitter {
  connect(): Promise<Client>;
  query(...args: unknown[]): Promise<unknown>;
}

interface Client extends Pick<Pool, 'query'> {
  release(destroy?: boolean): void;
}

/**
 * The pool as Drizzle is to have it. What fails for want of the database fails with `DatabaseUnavailable`, and the
 * connection on which it did is let go of at once: a transaction may be open on it, and Drizzle forgets to release one
 * whose `begin` fails.
 */
export function withErrorTranslation<P extends EventEmitter>(given: P): P {
  const pool = given as unknown as Pool;
  // A pending query is rejected. Without a listener, the event would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client: EventEmitter) => client.on('error', () => {}));
  return extend(given, {
    connect: async () => wrapClient(await pool.connect().catch(rethrow)),
    query: (...args: unknown[]) => pool.query(...args).catch(rethrow),
  });
}

function wrapClient(client: Client): Client {
  let isReleased = false;
  const release = (isLost: boolean) => {
    if (!isReleased) client.release(isLost);
    isReleased = true;
  };
  return extend(client, {
    query: (...args: unknown[]) =>
      client.query(...args).catch((error) => {
        const sorted = toDatabaseError(error, true);
        if (sorted instanceof DatabaseUnavailable) release(true);
        throw sorted;
      }),
    release: () => release(false),
  });
}

function rethrow(error: unknown): never {
  throw toDatabaseError(error, true);
}

function extend<T extends object>(target: T, members: Partial<Pool & Client>): T {
  return Object.assign(Object.create(target), members);
}
