import { type NextRequest, NextResponse } from 'next/server';
import { CACHE_CONTROL } from './server/http/cache-control';
import { readRequestId } from './server/http/request-id';

// React's development build uses eval to explain errors.
const DEVELOPMENT = process.env.NODE_ENV === 'development' ? " 'unsafe-eval'" : '';

/**
 * Refuses methods that no page has, and sets the Content-Security-Policy of each page, with a nonce that Next.js reads from
 * the request and sets on its scripts. It authorizes nothing.
 */
export function proxy(request: NextRequest): Response {
  if (!['GET', 'HEAD'].includes(request.method)) return methodNotAllowed(request);
  const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64');
  const policy = [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${DEVELOPMENT}`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
  const headers = new Headers(request.headers);
  headers.set('Content-Security-Policy', policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set('Content-Security-Policy', policy);
  return response;
}

/** The 405 (RFC 9110, 15.5.6) as a problem document. Pages have no server actions, so they take only reads. */
function methodNotAllowed({ headers, method, nextUrl }: NextRequest): Response {
  const id = readRequestId(headers);
  const problem = {
    type: '/problems/method_not_allowed',
    title: 'Method not allowed',
    status: 405,
    detail: `A page does not take ${method}. Use GET or HEAD.`,
    instance: nextUrl.pathname,
    request_id: id,
  };
  return Response.json(problem, {
    status: 405,
    headers: {
      Allow: 'GET, HEAD',
      'Cache-Control': CACHE_CONTROL.noStore,
      'Content-Type': 'application/problem+json',
      'X-Request-Id': id,
    },
  });
}

export const config = {
  // Every path that could be a page, including unknown ones: on any other path, Next.js would read the nonce from the
  // client's request. The API does not need the proxy, which would truncate bodies. Files are named one by one, so that the
  // paths of none beside them are left out.
  matcher:
    '/((?!api(?:/|$)|_next/static/|(?:icon\\.svg|sw\\.js|manifest\\.webmanifest|icons/(?:192|512|maskable-512|apple-touch-icon)\\.png)$).*)',
};
