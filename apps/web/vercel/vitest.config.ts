import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Tests that see only the API's responses and the database: here they run against the output of `vercel build`. */
const tasks = 'client,crud,idempotency,page-links,pagination,preconditions,races';
const api = `http/methods-and-headers.unit,ops/smoke,security/isolation,tasks/{${tasks}}`;

export default defineConfig({
  // The tests sign users up by the route files.
  resolve: { alias: { '@/server': at('../server') } },
  test: {
    name: 'vercel',
    include: ['apps/web/vercel/*.test.ts', `apps/web/test/{${api}}.test.ts`],
    env: { TEST_ENGINE: 'neon' },
    globalSetup: [at('setup.ts')],
    setupFiles: [at('../../../vitest.setup.ts')],
    reporters: ['default', at('../../../scripts/count-reporter.ts')],
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
