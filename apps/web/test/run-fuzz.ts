import { engine } from '@taskward/db/testing';
import fc from 'fast-check';

/** The duration of a long run in seconds; undefined for the everyday one. */
const duration = process.env.FUZZ_SECONDS;
const seconds = duration === undefined ? undefined : Number(duration);
const SEED = Number(process.env.FUZZ_SEED ?? 20_260_301);

/** The timeout of the test, which includes the run and shrinking a failure. */
export const FUZZ_TIMEOUT_MS = ((seconds ?? 60) + 120) * 1000;

const SHRINK_MS = 60_000;

/**
 * Tests values in batches, until the stats have counted so many, or for FUZZ_SECONDS if that is set. The
 * same seed gives the same values: after a failure fast-check reports the seed and the smallest value that fails.
 * FUZZ_SEED selects other values.
 */
export async function runFuzz<T>(
  values: fc.Arbitrary<T>,
  batch: { numRuns: number; unbiased?: true },
  { stats, count }: { stats: Stats; count: number },
  attempt: (value: T) => Promise<void>,
): Promise<void> {
  const end = Date.now() + (seconds ?? 0) * 1000;
  for (let seed = SEED; seconds === undefined ? stats.total < count : Date.now() < end; seed++) {
    await fc.assert(fc.asyncProperty(values, attempt), {
      seed,
      ...batch,
      interruptAfterTimeLimit: SHRINK_MS,
      includeErrorInReport: true,
    });
  }
  if (seconds !== undefined) console.log(`${stats}`);
}

/** Counts what was done, by kind, to be printed at the end. */
export class Stats {
  total = 0;
  private readonly counts = new Map<string | number, number>();
  private readonly started = Date.now();

  add(kind: string | number): void {
    this.total++;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  toString(): string {
    const counts = [...this.counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => `${count} × ${kind}`);
    const seconds = Math.round((Date.now() - this.started) / 1000);
    return `${this.total} on ${engine} in ${seconds} s: ${counts.join(', ')}`;
  }
}

/** Returns the second, once in so many times. */
export function rarely<A, B>(times: number, usual: fc.Arbitrary<A>, rare: fc.Arbitrary<B>): fc.Arbitrary<A | B> {
  return fc.oneof({ weight: times - 1, arbitrary: usual }, { weight: 1, arbitrary: rare });
}
