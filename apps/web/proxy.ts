import { type NextRequest, NextResponse } from 'next/server';

// React's development build explains errors by means of eval.
const DEVELOPMENT = process.env.NODE_ENV === 'development' ? " 'unsafe-eval'" : '';

/**
 * Refuses what no page takes, and gives each page its Content-Security-Policy, with a nonce that Next.js reads from the
 * request and puts on its scripts. Nothing is authorised here.
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

/** No page has a server action, so nothing but reads is ever meant for one (RFC 9110, 15.5.6). */
function methodNotAllowed({ headers, method, nextUrl }: NextRequest): Response {
  const given = headers.get('X-Request-Id') ?? '';
  const id = /^[\w.=-]{1,128}$/.test(given) ? given : crypto.randomUUID();
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
      'Cache-Control': 'no-store',
      'Content-Type': 'application/problem+json',
      'X-Request-Id': id,
    },
  });
}

export const config = {
  // Whatever could be a page, unknown paths included: on a path left out here, Next.js would take the nonce from the
  // client's request. The API has no use for it, and a proxy in front would cut bodies short.
  matcher: '/((?!api(?:/|$)|_next/static/|icon\\.svg$).*)',
};
