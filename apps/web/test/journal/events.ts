import type { ChangePage } from '@taskward/api-core';
import { type Client, createClient } from '@taskward/api-core/client';
import { expect } from 'vitest';
import { fetchFromApp, type TestUser } from '../harness';

/** An event stream of a user. */
export interface Events {
  /** The next event; undefined when the stream has ended. */
  next(): Promise<ChangePage | undefined>;
  /** Closes the connection. */
  close(): Promise<void>;
}

const clientOf = ({ token }: Pick<TestUser, 'token'>): Client =>
  createClient({ baseUrl: '', getToken: () => token, fetch: fetchFromApp, retry: false });

/** Opens an event stream after a token; without one, from now on, past its first event. */
export async function openEvents(user: Pick<TestUser, 'id' | 'token'>, since?: string): Promise<Events> {
  const { body } = await clientOf(user).streamChanges({
    params: { user_id: user.id },
    ...(since && { query: { since } }),
  });
  const events: Events = {
    next: async () => (await body.next()).value ?? undefined,
    close: async () => void (await body.return()),
  };
  if (since === undefined) expect(await events.next()).toMatchObject({ changes: [], has_more: false, reset: false });
  return events;
}
