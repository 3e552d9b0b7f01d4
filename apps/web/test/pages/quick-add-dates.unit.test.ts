import { describe, expect, test } from 'vitest';
import { due, parse, testDue } from './quick-add';

describe('relative dates', () => {
  testDue(
    `
    today | 2026-11-18
    TODAY | 2026-11-18
    tod | 2026-11-18
    tomorrow | 2026-11-19
    Tomorrow | 2026-11-19
    tmr | 2026-11-19
    tmrw | 2026-11-19
    tomorrow | 2027-01-01 | 2026-12-31
    tomorrow | 2028-02-29 | 2028-02-28
    tomorrow | 2027-03-01 | 2027-02-28
    tomorrow | 2026-03-29 | 2026-03-28
    day after tomorrow | 2026-11-20
    the day after tomorrow | 2026-11-20
    yesterday |
    todays |
    tomorrow's |
    (tomorrow) |
    5pm |
    `,
  );

  testDue(
    `
    in 1 day | 2026-11-19
    in 3 days | 2026-11-21
    in a day | 2026-11-19
    in 2 weeks | 2026-12-02
    in 1 week | 2026-11-25
    in a week | 2026-11-25
    in a month | 2026-12-18
    in 3 months | 2027-02-18
    in a month | 2026-02-28 | 2026-01-31
    in a month | 2028-02-29 | 2028-01-31
    in 2 months | 2026-03-31 | 2026-01-31
    in a month | 2027-01-31 | 2026-12-31
    in 1 year | 2027-11-18
    in a year | 2029-02-28 | 2028-02-29
    in 4 years | 2032-02-29 | 2028-02-29
    in 999 days | 2029-08-13
    in 1000 days |
    in 0 days |
    in three days |
    in 3 |
    in days |
    in 3 hours |
    3 days |
    +3d | 2026-11-21
    +2w | 2026-12-02
    +2W | 2026-12-02
    +2 |
    +2m |
    +d |
    3d |
    `,
  );
});

describe('weekdays', () => {
  testDue(
    `
    thu | 2026-11-19
    thursday | 2026-11-19
    thur | 2026-11-19
    Thurs. | 2026-11-19
    fri | 2026-11-20
    sat | 2026-11-21
    sun | 2026-11-22
    SUNDAY | 2026-11-22
    mon | 2026-11-23
    tue | 2026-11-24
    tues | 2026-11-24
    tuesday | 2026-11-24
    wed | 2026-11-25
    weds | 2026-11-25
    this fri | 2026-11-20
    weekend | 2026-11-21
    this weekend | 2026-11-21
    weekend | 2026-11-28 | 2026-11-21
    weekend | 2026-11-28 | 2026-11-22
    fri | 2027-01-01 | 2026-12-31
    fridays |
    sunny |
    mo |
    mon-fri |
    `,
  );

  test.each(Array.from({ length: 14 }, (_, i) => i))('a weekday is after today and within 7 days (%i)', (offset) => {
    const today = Date.UTC(2026, 11, 24 + offset);
    for (const [i, name] of ['sunday', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'].entries()) {
      const time = Date.parse(due(name, new Date(today).toISOString().slice(0, 10)) ?? '');
      const days = (time - today) / 86_400_000;
      expect(new Date(time).getUTCDay()).toBe(i);
      expect(days).toBeGreaterThanOrEqual(1);
      expect(days).toBeLessThanOrEqual(7);
    }
  });

  // Weeks begin on Monday.
  testDue(
    `
    next mon | 2026-11-23
    next wed | 2026-11-25
    next fri | 2026-11-27
    next sunday | 2026-11-29
    next fri | 2026-11-27 | 2026-11-16
    next mon | 2026-11-23 | 2026-11-16
    next mon | 2026-11-23 | 2026-11-22
    next sun | 2026-11-29 | 2026-11-22
    next fri | 2027-01-08 | 2026-12-31
    next weekend | 2026-11-28
    next week | 2026-11-23
    next week | 2026-11-23 | 2026-11-16
    next week | 2026-11-23 | 2026-11-22
    next week | 2027-01-04 | 2026-12-31
    next month | 2026-12-01
    next month | 2026-12-01 | 2026-11-01
    next month | 2027-01-01 | 2026-12-31
    next month | 2026-02-01 | 2026-01-31
    next year |
    next |
    week |
    this week |
    `,
  );

  test.each(['every', 'each', 'last'])('"%s Friday" is part of the title, as it is not one date to come', (word) => {
    const text = `Water ${word} friday and ${word} 12 dec`;
    expect(parse(text)).toMatchObject({ title: text, due_date: null });
    expect(parse(`${text} tomorrow`)).toMatchObject({ title: text, due_date: '2026-11-19' });
  });
});

describe('days of a month', () => {
  testDue(
    `
    12 dec | 2026-12-12
    12 December | 2026-12-12
    dec 12 | 2026-12-12
    Dec. 12 | 2026-12-12
    12 Dec. | 2026-12-12
    december 12 | 2026-12-12
    12th dec | 2026-12-12
    1st of december | 2026-12-01
    2nd dec | 2026-12-02
    dec 3rd | 2026-12-03
    12 dec 2027 | 2027-12-12
    dec 12 2027 | 2027-12-12
    dec 12, 2027 | 2027-12-12
    12 dec, 2027 | 2027-12-12
    12 dec 2020 | 2020-12-12
    1 sept | 2027-09-01
    sep 1 | 2027-09-01
    5 may | 2027-05-05
    may 5 | 2027-05-05
    18 nov | 2026-11-18
    17 nov | 2027-11-17
    31 dec | 2026-12-31 | 2026-12-31
    1 jan | 2027-01-01 | 2026-12-31
    29 feb 2028 | 2028-02-29
    29 feb 2027 |
    29 feb | 2028-02-29 | 2027-06-01
    29 feb | 2028-02-29 | 2028-02-29
    29 feb |  | 2028-03-01
    31 feb |
    31 nov |
    0 dec |
    32 dec |
    62 dec |
    99 jan |
    fri 18 dec | 2026-12-18
    Friday, 18 December | 2026-12-18
    on friday 18 dec 2026 | 2026-12-18
    sun 12/6 | 2026-12-06
    `,
  );

  test.each([
    'may',
    'march',
    'mar',
    'dec',
    'second',
    'may be',
    '12',
    'dec 2027',
    '2027',
    'may 5pm',
    '12 decks',
    'a dec',
  ])('%s alone is no date', (text) => expect(due(text)).toBeNull());

  test('a number that cannot be a year stays in the title', () => {
    expect(parse('Write dec 12 1500 words')).toMatchObject({ title: 'Write 1500 words', due_date: '2026-12-12' });
  });
});

describe('words in front of a date', () => {
  testDue(
    `
    on friday | 2026-11-20
    By Fri | 2026-11-20
    due tomorrow | 2026-11-19
    due on 12 dec | 2026-12-12
    due by 2027-03-01 | 2027-03-01
    by the 1st of december | 2026-12-01
    due by the weekend | 2026-11-21
    by in 3 days | 2026-11-21
    on the |
    by the sea |
    due |
    by Ann |
    `,
  );

  test('other words stay', () => {
    expect(parse('Rely on Ann by the sea from friday')).toMatchObject({
      title: 'Rely on Ann by the sea from',
      due_date: '2026-11-20',
    });
  });
});
