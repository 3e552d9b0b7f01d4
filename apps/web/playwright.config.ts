import { defineConfig } from '@playwright/test';
import { findBrowser } from './e2e/browser';
import type { ServerOptions } from './e2e/fixtures';

/** Everything runs on the embedded database, and the journeys of `journeys.spec.ts` once more on PostgreSQL. */
export default defineConfig<object, ServerOptions>({
  testDir: 'e2e',
  testMatch: '*.spec.ts',
  outputDir: 'test-results',
  // Each worker starts servers of its own.
  workers: 1,
  timeout: 30_000,
  expect: { timeout: 7_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list'], ['./e2e/count-reporter.ts']],
  use: {
    launchOptions: await findBrowser(),
    locale: 'en-GB',
    // A screencast besides would cost a third of the time.
    trace: { mode: 'retain-on-failure', screenshots: false },
    screenshot: 'only-on-failure',
    actionTimeout: 7_000,
  },
  projects: [
    { name: 'embedded', use: { engine: 'pglite' } },
    { name: 'postgres', use: { engine: 'postgres' }, testMatch: 'journeys*.spec.ts' },
  ],
});
