import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite, types } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { becomeUser, type Driver, sayingWhy } from '../driver';
import { lockFolder } from './folder-lock';

const asText = (value: string) => value;
/** As the drivers for servers give them. */
const parsers = { [types.TIMESTAMPTZ]: asText, [types.TIMESTAMP]: asText, [types.DATE]: asText, [types.INT8]: asText };

/**
 * PostgreSQL in this process, kept in a folder that it holds for itself alone.
 *
 * @throws {Error} when the folder cannot be written, is in use, or holds something else.
 * @see https://pglite.dev/docs/filesystems
 */
export async function openPglite(folder: string): Promise<Driver> {
  const unlock = lockFolder(folder);
  const pg = await open(folder).catch((error) => {
    unlock();
    throw new Error(`The embedded database in ${folder} cannot be opened: ${error.message}`, { cause: error });
  });
  const auth = drizzle(pg);
  return {
    send: (userId, statements) =>
      pg.transaction(async (tx) => {
        const answers: unknown[][] = [];
        for (const { text, params, rowMode } of [becomeUser(userId), ...statements]) {
          answers.push((await tx.query(text, params, { rowMode, parsers })).rows);
        }
        return answers.slice(1);
      }),
    read: async (text) => (await pg.query<Record<string, unknown>>(text)).rows,
    auth,
    migrate: (migrationsFolder) => sayingWhy(migrate(auth, { migrationsFolder })),
    async close() {
      await pg.close();
      unlock();
    },
  };
}

/** Opens the data of the folder. The first time they are made aside, so that a start cut short leaves none by halves. */
async function open(folder: string): Promise<PGlite> {
  const data = join(folder, 'postgres');
  if (!existsSync(data)) {
    const draft = `${data}.new`;
    rmSync(draft, { recursive: true, force: true });
    const pg = await PGlite.create(draft);
    await pg.close();
    renameSync(draft, data);
  }
  return PGlite.create(data);
}
