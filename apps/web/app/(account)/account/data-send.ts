import type { Client } from '@taskward/api-core/client';
import { ProblemError, randomKey } from '@taskward/api-core/kit/client';
import { type RetryOptions, retryWhileUnavailable } from '../../online/retry';
import { type Step, toBatches } from './data-plan';

export interface SendOptions extends RetryOptions {
  /** Called with how many steps are done. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** The API has refused a step, so that the import cannot go on. */
export class ImportStopped extends Error {
  constructor(
    /** What the step would have created, if the API says which one it was. */
    readonly step: Step | undefined,
    override readonly cause: ProblemError,
  ) {
    super(cause.errors[0]?.message ?? cause.message);
  }
}

/**
 * Creates what the steps say, batch by batch, and returns how many it created: what exists by then is left as it is. Waits
 * while the API is unreachable, or asks for that.
 *
 * @throws {ImportStopped} where the API refuses a step, as at the quota; the steps before it are done then, by batches.
 */
export async function sendSteps(
  client: Pick<Client, 'runBatch'>,
  userId: string,
  steps: readonly Step[],
  options: SendOptions,
): Promise<number> {
  let [created, done] = [0, 0];
  for (const batch of toBatches(steps)) {
    created += await sendBatch(client, userId, batch, options);
    done += batch.length;
    options.onProgress?.(done);
  }
  return created;
}

async function sendBatch(
  client: Pick<Client, 'runBatch'>,
  userId: string,
  batch: readonly Step[],
  options: SendOptions,
): Promise<number> {
  if (batch.length === 0) return 0;
  const request = {
    params: { user_id: userId },
    body: { operations: batch.map(({ operation }) => operation) },
    // No signal: a batch that was sent is waited for, so that the count is right.
    // One key for all attempts, so that a batch whose response was lost does not find its own work done.
    idempotencyKey: randomKey(),
  };
  try {
    await retryWhileUnavailable(() => client.runBatch(request), options);
    return batch.length;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const index = Number(/^\/operations\/(\d+)/.exec(error.errors[0]?.pointer ?? '')?.[1] ?? Number.NaN);
    if (error.status !== 412 || Number.isNaN(index)) throw new ImportStopped(batch[index], error);
    // It was created elsewhere meanwhile.
    return sendBatch(client, userId, batch.toSpliced(index, 1), options);
  }
}
