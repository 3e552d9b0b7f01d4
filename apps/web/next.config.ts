import type { NextConfig } from 'next';

const everywhere = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'Cross-Origin-Opener-Policy': 'same-origin',
  // Over plain HTTP, as on localhost, browsers pass over it (RFC 6797, 8.1).
  ...(process.env.NODE_ENV === 'production' && { 'Strict-Transport-Security': 'max-age=63072000; includeSubDomains' }),
};
/** An answer of the API is never a page. */
const api = { 'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'" };

const toList = (headers: Record<string, string>) => Object.entries(headers).map(([key, value]) => ({ key, value }));

const config: NextConfig = {
  poweredByHeader: false,
  // The workspace's packages export TypeScript source.
  transpilePackages: ['@taskward/api-core', '@taskward/db'],
  // Loads its WebAssembly from beside itself, so it stays a package of its own.
  serverExternalPackages: ['@electric-sql/pglite'],
  // Known to the server's code when it is built; packages/db/src/database.ts says what for.
  compiler: { defineServer: { 'process.env.VERCEL': process.env.VERCEL ?? '' } },
  headers: async () => [
    { source: '/:path*', headers: toList(everywhere) },
    { source: '/api/:path*', headers: toList(api) },
  ],
};

export default config;
