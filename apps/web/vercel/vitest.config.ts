import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Tests of the API that look at its answers and its database alone: here they ask what `vercel build` made. */
const api = 'client,idempotency,preconditions,races,security-isolation,smoke,tasks,tasks-{http.unit,list,pages}';

export default defineConfig({
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
