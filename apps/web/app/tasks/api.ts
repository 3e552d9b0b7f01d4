import type { Client } from '@taskward/api-core/client';
import { createClientOf, type OperationSpec, ProblemError } from '@taskward/api-core/kit/client';
import { Outage, reach, retryAfterMs, setObstacle } from './connection';

/** The session has ended, here or elsewhere. */
class SessionEnded extends Error {}

/** A new token is fetched when less than this is left of the old one. */
const MARGIN_MS = 60_000;

const KEEP_TOKEN_MS = 20_000;

/** The typed client for one person. The access token stays in memory. */
export interface Connection {
  readonly client: Client;
  /** Sends as the page is left: outlives the page, and has one attempt, with the token at hand. */
  readonly lastClient: Client;
  /** Has a token at hand from now on, until it is told that none is needed. */
  readonly keepToken: () => () => void;
}

export function connect(plans: readonly OperationSpec[], userId: string): Connection {
  let token: { text: string; renewAt: number } | undefined;
  let renewal: Promise<{ text: string; renewAt: number }> | undefined;

  const getToken = async ({ refresh }: { refresh: boolean }) => {
    if (refresh || !token || Date.now() > token.renewAt) {
      renewal ??= fetchToken(userId).finally(() => {
        renewal = undefined;
      });
      token = await renewal;
    }
    return token.text;
  };
  return {
    // TanStack Query retries, where the page can show it.
    client: createClientOf(plans, { baseUrl: '', fetch: reach, retry: false, getToken }),
    lastClient: createClientOf(plans, {
      baseUrl: '',
      fetch: (url, init) => fetch(url, { ...init, keepalive: true }),
      retry: false,
      getToken: ({ refresh }) => {
        if (refresh || !token) throw new SessionEnded('There is no token at hand.');
        return token.text;
      },
    }),
    keepToken() {
      // Where that fails, the next request says so.
      const keep = () => void getToken({ refresh: false }).catch(() => {});
      keep();
      const timer = setInterval(keep, KEEP_TOKEN_MS);
      return () => clearInterval(timer);
    },
  };
}

async function fetchToken(userId: string) {
  const answer = await reach('/api/auth/token');
  if (answer.status === 401) {
    setObstacle('signed-out');
    throw new SessionEnded('Your session has ended.');
  }
  if (answer.status === 503) throw new Outage(retryAfterMs(answer));
  if (!answer.ok) throw new ProblemError(answer.status, await answer.json(), answer.headers);
  const { token: text } = await answer.json();
  const { sub, iat, exp } = JSON.parse(atob(text.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')));
  // In another tab somebody else has signed in: this page is no longer theirs to see.
  if (sub !== userId) window.location.reload();
  // By the time it lives, not by when it ends: this clock may differ from the server's.
  return { text, renewAt: Date.now() + (exp - iat) * 1000 - MARGIN_MS };
}

/** In how many milliseconds to try again what failed so; undefined where that would not help. */
export function tryAgainIn(error: Error): number | undefined {
  if (error instanceof Outage) return error.ms;
  // Held back until there is a session again.
  if (error instanceof SessionEnded) return 0;
  if (error instanceof ProblemError && [429, 503].includes(error.status)) return retryAfterMs(error);
  return undefined;
}
