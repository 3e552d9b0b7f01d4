import { ApiError } from '@taskward/api-core';
import type { Policy, Usage } from '../ops/rate-limit';

/**
 * Header fields that report a client's usage of a limit.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 */
export function rateLimitHeaders(
  { name, requests, seconds }: Policy,
  { remaining, reset }: Usage,
): Record<string, string> {
  return {
    'ratelimit-policy': `"${name}";q=${requests};w=${seconds}`,
    ratelimit: `"${name}";r=${remaining};t=${reset}`,
  };
}

/** The 429 (RFC 6585, 4) of a client that has used up a limit. `Retry-After` is in seconds. */
export function tooManyRequests({ reset }: Usage): ApiError {
  const headers = { 'Retry-After': String(reset) };
  return new ApiError('rate_limited', `Send it again in ${reset} seconds.`, { headers });
}

/** The 429 of a user with too many requests in progress. `Retry-After` is never sooner than `RateLimit` says (its `t`). */
export function tooManyConcurrentRequests(usage: Usage | undefined): ApiError {
  const headers = { 'Retry-After': String(usage?.reset ?? 1) };
  const detail = 'Too many of your requests are in progress: wait for one to finish, then send it again.';
  return new ApiError('rate_limited', detail, { headers, reason: 'concurrency' });
}

export function tooManyStreamsOfUser(max: number): ApiError {
  return new ApiError('rate_limited', `At most ${max} event streams may be open at once.`, {
    headers: { 'Retry-After': '10' },
  });
}

export function tooManyStreams(): ApiError {
  return new ApiError('unavailable', 'No more event streams can be opened: ask for changes from time to time.', {
    headers: { 'Retry-After': '10' },
  });
}
