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
  'WWW-Authenticate',
  'X-Request-Id',
].join(', ');
const ALLOWED_HEADERS = 'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id';
const MAX_AGE_SECONDS = 600;

/**
 * Lets pages of these origins read the response and preflight their requests (https://fetch.spec.whatwg.org/#http-cors-protocol).
 * Never for `/api/auth/`, which authenticates by cookie, and never with credentials: a page of another origin sends a token.
 */
export function applyCorsHeaders(
  origins: readonly string[],
  request: Pick<Request, 'method' | 'headers'>,
  path: string,
  headers: Headers,
): void {
  if (origins.length === 0 || path.startsWith('/api/auth/')) return;
  headers.append('Vary', 'Origin');
  const origin = request.headers.get('origin');
  if (origin === null || !origins.includes(origin)) return;
  headers.set('Access-Control-Allow-Origin', origin);
  headers.set('Access-Control-Expose-Headers', EXPOSED_HEADERS);
  if (request.method !== 'OPTIONS') return;
  headers.set('Access-Control-Allow-Methods', headers.get('Allow') ?? '');
  headers.set('Access-Control-Allow-Headers', ALLOWED_HEADERS);
  headers.set('Access-Control-Max-Age', String(MAX_AGE_SECONDS));
}
