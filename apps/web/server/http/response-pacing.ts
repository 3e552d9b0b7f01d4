import { setTimeout } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';

/** Of the bodies of one user's responses. A page of 1 MiB costs the process about 40 ms, most of it on the event loop. */
const CHARACTERS_PER_SECOND = 2 ** 21;
/** Up to this length, a response is as cheap as any other. */
const MIN_LENGTH = 64 * 1024;
const MAX_USERS = 1_000;

interface Pace {
  /** When the next request may start, in milliseconds of `performance.now()`. */
  nextAt: number;
  /** The expected cost of the next response, in milliseconds until the one after it. */
  intervalMs: number;
}

/** Spaces the requests of a user whose responses are long, so that those of other users are processed in between. */
export class ResponsePacing {
  private readonly users = new LRUCache<string, Pace>({ max: MAX_USERS });

  /** Resolves when the next request of this user may start; undefined if that is now. */
  waitForTurn(userId: string): Promise<void> | undefined {
    const pace = this.users.get(userId);
    if (!pace) return undefined;
    const now = performance.now();
    const delayMs = pace.nextAt - now;
    pace.nextAt = Math.max(now, pace.nextAt) + pace.intervalMs;
    return delayMs > 0 ? setTimeout(delayMs) : undefined;
  }

  /** Records the length of a response, in characters. */
  record(userId: string, length: number): void {
    const intervalMs = (length / CHARACTERS_PER_SECOND) * 1000;
    const pace = this.users.get(userId);
    // Reduced slowly, so that short responses in between do not hide the long ones.
    if (pace) pace.intervalMs = Math.max(intervalMs, pace.intervalMs / 2);
    else if (length > MIN_LENGTH) this.users.set(userId, { nextAt: performance.now() + intervalMs, intervalMs });
  }
}
