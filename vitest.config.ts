import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

const inWeb = (path: string) => fileURLToPath(new URL(`apps/web/${path}`, import.meta.url));

/** Tests of one part by itself; all others run once on each engine. */
const unit = ['**/*.unit.test.ts', 'packages/db/src/testing/*.test.ts'];

const shared = {
  resolve: { alias: { '@/server': inWeb('server') } },
  test: {
    isolate: false,
    setupFiles: [fileURLToPath(new URL('vitest.setup.ts', import.meta.url))],
    // Opening an embedded database takes a second, and on a busy machine ten times as long.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
};

export default defineConfig({
  test: {
    // Some wait for time to pass, for which they need no core.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    globalSetup: ['packages/db/src/testing/global-setup.ts'],
    reporters: ['default', './scripts/count-reporter.ts'],
    projects: [
      { ...shared, test: { ...shared.test, name: 'unit', include: unit } },
      // After the rest: servers that start and stop are held to times.
      {
        ...shared,
        test: { ...shared.test, name: 'e2e', include: ['apps/web/e2e/**/*.test.ts'], sequence: { groupOrder: 1 } },
      },
      ...['pglite', 'postgres', 'neon'].map((engine) => ({
        ...shared,
        test: {
          ...shared.test,
          name: engine,
          env: { TEST_ENGINE: engine },
          include: ['packages/*/src/**/*.test.ts', 'apps/web/test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...unit],
        },
      })),
    ],
  },
});
