/**
 * The values of `Cache-Control` in use (RFC 9111, 5.2.2). Responses under `/api/` that set none are sent with the first.
 */
export const CACHE_CONTROL = {
  /** The client alone may store the response, and revalidates it before each use. */
  revalidate: 'private, no-cache',
  noStore: 'no-store',
  /** Nor may a proxy compress it. */
  stream: 'no-store, no-transform',
};
