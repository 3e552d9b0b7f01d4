import { ProblemError } from '../kit/client/problem-error';
import { abortableSleep } from '../kit/client/retry';
import type { ClientOf } from '../kit/client/types';
import type { ChangePage, listChanges, streamChanges } from './contract';

export interface FollowOptions {
  readonly params: { readonly user_id: string };
  /** The token of the last page that was applied; undefined for everything. */
  readonly since?: string | undefined;
  /** Ends the iteration with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Between two requests that have no more pages to read, where no event stream is open; 10,000 when omitted. */
  readonly intervalMs?: number | undefined;
}

/** A stream that ends sooner was probably cut off by a proxy. */
const MIN_STREAM_MS = 1_000;
/** After so many of those in a row, the stream is not tried again. */
const MAX_SHORT_STREAMS = 3;
/** What the server asks clients to wait before they open a stream again. */
const REOPEN_MS = 3_000;

/**
 * Follows the changes of a user, page by page, without end: as they happen, by the event stream, or by asking from time to
 * time, where three streams in a row ended within a second or none can be opened. Apply each page in order, and store its
 * token with the result. Where a page has `reset`, drop, after the next page without `has_more`, whatever was in none of the
 * pages since then: that is how the iteration begins without a token, and how it begins again when the token is not valid any
 * more.
 *
 * @throws {ProblemError} for a response that is no success, after the retries of the client.
 */
export async function* followChanges(
  client: Pick<Client, 'listChanges' | 'streamChanges'>,
  { params, since, signal, intervalMs = 10_000 }: FollowOptions,
): AsyncGenerator<ChangePage, never> {
  let token = since;
  let shortStreams = 0;
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
    if (page?.has_more !== false) continue;
    if (shortStreams >= MAX_SHORT_STREAMS) {
      await abortableSleep(intervalMs, signal);
      continue;
    }
    const openedAt = Date.now();
    for await (const streamed of streamOf(client, { params, query: { since: page.token }, signal })) {
      token = streamed.token;
      yield streamed;
    }
    signal?.throwIfAborted();
    shortStreams = Date.now() - openedAt < MIN_STREAM_MS ? shortStreams + 1 : 0;
    await abortableSleep(Math.random() * Math.min(REOPEN_MS, intervalMs), signal);
  }
}

/** The pages of one event stream, until it ends for whatever reason: one that lasts fails the request that follows. */
async function* streamOf(
  client: Pick<Client, 'streamChanges'>,
  request: Parameters<Client['streamChanges']>[0],
): AsyncGenerator<ChangePage, void> {
  try {
    yield* (await client.streamChanges(request)).body;
  } catch {
    // As if it had ended.
  }
}

type Client = ClientOf<{ listChanges: typeof listChanges; streamChanges: typeof streamChanges }>;
