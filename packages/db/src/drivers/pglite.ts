import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { becomeUser, type Driver, sayingWhy } from '../driver';
import { backfillText } from '../text-backfill';
import { Batch } from './batch';
import { lockFolder, makePrivate, prepareFolder } from './data-folder';

/**
 * PostgreSQL in this process, kept in a folder that it holds for itself alone.
 *
 * @throws {Error} when the folder cannot be written, is in use, or holds something else.
 * @see https://pglite.dev/docs/filesystems
 */
export async function openPglite(folder: string): Promise<Driver> {
  prepareFolder(folder);
  const unlock = lockFolder(folder);
  const pg = await open(folder).catch((error) => {
    unlock();
    throw new Error(`The embedded database in ${folder} cannot be opened: ${error.message}`, { cause: error });
  });
  const auth = drizzle(pg);
  const parsedStatements = {};
  const driver: Driver = {
    async send(userId, statements) {
      const batch = new Batch([becomeUser(userId), ...statements]);
      // As PGlite's own `query` does it, so that it never comes between the statements of an open transaction.
      const messages = await pg._runExclusiveTransaction(() =>
        pg._runExclusiveQuery(async () => {
          await pg._checkReady();
          return pg.execProtocolStream(batch.toBytes(parsedStatements), { throwOnError: false });
        }),
      );
      for (const message of messages) {
        const handler = handlers[message.name];
        if (handler) batch[handler](message as never, { parsedStatements });
      }
      const [, ...answers] = await batch.answers;
      return answers;
    },
    read: async (text) => (await pg.query<Record<string, unknown>>(text)).rows,
    auth,
    async migrate(migrationsFolder) {
      await sayingWhy(migrate(auth, { migrationsFolder }));
      return sayingWhy(backfillText(driver));
    },
    async close() {
      await pg.close();
      unlock();
    },
  };
  return driver;
}

/** What a batch wants to hear of, as `pg` would tell it. */
const handlers: Record<string, Extract<keyof Batch, `handle${string}`>> = {
  rowDescription: 'handleRowDescription',
  dataRow: 'handleDataRow',
  commandComplete: 'handleCommandComplete',
  readyForQuery: 'handleReadyForQuery',
  error: 'handleError',
};

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
  makePrivate(data);
  return PGlite.create(data);
}
