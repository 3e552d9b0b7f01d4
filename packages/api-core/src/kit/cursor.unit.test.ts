import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor, type Position } from './cursor';
import { ApiError } from './errors';

const KEY = createSecretKey(randomBytes(32));
const SCOPE = '["ada","-created_at",{}]';
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The sort values of lists, as text: titles of any script, timestamps, dates, ranks. */
const position: fc.Arbitrary<Position> = fc.tuple(
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 255 }),
    fc.constantFrom(
      '',
      '2026-03-01 09:30:00.123+00',
      'infinity',
      '-infinity',
      '3',
      '"',
      '\\',
      '\u2028',
      '\ud800',
      '€😀',
    ),
  ),
  fc.uuid(),
);
const scope = fc.string({ unit: 'binary' });

function expectRefused(cursor: string, key: KeyObject = KEY, where = SCOPE): void {
  let thrown: unknown;
  try {
    decodeCursor(key, where, cursor);
  } catch (error) {
    thrown = error;
  }
  expect(thrown, JSON.stringify(cursor)).toBeInstanceOf(ApiError);
  expect(thrown).toMatchObject({
    code: 'validation',
    options: { errors: [{ in: 'query', pointer: '/cursor', code: 'invalid_cursor' }] },
  });
}

test('a cursor decodes to the position that it was created from', () => {
  fc.assert(
    fc.property(position, scope, (at, where) => {
      const cursor = encodeCursor(KEY, where, at);
      expect(decodeCursor(KEY, where, cursor)).toEqual(at);
      expect(cursor).toMatch(/^[\w-]+$/);
    }),
    { numRuns: 2_000 },
  );
});

test('a cursor is refused in another scope and under another key', () => {
  fc.assert(
    fc.property(position, scope, scope, (at, one, other) => {
      fc.pre(one !== other);
      expectRefused(encodeCursor(KEY, one, at), KEY, other);
      expectRefused(encodeCursor(createSecretKey(randomBytes(32)), one, at), KEY, one);
    }),
    { numRuns: 300 },
  );
});

test('the position of a cursor cannot be shifted into its scope', () => {
  const cursor = encodeCursor(KEY, 'a', ['b', '00000000-0000-4000-8000-000000000000']);
  const bytes = Buffer.from(cursor, 'base64url');
  for (const where of ['', 'a\0', 'a\0[', 'a["b"']) expectRefused(bytes.toString('base64url'), KEY, where);
});

test('a cursor with any one character replaced, removed, doubled or inserted is refused', () => {
  const cursor = encodeCursor(KEY, SCOPE, ['2026-03-01 09:30:00.123+00', '0198c0de-0000-7000-8000-00000000000a']);
  expect(decodeCursor(KEY, SCOPE, cursor)).toHaveLength(2);
  for (let i = 0; i <= cursor.length; i++) {
    const [head, tail] = [cursor.slice(0, i), cursor.slice(i)];
    for (const other of [...BASE64URL, '=', '+', '/', ' ', '\n', '\0', '%', 'é', '٣', '😀']) {
      expectRefused(head + other + tail);
      if (other !== tail[0] && i < cursor.length) expectRefused(head + other + tail.slice(1));
    }
    if (i < cursor.length) expectRefused(head + tail.slice(1));
  }
});

test('any cursor with one changed character is refused', () => {
  fc.assert(
    fc.property(position, fc.nat(), fc.string({ unit: 'binary', minLength: 0, maxLength: 1 }), (at, where, other) => {
      const cursor = encodeCursor(KEY, SCOPE, at);
      const i = where % cursor.length;
      fc.pre(other !== cursor[i]);
      expectRefused(cursor.slice(0, i) + other + cursor.slice(i + 1));
    }),
    { numRuns: 3_000 },
  );
});

test('arbitrary text as a cursor is a validation error and never another one', () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((all) => Buffer.from(all).toString('base64url'));
  const unsigned = fc.json().map((json) => Buffer.from(json).toString('base64url'));
  fc.assert(
    fc.property(
      fc.oneof(bytes, unsigned, fc.base64String(), fc.string({ unit: 'binary' }), fc.constantFrom('', 'null')),
      (cursor) => expectRefused(cursor),
    ),
    { numRuns: 5_000 },
  );
});
