import type { NextConfig } from 'next';

const config: NextConfig = {
  poweredByHeader: false,
  // The workspace's packages export TypeScript source.
  transpilePackages: ['@taskward/api-core', '@taskward/db'],
  // Loads its WebAssembly from beside itself, so it stays a package of its own.
  serverExternalPackages: ['@electric-sql/pglite'],
};

export default config;
