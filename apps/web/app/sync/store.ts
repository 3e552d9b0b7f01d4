import type { List, Task } from '@taskward/api-core/contract';
import { randomKey } from '@taskward/api-core/kit/client';
import { applyOperations, Edit } from './apply';
import type { Change, Operation } from './changes';
import { type CopyUpdate, type LocalDatabase, openLocalDatabase, readAll, writeChanges, writeCopy } from './database';
import type { Draft } from './drafts';
import { project } from './project';
import { TabChannel, type TabMessage } from './tab-channel';
import type { View } from './view';

/** What the server puts into the document of a first visit. */
export interface FirstData {
  readonly tasks: readonly Task[];
  readonly lists: readonly List[];
}

export interface State {
  /** The user's tasks and lists, with all changes applied. */
  readonly view: View;
  /** Whether the view has all tasks of the user; else only those that have arrived so far. */
  readonly isComplete: boolean;
  /** Whether the local database was read. */
  readonly isLoaded: boolean;
  /** Those that the server may not know yet, oldest first. */
  readonly changes: readonly Change[];
  readonly drafts: ReadonlyMap<string, Draft>;
}

/**
 * The data of one user in this browser: a copy of the tasks and lists, the changes that the server does not know yet, and
 * drafts. It is in memory, in the local database, and the same in all tabs.
 */
export class Store {
  #copy: { readonly tasks: Map<string, Task>; readonly lists: Map<string, List> };
  #token: string | undefined;
  #changes = new Map<string, Change>();
  #drafts = new Map<string, Draft>();
  #state: State;
  #database: LocalDatabase | undefined;
  #channel: TabChannel | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #changeListeners = new Set<() => void>();
  readonly #noticeListeners = new Set<(text: string) => void>();
  /** The revisions that changes have become, by their keys. */
  readonly #revisions = new Map<string, number>();
  /** The id of this tab. */
  readonly tab = randomKey();
  /** Whether changes and drafts survive the page. */
  isDurable = true;

