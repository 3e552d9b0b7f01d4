/** What is measured, and how often. The README describes the environment variables. */

const VARIANTS = ['peer', 'direct', 'next', 'constant'] as const;
const ENGINES = ['postgres', 'neon', 'pglite'] as const;

const isQuick = process.env.BENCH_QUICK === '1';

export const variants = listOf('BENCH_ONLY', VARIANTS);
export const engines = listOf('BENCH_ENGINES', ENGINES);
/** Whether the run is as long and as complete as the published results. */
export const isFull =
  !isQuick && !process.env.BENCH_NODE && variants.length === VARIANTS.length && engines.length === ENGINES.length;

export const ROUNDS = isQuick ? 3 : 5;
/** Connections over which the CPU time is measured. */
export const CONNECTIONS = 32;
/** Requests in a sample of the CPU time. */
export const REQUESTS = isQuick ? 800 : 3_000;
/** Requests that are sent before each sample and not measured, since connections may have been closed meanwhile. */
export const LEAD = 200;
/** Requests of each kind before the first sample, until the code of the server is compiled. */
export const WARM_UP = isQuick ? 1_000 : 3_000;
export const LATENCY_CONNECTIONS = [1, 16, 64];
/** Requests in a sample of the latency. */
export const LATENCY_REQUESTS = isQuick ? 400 : 2_000;
export const LATENCY_ROUNDS = 3;
export const STARTS = 3;
/** The numbers of lists after which the memory is read; a quick run leaves it out. */
export const SOAK = isQuick ? undefined : { first: 20_000, last: 200_000 };

function listOf<Name extends string>(variable: string, all: readonly Name[]): readonly Name[] {
  const text = process.env[variable];
  if (!text) return all;
  const given = text.split(',');
  const unknown = given.find((name) => !all.some((known) => known === name));
  if (unknown !== undefined) throw new Error(`${variable} names ${unknown}: only ${all.join(', ')} are known.`);
  return all.filter((name) => given.includes(name));
}
