import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

const inWeb = (path: string) => fileURLToPath(new URL(`apps/web/${path}`, import.meta.url));

/** Tests of one part by itself; all others run on an engine. */
const unit = ['**/*.unit.test.ts', 'packages/db/src/testing/*.test.ts'];

const ofWeb = (...paths: string[]) => paths.map((path) => `apps/web/test/${path}.test.ts`);

/** Tests of one engine: those of the packages and of the API. */
const onEngine = ['packages/*/src/**/*.test.ts', ...ofWeb('**/*')];

/** Neon's driver has tests that depend on a driver. All others would only show again what they show on the other engines. */
const onNeon = [
  'packages/*/src/**/*.test.ts',
  ...ofWeb(
    'auth/signing-keys',
    'batch/{all-or-nothing,idempotency,operations}',
    'http/rate-limit-shared',
    'journal/{revisions,trash,undo*}',
    'ops/*',
    'security/{isolation,layers}',
    'tasks/{crud,filters,idempotency,list-timeout,pagination,races,versions}',
    'tree/{cascades,concurrent-moves,moves,places,undo*}',
  ),
];

/**
 * Tests that look only at responses and the database, so that they also run against a server. Those of what a token may
 * claim and a value may contain, on every operation, are not among them: both ways lead to the same code.
 */
const overHttp = ofWeb(
  'auth/password-strength.unit',
  'http/{bad-input-*,methods-and-headers.unit}',
  'journal/{events,revisions,trash,undo*}',
  'ops/smoke',
  'security/{attempts,isolation}',
  'tasks/{client,crud,fields,filters,idempotency,invalid-filters.unit,limits,page-links,page-size,pagination}',
  'tasks/{pagination-under-writes,preconditions,races,text-search,versions}',
);

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
      // The API over HTTP: served directly, and by Next.js.
      ...Object.entries({ direct: '1', next: '0' }).map(([name, DIRECT]) => ({
        ...shared,
        test: {
          ...shared.test,
          name,
          env: { TEST_ENGINE: 'postgres', DIRECT },
          include: [...overHttp, ...(DIRECT === '1' ? ofWeb('security/tokens.unit') : [])],
          globalSetup: [inWeb('e2e/api-setup.ts')],
        },
      })),
      ...Object.entries({ pglite: onEngine, postgres: onEngine, neon: onNeon }).map(([engine, include]) => ({
        ...shared,
        test: {
          ...shared.test,
          name: engine,
          env: { TEST_ENGINE: engine },
          include,
          exclude: [...configDefaults.exclude, ...unit],
        },
      })),
    ],
  },
});
