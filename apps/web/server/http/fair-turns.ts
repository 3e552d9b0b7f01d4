/** How many requests begin in one turn of the event loop: each takes a fraction of a millisecond of it. */
const STARTS_A_TURN = 8;

/**
 * Decides when requests that arrive at once begin: some in each turn of the event loop, of each client in turn. A burst of one
 * client therefore delays the requests of others by a turn, and not by the whole burst.
 */
export class FairTurns {
  private started = 0;
  private isScheduled = false;
  /** What each client waits to begin; its next turn comes in this order. */
  private readonly waiting = new Map<string, (() => void)[]>();

  /** Begins now, or else as soon as it is the turn of this client. */
  run(client: string, begin: () => void): void {
    this.schedule();
    if (this.started < STARTS_A_TURN && this.waiting.size === 0) {
      this.started++;
      begin();
      return;
    }
    const ofClient = this.waiting.get(client);
    if (ofClient) ofClient.push(begin);
    else this.waiting.set(client, [begin]);
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => this.nextTurn());
  }

  private nextTurn(): void {
    this.isScheduled = false;
    this.started = 0;
    // A client that waits for more comes last again, and the iteration comes to it again.
    for (const [client, begins] of this.waiting) {
      if (this.started === STARTS_A_TURN) break;
      this.started++;
      const begin = begins.shift();
      this.waiting.delete(client);
      if (begins.length > 0) this.waiting.set(client, begins);
      begin?.();
    }
    if (this.started > 0) this.schedule();
  }
}
