/** A due date is a day in the calendar, `YYYY-MM-DD`, in no time zone: none may move it. */

const DAY_MS = 86_400_000;

/** Today, where the user is. */
export function today(now = new Date()): string {
  return toPlain(new Date(Date.UTC(now.getFullYear(), now.getMonth(), now.getDate())));
}

/** So many days later. */
export function addDays(date: string, days: number): string {
  return toPlain(new Date(Date.parse(date) + days * DAY_MS));
}

/** The next Monday. */
export function nextWeek(date: string): string {
  const weekday = new Date(Date.parse(date)).getUTCDay();
  return addDays(date, (8 - weekday) % 7 || 7);
}

function toPlain(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** In the format of the user's locale; days close to `day` by their name. */
export function formatDue(date: string, day = today()): string {
  const distance = Math.round((Date.parse(date) - Date.parse(day)) / DAY_MS);
  if (Math.abs(distance) <= 1) {
    const text = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' }).format(distance, 'day');
    return text.charAt(0).toLocaleUpperCase() + text.slice(1);
  }
  const isThisYear = date.slice(0, 4) === day.slice(0, 4);
  const year = isThisYear ? undefined : 'numeric';
  const options = { weekday: 'short', day: 'numeric', month: 'short', year, timeZone: 'UTC' } as const;
  return new Intl.DateTimeFormat(undefined, options).format(Date.parse(date));
}

export function formatMoment(moment: string | Date): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(moment));
}
