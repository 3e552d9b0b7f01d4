import { ApiError } from '@taskward/api-core';
import { isDatabaseUnavailable } from '@taskward/db';
import type { App } from '../app';

const READINESS_TIMEOUT_MS = 3_000;

/**
 * Makes the checks of the app, within three seconds. The log says why one fails, the answer only which.
 *
 * @throws {ApiError} 503
 */
export async function assertReady({ checks, log }: App): Promise<void> {
  let current = '';
  const checkAll = async () => {
    for (const [name, check] of Object.entries(checks)) {
      current = name;
      await check();
    }
  };
  const late = new Promise<never>((_, reject) => {
    AbortSignal.timeout(READINESS_TIMEOUT_MS).onabort = () => reject(new Error('It took more than three seconds.'));
  });
  await Promise.race([checkAll(), late]).catch((error) => {
    const check = isDatabaseUnavailable(error) ? 'database' : current;
    log.error({ check, error: error.message }, 'not ready');
    const detail = `Not ready: the check of the ${check} failed, and the log says why.`;
    throw new ApiError('unavailable', detail, { headers: { 'Retry-After': '5' } });
  });
}
