import type { HeaderFields } from './message';
import type { RequestContext } from './request-context';

/** Records that a step has ended. */
export function addTiming({ timings }: RequestContext, name: string): void {
  timings?.push([name, performance.now()]);
}

/** Reports the duration of each step in milliseconds (https://www.w3.org/TR/server-timing/). */
export function applyServerTiming({ startedAt, timings }: RequestContext, headers: HeaderFields): void {
  if (!timings) return;
  const starts = [startedAt, ...timings.map(([, endedAt]) => endedAt)];
  const metrics = timings.map(([name, endedAt], i) => `${name};dur=${(endedAt - (starts[i] ?? endedAt)).toFixed(1)}`);
  headers['server-timing'] = metrics.join(', ');
}
