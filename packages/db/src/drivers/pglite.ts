import { resolve } from 'node:path';
import { PGlite, types } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { BECOME_USER, type Driver } from '../driver';
import { lockFolder } from './folder-lock';

const asText = (value: string) => value;
const parsers = { [types.TIMESTAMPTZ]: asText, [types.DATE]: asText };

/**
 * PostgreSQL in this process, kept in a folder (or in memory for `memory`), which it holds for itself alone.
 *
 * @see https://pglite.dev/docs/filesystems
 */
export async function openPglite(folder: string): Promise<Driver> {
  const inMemory = folder === 'memory';
  const unlock = inMemory ? () => {} : lockFolder(resolve(folder));
  const pg = await PGlite.create(inMemory ? {} : { dataDir: resolve(folder, 'postgres') }).catch((error) => {
    unlock();
    throw error;
  });
  const auth = drizzle(pg);
  return {
    send: (userId, statements) =>
      pg.transaction(async (tx) => {
        await tx.query(BECOME_USER, [userId]);
        const answers: unknown[][] = [];
        for (const { text, params, rowMode } of statements) {
          answers.push((await tx.query(text, params, { rowMode, parsers })).rows);
        }
        return answers;
      }),
    read: async (text) => (await pg.query<Record<string, unknown>>(text)).rows,
    auth,
    migrate: (migrationsFolder) => migrate(auth, { migrationsFolder }),
    async close() {
      await pg.close();
      unlock();
    },
  };
}
