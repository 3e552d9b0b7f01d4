import { expect, test } from 'vitest';
import { send, signUp, useApp } from '../harness';
import { createTask, getTask } from '../task-requests';

useApp();

test('a title is trimmed by POST, PUT and PATCH, without changing its inner spaces', async () => {
  const user = await signUp();
  const { token } = user;
  const { id, title } = await createTask(user, { title: ' \t\n\u00a0\u3000two  words\u2003\r\n ' });
  expect(title).toBe('two  words');
  for (const method of ['PUT', 'PATCH']) {
    const response = await send(method, `${user.tasks}/${id}`, { token, body: { title: `  by ${method} ` } });
    expect((await response.json()).title).toBe(`by ${method}`);
  }
});

test.each([
  ['with spaces and line breaks', ['', ' ', '  indented\n\ttext\r\n ']],
  ['with control characters', ['\u0001\u007f\u009f']],
  ['with a zero-width no-break space inside and behind', ['x\ufeffy', 'Milk\ufeff']],
  [
    'with what means something elsewhere',
    ['"\\u0000\\"', "'; drop table tasks;--", '{"a":1}', 'null', 'NULL', '{}', '$1'],
  ],
])('a description is stored unchanged: %s', async (_, texts) => {
  const user = await signUp();
  for (const description of texts) {
    const task = await createTask(user, { title: 'Milk', description });
    expect.soft(task.description).toBe(description);
    expect.soft((await getTask(user, task.id)).description).toBe(description);
  }
});

test('byte order marks at the start of a description are removed before its length is counted', async () => {
  const user = await signUp();
  const task = await createTask(user, { title: 'Milk', description: `\ufeff\ufeff${'a'.repeat(10_000)}` });
  expect(task.description).toBe('a'.repeat(10_000));
  expect(await getTask(user, task.id)).toStrictEqual(task);
});

test.each([
  ['accents', 'Crème brûlée'],
  ['right to left', 'חלב \u202b لبن'],
  ['emoji and joiners', '👩‍👩‍👧‍👦 🇩🇪 🏴‍☠️'],
  ['the edges of the planes', 'x\u00a0\ufeff\u200b\ud7ff\ue000\uffff\u{10000}\u{10ffff}'],
  ['characters that mean something elsewhere', `<b>&amp;</b> '"\`\\ $1 \${x} {{y}} %s %00 \\u0000`],
])('text is returned unchanged: %s', async (_, text) => {
  const user = await signUp();
  const task = await createTask(user, { title: text, description: text, tags: [text] });
  expect(task).toMatchObject({ title: text, description: text, tags: [text.toLowerCase()] });
  expect(await getTask(user, task.id)).toStrictEqual(task);
});

test.each([
  ['title', 'a', 255],
  ['title', 'é', 255],
  ['title', '👩', 255],
  ['description', 'a', 10_000],
  ['description', '👩', 10_000],
] as const)(
  'a %s of %j repeated %i times is accepted: characters are counted, not bytes or UTF-16 units',
  async (field, one, most) => {
    const user = await signUp();
    const value = one.repeat(most);
    const task = await createTask(user, { title: 'Milk', [field]: value });
    expect(task[field]).toBe(value);
  },
);

test('trimmed white space does not count towards the maximum length', async () => {
  const user = await signUp();
  const task = await createTask(user, { title: ` ${'a'.repeat(255)} `, tags: [` ${'b'.repeat(50)} `] });
  expect([task.title.length, task.tags[0]?.length]).toEqual([255, 50]);
});

test('20 tags of 50 characters each are accepted', async () => {
  const user = await signUp();
  const tags = Array.from({ length: 20 }, (_, i) => '👩'.repeat(49) + String.fromCodePoint(0x61 + i));
  const task = await createTask(user, { title: 'Milk', tags: tags.toReversed() });
  expect(task.tags).toEqual(tags);
});

test('tags are a set: trimmed, in lower case, without duplicates', async () => {
  const user = await signUp();
  const { tags } = await createTask(user, {
    title: 'Milk',
    tags: [' Home', 'HOME', 'home\n', 'ÄRGER', 'ärger', 'two  words'],
  });
  expect(tags).toEqual(['home', 'two  words', 'ärger']);
});

