import { DELIMITER, matchAt } from './match';
import { namesOf, relativeDays } from './names';

interface FoundDate {
  /** Index into the folded text. */
  readonly end: number;
  /** `YYYY-MM-DD`; undefined for words that contain a date but mean no single one: "every Friday". */
  readonly value: string | undefined;
}

/** From the groups of a match to a date; NaN if there is no such day. Dates are timestamps at midnight UTC. */
type Resolve = (today: number, ...groups: string[]) => number;

const DAY = 86_400_000;

/** Sources of patterns, with one group each. */
const REPEATED = '(every |each |last )';
const YEAR = '(2[01]\\d\\d)';
const NUMBER = '(\\d\\d?)';
const SEPARATOR = '(\\. ?|[/-])';
/** After the groups of `REPEATED`, the weekday and one more. */
const SAME_SEPARATOR = '\\4';

const grammars = new Map<string, readonly (readonly [RegExp, Resolve])[]>();

/** The date that begins at an index of folded text. */
export function findDate(text: string, at: number, today: string, locale: string): FoundDate | undefined {
  for (const [pattern, resolve] of grammarOf(locale)) {
    const match = matchAt(pattern, text, at);
    if (!match) continue;
    const [, repeated, ...groups] = match;
    const time = resolve(Date.parse(today), ...groups);
    if (time >= 0) {
      return { value: repeated ? undefined : new Date(time).toISOString().slice(0, 10), end: pattern.lastIndex };
    }
  }
  return undefined;
}

function grammarOf(locale: string) {
  let grammar = grammars.get(locale);
  if (!grammar) {
    try {
      grammar = createGrammar(locale);
    } catch {
      // Not a language tag.
      grammar = createGrammar('en');
    }
    grammars.set(locale, grammar);
  }
  return grammar;
}

function createGrammar(locale: string) {
  const days = relativeDays(locale);
  const months = namesOf(locale, 'month');
  // Many short names are words, too ("so", "do", "mar"): they need their dot, or a token or nothing after them.
  const weekdays = namesOf(locale, 'weekday', (name) =>
    months.valueOf(name) < 12 ? '\\.' : '(?:\\.|(?=[,;:]*(?:$| (?:[#!/]|p\\d))))',
  );
  const month = `(${months.source})`;
  const onDay: [string, Resolve][] = [
    [
      `${NUMBER}(?:st|nd|rd|th|er|[.º])? (?:of |de )?${month}(?:,? (?:de )?${YEAR})?`,
      (today, day, name, year) => inYear(today, months.valueOf(name), day, year),
    ],
    [
      `${month} ${NUMBER}(?:st|nd|rd|th)?(?:,? ${YEAR})?`,
      (today, name, day, year) => inYear(today, months.valueOf(name), day, year),
    ],
    [
      `${YEAR}${SEPARATOR}${NUMBER}${SAME_SEPARATOR}${NUMBER}`,
      (today, year, _, month, day) => inYear(today, +month - 1, day, year),
    ],
    ...numericDates(locale),
  ];
  const others: [string, Resolve][] = [
    [`(${days.source})`, (today, name) => today + days.valueOf(name) * DAY],
    [`(?:this |(next ))?(${weekdays.source})`, (today, next, name) => onWeekday(today, weekdays.valueOf(name), next)],
    ['next week', (today) => onWeekday(today, 0)],
    ['next month', (today) => later(today, 1, 1)],
    ['(?:in |\\+)([1-9]\\d{0,2}|an?) ?(d|w|(?:day|week|month|year)s?)', add],
  ];
  const afterWeekday = ([source, resolve]: [string, Resolve]): [string, Resolve] => [
    `(?:(\\S+) )??${source}`,
    (today, weekday, ...groups) => (!weekday || weekdays.valueOf(weekday) < 7 ? resolve(today, ...groups) : Number.NaN),
  ];
  return [...onDay.map(afterWeekday), ...others].map(
    ([source, resolve]) =>
      [
        new RegExp(`(?:${REPEATED}|(?:due )?(?:(?:on |by )(?:the )?)?)(?:${source})${DELIMITER}`, 'y'),
        resolve,
      ] as const,
  );
}

/** Dates in digits, in the order of the locale. */
function numericDates(locale: string): [string, Resolve][] {
  const parts = new Intl.DateTimeFormat(locale).formatToParts();
  const indexOf = (type: string) => parts.findIndex((part) => part.type === type);
  const isDayFirst = indexOf('day') < indexOf('month');
  const hasDots = parts[indexOf('literal')]?.value.startsWith('.');
  const resolve: Resolve = (today, first, _, second, year) =>
    isDayFirst ? inYear(today, +second - 1, first, year) : inYear(today, +first - 1, second, year);
  return [
    [`${NUMBER}${SEPARATOR}${NUMBER}${SAME_SEPARATOR}${YEAR}`, resolve],
    [`${NUMBER}(/)${NUMBER}`, resolve],
    // With its last dot, as 24.12 is a number.
    [`${NUMBER}(${hasDots ? '\\. ?' : '(?!)'})${NUMBER}\\.`, resolve],
  ];
}

/** A day in the year; without a year the next such day from today on, of this year or the next. */
function inYear(today: number, month: number, day: string, year?: string): number {
  const thisYear = new Date(today).getUTCFullYear();
  const times = (year ? [+year] : [thisYear, thisYear + 1]).map((one) => Date.UTC(one, month, +day));
  return times.find((time) => new Date(time).getUTCMonth() === month && (year || time >= today)) ?? Number.NaN;
}

/** The next such weekday after today, or that of the next week, which begins on Monday. */
function onWeekday(today: number, weekday: number, next?: string): number {
  const current = (new Date(today).getUTCDay() + 6) % 7;
  return today + (next ? 7 - current + weekday : ((weekday - current + 6) % 7) + 1) * DAY;
}

/** "1" to "999" or "a" of a unit. */
function add(today: number, count: string, unit: string): number {
  const number = +count || 1;
  if (unit.startsWith('d')) return today + number * DAY;
  if (unit.startsWith('w')) return today + number * 7 * DAY;
  return later(today, unit.startsWith('m') ? number : number * 12);
}

/** A day of a later month, at most its last. */
function later(today: number, months: number, day = new Date(today).getUTCDate()): number {
  const date = new Date(today);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months];
  return Math.min(Date.UTC(year, month, day), Date.UTC(year, month + 1, 0));
}
