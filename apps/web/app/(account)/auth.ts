import { createAuthClient } from 'better-auth/react';
import { redirectPath } from '@/server/auth/redirect-path';

/** Better Auth's client. Its answers are `{ data, error }`; without a connection it throws. */
export const auth = createAuthClient();

/** What went wrong, in words, where something did. */
export type Failure = { readonly message?: string | undefined; readonly status: number } | null;

/** A path of this site to go to; whatever else the address asked for is not followed. */
export function pathWithin(next: string | null | undefined): string {
  return (next && redirectPath(next, [window.location.origin])) || '/tasks';
}
