import { describe, expect, test } from 'vitest';
import { parse, testDue } from './quick-add';

/** The languages of browsers' interfaces. */
const LOCALES = `
  af am ar az be bg bn bs ca cs cy da de el en-AU en-CA en-GB es es-419 et eu fa fi fil fr fr-CA ga gl gu he hi
  hr hu hy id is it ja ka kk km kn ko ky lo lt lv mk ml mn mr ms mt my nb ne nl no or pa pl pt-BR pt-PT ro ru si
  sk sl sq sr sv sw ta te th tr uk ur uz vi zh-CN zh-HK zh-TW zu
`
  .trim()
  .split(/\s+/);

describe('dates in digits', () => {
  testDue(
    `
    2027-03-01 | 2027-03-01
    2027-3-1 | 2027-03-01
    2027/03/01 | 2027-03-01
    2028-02-29 | 2028-02-29
    2027-02-29 |
    2027-13-01 |
    2027-00-01 |
    2027-03-01T10:00 |
    2027-03 |
    2027-03/01 |
    12/24 | 2026-12-24
    1/2 | 2027-01-02
    12/24/2027 | 2027-12-24
    12-24-2027 | 2027-12-24
    24/12 |
    24/12/2027 |
    12/24/2027/1 |
    2/30 |
    13/1 |
    0/1 |
    12.24. |
    12.24 |
    12-24 |
    `,
  );
  testDue(
    `
    24/12 | 2026-12-24
    24/12/2027 | 2027-12-24
    12/24 |
    24.12. |
    `,
    'en-GB',
  );
  testDue(
    `
    24.12. | 2026-12-24
    24. 12. | 2026-12-24
    1.1. | 2027-01-01
    01.01.2028 | 2028-01-01
    24.12.2027 | 2027-12-24
    24/12 | 2026-12-24
    Do, 24.12. | 2026-12-24
    Do 24.12. | 2026-12-24
    Do., 24. Dez. 2026 | 2026-12-24
    2027-03-01 | 2027-03-01
    24.12 |
    12.24. |
    31.11. |
    29.2. |
    `,
    'de-DE',
  );
  testDue(
    `
    24. 12. 2027 | 2027-12-24
    24.12. | 2026-12-24
    `,
    'cs-CZ',
  );
  testDue(
    `
    24-12-2027 | 2027-12-24
    24-12 |
    24/12 | 2026-12-24
    `,
    'nl-NL',
  );
  testDue(
    `
    2027/12/24 | 2027-12-24
    12/24 | 2026-12-24
    24/12 |
    `,
    'ja-JP',
  );
  testDue('2027-12-24 | 2027-12-24', 'sv-SE');
});

describe('the language of the locale', () => {
  testDue(
    `
    heute | 2026-11-18
    Morgen | 2026-11-19
    übermorgen | 2026-11-20
    ubermorgen | 2026-11-20
    ÜBERMORGEN | 2026-11-20
    U\u0308bermorgen | 2026-11-20
    Freitag | 2026-11-20
    next Freitag | 2026-11-27
    Fr. | 2026-11-20
    Fr | 2026-11-20
    24. Dezember | 2026-12-24
    24. Dez. | 2026-12-24
    1. März | 2027-03-01
    1. Marz 2028 | 2028-03-01
    tomorrow | 2026-11-19
    12 may | 2027-05-12
    gestern |
    Mai |
    `,
    'de-DE',
  );
  testDue(
    `
    aujourd'hui | 2026-11-18
    aujourd’hui | 2026-11-18
    demain | 2026-11-19
    après-demain | 2026-11-20
    apres-demain | 2026-11-20
    vendredi | 2026-11-20
    ven. | 2026-11-20
    ven | 2026-11-20
    mar. | 2026-11-24
    mar |
    1er décembre | 2026-12-01
    12 déc. | 2026-12-12
    12 DECEMBRE 2027 | 2027-12-12
    24/12 | 2026-12-24
    hier |
    `,
    'fr-FR',
  );
  testDue(
    `
    hoy | 2026-11-18
    mañana | 2026-11-19
    manana | 2026-11-19
    pasado mañana | 2026-11-20
    sábado | 2026-11-21
    sab | 2026-11-21
    12 de diciembre | 2026-12-12
    12 de diciembre de 2027 | 2027-12-12
    12 dic | 2026-12-12
    mar |
    ayer |
    `,
    'es-ES',
  );
  testDue(
    `
    今日 | 2026-11-18
    明日 | 2026-11-19
    明後日 | 2026-11-20
    金曜日 | 2026-11-20
    金 | 2026-11-20
    昨日 |
    12月 |
    `,
    'ja-JP',
  );
  testDue(
    `
    اليوم | 2026-11-18
    غدًا | 2026-11-19
    غدا | 2026-11-19
    بعد الغد | 2026-11-20
    الجمعة | 2026-11-20
    الأحد | 2026-11-22
    الاحد | 2026-11-22
    25 ديسمبر | 2026-12-25
    أمس |
    `,
    'ar',
  );
  testDue(
    `
    завтра | 2026-11-19
    12 декабря | 2026-12-12
    12 декабрь | 2026-12-12
    12 дек. | 2026-12-12
    пт | 2026-11-20
    `,
    'ru-RU',
  );
  testDue('12 fev | 2027-02-12', 'pt-PT');
  testDue('yarın | 2026-11-19', 'tr-TR');
  testDue('i morgon | 2026-11-19', 'sv-SE');
  testDue('25 دسامبر | 2026-12-25', 'fa-IR');
  testDue(
    `
    ma | 2026-11-18
    K |
    `,
    'hu-HU',
  );
  testDue('tomorrow | 2026-11-19', 'not a locale');

  test.each([
    ['Do the laundry', null],
    ['So geht es nicht', null],
    ['Do 3 push-ups', null],
    ['Do. Arzt', '2026-11-19'],
    ['Arzt do', '2026-11-19'],
    ['Arzt do.', '2026-11-19'],
    ['Arzt do #home', '2026-11-19'],
    ['Arzt do p1', '2026-11-19'],
    ['Arzt am Do. um acht', '2026-11-19'],
  ])('de-DE: a short weekday needs its dot, or a token or nothing after it: %s', (text, date) => {
    expect(parse(text, { locale: 'de-DE' }).due_date).toBe(date);
  });

  test('the dot of a short name is part of the token', () => {
    expect(parse('Arzt Do. um acht', { locale: 'de-DE' }).title).toBe('Arzt um acht');
    expect(parse('Dentist fri. at eight').title).toBe('Dentist at eight');
    expect(parse('Call Ann friday. Then Bob').title).toBe('Call Ann. Then Bob');
  });

  test.each(LOCALES)('every locale has patterns: %s', (locale) => {
    expect(parse('Call Ann tomorrow', { locale }).due_date).toBe('2026-11-19');
    for (const days of [0, 1]) {
      const name = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(days, 'day');
      expect(parse(`Ann ${name}`, { locale })).toMatchObject({ title: 'Ann', due_date: `2026-11-${18 + days}` });
    }
    for (let day = 1; day <= 7; day++) {
      const date = Date.UTC(2026, 10, 18 + day);
      const name = new Intl.DateTimeFormat(locale, { weekday: 'long', timeZone: 'UTC' }).format(date);
      expect(parse(`Ann ${name}`, { locale }).due_date).toBe(new Date(date).toISOString().slice(0, 10));
    }
  });
});
