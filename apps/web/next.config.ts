import type { NextConfig } from 'next';
import { apiSecurityHeaders, securityHeaders, strictTransport } from './server/http/security-headers';

const toList = (headers: Record<string, string>) => Object.entries(headers).map(([key, value]) => ({ key, value }));

/** Browsers look for a new service worker at each navigation. Its policy applies to its own requests. */
const serviceWorkerHeaders = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy': "default-src 'none'; connect-src 'self'; frame-ancestors 'none'",
};

const config: NextConfig = {
  poweredByHeader: false,
  // The workspace's packages export TypeScript source.
  transpilePackages: ['@taskward/api-core', '@taskward/db'],
  // Loads its WebAssembly from beside itself, so it stays a package of its own.
  serverExternalPackages: ['@electric-sql/pglite'],
  // Known to the server's code when it is built; packages/db/src/database.ts says what for.
  compiler: { defineServer: { 'process.env.VERCEL': process.env.VERCEL ?? '' } },
  // `/_next/image` would decode and resize for anyone; no page has an image that needs it.
  images: { unoptimized: true },
  headers: async () => [
    {
      source: '/:path*',
      headers: toList({ ...securityHeaders, ...(process.env.NODE_ENV === 'production' && strictTransport) }),
    },
    { source: '/api/:path*', headers: toList(apiSecurityHeaders) },
    { source: '/sw.js', headers: toList(serviceWorkerHeaders) },
  ],
};

export default config;
