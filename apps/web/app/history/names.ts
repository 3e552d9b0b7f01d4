import type { Client } from '@taskward/api-core/client';
import type { Task } from '@taskward/api-core/contract';
import type { Phrase } from '../online/phrase';
import { Walk } from './walk';

/** What is known of a task at some moment. */
export interface KnownTask {
  readonly title?: string;
  readonly parent_id?: string | null;
  readonly list_id?: string | null;
}

export interface Names {
  readonly tasks: ReadonlyMap<string, KnownTask>;
  readonly lists: ReadonlyMap<string, string>;
  /** Whether everything that still exists, or can be restored, has a name here. */
  readonly isComplete: boolean;
}

export function taskPhrase({ tasks, isComplete }: Names, id: string): Phrase {
  const name = tasks.get(id)?.title;
  return name === undefined ? [isComplete ? 'a deleted task' : 'a task'] : [{ name }];
}

export function listPhrase({ lists, isComplete }: Names, id: string): Phrase {
  const name = lists.get(id);
  return name === undefined ? [isComplete ? 'a deleted list' : 'a list'] : ['list ', { name }];
}

/** A write may have begun so much earlier than its revision. */
const MARGIN_MS = 60_000;

/**
 * Loads the names that revisions lack. What a revision changed is among the tasks that were changed, or deleted, since then,
 * so both are read newest first, as far as the revisions.
 */
export class NameLoader {
  readonly #tasks = new Map<string, KnownTask>();
  #lists = new Map<string, string>();
  #walks: readonly Walk[];
  #newest = Number.NEGATIVE_INFINITY;
  #isComplete = true;

  constructor(
    private readonly client: Pick<Client, 'listTasks' | 'listTrash' | 'listLists'>,
    private readonly params: { readonly user_id: string },
  ) {
    this.#walks = this.#createWalks();
  }

  /** A copy, which does not change. */
  names(): Names {
    return { tasks: new Map(this.#tasks), lists: new Map(this.#lists), isComplete: this.#isComplete };
  }

  /** Requests what the first page will need, as it does not depend on the page. */
  async begin(): Promise<void> {
    await Promise.all([this.#loadLists(), ...this.#walks.map((walk) => walk.begin())]);
  }

  /** Loads the names for revisions, newest first. */
  async load(moments: readonly string[], isRefresh: boolean): Promise<void> {
    const [newest, oldest] = [moments[0], moments.at(-1)].map((at) => (at === undefined ? Number.NaN : Date.parse(at)));
    if (newest === undefined || oldest === undefined || Number.isNaN(oldest)) return;
    // Names that were loaded before are still right where nothing was changed since.
    const walks = isRefresh ? this.#createWalks() : this.#walks;
    const target = (isRefresh ? Math.max(oldest, this.#newest) : oldest) - MARGIN_MS;
    await Promise.all([...(isRefresh ? [this.#loadLists()] : []), ...walks.map((walk) => walk.reach(target))]);
    this.#newest = Math.max(this.#newest, newest);
    this.#isComplete = walks.every((walk) => walk.hasReached(target));
  }

  #createWalks(): readonly Walk[] {
    const { client, params } = this;
    return [
      new Walk(async (cursor) => {
        const { data, next_cursor } = (
          await client.listTasks({ params, query: { sort: '-updated_at', limit: 100, cursor } })
        ).body;
        for (const task of data) this.#remember(task);
        return { next: next_cursor, at: data.at(-1)?.updated_at };
      }),
      new Walk(async (cursor) => {
        const { data, next_cursor } = (await client.listTrash({ params, query: { limit: 100, cursor } })).body;
        for (const { task } of data) this.#remember(task);
        return { next: next_cursor, at: data.at(-1)?.deleted_at };
      }),
    ];
  }

  #remember({ id, title, parent_id, list_id }: Task): void {
    this.#tasks.set(id, { title, parent_id, list_id });
  }

  /** Lists that were seen before keep their names when they are deleted. */
  async #loadLists(): Promise<void> {
    let cursor: string | undefined;
    do {
      const { data, next_cursor } = (
        await this.client.listLists({ params: this.params, query: { limit: 100, cursor } })
      ).body;
      for (const { id, name } of data) this.#lists.set(id, name);
      cursor = next_cursor ?? undefined;
    } while (cursor !== undefined);
  }
}