  constructor(
    readonly userId: string,
    first: FirstData = { tasks: [], lists: [] },
  ) {
    this.#copy = { tasks: byId(first.tasks), lists: byId(first.lists) };
    this.#state = {
      view: this.#copy,
      isComplete: false,
      isLoaded: false,
      changes: [],
      drafts: this.#drafts,
    };
  }

  readonly getState = (): State => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Calls the listener when changes have come or gone, in this tab or another. */
  onChanges(listener: () => void): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  /** Calls the listener with what the user of this tab should know. */
  onNotice(listener: (text: string) => void): () => void {
    this.#noticeListeners.add(listener);
    return () => this.#noticeListeners.delete(listener);
  }

  /** Says something to the user, in the tab where the change was made. */
  notify(tab: string, text: string): void {
    const message: TabMessage = { type: 'notice', tab, text };
    this.#receive(message);
    this.#channel?.post(message);
  }

  /** The position of the copy in the journal; undefined while it has none. */
  get token(): string | undefined {
    return this.#token;
  }

  /** Reads what is stored, and joins the other tabs. Call the returned function to leave them. */
  async open(): Promise<() => void> {
    // Before the database is read: what other tabs say meanwhile must not be missed.
    const channel = new TabChannel(this.userId);
    this.#channel = channel;
    this.#database = await openLocalDatabase(this.userId, () => {
      this.#database = undefined;
      this.isDurable = false;
    });
    this.isDurable = this.#database !== undefined;
    if (this.#database) this.#take(await readAll(this.#database));
    channel.listen((message) => this.#receive(message));
    this.#show({ isLoaded: true });
    for (const listener of this.#changeListeners) listener();
    return () => {
      channel.close();
      this.#database?.close();
      this.#database = undefined;
    };
  }

  /**
   * Shows a change at once, and stores it until the server has it.
   *
   * @param label in the past tense, for messages.
   * @param seen what the user saw of a task, if that is older than the view.
   */
  change(label: string, operations: readonly Operation[], seen?: Task): Change {
    const edit = new Edit(this.#state.view, this.userId);
    const at = this.#nextTime();
    applyOperations(edit, { operations, at });
    const made = this.#newChange(label, edit, operations, at);
    const change = seen ? { ...made, before: { ...made.before, [seen.id]: seen } } : made;
    this.#changes.set(change.key, change);
    this.#stored({ put: [change], removed: [] }, edit.view());
    return change;
  }

  /** Takes a change back, as another change, which can be taken back in turn. */
  undo({ key, before, label }: Change): Change {
    const edit = new Edit(this.#state.view, this.userId);
    edit.restore(before);
    const revision = this.#revisions.get(key);
    const undo: Change = {
      ...this.#newChange(label, edit),
      undoes: key,
      restores: before,
      ...(revision !== undefined && { undoesRevision: revision }),
    };
    this.#changes.set(undo.key, undo);
    this.#stored({ put: [undo], removed: [] }, edit.view());
    return undo;
  }

  #newChange(label: string, edit: Edit, operations: readonly Operation[] = [], at = this.#nextTime()): Change {
    const { tab } = this;
    return {
      key: randomKey(),
      idempotencyKey: randomKey(),
      at,
      tab,
      label,
      operations,
      before: edit.before(),
      state: 'waiting',
    };
  }

  findChange(key: string): Change | undefined {
    return this.#changes.get(key);
  }

  /** Replaces and removes changes, in all tabs. */
  update({ put, removed }: { put: readonly Change[]; removed: readonly string[] }): void {
    if (put.length === 0 && removed.length === 0) return;
    this.#receive({ type: 'changes', put, removed });
    this.#stored({ put, removed });
  }

  /** Stores that a request of the change is begun. Nothing that is shown depends on it. */
  markAttempted(change: Change): void {
    const attempted = { ...change, isAttempted: true };
    this.#put(attempted);
    this.#stored({ put: [attempted], removed: [] });
  }

  /** Writes news of the server into the copy, in all tabs, and removes the changes that they contain. */
  updateCopy(update: CopyUpdate, removed: readonly string[]): void {
    const message: TabMessage = { type: 'copy', update, removed };
    this.#receive(message);
    this.#channel?.post(message);
    this.#store((database) => writeCopy(database, update));
    if (removed.length > 0) this.#store((database) => writeChanges(database, { put: [], removed }));
  }

  /** The copy without the changes. */
  get copy(): View {
    return this.#copy;
  }

  saveDraft(draft: Draft): void {
    this.#drafts = new Map(this.#drafts).set(draft.id, draft);
    this.#store((database) => database.put('drafts', draft));
    this.#show({ drafts: this.#drafts });
  }

  deleteDraft(id: string): void {
    if (!this.#drafts.has(id)) return;
    this.#drafts = new Map(this.#drafts);
    this.#drafts.delete(id);
    this.#store((database) => database.delete('drafts', id));
    this.#show({ drafts: this.#drafts });
  }

  #stored(update: { put: readonly Change[]; removed: readonly string[] }, view?: View): void {
    this.#channel?.post({ type: 'changes', ...update });
    this.#store((database) => writeChanges(database, update));
    if (view) this.#showChanges(view);
  }

  #take({ tasks, lists, changes, drafts, token }: Awaited<ReturnType<typeof readAll>>): void {
    // What came with the document is newer, if it was changed.
    this.#copy = { tasks: newest(byId(tasks), this.#copy.tasks), lists: newest(byId(lists), this.#copy.lists) };
    this.#token = token;
    // The user may have begun before this was read.
    for (const draft of this.#drafts.values()) this.#store((database) => database.put('drafts', draft));
    const made = this.#changes;
    this.#changes = new Map();
    for (const change of [...changes, ...made.values()]) this.#put(change);
    this.#drafts = new Map([...byId(drafts), ...this.#drafts]);
    this.#show({ isComplete: token !== undefined, drafts: this.#drafts });
    this.#showChanges();
    this.#store((database) => writeChanges(database, { put: [...this.#changes.values()], removed: [] }));
  }

  #receive(message: TabMessage): void {
    if (message.type === 'notice') this.#showNotice(message);
    else this.#takeChanges(message);
  }

  #showNotice({ tab, text }: Extract<TabMessage, { type: 'notice' }>): void {
    if (tab === this.tab) for (const listener of this.#noticeListeners) listener(text);
  }

  #takeChanges(message: Extract<TabMessage, { type: 'copy' | 'changes' }>): void {
    for (const key of message.removed) this.#changes.delete(key);
    if (message.type === 'copy') this.#applyToCopy(message.update);
    else for (const change of message.put) this.#put(change);
    this.#showChanges();
  }

  #put(change: Change): void {
    this.#changes.set(change.key, change);
    if (change.revision !== undefined) this.#revisions.set(change.key, change.revision);
  }

  #applyToCopy({ tasks, lists, deleted, token }: CopyUpdate): void {
    const copy = { tasks: newest(this.#copy.tasks, byId(tasks)), lists: newest(this.#copy.lists, byId(lists)) };
    for (const id of deleted) {
      copy.tasks.delete(id);
      copy.lists.delete(id);
    }
    this.#copy = copy;
    this.#token = token ?? this.#token;
    if (token !== undefined) this.#show({ isComplete: true });
  }

  #showChanges(view?: View): void {
    const changes = [...this.#changes.values()].sort((a, b) => a.at - b.at);
    this.#show({ changes, view: view ?? project(this.#copy, changes, this.userId) });
    for (const listener of this.#changeListeners) listener();
  }

  #show(state: Partial<State>): void {
    this.#state = { ...this.#state, ...state };
    for (const listener of this.#listeners) listener();
  }

  #store(write: (database: LocalDatabase) => Promise<unknown>): void {
    if (!this.#database) return;
    write(this.#database).catch((error) => {
      console.warn('Changes are not stored in this browser.', error);
      this.isDurable = false;
    });
  }

  #nextTime(): number {
    return Math.max(Date.now(), (this.#state.changes.at(-1)?.at ?? 0) + 1);
  }
}

function byId<T extends { readonly id: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

/** Both, and of what is in both the one with the greater version. */
function newest<T extends { readonly version: number }>(known: Map<string, T>, others: Map<string, T>): Map<string, T> {
  const result = new Map(known);
  for (const [id, item] of others) if (item.version >= (result.get(id)?.version ?? 0)) result.set(id, item);
  return result;
}
