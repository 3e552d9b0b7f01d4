import { beforeAll, describe, expect, test } from 'vitest';
import { signUp, type TestUser, useApp } from '../harness';
import { createTask, sendAs } from '../task-requests';

useApp();

let user: TestUser;

beforeAll(async () => {
  user = await signUp();
  await createTask(user, { title: 'Milk', tags: ['home'] });
});

const requestList = (query: string) => sendAs(user, 'GET', `?${query}`);
const encoded = (name: string, values: readonly string[]) =>
  values.map((value) => `${name}=${encodeURIComponent(value)}`);

async function expectRefused(query: string, pointers: readonly string[]) {
  const response = await requestList(query);
  const shown = query.length > 100 ? `${query.slice(0, 100)}…` : query;
  expect.soft(response.status, shown).toBe(422);
  expect.soft(response.headers.get('content-type'), shown).toBe('application/problem+json');
  const { errors } = await response.json();
  const found = errors?.map((error: { in: string; pointer: string }) => `${error.in} ${error.pointer}`).sort();
  expect.soft(found, shown).toEqual(pointers.map((pointer) => `query ${pointer}`).sort());
}

const tags = (count: number) => Array.from({ length: count }, (_, i) => `tag=t${i}`).join('&');

describe('invalid query parameters', () => {
  test.each(['status', 'priority'])('each unknown or empty value in %s returns 422', async (name) => {
    const good = name === 'status' ? 'todo' : 'high';
    const bad = ['x', good.toUpperCase(), ` ${good}`, `${good} `, `${good};${good}`, 'null', '0', '%00', '😀'];
    for (const query of encoded(name, bad)) await expectRefused(query, [`/${name}/0`]);
    await expectRefused(name, [`/${name}/0`]);
    await expectRefused(`${name}=`, [`/${name}/0`]);
    await expectRefused(`${name}=,`, [`/${name}/0`, `/${name}/1`]);
    await expectRefused(`${name}=${good},`, [`/${name}/1`]);
    await expectRefused(`${name}=,${good}`, [`/${name}/0`]);
    await expectRefused(`${name}=${good},,${good}`, [`/${name}/1`]);
    await expectRefused(`${name}=${good},x,${good},y`, [`/${name}/1`, `/${name}/3`]);
    await expectRefused(`${name}=${good}, ${good}`, [`/${name}/1`]);
    await expectRefused(`${name}[]=${good}`, [`/${name}[]`]);
  });

  test.each(['due_before', 'due_after'])('a %s that is not a calendar date returns 422', async (name) => {
    const bad = [
      ...['', ' ', 'tomorrow', 'today', 'now', 'infinity', '-infinity', 'epoch', 'null', '2026', '2026-03', '20260301'],
      ...['2026-02-29', '2026-02-30', '2026-04-31', '2026-13-01', '2026-00-01', '2026-01-00', '2026-1-1', '26-01-01'],
      ...['0000-01-01', '-0001-01-01', '10000-01-01', '+2026-01-01', '2026-03-01T00:00:00Z', '2026-03-01 00:00'],
      ...['01/03/2026', '2026/03/01', ' 2026-03-01', '2026-03-01 ', '2026-03-01,2026-03-02', '２０２６-03-01', '\0'],
    ];
    for (const query of encoded(name, bad)) await expectRefused(query, [`/${name}`]);
  });

  test('a completed that is neither true nor false returns 422', async () => {
    const bad = ['', '1', '0', 'yes', 'TRUE', 'True', 't', 'true,false', ' true', 'null', 'on'];
    for (const query of encoded('completed', bad)) await expectRefused(query, ['/completed']);
  });

  test('a sort that is not one of the ten returns 422', async () => {
    const bad = [
      ...[
        '',
        '-',
        ' ',
        'x',
        '--title',
        '+title',
        ' title',
        'title ',
        'Title',
        '-TITLE',
        'title,-priority',
        'title desc',
      ],
      ...['id', 'status', 'tags', 'createdAt', 'title_key', '__proto__', '-__proto__', 'constructor', 'toString', '\0'],
    ];
    for (const query of encoded('sort', bad)) await expectRefused(query, ['/sort']);
  });

  test('a q without words, with control characters, or longer than 200 characters returns 422', async () => {
    const bad = [
      '',
      ' ',
      ' \u00a0 ',
      '\0',
      'a\0b',
      'a\nb',
      'a\tb',
      '\u007f',
      '\u0085x',
      'x'.repeat(201),
      '😀'.repeat(201),
    ];
    for (const query of encoded('q', bad)) await expectRefused(query, ['/q']);
  });

  test('a q of more than 8 different words returns 422', async () => {
    const words = (count: number) => `q=${Array.from({ length: count }, (_, i) => `w${i}`).join('+')}`;
    await expectRefused(words(9), ['/q']);
    await expectRefused(words(66), ['/q']);
    const { errors } = await (await requestList(words(9))).json();
    expect(errors).toMatchObject([{ code: 'too_many', message: 'At most 8 different words are allowed.' }]);
    expect((await requestList(words(8))).status).toBe(200);
    // However a word is written, it counts once.
    expect((await requestList(`${words(7)}+%C3%BCber+UBER+u%CC%88ber+w1+W2`)).status).toBe(200);
  });

  test('a tag that no task can have returns 422', async () => {
    const bad = ['', ' ', '\0', 'a\0', 'a\nb', 'x'.repeat(51), '😀'.repeat(51), '\u200b', '\u3164\ufe0f'];
    for (const query of encoded('tag', bad)) {
      await expectRefused(query, ['/tag/0']);
      await expectRefused(`tag=home&${query}`, ['/tag/1']);
    }
  });

  test('more than 20 tags in a query return 422', async () => {
    await expectRefused(tags(21), ['/tag']);
    await expectRefused(tags(500), ['/tag']);
    expect((await requestList(tags(20))).status).toBe(200);
  });

  test.each(['status', 'priority'])('more than 20 values of %s return 422', async (name) => {
    await expectRefused(`${name}=${Array(21).fill(name === 'status' ? 'todo' : 'high')}`, [`/${name}`]);
  });

  test.each([
    ['status', 'todo', 'done'],
    ['priority', 'low', 'high'],
    ['due_before', '2026-03-01', '2026-03-02'],
    ['due_after', '2026-03-01', '2026-03-02'],
    ['completed', 'true', 'false'],
    ['q', 'milk', 'bread'],
    ['sort', 'title', '-title'],
  ])('a repeated %s returns 422, even with the same value', async (name, one, other) => {
    for (const second of [one, other, '']) await expectRefused(`${name}=${one}&${name}=${second}`, [`/${name}`]);
    await expectRefused(`${name}=${one}&status=todo&status=todo&${name}=${one}`, [...new Set([`/${name}`, '/status'])]);
  });

  test('a 422 lists all invalid query parameters at once', async () => {
    await expectRefused(
      'status=todo,,x&priority=&due_before=x&due_after=2026-02-30&completed=1&q=%00&tag=&tag=a&sort=x&limit=0&Sort=title',
      [
        ...[
          '/status/1',
          '/status/2',
          '/priority/0',
          '/due_before',
          '/due_after',
          '/completed',
          '/q',
          '/tag/0',
          '/sort',
        ],
        ...['/limit', '/Sort'],
      ],
    );
  });
});
