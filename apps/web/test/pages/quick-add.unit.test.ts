import { describe, expect, test } from 'vitest';
import type { Token } from '../../app/tasks/quick-add/parse';
import { parse } from './quick-add';

test('text without tokens is a title', () => {
  expect(parse('  Water \t the  plants ')).toEqual({
    title: 'Water the plants',
    due_date: null,
    priority: 'none',
    tags: [],
    list_id: undefined,
    tokens: [],
  });
});

test('a text of all kinds of tokens sets all fields', () => {
  const text = 'Water the plants by next fri !high #Home /garden #garden';
  const token = (kind: Token['kind'], typed: string, value: string, start = text.indexOf(typed)) => ({
    ...{ kind, value, text: typed, start, end: start + typed.length },
  });
  expect(parse(text)).toEqual({
    title: 'Water the plants',
    due_date: '2026-11-27',
    priority: 'high',
    tags: ['home', 'garden'],
    list_id: 'garden',
    tokens: [
      token('due', 'by next fri', '2026-11-27'),
      token('priority', '!high', 'high'),
      token('tag', '#Home', 'home'),
      token('list', '/garden', 'garden'),
      token('tag', '#garden', 'garden'),
    ],
  });
});

test('tokens may be in front of the title and between its words', () => {
  expect(parse('tomorrow p1 Call #home Ann')).toMatchObject({
    title: 'Call Ann',
    due_date: '2026-11-19',
    priority: 'high',
    tags: ['home'],
  });
});

test('the indexes of tokens are those of the text as typed', () => {
  const text = 'ＦＵＬＬ 😀 İstanbul\u0301\u0301  "a  b"  İn  3  DAYS, Cafe\u0301 #E\u0301te\u0301.  /CAFÉ;';
  const { tokens, title } = parse(text.replace('İn', 'In'));
  expect(tokens.map((token) => [token.text, token.value])).toEqual([
    ['In  3  DAYS', '2026-11-21'],
    ['#E\u0301te\u0301', 'été'],
    ['/CAFÉ', 'cafe'],
  ]);
  for (const token of tokens) expect(text.replace('İn', 'In').slice(token.start, token.end)).toBe(token.text);
  expect(title).toBe('ＦＵＬＬ 😀 İstanbul\u0301\u0301 "a b", Cafe\u0301');
});

describe('priorities', () => {
  test.each([
    ['!!!', 'high'],
    ['!!', 'medium'],
    ['!', 'low'],
    ['!high', 'high'],
    ['!Medium', 'medium'],
    ['!LOW', 'low'],
    ['p1', 'high'],
    ['P2', 'medium'],
    ['p3', 'low'],
    ['p1,', 'high'],
  ])('%s is %s', (text, priority) => {
    expect(parse(`Call Ann ${text}`)).toMatchObject({ title: 'Call Ann', priority });
    expect(parse(`${text} Call Ann`)).toMatchObject({ title: 'Call Ann', priority });
  });

  test('p4 is a token for no priority', () => {
    expect(parse('Call Ann p4 p1')).toMatchObject({ title: 'Call Ann p1', priority: 'none', tokens: [{ text: 'p4' }] });
  });

  test.each(['!!!!', 'Ann!', '!hi', '!none', 'p5', 'p0', 'p11', 'mp1', 'high', '!!high', '!p1', 'p1!', 'constructor'])(
    '%s is part of the title',
    (text) => expect(parse(`Call ${text}`)).toMatchObject({ title: `Call ${text}`, priority: 'none', tokens: [] }),
  );
});

