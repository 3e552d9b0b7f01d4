import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseEntityTags, toEntityTag } from './preconditions';

/** More versions than a task can reach: a million a day for 2,700 years. */
const version = fc.integer({ min: 1, max: 999_999_999 });
const space = fc.constantFrom('', ' ', '\t', '  ');
/** The text of a header field: visible ASCII, spaces and the bytes above. */
const field = fc
  .array(fc.integer({ min: 0x20, max: 0xff }))
  .map((codes) => String.fromCharCode(...codes.filter((code) => code !== 0x7f)));
const comparison = fc.constantFrom('strong' as const, 'weak' as const);

test('an entity tag parses to the version that it was created from', () => {
  fc.assert(
    fc.property(version, comparison, (number, how) => {
      expect(parseEntityTags(toEntityTag(number), how)).toEqual([number]);
    }),
    { numRuns: 2_000 },
  );
});

test('a list of entity tags parses to all of its versions, with weak tags only under weak comparison', () => {
  const tag = fc.record({ version, isWeak: fc.boolean(), before: space, after: space });
  fc.assert(
    fc.property(fc.array(tag, { minLength: 1 }), comparison, (tags, how) => {
      const list = tags.map((tag) => `${tag.before}${tag.isWeak ? 'W/' : ''}"${tag.version}"${tag.after}`).join(',');
      const named = tags.filter(({ isWeak }) => how === 'weak' || !isWeak).map((tag) => tag.version);
      expect(parseEntityTags(list, how)).toEqual(named);
    }),
  );
});

test('a comma inside an entity tag does not separate tags', () => {
  expect(parseEntityTags('"1,2","3"', 'strong')).toEqual([3]);
});

test.each(['*', ' *', '* ', '\t*\t'])('%j matches any version', (star) => {
  expect(parseEntityTags(star, 'strong')).toBe('*');
});

describe('entity tags of other origin', () => {
  test.each(['""', '"0"', '"01"', '"-1"', '"1.0"', '"1e3"', '"0x1"', '" 1"', '"x"', `"${'9'.repeat(99)}"`])(
    'the entity tag %s matches no version',
    (tag) => expect(parseEntityTags(tag, 'weak')).toEqual([]),
  );
});

// A half-parsed precondition could let a client overwrite a version that it has not read.
describe('malformed entity tag lists', () => {
  test.each([
    '',
    ' ',
    ',',
    '1',
    '"1',
    '1"',
    '**',
    '*, "1"',
    '"1", *',
    'w/"1"',
    'W /"1"',
    'W/ "1"',
    'x"1"',
    '"1"x',
    '"1" "2"',
    "'1'",
  ])('the malformed entity tag list %j matches no version', (text) =>
    expect(parseEntityTags(text, 'strong')).toEqual([]),
  );
});

test('any field value parses without an error, to versions that fit an integer column', () => {
  fc.assert(
    fc.property(
      fc.oneof(field, fc.string({ unit: 'binary' }), fc.stringMatching(/^[\d"W/*, ]*$/)),
      comparison,
      (text, how) => {
        const versions = parseEntityTags(text, how);
        for (const number of versions === '*' ? [] : versions)
          expect(number).toSatisfy((it: number) => Number.isInteger(it) && it >= 1 && it < 2 ** 31);
      },
    ),
    { numRuns: 5_000 },
  );
});

test('a long field of entity tags parses quickly', () => {
  const started = performance.now();
  for (const part of ['"', '"1"', 'W/', 'W/"', '!', '"\u00ff', ' ', '\t,'])
    parseEntityTags(part.repeat(16_000), 'strong');
  expect(performance.now() - started).toBeLessThan(1_000);
});
