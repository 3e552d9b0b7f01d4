import { ApiError } from '@taskward/api-core';
import { isDatabaseUnavailable } from '@taskward/db';
import type { Logger } from 'pino';

const READINESS_TIMEOUT_MS = 3_000;

/** The readiness checks by name, in order. Each rejects if the process cannot serve requests. */
export type ReadinessChecks = Readonly<Record<string, () => Promise<unknown>>>;

/**
 * Runs the checks one after the other.
 *
 * @param onStart is called with the name of each check before it runs.
 * @throws the error of the first check that fails.
 */
export async function runChecks(checks: ReadinessChecks, onStart?: (name: string) => void): Promise<void> {
  for (const [name, check] of Object.entries(checks)) {
    onStart?.(name);
    await check();
  }
}

interface ReadinessServices {
  readonly checks: ReadinessChecks;
  readonly log: Pick<Logger, 'error'>;
}

/**
 * Runs the checks with a timeout of 3 s. The response names the check that failed; only the log has the reason.
 *
 * @throws {ApiError} 503
 */
export async function assertReady({ checks, log }: ReadinessServices): Promise<void> {
  let current = '';
  const ready = runChecks(checks, (name) => {
    current = name;
  });
  const timeout = new Promise<never>((_, reject) => {
    const error = new Error('Readiness check timed out after 3 s.');
    AbortSignal.timeout(READINESS_TIMEOUT_MS).onabort = () => reject(error);
  });
  await Promise.race([ready, timeout]).catch((error) => {
    const check = isDatabaseUnavailable(error) ? 'database' : current;
    log.error({ check, error: error.message }, 'not ready');
    const detail = `Not ready: ${check} check failed (see server log).`;
    throw new ApiError('unavailable', detail, { headers: { 'Retry-After': '5' } });
  });
}