describe('tags', () => {
  test.each([
    ['#home', 'home'],
    ['#Home', 'home'],
    ['#a_b-c1', 'a_b-c1'],
    ['#2026goals', '2026goals'],
    ['#été', 'été'],
    ['#e\u0301te\u0301', 'été'],
    ['#家', '家'],
    ['#हिन्दी', 'हिन्दी'],
    ['#می\u200cروم', 'می\u200cروم'],
    ['#𐐨𐐀', '𐐨𐐨'],
    [`#${'a'.repeat(50)}`, 'a'.repeat(50)],
  ])('%s is a tag', (text, tag) => {
    expect(parse(`Call Ann ${text}`)).toMatchObject({ title: 'Call Ann', tags: [tag], tokens: [{ text }] });
  });

  test.each([
    '#',
    '#1',
    '#12_3',
    '##home',
    '#home!',
    '#a/b',
    'a#b',
    '(#home)',
    `#${'a'.repeat(51)}`,
    `#${'कि'.repeat(26)}`,
    '#a#b',
    '#_-',
  ])('%s is part of the title', (text) =>
    expect(parse(`Call ${text}`)).toMatchObject({ title: `Call ${text}`, tags: [], tokens: [] }),
  );

  test('a tag counts once', () => {
    expect(parse('Call #home Ann #HOME')).toMatchObject({ title: 'Call Ann', tags: ['home'] });
  });

  test('the 21st tag is part of the title', () => {
    const tags = Array.from({ length: 21 }, (_, i) => `t${i}`);
    const { title, tags: parsed } = parse(`Call ${tags.map((tag) => `#${tag}`).join(' ')}`);
    expect(parsed).toEqual(tags.slice(0, 20));
    expect(title).toBe('Call #t20');
  });
});

describe('lists', () => {
  test.each([
    ['/garden', 'garden'],
    ['/GARDEN', 'garden'],
    ['/garden,', 'garden'],
    ['/Garden Front  Yard', 'garden-front'],
    ['/garden-front-yard', 'garden-front'],
    ['/cafe', 'cafe'],
    ['/CAFÉ', 'cafe'],
    ['/cafe\u0301', 'cafe'],
    ['/misc.', 'misc'],
    ['/to-do', 'to-do'],
    ['/inbox', null],
    ['/Inbox', null],
  ])('%s is %s', (text, id) => {
    expect(parse(`Call Ann ${text}`)).toMatchObject({ title: 'Call Ann', list_id: id });
    expect(parse(`${text} Call Ann`)).toMatchObject({ title: 'Call Ann', list_id: id });
  });

  test('the inbox has the value "inbox"', () => {
    expect(parse('Call /inbox').tokens).toEqual([{ kind: 'list', start: 5, end: 11, value: 'inbox', text: '/inbox' }]);
  });

  test('the longest name wins', () => {
    expect(parse('Mow /garden front lawn')).toMatchObject({ title: 'Mow front lawn', list_id: 'garden' });
    expect(parse('Mow /garden front yard')).toMatchObject({ title: 'Mow', list_id: 'garden-front' });
  });

  test.each([
    'and/or',
    '/etc',
    '/gardens',
    '/',
    '/ garden',
    'a/garden',
    '/garden/front',
    '//garden',
    '/to do',
    '/garden!',
  ])('%s is part of the title', (text) =>
    expect(parse(`Call ${text}`)).toMatchObject({ title: `Call ${text}`, list_id: undefined, tokens: [] }),
  );

  test('a list whose name folds to nothing is never named', () => {
    expect(parse('Call / Ann', { lists: [{ id: 'x', name: '\u0301' }] }).list_id).toBeUndefined();
  });
});

describe('the first token counts', () => {
  test.each([
    ['Call tomorrow fri', 'Call fri', '2026-11-19'],
    ['Call fri tomorrow', 'Call tomorrow', '2026-11-20'],
    ['Call 31 feb fri', 'Call 31 feb', '2026-11-20'],
    ['Call 12/24 12/25', 'Call 12/25', '2026-12-24'],
    ['Call tomorrow tomorrow', 'Call tomorrow', '2026-11-19'],
  ])('%s', (text, title, date) => expect(parse(text)).toMatchObject({ title, due_date: date }));

  test('of priorities and lists, too', () => {
    expect(parse('Call p2 !high /garden /cafe')).toMatchObject({
      title: 'Call !high /cafe',
      priority: 'medium',
      list_id: 'garden',
    });
  });
});

describe('punctuation', () => {
  test.each([
    ['Call Ann tomorrow.', 'Call Ann'],
    ['Call Ann tomorrow;', 'Call Ann'],
    ['Call Ann, tomorrow', 'Call Ann'],
    ['Buy milk etc. tomorrow', 'Buy milk etc.'],
    ['Call Ann tomorrow, then Bob', 'Call Ann, then Bob'],
    ['Call Ann, tomorrow, then Bob', 'Call Ann, then Bob'],
    ['Call Ann tomorrow, p1, #home, then Bob.', 'Call Ann, then Bob.'],
    ['Call Ann tomorrow, p1, #home.', 'Call Ann'],
    ['Tomorrow: call Ann', 'call Ann'],
    ['Tomorrow, p1: call Ann', 'call Ann'],
    ['Call Ann #home . Then Bob', 'Call Ann . Then Bob'],
  ])('%s → %s', (text, title) => {
    const parsed = parse(text);
    expect(parsed.title).toBe(title);
    expect(parsed.tokens.map((token) => token.text).join('')).not.toMatch(/[,.;:]/);
  });

  test.each(['tomorrow!', 'tomorrow?', 'tomorrow…', 'tomorrow-ish', '#home)', 'p1/p2'])(
    '%s is part of the title',
    (text) => {
      expect(parse(`Call ${text}`)).toMatchObject({ title: `Call ${text}`, tokens: [] });
    },
  );
});

test.each(['tomorrow', 'tomorrow p1', ' #home. ', 'fri, #home /garden', '!', ', tomorrow', ''])(
  'a text of tokens alone is a title: %j',
  (text) => {
    const none = { due_date: null, priority: 'none', tags: [], list_id: undefined, tokens: [] };
    expect(parse(text)).toEqual({ ...none, title: text.trim() });
  },
);

describe('quoted text', () => {
  test.each([
    ['Read "tomorrow p1 #home" fri', 'Read "tomorrow p1 #home"'],
    ['Read “if tomorrow comes” fri', 'Read “if tomorrow comes”'],
    ['Lies „bis tomorrow früh“ fri', 'Lies „bis tomorrow früh“'],
    ['Read x"a tomorrow b"y fri', 'Read x"a tomorrow b"y'],
    ['"p1" fri', '"p1"'],
  ])('%s', (text, title) => {
    expect(parse(text)).toMatchObject({ title, due_date: '2026-11-20', priority: 'none', tags: [] });
  });

  test('a single quote mark quotes nothing', () => {
    expect(parse('Buy a 5" pipe tomorrow')).toMatchObject({ title: 'Buy a 5" pipe', due_date: '2026-11-19' });
  });
});

test.each([
  'https://example.com/#home',
  'http://localhost/garden',
  'www.example.com/garden,',
  'mailto:p1@example.com',
  'ftp://12/24',
])('a URL is part of the title: %s', (url) =>
  expect(parse(`Read ${url}`)).toMatchObject({ title: `Read ${url}`, tokens: [] }),
);

describe('removed tokens', () => {
  test('are part of the title', () => {
    expect(parse('Call Ann tomorrow p1 #home /garden', {}, ['tomorrow', '#HOME', '/Garden'])).toMatchObject({
      title: 'Call Ann tomorrow #home /garden',
      due_date: null,
      priority: 'high',
      tags: [],
      list_id: undefined,
    });
  });

  test('count as a whole', () => {
    expect(parse('Call by Fri', {}, ['by fri'])).toMatchObject({ title: 'Call by Fri', due_date: null });
    expect(parse('Call 12 dec 2027', {}, ['12 dec 2027'])).toMatchObject({ title: 'Call 12 dec 2027', due_date: null });
    expect(parse('Call by fri', {}, ['fri'])).toMatchObject({ title: 'Call', due_date: '2026-11-20' });
  });

  test('let later ones count', () => {
    expect(parse('Buy 1/2 pound tomorrow', {}, ['1/2'])).toMatchObject({
      title: 'Buy 1/2 pound',
      due_date: '2026-11-19',
    });
  });

  test('count in all places', () => {
    expect(parse('#a b #A', {}, ['#a'])).toMatchObject({ title: '#a b #A', tags: [] });
  });
});
