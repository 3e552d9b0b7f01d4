import type { Client } from '@taskward/api-core/client';
import { createClientOf, type OperationSpec, ProblemError } from '@taskward/api-core/kit/client';
import { Outage, reach, retryAfterMs, setObstacle } from './connection';
import { forgetShell } from './service-worker';

/** The session has ended, in this browser or elsewhere. */
export class SessionEnded extends Error {
  constructor() {
    super('Your session has ended.');
  }
}

/** A new token is requested when the old one has less than this left. */
const MARGIN_MS = 60_000;
/** In UTF-16 code units: browsers refuse more than 64 KiB of such requests at once, and up to four are sent at a time. */
const MAX_KEEPALIVE = 4 * 1024;

/** A typed client for one user. The access token stays in memory. */
export function connect(specs: readonly OperationSpec[], userId: string): Client {
  let token: { text: string; renewAt: number } | undefined;
  let renewal: Promise<{ text: string; renewAt: number }> | undefined;
  return createClientOf(specs, {
    baseUrl: '',
    // A write that was sent is not lost with the page.
    fetch: (url, init) =>
      reach(url, { ...init, keepalive: typeof init.body === 'string' && init.body.length < MAX_KEEPALIVE }),
    // `retryIn` says when, so that the page can show it.
    retry: false,
    async getToken({ refresh }) {
      if (refresh || !token || Date.now() > token.renewAt) {
        renewal ??= fetchToken(userId).finally(() => {
          renewal = undefined;
        });
        token = await renewal;
      }
      return token.text;
    },
  });
}

async function fetchToken(userId: string) {
  const response = await reach('/api/auth/token');
  if (response.status === 401) {
    setObstacle('signed-out');
    throw new SessionEnded();
  }
  if (response.status === 503) throw new Outage(retryAfterMs(response));
  if (!response.ok) throw new ProblemError(response.status, await response.json(), response.headers);
  const { token: text } = await response.json();
  const { sub, iat, exp } = JSON.parse(atob(text.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')));
  // Another user has signed in, in another tab: this page is not theirs to see.
  if (sub !== userId) {
    // The stored page would open for the same user again.
    await forgetShell();
    window.location.reload();
    throw new SessionEnded();
  }
  // By its lifetime, not by its expiry: this clock may differ from the server's.
  return { text, renewAt: Date.now() + (exp - iat) * 1000 - MARGIN_MS };
}

/** In how many milliseconds to retry; undefined where that would not help. */
export function retryIn(error: unknown): number | undefined {
  if (error instanceof Outage) return error.ms;
  if (error instanceof SessionEnded) return 0;
  if (error instanceof ProblemError && [429, 503].includes(error.status)) return retryAfterMs(error);
  return undefined;
}
