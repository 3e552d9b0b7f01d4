import { createAuthClient } from 'better-auth/react';
import { redirectPath } from '@/server/auth/redirect-path';

/**
 * Better Auth's client. Its results are `{ data, error }`; without a connection it throws. Its only default plugin, which
 * would follow `callbackURL` after sign-in, is off: the forms decide where to go.
 */
export const auth = createAuthClient({ disableDefaultFetchPlugins: true });

/** Where the link that confirms an e-mail address leads. */
export const CONFIRMED = '/sign-in?confirmed';

/** The error of a result: a problem document with what Better Auth adds, or null. `status` is 0 without a response. */
export type Failure = {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly status: number;
} | null;

/** The result of a request without a response. */
export const UNREACHABLE: { readonly data: null; readonly error: NonNullable<Failure> } = {
  data: null,
  error: { status: 0 },
};

/** A path of this site to go to; a redirect to any other site is not followed. */
export function pathWithin(next: string | null | undefined): string {
  return (next && redirectPath(next, [window.location.origin])) || '/tasks';
}
