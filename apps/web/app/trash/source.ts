import type { Client } from '@taskward/api-core/client';
import type { TrashedTask } from '@taskward/api-core/contract';
import { ProblemError } from '@taskward/api-core/kit/client';
import { Feed } from '../online/feed';

/** The deleted tasks of a user. Each change shows in the feed. */
export class TrashSource {
  readonly #params: { readonly user_id: string };
  readonly feed: Feed<TrashedTask>;

  constructor(
    private readonly client: Client,
    userId: string,
  ) {
    this.#params = { user_id: userId };
    this.feed = new Feed(
      async (cursor) => {
        const { data, next_cursor } = (await client.listTrash({ params: this.#params, query: { limit: 50, cursor } }))
          .body;
        return { items: data, next: next_cursor };
      },
      ({ task }) => task.id,
    );
  }

  /** Returns false where the task was not in the trash any more. @throws {ProblemError} 409 at the quota. */
  restore(id: string): Promise<boolean> {
    return this.#take(id, this.client.restoreTask({ params: { ...this.#params, task_id: id } }));
  }

  /** Returns false where the task was not in the trash any more. */
  purge(id: string): Promise<boolean> {
    return this.#take(id, this.client.purgeTask({ params: { ...this.#params, task_id: id } }));
  }

  async empty(): Promise<void> {
    await this.client.emptyTrash({ params: this.#params });
    await this.feed.refresh();
  }

  async #take(id: string, request: Promise<unknown>): Promise<boolean> {
    const wasThere = await request.then(
      () => true,
      (error: unknown) => {
        if (error instanceof ProblemError && error.status === 404) return false;
        throw error;
      },
    );
    this.feed.remove(id);
    return wasThere;
  }
}
