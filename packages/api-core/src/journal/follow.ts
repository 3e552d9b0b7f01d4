import { ProblemError } from '../kit/client/problem-error';
import { abortableSleep } from '../kit/client/retry';
import type { ClientOf } from '../kit/client/types';
import type { ChangePage, listChanges } from './contract';

export interface FollowOptions {
  readonly params: { readonly user_id: string };
  /** The token of the last page that was applied; undefined for everything. */
  readonly since?: string | undefined;
  /** Ends the iteration with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Between two requests that have no more pages to read; 10,000 when omitted. */
  readonly intervalMs?: number | undefined;
}

/**
 * Follows the changes of a user, page by page, without end. Apply each page in order, and store its token with the result.
 * Where a page has `reset`, drop, after the next page without `has_more`, whatever was in none of the pages since then: that
 * is how the iteration begins without a token, and how it begins again when the token is not valid any more.
 *
 * @throws {ProblemError} for a response that is no success, after the retries of the client.
 */
export async function* followChanges(
  client: Pick<Client, 'listChanges'>,
  { params, since, signal, intervalMs = 10_000 }: FollowOptions,
): AsyncGenerator<ChangePage, never> {
  let token = since;
  for (;;) {
    const query = { limit: 500, ...(token !== undefined && { since: token }) };
    const page = await client.listChanges({ params, query, signal }).then(
      ({ body }) => body,
      (error: unknown) => {
        const isGone = token !== undefined && error instanceof ProblemError && error.status === 410;
        if (!isGone) throw error;
      },
    );
    // The last page of everything may be empty, too: it says that the copy is complete.
    const isNews = page !== undefined && page.token !== token;
    token = page?.token;
    if (isNews) yield page;
    if (page?.has_more === false) await abortableSleep(intervalMs, signal);
  }
}

type Client = ClientOf<{ listChanges: typeof listChanges }>;
