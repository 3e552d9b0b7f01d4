import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitLines } from '../../app/tasks/quick-add/parse';
import { parse } from './quick-add';

const words = [
  ...'tomorrow by due on next this in 3 days fri fri. friday week 12 dec 12. 2027 2027-03-01 12/24 24.12.'.split(' '),
  ...'+3d every ! !!! !high p1 p4 #home #été #1 /garden /Garden front yard /inbox / " “ ” , . : ; Call Ann,'.split(' '),
  ...'😀 İ ŉ ﬁ ß morgen 明日 غدًا https://example.com/#home'.split(' '),
  ...['e\u0301', '\u0301', '\ud800', '\0'],
];
const separators = [' ', ' ', ' ', '  ', '\t', '\n', '\u3000', ', ', '. ', '', '-'];
const word = fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 6 }));
const text = fc.oneof(
  fc
    .array(fc.tuple(word, fc.constantFrom(...separators)), { maxLength: 20 })
    .map((pairs) => pairs.map((pair) => pair.join('')).join('')),
  fc.string({ unit: 'binary', maxLength: 60 }),
);
const locale = fc.constantFrom('en-US', 'de-DE', 'fr-FR', 'es-ES', 'ja-JP', 'ar', 'tr', 'th', 'fa');
const today = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2150-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

/** How often the text has each of its characters. */
function countsOf(characters: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of characters.replace(/\s/g, '').split('')) counts.set(one, (counts.get(one) ?? 0) + 1);
  return counts;
}

test('any text keeps its characters in the title and the tokens, apart from punctuation', () => {
  const ignored = fc.array(fc.constantFrom(...words));
  fc.assert(
    fc.property(text, locale, today, ignored, (typed, where, when, removed) => {
      const { title, tokens } = parse(typed, { locale: where, today: when }, removed);
      const rest = countsOf(typed);
      for (const [one, count] of countsOf(title + tokens.map((token) => token.text).join(''))) {
        rest.set(one, (rest.get(one) ?? 0) - count);
      }
      for (const [one, count] of rest) {
        expect(count, one).toBeGreaterThanOrEqual(0);
        if (count > 0) expect(',.;:').toContain(one);
      }
      expect(title).toBe(title.replace(/\s+/g, ' ').trim());
      expect(title === '').toBe(typed.trim() === '');
    }),
    { numRuns: 5_000 },
  );
});

test('any text has fields that the API accepts', () => {
  fc.assert(
    fc.property(text, locale, today, (typed, where, when) => {
      const { due_date, tags } = parse(typed, { locale: where, today: when });
      if (due_date !== null) expect(new Date(due_date).toISOString().slice(0, 10)).toBe(due_date);
      expect(new Set(tags).size).toBe(tags.length);
      for (const tag of tags) expect(tag).toBe(tag.trim().toLowerCase().normalize('NFC'));
    }),
    { numRuns: 2_000 },
  );
});

test('any text has its tokens in order, apart, and between white space or punctuation', () => {
  fc.assert(
    fc.property(text, locale, (typed, where) => {
      let end = 0;
      for (const token of parse(typed, { locale: where }).tokens) {
        expect(token.text).toBe(typed.slice(token.start, token.end));
        expect(token.start).toBeGreaterThanOrEqual(end);
        expect(typed.slice(0, token.start)).toMatch(/(^|\s)\p{M}*$/u);
        expect(typed.slice(token.end)).toMatch(/^[,.;:\p{M}]*(\s|$)/u);
        end = token.end;
      }
    }),
    { numRuns: 5_000 },
  );
});

test('any text without a token is the title in single spaces', () => {
  fc.assert(
    fc.property(text, (typed) => {
      const removed = parse(typed).tokens.map((token) => token.text);
      const { title, tokens } = parse(typed, {}, removed);
      fc.pre(tokens.length === 0);
      expect(title).toBe(typed.replace(/\s+/g, ' ').trim());
    }),
  );
});

test('tokens are found wherever they are between words', () => {
  const due = fc.constantFrom(
    'tomorrow',
    'on Thu',
    'by 19 nov',
    'nov 19, 2026',
    '11/19',
    '2026-11-19',
    'in 1 day',
    '+1d',
  );
  const priority = fc.constantFrom('p1', '!high', '!!!');
  const list = fc.constantFrom('/garden', '/Garden');
  const tokens = fc.tuple(due, priority, list, fc.constant('#home')).chain((all) => fc.shuffledSubarray(all));
  const titleWords = fc.array(fc.constantFrom('Call', 'Ann', 'and', 'Bob', 'émile', '明日'), {
    minLength: 5,
    maxLength: 5,
  });
  const places = fc.array(fc.nat(5), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(tokens, titleWords, places, (typed, title, at) => {
      const all: string[] = [...title];
      for (const [i, token] of typed.entries()) all.splice(at[i] ?? 0, 0, token);
      const parsed = parse(all.join(' '));
      expect(parsed.title).toBe(title.join(' '));
      expect(parsed.tokens.map((token) => token.text).sort()).toEqual([...typed].sort());
      for (const { kind, value } of parsed.tokens) {
        expect(value).toBe({ due: '2026-11-19', priority: 'high', list: 'garden', tag: 'home' }[kind]);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a text above 1,000 characters is all title', () => {
  const long = `${'x '.repeat(496)}tomorrow`;
  expect(long).toHaveLength(1_000);
  expect(parse(long).due_date).toBe('2026-11-19');
  expect(parse(`y${long}`)).toMatchObject({ title: `y${long}`, due_date: null, tokens: [] });
});

test('a text with NUL is all title', () => {
  expect(parse('a\0b tomorrow')).toMatchObject({ title: 'a\0b tomorrow', tokens: [] });
});

describe('a hostile text is parsed in a few milliseconds', () => {
  const lists = Array.from({ length: 500 }, (_, i) => ({ id: `${i}`, name: 'a '.repeat(i % 10) + i }));
  const repeats = [
    ...'a . , ., ! # #1 #a / " “ „ 1 1/ 12/ 1. 1.1. +1 - #a- a. İ p1. 2027- 2027-03- tomorrow,'.split(' '),
    ...'#_|/a_|/_|"_|“_|1_|1._|on_|due_|every_|in_|in_1_|next_|this_|dec_|12_|12_dec|12_dec,_'
      .replaceAll('_', ' ')
      .split('|'),
    ...'fri_|fri,_|tomorrow,_|._|the_day_after_|#a,_|,_!,_|on_by_'.replaceAll('_', ' ').split('|'),
    ...[' ', '\u0301', '\0', '\u3000'],
  ];
  const LIMIT = 20;
  test.each(repeats)('%j', (repeat) => {
    for (const end of ['', '!', '"', '.', ' x']) {
      const hostile = repeat.repeat(1_000).slice(0, 1_000 - end.length) + end;
      // Other processes may take the time of some runs.
      const isFast = () => {
        const start = performance.now();
        parse(hostile, { lists, locale: 'de-DE' });
        splitLines(hostile);
        return performance.now() - start < LIMIT;
      };
      expect(isFast() || isFast() || isFast() || isFast() || isFast(), JSON.stringify(end)).toBe(true);
    }
  });
});
