import type { HeaderFields, HttpRequest } from './message';

const EXPOSED_HEADERS = [
  'Accept-Patch',
  'Allow',
  'ETag',
  'Idempotency-Replayed',
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'Revision',
  'WWW-Authenticate',
  'X-Request-Id',
].join(', ');
const ALLOWED_HEADERS =
  'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Request-Id';
const MAX_AGE_SECONDS = 600;

/**
 * The header fields that let pages of these origins read the response and preflight their requests
 * (https://fetch.spec.whatwg.org/#http-cors-protocol). Never for `/api/auth/`, which authenticates by cookie, and never with
 * credentials: a page of another origin sends a token.
 *
 * @param allow the methods of the path, in the response to an OPTIONS request.
 */
export function corsHeaders(
  origins: readonly string[],
  { headers, method, path }: Pick<HttpRequest, 'headers' | 'method' | 'path'>,
  allow: HeaderFields[string] = '',
): HeaderFields | undefined {
  if (origins.length === 0 || path.startsWith('/api/auth/')) return undefined;
  const vary = { vary: 'Origin' };
  const origin = headers.get('origin');
  if (origin === null || !origins.includes(origin)) return vary;
  const allowed = {
    ...vary,
    'access-control-allow-origin': origin,
    'access-control-expose-headers': EXPOSED_HEADERS,
  };
  if (method !== 'OPTIONS') return allowed;
  return {
    ...allowed,
    'access-control-allow-methods': allow,
    'access-control-allow-headers': ALLOWED_HEADERS,
    'access-control-max-age': String(MAX_AGE_SECONDS),
  };
}
