import { type Client, createCalls, type Plan, ProblemError } from '@taskward/api-core/calls';
import { Outage, reach, retryAfterMs, setObstacle } from './connection';

/** The session has ended, here or elsewhere. */
class SessionEnded extends Error {}

/** A new token is fetched when less than this is left of the old one. */
const MARGIN_MS = 60_000;

/** The typed client for one person. The access token stays in memory. */
export function connect(plans: readonly Plan[], userId: string): Client {
  let token: { text: string; renewAt: number } | undefined;
  let renewal: Promise<{ text: string; renewAt: number }> | undefined;

  return createCalls(plans, {
    baseUrl: '',
    fetch: reach,
    // What has failed waits in TanStack Query, where the page can show it.
    wait: (ms) => Promise.reject(new Outage(ms)),
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
