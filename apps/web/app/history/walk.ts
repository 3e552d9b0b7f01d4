/** So many pages at once are enough: what is beyond them goes without a name. */
const MAX_PAGES = 5;

interface WalkedPage {
  readonly next: string | null;
  /** When its last item was changed. */
  readonly at: string | undefined;
}

/** Reads a list of the API, newest first, as far back as needed. */
export class Walk {
  #cursor: string | null | undefined;
  #reached = Number.POSITIVE_INFINITY;

  constructor(private readonly load: (cursor: string | undefined) => Promise<WalkedPage>) {}

  hasReached(time: number): boolean {
    return this.#cursor === null || this.#reached <= time;
  }

  async begin(): Promise<void> {
    if (this.#cursor === undefined) await this.#next();
  }

  /** Loads pages until one ends before that time, in milliseconds since the epoch. */
  async reach(time: number): Promise<void> {
    for (let pages = 0; pages < MAX_PAGES && !this.hasReached(time); pages++) await this.#next();
  }

  async #next(): Promise<void> {
    const { next, at } = await this.load(this.#cursor ?? undefined);
    this.#cursor = next;
    if (at !== undefined) this.#reached = Date.parse(at);
  }
}
