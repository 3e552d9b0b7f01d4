import { configDefaults, defineConfig, mergeConfig } from 'vitest/config';
import { shared } from '../../../vitest.config';

/** The tests that ask over HTTP, asking what `vercel build` made. */
export default defineConfig(
  mergeConfig(shared, {
    test: {
      name: 'vercel',
      env: { TEST_ENGINE: 'neon' },
      globalSetup: ['apps/web/vercel/setup.ts'],
      reporters: ['default', './scripts/count-reporter.ts'],
      include: ['apps/web/vercel/*.test.ts', 'apps/web/test/**/*.test.ts'],
      exclude: [
        ...configDefaults.exclude,
      ],
    },
  }),
);
