import { fold } from './match';

/** Names and their values, in English and in another language. A name may be several words. */
interface Names {
  /** NaN for other names. A trailing dot or comma makes no difference. */
  readonly valueOf: (name: string) => number;
  /** The source of a pattern that matches one of the names in folded text. */
  readonly source: string;
}

/** `after` is the source of a pattern for what belongs to the name or has to follow it. */
type Entry = readonly [name: string, value: number, after?: string];

const DOT = '\\.?';

/** English names that `Intl` does not have. */
const DAYS = { today: 0, tod: 0, tomorrow: 1, tmr: 1, tmrw: 1, 'day after tomorrow': 2, 'the day after tomorrow': 2 };
const MORE = { weekday: { tues: 1, weds: 2, thur: 3, thurs: 3, weekend: 5 }, month: { sept: 8 } };

/** The weekdays (0 is Monday) or the months (0 is January). `afterShort` is for short names that are not English. */
export function namesOf(locale: string, unit: keyof typeof MORE, afterShort = (_name: string) => DOT): Names {
  const entries: Entry[] = Object.entries(MORE[unit]).map(([name, value]) => [name, value, DOT]);
  // English last, as its names may be the beginnings of others: "thu" of "thứ hai".
  for (const language of [locale, 'en']) {
    for (const style of ['long', 'short']) {
      // Alone and beside a number, where some languages inflect or shorten names in another way.
      for (const day of [undefined, 'numeric'] as const) {
        const format = new Intl.DateTimeFormat(language, { [unit]: style, day, calendar: 'gregory', timeZone: 'UTC' });
        for (let i = 0; i < 12; i++) {
          // The first day of 2024 is a Monday.
          const date = unit === 'month' ? Date.UTC(2024, i) : Date.UTC(2024, 0, 1 + i);
          const part = format.formatToParts(date).find(({ type }) => type === unit);
          const name = fold(part?.value ?? '').replace(/\.$/, '');
          const after = language === 'en' ? DOT : afterShort(name);
          // Some languages have numbers for names, and a single letter is too likely to mean something else.
          if (!/^(\d*|[a-z])$/.test(name))
            entries.push([name, unit === 'month' ? i : i % 7, style === 'long' ? '' : after]);
        }
      }
    }
  }
  return toNames(entries);
}

/** Names of days by their distance from today. */
export function relativeDays(locale: string): Names {
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  return toNames([...[0, 1, 2].map((day): Entry => [fold(format.format(day, 'day')), day]), ...Object.entries(DAYS)]);
}

function toNames(entries: readonly Entry[]): Names {
  const values = new Map(entries.map(([name, value]) => [name, value]));
  const sources = new Set(entries.map(([name, , after = '']) => name.replace(/\W/g, '\\$&') + after));
  return {
    valueOf: (name) => values.get(name.replace(/\.?,?$/, '')) ?? Number.NaN,
    source: [...sources].join('|'),
  };
}
