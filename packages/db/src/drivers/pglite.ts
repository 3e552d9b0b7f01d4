import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import {
  DatabaseUnavailable,
  type Driver,
  isDatabaseUnavailable,
  setUserContext,
  toDatabaseError,
  withMigrationError,
} from '../driver';
import { backfillText } from '../text-backfill';
import { Batch } from './batch';
import { lockFolder, makePrivate, prepareFolder } from './data-folder';

/**
 * PostgreSQL in this process. Its data is in a folder that it locks.
 *
 * @throws {Error} when the folder cannot be written, is in use, or contains other files.
 * @see https://pglite.dev/docs/filesystems
 */
export async function openPglite(folder: string): Promise<Driver> {
  prepareFolder(folder);
  const unlock = lockFolder(folder);
  const { pg, crashed } = await open(folder).catch((error) => {
    unlock();
    throw new Error(`The embedded database in ${folder} cannot be opened: ${error.message}`, { cause: error });
  });
  const ownerDb = drizzle(pg);
  const parsedStatements = {};
  const driver: Driver = {
    async executeBatch(userId, statements) {
      // The timeout is set, but cannot end a statement here: nothing else runs in the process meanwhile.
      const batch = new Batch([setUserContext(userId, statements), ...statements]);
      // As PGlite's own `query` does it, so that it never comes between the statements of an open transaction.
      const messages = await pg._runExclusiveTransaction(() =>
        pg._runExclusiveQuery(async () => {
          await pg._checkReady();
          return pg.execProtocolStream(batch.toBytes(parsedStatements), { throwOnError: false });
        }),
      );
      batch.callback = (error) => {
        if (error) rethrow(error);
      };
      for (const message of messages) {
        const handler = handlers[message.name];
        if (handler) batch[handler](message as never, { parsedStatements });
      }
      return batch.rows.slice(1);
    },
    queryAsOwner: async (text) => (await pg.query<Record<string, unknown>>(text)).rows,
    connections: 1,
    ownerDb,
    migrate: (migrationsFolder) =>
      withMigrationError(migrate(ownerDb, { migrationsFolder }).then(() => backfillText(driver))),
    crashed,
    async close() {
      await pg.close();
      unlock();
    },
  };
  return driver;
}

/** The messages that a batch handles, by the names that PGlite gives them. */
const handlers: Record<string, Extract<keyof Batch, `handle${string}`>> = {
  rowDescription: 'handleRowDescription',
  dataRow: 'handleDataRow',
  commandComplete: 'handleCommandComplete',
  readyForQuery: 'handleReadyForQuery',
  error: 'handleError',
};

/** Opens the data in the folder. The first time it is created under a temporary path, so that an aborted start leaves no part of it. */
async function open(folder: string): Promise<Postgres> {
  const data = join(folder, 'postgres');
  if (!existsSync(data)) {
    const temporaryPath = `${data}.new`;
    const removeTemporary = () => rmSync(temporaryPath, { recursive: true, force: true });
    removeTemporary();
    try {
      const { pg } = await start(temporaryPath);
      await pg.close();
      renameSync(temporaryPath, data);
    } catch (error) {
      // It may be what fills the disk.
      removeTemporary();
      throw error;
    }
  }
  return start(data);
}

interface Postgres {
  readonly pg: PGlite;
  readonly crashed: Promise<DatabaseUnavailable>;
}

/** @throws {Error} with the last fatal error in the log of PostgreSQL, if there is one. */
async function start(dataDir: string): Promise<Postgres> {
  let fatal: string | undefined;
  const onStderr = (line: string) => {
    fatal = /(?:FATAL|PANIC): +(.*)/.exec(line)?.[1] ?? fatal;
    return false;
  };
  // Without the timer of that log, which a failed start leaves running, so that the process does not end.
  const startParams = [...PGlite.defaultStartParams, '-c', 'log_startup_progress_interval=0'];
  const pg = await PGlite.create({ dataDir, onStderr, startParams }).catch((error) => {
    throw new Error(fatal ?? (error.errno === ENOSPC ? 'No space left on device' : error.message), { cause: error });
  });
  const { execProtocolStream } = pg;
  pg.execProtocolStream = (...args) => execProtocolStream.apply(pg, args).catch(rethrow);
  // What it creates later has the mode 0600 by itself.
  makePrivate(dataDir);
  const crashed = failAfterCrash(pg, (error) => unavailable(`it has crashed: ${fatal ?? error}`, error));
  return { pg, crashed };
}

/** The number in the errors of Emscripten's file system, which have no message. */
const ENOSPC = 51;

function rethrow(error: unknown): never {
  const isClassified = isDatabaseUnavailable(error) || toDatabaseError(error, true) === error;
  throw isClassified ? error : unavailable((error as Error).message, error);
}

/** With the reason, which operators of a server read in its log. */
function unavailable(reason: string, cause: unknown): DatabaseUnavailable {
  const error = new DatabaseUnavailable(true, cause);
  error.message = `The embedded database is not available: ${reason}`;
  return error;
}

/**
 * Makes every call fail once PostgreSQL has ended, be it by a PANIC, as on a full disk, or by a trap of WebAssembly.
 * PGlite catches either and calls PostgreSQL again, without end.
 *
 * @returns the error that all calls fail with, when that has happened.
 */
function failAfterCrash(pg: PGlite, toCrash: (error: unknown) => DatabaseUnavailable): Promise<DatabaseUnavailable> {
  // Its type names none of the exports that are replaced here.
  const module = pg.Module as unknown as Record<string, unknown>;
  return new Promise((resolve) => {
    for (const name of ['_PostgresMainLoopOnce', '_PostgresMainLongJmp']) {
      const run = module[name] as () => void;
      module[name] = () => {
        try {
          run();
        } catch (error) {
          if ((error as { status?: unknown }).status === POSTGRES_MAIN_LONGJMP) throw error;
          const crash = toCrash(error);
          const fail = () => {
            throw crash;
          };
          // The exports of PostgreSQL, and what PGlite calls where it catches.
          for (const key of Object.keys(module)) {
            if ((key.startsWith('_') && typeof module[key] === 'function') || key === 'stackRestore')
              module[key] = fail;
          }
          resolve(crash);
          throw crash;
        }
      };
    }
  });
}

/** What PGlite's build of PostgreSQL exits with where PostgreSQL jumps to its handler of errors: no crash. */
const POSTGRES_MAIN_LONGJMP = 100;
