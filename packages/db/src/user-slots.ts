import { DatabaseUnavailable } from './driver';

interface Waiter {
  start(): void;
  readonly timer: NodeJS.Timeout;
}

/** Lets each user run at most `limit` batches at once. The rest of theirs wait in order, for `timeoutMs` at most. */
export class UserSlots {
  private readonly running = new Map<string, number>();
  private readonly waiting = new Map<string, Waiter[]>();

  constructor(
    private readonly limit: number,
    private readonly timeoutMs: number,
  ) {}

  /**
   * To be followed by `release`. Undefined where a slot is free, so that no batch waits without need.
   *
   * @throws {DatabaseUnavailable} when none is free in time; nothing has been sent then.
   */
  acquire(userId: string): Promise<void> | undefined {
    const running = this.running.get(userId) ?? 0;
    if (running >= this.limit) return this.wait(userId);
    this.running.set(userId, running + 1);
    return undefined;
  }

  /** Passes the slot on to the batch that has waited longest. */
  release(userId: string): void {
    const [next] = this.waiting.get(userId) ?? [];
    if (next) {
      this.leave(userId, next);
      // Requests of others come in first: the embedded database leaves no time for that while it works.
      setImmediate(next.start);
      return;
    }
    const running = this.running.get(userId) ?? 0;
    if (running > 1) this.running.set(userId, running - 1);
    else this.running.delete(userId);
  }

  private wait(userId: string): Promise<void> {
    return new Promise((start, reject) => {
      const timer = setTimeout(() => {
        this.leave(userId, waiter);
        reject(new DatabaseUnavailable(false, new Error('Too many statements of this user are running.')));
      }, this.timeoutMs);
      const waiter = { start, timer };
      const queue = this.waiting.get(userId);
      if (queue) queue.push(waiter);
      else this.waiting.set(userId, [waiter]);
    });
  }

  private leave(userId: string, waiter: Waiter): void {
    clearTimeout(waiter.timer);
    const others = this.waiting.get(userId)?.filter((one) => one !== waiter) ?? [];
    if (others.length > 0) this.waiting.set(userId, others);
    else this.waiting.delete(userId);
  }
}
