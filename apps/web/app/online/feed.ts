import { retryIn, SessionEnded } from '../sync/api';
import { getObstacle, onObstacle } from '../sync/connection';

export interface FeedPage<T> {
  readonly items: readonly T[];
  /** Of the page after this one; null on the last. */
  readonly next: string | null;
}

export interface FeedState<T> {
  readonly items: readonly T[];
  /** Of the next page: null after the last one, undefined before the first. */
  readonly next: string | null | undefined;
  readonly isLoading: boolean;
  /** Why the last request failed. */
  readonly error: unknown;
}

/** A list that is loaded page by page from the API, newest first. Requests run one after the other. */
export class Feed<T> {
  #state: FeedState<T> = { items: [], next: undefined, isLoading: true, error: undefined };
  readonly #listeners = new Set<() => void>();
  #last: Promise<void> = Promise.resolve();
  #retry = () => this.more();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly load: (cursor: string | undefined) => Promise<FeedPage<T>>,
    private readonly idOf: (item: T) => string | number,
  ) {}

  readonly getState = (): FeedState<T> => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Loads the first page, and retries by itself when that may help. Returns how to stop. */
  start(): () => void {
    if (this.#state.next === undefined) void this.more();
    const stop = onObstacle(() => {
      if (!getObstacle() && this.#state.error !== undefined) void this.retry();
    });
    return () => {
      stop();
      clearTimeout(this.#timer);
    };
  }

  /** Loads the next page. Never rejects: the error is in the state. */
  more(): Promise<void> {
    return this.#enqueue(this.more, async () => {
      const { items, next } = this.#state;
      if (next === null) return {};
      const page = await this.load(next);
      return { items: [...items, ...this.#without(page.items, items)], next: page.next };
    });
  }

  /** Loads the first page again. Later pages stay, where they are known to follow it. */
  refresh(): Promise<void> {
    return this.#enqueue(this.refresh, async () => {
      const { items, next } = this.#state;
      const page = await this.load(undefined);
      const last = page.items.at(-1);
      const index = last === undefined ? -1 : items.findIndex((item) => this.idOf(item) === this.idOf(last));
      if (index < 0 || next === undefined || page.next === null) return page;
      return { items: [...page.items, ...this.#without(items.slice(index + 1), page.items)], next };
    });
  }

  retry(): Promise<void> {
    return this.#retry();
  }

  remove(id: string | number): void {
    this.#set({ items: this.#state.items.filter((item) => this.idOf(item) !== id) });
  }

  #without(items: readonly T[], others: readonly T[]): T[] {
    const ids = new Set(others.map(this.idOf));
    return items.filter((item) => !ids.has(this.idOf(item)));
  }

  #enqueue(method: () => Promise<void>, task: () => Promise<Partial<FeedState<T>>>): Promise<void> {
    this.#retry = method.bind(this);
    this.#last = this.#last.then(async () => {
      clearTimeout(this.#timer);
      this.#set({ isLoading: true });
      const outcome = await task().then(
        (loaded) => ({ ...loaded, error: undefined }),
        (error: unknown) => ({ error }),
      );
      this.#set({ ...outcome, isLoading: false });
      const ms = outcome.error instanceof SessionEnded ? undefined : retryIn(outcome.error);
      // While there is an obstacle, its end is what to wait for.
      if (ms !== undefined && !getObstacle()) this.#timer = setTimeout(() => void this.retry(), ms);
    });
    return this.#last;
  }

  #set(change: Partial<FeedState<T>>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
