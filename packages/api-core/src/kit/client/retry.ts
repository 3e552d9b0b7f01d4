import { ProblemError } from './problem-error';

const MAX_ATTEMPTS = 3;
/** In milliseconds, over all attempts of one request. A longer `Retry-After` is left to the caller. */
const MAX_WAIT = 30_000;

/** Waits for so many milliseconds; rejects when the signal aborts. */
export type Sleep = (ms: number, signal?: AbortSignal | null) => Promise<void>;

/**
 * Makes up to three attempts, as long as they fail with a network error, 429 or 503. Waits for `Retry-After`, or longer
 * each time, and never for the same time as other clients.
 */
export async function withRetry<T>(
  attempt: () => Promise<T>,
  { sleep = abortableSleep, signal }: { sleep?: Sleep | undefined; signal: AbortSignal | null },
): Promise<T> {
  let waited = 0;
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      const { status, headers } = error instanceof ProblemError ? error : {};
      const isTransient = status === undefined || status === 429 || status === 503;
      const seconds = Math.max(Number(headers?.get('Retry-After')) || 0, 2 ** attempts / 4);
      const ms = seconds * 1000 * (1 + Math.random() / 4);
      if (!isTransient || attempts === MAX_ATTEMPTS || waited + ms > MAX_WAIT) throw error;
      waited += ms;
      await sleep(ms, signal);
    }
  }
}

/** Rejects at once if the signal has aborted already. */
export const abortableSleep: Sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