test('tags are sorted by code point', async () => {
  const user = await signUp();
  // By code point; by UTF-16 unit the two from above the first plane would stand before \uff41.
  const sorted = [
    '-',
    '1',
    '10',
    '2',
    '_',
    'a',
    'a b',
    'aa',
    'z',
    'zz',
    'ß',
    'é',
    'ñ',
    'ö',
    'й',
    '日',
    '\uff41',
    '😀',
    '\u{10ffff}',
  ];
  const shuffled = sorted.toReversed().toSorted((a, b) => (a.length % 2) - (b.length % 2));
  const { id, tags } = await createTask(user, { title: 'Milk', tags: shuffled });
  expect(tags).toEqual(sorted);
  expect((await getTask(user, id)).tags).toEqual(sorted);
  const page = await (await send('GET', user.tasks, { token: user.token })).json();
  expect(page.data[0].tags).toEqual(sorted);
});

test('tags that differ in an accent are different tags, in any normalization form', async () => {
  const user = await signUp();
  const { id, tags } = await createTask(user, { title: 'Milk', tags: ['é', 'e', 'e\u0301', 'ê', 'E\u0301'] });
  expect(tags).toEqual(['e', 'é', 'ê']);
  for (const tag of ['é', 'e\u0301', 'E\u0301', 'É']) {
    const found = await send('GET', `${user.tasks}?tag=${encodeURIComponent(tag)}`, { token: user.token });
    expect((await found.json()).data).toMatchObject([{ id }]);
  }
});

test('POST, PUT and PATCH store text in Unicode normalization form NFC', async () => {
  const user = await signUp();
  const decomposed = 'Cafe\u0301 \u212b';
  const body = { title: decomposed, description: decomposed, tags: [decomposed] };
  const expected = { title: 'Café Å', description: 'Café Å', tags: ['café å'] };
  const { id } = await createTask(user, body);
  expect(await getTask(user, id)).toMatchObject(expected);
  for (const method of ['PUT', 'PATCH']) {
    const response = await send(method, `${user.tasks}/${id}`, { token: user.token, body });
    expect(await response.json()).toMatchObject({ ...expected, version: 1 });
  }
});

test('the length of text is counted after normalization', async () => {
  const user = await signUp();
  const task = await createTask(user, {
    title: 'e\u0301'.repeat(255),
    description: 'e\u0301'.repeat(10_000),
    tags: ['e\u0301'.repeat(50)],
  });
  expect(task).toMatchObject({ title: 'é'.repeat(255), description: 'é'.repeat(10_000), tags: ['é'.repeat(50)] });
  // In NFC this letter is two characters.
  const response = await send('POST', user.tasks, { token: user.token, body: { title: '\u0958'.repeat(128) } });
  expect(response.status).toBe(422);
  expect((await response.json()).errors).toMatchObject([{ pointer: '/title', code: 'too_long' }]);
});

test.each([
  ['zero-width spaces', '\u200b\u2060'],
  ['a soft hyphen', '\u00ad'],
  ['Hangul fillers', '\u115f\u1160\u3164\uffa0'],
  ['a blank braille pattern', '\u2800'],
  ['variation selectors', '\ufe0f\u{e0100}'],
  ['characters of the tags block', '\u{e0068}\u{e007f}'],
  ['directional marks and spaces', '\u200f \u202e\u00a0\u2066'],
  ['a combining grapheme joiner', '\u034f'],
  ['annotation characters', '\ufff9\ufffb'],
])('a title and a tag of only %s return 422', async (_, text) => {
  const user = await signUp();
  const { token } = user;
  const { id } = await createTask(user, { title: 'Milk' });
  const expectedErrors = [
    { pointer: '/title', code: 'invisible', message: 'At least one visible character is needed.' },
    { pointer: '/tags/0', code: 'invisible' },
  ];
  for (const [method, path] of [
    ['POST', user.tasks],
    ['PUT', `${user.tasks}/${id}`],
    ['PATCH', `${user.tasks}/${id}`],
  ] as const) {
    const response = await send(method, path, { token, body: { title: text, tags: [text] } });
    expect.soft(response.status, method).toBe(422);
    expect.soft((await response.json()).errors, method).toMatchObject(expectedErrors);
  }
});

test('more than 30 combining marks in a row return 422, in title, description and tags', async () => {
  const user = await signUp();
  const text = (count: number) => `x${'\u0323'.repeat(count)}`;
  const task = await createTask(user, { title: text(30), description: text(30), tags: [text(30)] });
  expect(task.title).toBe(text(30).normalize('NFC'));
  const body = { title: text(32), description: text(32), tags: [text(32)] };
  const response = await send('POST', user.tasks, { token: user.token, body });
  expect((await response.json()).errors).toMatchObject(
    ['/title', '/description', '/tags/0'].map((pointer) => ({ pointer, code: 'too_many_marks' })),
  );
});

