import type { Feed, FeedPage } from '@taskward/api-core';
import type { StreamConnection } from './message';
import type { RequestPacing } from './request-pacing';

export type Pacing = Pick<RequestPacing, 'waitForTurn' | 'record'>;

/** An open stream: where it comes from, and where it goes. */
export interface Opened {
  readonly connection: StreamConnection;
  readonly feed: Feed;
  readonly event: string;
  readonly pacing: Pacing | undefined;
}

/** Reads the page after a token, in the user's turn. */
export async function readPage({ event, feed, pacing }: Opened, userId: string, token: string) {
  const turn = pacing?.waitForTurn(userId);
  if (turn) await turn;
  let length = 0;
  try {
    const page = await feed.next(token);
    const text = toEvent(page, event);
    length = text.length;
    return { page, text };
  } finally {
    pacing?.record(userId, length);
  }
}

/** The page as a server-sent event. */
export function toEvent(page: FeedPage, event: string): string {
  return `id: ${page.token}\nevent: ${event}\ndata: ${JSON.stringify(page)}\n\n`;
}
