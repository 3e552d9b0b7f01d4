/** A due date is a day in the calendar, `YYYY-MM-DD`, wherever it is read: no time zone may move it. */

const DAY_MS = 86_400_000;

/** Today, where the person is. */
export function today(now = new Date()): string {
  return toPlain(new Date(Date.UTC(now.getFullYear(), now.getMonth(), now.getDate())));
}

function toPlain(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** As the person's own locale writes it; near days by their name. */
export function formatDue(date: string, day = today()): string {
  const distance = Math.round((Date.parse(date) - Date.parse(day)) / DAY_MS);
  if (Math.abs(distance) <= 1) {
    return new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' }).format(distance, 'day');
  }
  const isThisYear = date.slice(0, 4) === day.slice(0, 4);
  const year = isThisYear ? undefined : 'numeric';
  const options = { weekday: 'short', day: 'numeric', month: 'short', year, timeZone: 'UTC' } as const;
  return new Intl.DateTimeFormat(undefined, options).format(Date.parse(date));
}

export function formatMoment(moment: string | Date): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(moment));
}
