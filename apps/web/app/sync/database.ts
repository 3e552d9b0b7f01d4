import type { List, Task } from '@taskward/api-core/contract';
import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from 'idb';
import type { Change } from './changes';
import type { Draft } from './drafts';

interface Schema extends DBSchema {
  tasks: { key: string; value: Task };
  lists: { key: string; value: List };
  changes: { key: string; value: Change };
  drafts: { key: string; value: Draft };
  /** `token` is the position of the copy in the journal. */
  meta: { key: 'token'; value: string };
}

export type LocalDatabase = IDBPDatabase<Schema>;

const PREFIX = 'taskward-';
const STORES = { tasks: 'id', lists: 'id', changes: 'key', drafts: 'id' } as const;

/**
 * The local database of one user. Undefined where the browser has none, as some have not in private windows: then
 * everything lives in memory.
 *
 * @param onClosed when it was deleted or upgraded by another tab.
 */
export async function openLocalDatabase(userId: string, onClosed: () => void): Promise<LocalDatabase | undefined> {
  try {
    return await openDB<Schema>(`${PREFIX}${userId}`, 1, {
      upgrade(database) {
        for (const [name, keyPath] of Object.entries(STORES)) {
          database.createObjectStore(name as keyof typeof STORES, { keyPath });
        }
        database.createObjectStore('meta');
      },
      blocking(_, __, event) {
        (event.target as IDBDatabase).close();
        onClosed();
      },
      terminated: onClosed,
    });
  } catch (error) {
    console.warn('Changes are not stored in this browser.', error);
    return undefined;
  }
}

/** Everything that was stored. */
export async function readAll(database: LocalDatabase) {
  const transaction = database.transaction(['tasks', 'lists', 'changes', 'drafts', 'meta']);
  const [tasks, lists, changes, drafts, token] = await Promise.all([
    transaction.objectStore('tasks').getAll(),
    transaction.objectStore('lists').getAll(),
    transaction.objectStore('changes').getAll(),
    transaction.objectStore('drafts').getAll(),
    transaction.objectStore('meta').get('token'),
  ]);
  return { tasks, lists, changes, drafts, token };
}

export interface CopyUpdate {
  readonly tasks: readonly Task[];
  readonly lists: readonly List[];
  /** Ids of tasks and lists. */
  readonly deleted: readonly string[];
  readonly token: string | undefined;
}

export async function writeCopy(database: LocalDatabase, { tasks, lists, deleted, token }: CopyUpdate): Promise<void> {
  const transaction = database.transaction(['tasks', 'lists', 'meta'], 'readwrite');
  const stores = { tasks: transaction.objectStore('tasks'), lists: transaction.objectStore('lists') };
  for (const task of tasks) void stores.tasks.put(task);
  for (const list of lists) void stores.lists.put(list);
  for (const id of deleted) {
    void stores.tasks.delete(id);
    void stores.lists.delete(id);
  }
  if (token !== undefined) void transaction.objectStore('meta').put(token, 'token');
  await transaction.done;
}

export async function writeChanges(
  database: LocalDatabase,
  { put, removed }: { put: readonly Change[]; removed: readonly string[] },
): Promise<void> {
  const transaction = database.transaction('changes', 'readwrite');
  for (const change of put) void transaction.store.put(change);
  for (const key of removed) void transaction.store.delete(key);
  // At once, so that a page that is closed now does not take it along.
  transaction.commit();
  await transaction.done;
}

/** How many changes of a user were not sent yet. */
export async function countUnsent(userId: string): Promise<number> {
  const database = await openLocalDatabase(userId, () => {});
  const changes = (await database?.getAll('changes')) ?? [];
  database?.close();
  return changes.filter(({ state }) => state !== 'sent').length;
}

export async function deleteLocalDatabase(userId: string): Promise<void> {
  await deleteDB(`${PREFIX}${userId}`);
}
