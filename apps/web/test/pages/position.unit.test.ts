import fc from 'fast-check';
import { expect, test } from 'vitest';
import { positionBetween } from '../../app/sync/position';

test('a position is between two others, byte by byte, however often that is repeated', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { minLength: 1, maxLength: 60 }), (places) => {
      const positions: string[] = [];
      for (const place of places) {
        const index = place % (positions.length + 1);
        const next = positionBetween(positions[index - 1], positions[index]);
        expect(next).toMatch(/^\d{10,}$/);
        positions.splice(index, 0, next);
      }
      expect(positions.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(positions);
      expect(new Set(positions).size).toBe(positions.length);
    }),
  );
});

test('there is always a position in the same spot', () => {
  let high = positionBetween(undefined, undefined);
  for (let i = 0; i < 200; i++) {
    const next = positionBetween(undefined, high);
    expect(next < high).toBe(true);
    high = next;
  }
  const low = '5000000000';
  let upper = '5000000001';
  for (let i = 0; i < 200; i++) {
    const next = positionBetween(low, upper);
    expect(low < next && next < upper).toBe(true);
    upper = next;
  }
});
