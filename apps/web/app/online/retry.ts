import { ProblemError } from '@taskward/api-core/kit/client';
import { retryIn, SessionEnded } from '../sync/api';

export interface Wait {
  /** In milliseconds since the epoch. */
  readonly until: number;
  readonly reason: 'busy' | 'unreachable';
}

export interface RetryOptions {
  readonly signal: AbortSignal;
  /** Called before each wait. */
  readonly onWait?: ((wait: Wait) => void) | undefined;
  /** Waits for so many milliseconds; rejects when the signal aborts. */
  readonly sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
}

const LONGEST_MS = 15_000;

/**
 * Repeats an attempt while the API is unreachable or unavailable, or has had too many requests, until the signal aborts.
 * Waits at least as long as the API asks for.
 *
 * @throws what retrying does not help against, the end of the session included; the reason of the signal.
 */
export async function retryWhileUnavailable<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { signal, onWait, sleep = wait } = options;
  for (let attempts = 0; ; attempts++) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      const asked = error instanceof SessionEnded ? undefined : retryIn(error);
      if (asked === undefined) throw error;
      const ms = Math.max(asked, Math.min(1_000 * 2 ** attempts, LONGEST_MS));
      const isBusy = error instanceof ProblemError && error.status === 429;
      onWait?.({ until: Date.now() + ms, reason: isBusy ? 'busy' : 'unreachable' });
      await sleep(ms, signal);
    }
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
