/**
 * A position between two others, either of which may be missing. The server chooses the real one; this shows a task at its
 * place until then. Positions are strings of digits that compare byte by byte; none ends with `0`.
 */
export function positionBetween(low: string | undefined, high: string | undefined): string {
  if (low === undefined && high === undefined) return '5000000000';
  if (high === undefined) return `${Number((low ?? '').slice(0, 10)) + 1}`;
  if (low === undefined) return `${`${Number(high.slice(0, 10)) - 1}`.padStart(10, '0')}5`;
  if (!high.startsWith(low)) return `${low}5`;
  const [zeros = ''] = high.slice(low.length).match(/^0*/) ?? [];
  const digit = Number(high[low.length + zeros.length]);
  return `${low}${zeros}${digit > 1 ? Math.floor(digit / 2) : '05'}`;
}
