import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldText, isStreamSafe, MAX_MARKS, normalizeText } from './text';

/** Characters that are hard to fold, in any order, and any other character. */
const hard = [
  ...[
    'a',
    'A',
    'e',
    'ß',
    'ẞ',
    'ﬁ',
    'İ',
    'I',
    'i',
    'ı',
    'ŉ',
    'ǰ',
    'ǅ',
    'Å',
    'K',
    'ﬃ',
    'Σ',
    'σ',
    'ς',
    'Ω',
    'ᾼ',
    'ΐ',
    'ᾂ',
  ],
  ...[
    'е',
    'ё',
    'Ё',
    'и',
    'й',
    'Ї',
    'Ꭰ',
    'ꭰ',
    'ა',
    'Ა',
    'և',
    'क',
    'ि',
    'क़',
    'ש',
    '\u05b8',
    'ก',
    '\u0e48',
    '가',
    '\u{1d15e}',
  ],
  ...[
    '\u0301',
    '\u0308',
    '\u0323',
    '\u0345',
    '\u034f',
    '\u0307',
    '\u031b',
    '\u200d',
    '\ufe0f',
    '\u20dd',
    ' ',
    '\n',
    '%',
  ],
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...hard), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })), {
    maxLength: 40,
  })
  .map((all) => all.join(''));

describe('foldText', () => {
  test.each([
    ['Über', 'uber'],
    ['STRASSE', 'Straße'],
    ['STRAẞE', 'strasse'],
    ['МОСКВА', 'москва'],
    ['Ёлка', 'елка'],
    ['е\u0308лка', 'елка'],
    ['ﬁsh', 'FISH'],
    ['İstanbul', 'istanbul'],
    ['I', 'i'],
    ['ΟΔΥΣΣΕΥΣ', 'οδυσσευς'],
    ['Οδυσσέας', 'οδυσσεας'],
    ['ᾼδης', 'αιδης'],
    ['ΐ', 'Ι'],
    ['Ꭰ', 'ꭰ'],
    ['Crème brûlée', 'creme brulee'],
    ['Ệ', 'e'],
    ['Å', 'å'],
    ['ǅ', 'ǆ'],
  ])('foldText returns the same for %s and %s', (one, other) => {
    expect(foldText(one)).toBe(foldText(other));
  });

  test.each([
    ['й', 'и'],
    ['ї', 'і'],
    ['ı', 'i'],
    ['ø', 'o'],
    ['कि', 'क'],
    ['ก่', 'ก'],
    ['שָ', 'ש'],
    ['بّ', 'ب'],
    ['が', 'か'],
    ['가', '각'],
    ['1\u20e3', '1'],
  ])('foldText returns different text for %s and %s', (one, other) => {
    expect(foldText(one)).not.toBe(foldText(other));
  });

  test('foldText is idempotent', () => {
    fc.assert(
      fc.property(text, (sample) => {
        expect(foldText(foldText(sample))).toBe(foldText(sample));
      }),
      { numRuns: 2_000 },
    );
  });

  test('foldText returns the same NFC text for each normalization form and lower case of a text', () => {
    fc.assert(
      fc.property(text, (sample) => {
        const folded = foldText(sample);
        expect(foldText(sample.normalize('NFD'))).toBe(folded);
        expect(foldText(sample.normalize('NFC'))).toBe(folded);
        expect(foldText(sample.toLowerCase())).toBe(folded);
        expect(folded.normalize('NFC')).toBe(folded);
      }),
      { numRuns: 2_000 },
    );
  });

  test('foldText of a text contains the folded form of each of its words', () => {
    fc.assert(
      fc.property(text, (sample) => {
        for (const word of sample.split(/\s+/)) expect(foldText(sample)).toContain(foldText(word));
      }),
    );
  });

  test('foldText returns at most three times as many characters', () => {
    for (let code = 1; code <= 0x1ffff; code++) {
      const character = String.fromCodePoint(code).normalize('NFC');
      const length = [...foldText(character)].length;
      if (length > 3 * [...character].length) expect.soft(length, character).toBe(3);
    }
  });
});

describe('normalizeText', () => {
  test('normalizeText returns NFC', () => {
    expect(normalizeText('Cafe\u0301 \u212b')).toBe('Café Å');
  });

  test(`normalizeText does not change text with more than ${MAX_MARKS} combining marks in a row`, () => {
    const run = (count: number) => `e\u0301${'\u0323'.repeat(count - 1)}`;
    expect([isStreamSafe(run(MAX_MARKS)), isStreamSafe(run(MAX_MARKS + 1))]).toEqual([true, false]);
    expect(normalizeText(run(MAX_MARKS))).toBe(run(MAX_MARKS).normalize('NFC'));
    expect(normalizeText(run(MAX_MARKS + 1))).toBe(run(MAX_MARKS + 1));
  });
});

/** Marks of a falling canonical order: the most work for putting them in order. */
const marks = (count: number) => '\u0345\u0301\u0323\u0334'.repeat(count).slice(0, count);
const shapes: Record<string, (length: number) => string> = {
  'of marks alone': (length) => '\u0301'.repeat(length / 2) + '\u0323'.repeat(length / 2),
  'of marks alternately': marks,
  'of letters with as many marks as may be': (length) => `e${marks(MAX_MARKS)}`.repeat(length / 31),
  'of Greek with iota subscripts': (length) => 'ᾂ'.repeat(length),
  'of sigmas': (length) => 'Σ'.repeat(length),
  'of a sigma and punctuation': (length) => `Σ${'.'.repeat(length)}`,
  'of sigmas and punctuation': (length) => 'Σ.'.repeat(length / 2),
  'of dotted and dotless letters': (length) => 'İı'.repeat(length / 2),
  'of cyrillic letters with marks': (length) => `е${'\u0308'.repeat(MAX_MARKS)}`.repeat(length / 31),
  'of musical symbols': (length) => '\u{1d15e}'.repeat(length / 2),
};

// Other processes add to the CPU time now and then; a cost that grows too fast does so each time.
test.each(Object.entries(shapes))('text %s is normalized and folded in linear time', { retry: 3 }, (_, shape) => {
  /** In microseconds. */
  const cost = (length: number) => {
    const sample = shape(length);
    const times = Array.from({ length: 5 }, () => {
      const start = process.cpuUsage();
      // Text that is not stream-safe is refused before it is folded.
      const normalized = normalizeText(sample);
      if (isStreamSafe(normalized)) foldText(normalized);
      return process.cpuUsage(start).user;
    });
    return Math.min(...times);
  };
  cost(4_000);
  // Sixteen times as long would cost 256 times as much where it grew with the square.
  expect(cost(64_000)).toBeLessThan(100 * Math.max(cost(4_000), 100));
});
