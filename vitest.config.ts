import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const inWeb = (path: string) => fileURLToPath(new URL(`apps/web/${path}`, import.meta.url));

export default defineConfig({
  resolve: { alias: { '@/server': inWeb('server') } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/web/test/**/*.test.ts'],
    globalSetup: ['packages/db/src/testing/global-setup.ts'],
    unstubEnvs: false,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: ['default', './scripts/count-reporter.ts'],
  },
});