test('PUT and PATCH replace all tags, by the rules of POST', async () => {
  const user = await signUp();
  const { token } = user;
  const { id } = await createTask(user, { title: 'Milk', tags: ['a', 'b'] });
  const path = `${user.tasks}/${id}`;
  const patched = await send('PATCH', path, { token, body: { tags: [' C ', 'b', 'B'] } });
  expect((await patched.json()).tags).toEqual(['b', 'c']);
  const replaced = await send('PUT', path, { token, body: { title: 'Milk', tags: ['D', 'c ', 'd'] } });
  expect((await replaced.json()).tags).toEqual(['c', 'd']);
  expect((await getTask(user, id)).tags).toEqual(['c', 'd']);
});

const REAL_DATES = '0001-01-01 0004-02-29 0099-12-31 1582-10-10 1970-01-01 2000-02-29 2024-02-29 2026-04-30 9999-12-31';

test('a due date in the calendar, including leap days, is returned as sent', async () => {
  const user = await signUp();
  const { token } = user;
  for (const due_date of REAL_DATES.split(' ')) {
    const task = await createTask(user, { title: 'Milk', due_date });
    expect.soft(task.due_date).toBe(due_date);
    expect.soft(await getTask(user, task.id)).toStrictEqual(task);
    const again = await send('PATCH', `${user.tasks}/${task.id}`, { token, body: { due_date } });
    expect.soft(await again.json()).toStrictEqual(task);
  }
});

const OUTSIDE = '0000-01-01 0000-02-29 10000-01-01 +010000-01-01 -0001-01-01';
const NO_LEAP_YEAR = '1900-02-29 2023-02-29 2100-02-29';
const NO_SUCH_DAY = '2026-02-30 2026-04-31 2026-13-01 2026-00-10 2026-01-00';
const OTHER_FORMS = '2026-1-1 26-01-01 20260101 2026-W01-1 2026-001 2026-01 2026/01/01 01.01.2026 2026-01-01T00:00:00Z';

test.each<[string, unknown[]]>([
  ['outside of the years 1 to 9999', OUTSIDE.split(' ')],
  ['on 29 February of a year that has none', NO_LEAP_YEAR.split(' ')],
  ['on a day or in a month that is not', NO_SUCH_DAY.split(' ')],
  ['in another form', OTHER_FORMS.split(' ')],
  ['with something around it', [' 2026-01-01', '2026-01-01 ', '2026-01-01\n', '2026-01-01 BC']],
  ['in other digits or as a word', ['２０２６-01-01', '٢٠٢٦-٠١-٠١', 'today', 'infinity', 'now', 'null', '']],
  ['of another type', [0, 20260101, true, {}, ['2026-01-01']]],
])('a due date %s returns 422', async (_, dates) => {
  const user = await signUp();
  const { token } = user;
  const { id } = await createTask(user, { title: 'Milk' });
  for (const due_date of dates) {
    const responses = [
      await send('POST', user.tasks, { token, body: { title: 'Bread', due_date } }),
      await send('PUT', `${user.tasks}/${id}`, { token, body: { title: 'Bread', due_date } }),
      await send('PATCH', `${user.tasks}/${id}`, { token, body: { due_date } }),
    ];
    for (const response of responses) {
      expect.soft(response.status, JSON.stringify(due_date)).toBe(422);
      const { errors } = await response.json();
      expect.soft(errors[0], JSON.stringify(due_date)).toMatchObject({ in: 'body', pointer: '/due_date' });
    }
  }
  expect(await getTask(user, id)).toMatchObject({ title: 'Milk', due_date: null, version: 1 });
});

test.each(['', ' 2026-01-01', '-0001-01-01', '0000-01-01', '2026-02-30'])(
  'the due date %j returns one error, not two',
  async (due_date) => {
    const user = await signUp();
    const response = await send('POST', user.tasks, { token: user.token, body: { title: 'Milk', due_date } });
    expect((await response.json()).errors).toHaveLength(1);
  },
);

test.each([
  [
    'status',
    ['todo', 'in_progress', 'done'],
    ['', 'TODO', 'Done', 'in-progress', 'done ', 'cancelled', null, 0, true, ['todo']],
  ],
  ['priority', ['none', 'low', 'medium', 'high'], ['', 'HIGH', 'urgent', ' low', null, 3, false, { high: 1 }]],
] as const)('%s is one of %j, and any other value returns 422', async (field, allowed, refused) => {
  const user = await signUp();
  const { token } = user;
  for (const value of allowed) expect((await createTask(user, { title: 'Milk', [field]: value }))[field]).toBe(value);
  for (const value of refused) {
    const response = await send('POST', user.tasks, { token, body: { title: 'Milk', [field]: value } });
    expect(response.status).toBe(422);
    expect((await response.json()).errors).toMatchObject([{ in: 'body', pointer: `/${field}` }]);
  }
});
