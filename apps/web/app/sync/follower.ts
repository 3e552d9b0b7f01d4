import type { Client } from '@taskward/api-core/client';
import type { ChangePage, List, Task } from '@taskward/api-core/contract';
import { followChanges } from '@taskward/api-core/follow';
import { retryIn } from './api';
import type { Change } from './changes';
import { getObstacle } from './connection';
import type { Store } from './store';

/** Before the next attempt, after an error that no wait explains. In milliseconds. */
const RETRY_MS = 5_000;

/** Brings the copy of a store up to date, and keeps it so: by the event stream, or by asking from time to time. */
export class Follower {
  /** The ids of what has come since the beginning of a complete copy, which then replaces the former one. */
  #seen: Set<string> | undefined;
  #run: AbortController | undefined;

  constructor(
    private readonly store: Store,
    private readonly client: Pick<Client, 'listChanges' | 'streamChanges'>,
  ) {}

  /** Begins, or begins again: asks for what is new, and waits for more. */
  restart(): void {
    this.stop();
    this.#run = new AbortController();
    void this.#follow(this.#run.signal);
  }

  stop(): void {
    this.#run?.abort();
    this.#run = undefined;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { token: since, userId } = this.store;
    try {
      const pages = followChanges(this.client, { params: { user_id: userId }, since, signal });
      for await (const page of pages) {
        if (signal.aborted) return;
        this.#apply(page);
      }
    } catch (error) {
      // Whoever removes the obstacle restarts this.
      if (signal.aborted || getObstacle()) return;
      setTimeout(() => !signal.aborted && this.restart(), retryIn(error) ?? RETRY_MS);
    }
  }

  #apply({ changes, token, has_more: hasMore, reset }: ChangePage): void {
    if (reset) this.#seen = new Set();
    const tasks: Task[] = [];
    const lists: List[] = [];
    const deleted: string[] = [];
    for (const change of changes) {
      this.#seen?.add(change.id);
      if (change.type === 'task' && change.task) tasks.push(change.task);
      else if (change.type === 'list' && change.list) lists.push(change.list);
      else deleted.push(change.id);
    }
    const isWhole = this.#seen !== undefined && !hasMore;
    if (isWhole) deleted.push(...this.#unseen());
    // Interrupted in the middle of a complete copy, it begins again.
    const isPartOfCopy = this.#seen !== undefined && hasMore;
    if (isWhole) this.#seen = undefined;
    const touched = new Set(changes.map(({ id }) => id));
    const next = new Map([...tasks, ...lists].map(({ id, version }) => [id, version]));
    const removed = this.store.getState().changes.filter((change) => this.#has(change, touched, next));
    const update = { tasks, lists, deleted, token: isPartOfCopy ? undefined : token };
    this.store.updateCopy(
      update,
      removed.map(({ key }) => key),
    );
  }

  #unseen(): string[] {
    const { tasks, lists } = this.store.copy;
    return [...tasks.keys(), ...lists.keys()].filter((id) => !this.#seen?.has(id));
  }

  /** Whether the copy will contain the change. */
  #has({ state, restores, results = [] }: Change, touched: Set<string>, next: Map<string, number>): boolean {
    if (state !== 'sent') return false;
    // The API does not say which versions an undo has made.
    if (restores) return Object.keys(restores).some((id) => touched.has(id));
    const { tasks, lists } = this.store.copy;
    const versionOf = (id: string) =>
      next.get(id) ?? (touched.has(id) ? null : (tasks.get(id) ?? lists.get(id))?.version);
    return results.every(({ id, version }) => {
      const known = versionOf(id);
      if (version === null) return known === null || known === undefined;
      return known === null || (known !== undefined && known >= version);
    });
  }
}
