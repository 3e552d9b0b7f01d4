import type { Client } from '@taskward/api-core/client';
import type { Revision } from '@taskward/api-core/contract';
import { ProblemError, randomKey } from '@taskward/api-core/kit/client';
import { Feed } from '../online/feed';
import { NameLoader, type Names } from './names';

const PAGE_SIZE = 30;

/** The revisions of a user, and the names of what they changed. */
export class HistorySource {
  readonly #params: { readonly user_id: string };
  readonly #loader: NameLoader;
  /** Of undos whose response was lost: to try again must not undo twice. */
  readonly #keys = new Map<number, string>();
  readonly feed: Feed<Revision>;
  /** Of what is in the feed. */
  names: Names;

  constructor(
    private readonly client: Client,
    userId: string,
  ) {
    this.#params = { user_id: userId };
    this.#loader = new NameLoader(client, this.#params);
    this.names = this.#loader.names();
    this.feed = new Feed(
      (cursor) => this.#load(cursor),
      ({ revision }) => revision,
    );
  }

  async #load(cursor: string | undefined) {
    const isRefresh = cursor === undefined && this.feed.getState().next !== undefined;
    const [{ body }] = await Promise.all([
      this.client.listRevisions({ params: this.#params, query: { limit: PAGE_SIZE, cursor } }),
      cursor === undefined && !isRefresh ? this.#loader.begin() : undefined,
    ]);
    await this.#loader.load(
      body.data.map(({ at }) => at),
      isRefresh,
    );
    this.names = this.#loader.names();
    return { items: body.data, next: body.next_cursor };
  }

  /**
   * Undoes a revision. Returns the one that this made, null where nothing was left to undo.
   *
   * @throws {ProblemError} 409 where something stands in the way, 404 for one that is too old.
   */
  async undo(revision: number): Promise<number | null> {
    const idempotencyKey = this.#keys.get(revision) ?? randomKey();
    this.#keys.set(revision, idempotencyKey);
    const params = { ...this.#params, revision: String(revision) };
    try {
      const { body } = await this.client.undoRevision({ params, idempotencyKey });
      this.#keys.delete(revision);
      return body.revision;
    } catch (error) {
      if (error instanceof ProblemError && ![429, 503].includes(error.status)) this.#keys.delete(revision);
      throw error;
    }
  }
}
