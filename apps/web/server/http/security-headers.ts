/** Set on every response. */
export const securityHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

/** Set on every response in production. Browsers ignore it over plain HTTP, as on localhost (RFC 6797, 8.1). */
export const strictTransport = { 'Strict-Transport-Security': 'max-age=63072000; includeSubDomains' };

/** Also set on responses of the API, which are never a page. */
export const apiSecurityHeaders = { 'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'" };
