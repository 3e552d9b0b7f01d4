import { afterAll, vi } from 'vitest';

/** Test files share a process and its modules; each leaves them as it found them. */
afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});
