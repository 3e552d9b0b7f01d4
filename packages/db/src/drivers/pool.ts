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
 * Wraps a pool so that its errors are those of `toDatabaseError`. A connection that fails with `DatabaseUnavailable` is
 * destroyed at once: a transaction may be open on it, and Drizzle does not release one whose `begin` fails.
 */
export function withErrorTranslation<P extends EventEmitter>(target: P): P {
  // The overloads of the two pools have no common type, so that TypeScript cannot see what they share.
  const pool = target as unknown as Pool;
  // A pending query is rejected. Without a listener, the event would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client: EventEmitter) => client.on('error', () => {}));
  return extend(target, {
    connect: async () => wrapClient(await pool.connect().catch(rethrow)),
    query: (...args: unknown[]) => pool.query(...args).catch(rethrow),
  });
}

function wrapClient(client: Client): Client {
  let isReleased = false;
  const release = (destroy: boolean) => {
    if (!isReleased) client.release(destroy);
    isReleased = true;
  };
  return extend(client, {
    query: (...args: unknown[]) =>
      client.query(...args).catch((error) => {
        const classified = toDatabaseError(error, true);
        if (classified instanceof DatabaseUnavailable) release(true);
        throw classified;
      }),
    release: () => release(false),
  });
}

function rethrow(error: unknown): never {
  throw toDatabaseError(error, true);
}

function extend<T extends object>(target: T, overrides: Partial<Pool & Client>): T {
  return Object.assign(Object.create(target), overrides);
}
