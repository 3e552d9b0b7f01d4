import { setTimeout } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';

/** Of one user: the bytes of bodies that are received, and the characters of those that are sent. A page of 1 MiB costs about 40 ms. */
const LENGTH_PER_SECOND = 2 ** 21;
/** Requests with shorter bodies are not paced. */
const MIN_LENGTH = 16 * 1024;
/** A shorter pause makes no difference. */
const MIN_INTERVAL_MS = 1;
const MAX_USERS = 10_000;

interface Pace {
  /** When the next request may start, in milliseconds of `performance.now()`. */
  nextAt: number;
  /** The expected cost of the next request, in milliseconds until the one after it. */
  intervalMs: number;
  /** Resolves with the first response: until then, its length may be any. */
  first?: Promise<void>;
  onFirst?: () => void;
}

/**
 * Spaces the requests of a user whose bodies are long, in either direction, so that those of other users are processed in
 * between. The first request of a user runs alone, since nothing is known of the responses yet.
 */
export class RequestPacing {
  private readonly users: LRUCache<string, Pace>;

  /** @param max the users that are remembered. */
  constructor(max = MAX_USERS) {
    this.users = new LRUCache({
      max,
      // Whoever waits for the first response of a user that is forgotten starts at once.
      dispose: (pace) => pace.onFirst?.(),
    });
  }

  /** Resolves when the next request of this user may start, to be followed by `record`; undefined if that is now. */
  waitForTurn(userId: string): Promise<void> | undefined {
    const pace = this.users.get(userId);
    const now = performance.now();
    if (!pace) {
      const unknown: Pace = { nextAt: now, intervalMs: 0 };
      unknown.first = new Promise((resolve) => {
        unknown.onFirst = resolve;
      });
      this.users.set(userId, unknown);
      return undefined;
    }
    if (pace.first) return pace.first.then(() => this.waitForTurn(userId));
    const delayMs = pace.nextAt - now;
    pace.nextAt = Math.max(now, pace.nextAt) + pace.intervalMs;
    return delayMs > 0 ? setTimeout(delayMs) : undefined;
  }

  /** Records the length of the bodies of a request, as `LENGTH_PER_SECOND` counts it. */
  record(userId: string, length: number): void {
    const pace = this.users.get(userId);
    if (!pace) return;
    const intervalMs = length > MIN_LENGTH ? (length / LENGTH_PER_SECOND) * 1000 : 0;
    if (pace.first) pace.nextAt = performance.now() + intervalMs;
    // Reduced slowly, so that short responses in between do not hide the long ones.
    pace.intervalMs = Math.max(intervalMs, pace.intervalMs > MIN_INTERVAL_MS ? pace.intervalMs / 2 : 0);
    pace.onFirst?.();
    delete pace.first;
    delete pace.onFirst;
  }
}
