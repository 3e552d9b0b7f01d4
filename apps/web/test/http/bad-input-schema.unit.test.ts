import { randomUUID } from 'node:crypto';
import type { FieldError } from '@taskward/api-core';
import { expect, test } from 'vitest';
import { send, signUp, type TestUser, useApp } from '../harness';
import { createTask } from '../task-requests';

useApp();

const TITLE = 'Milk';

/** Creates a task, and returns the requests that can write one, each as method and path. */
async function prepareTask(user: TestUser) {
  const { token } = user;
  const { id } = await createTask(user, { title: TITLE, description: 'Fresh', tags: ['shop'] });
  const path = `${user.tasks}/${id}`;
  return {
    read: async () => (await send('GET', path, { token })).json(),
    whole: [
      ['POST', user.tasks],
      ['PUT', path],
      ['PUT', `${user.tasks}/${randomUUID()}`],
    ] as const,
    patch: ['PATCH', path] as const,
    complete: ['PATCH', `${path}/complete`] as const,
  };
}

/** Expects a 422 with exactly these pointers into the body, and complete errors. */
async function expectErrors(response: Response, pointers: string[], hint?: unknown): Promise<FieldError[]> {
  const message = JSON.stringify(hint ?? pointers).slice(0, 200);
  expect.soft(response.status, message).toBe(422);
  expect.soft(response.headers.get('content-type'), message).toBe('application/problem+json');
  const { type, errors = [] } = await response.json();
  expect.soft(type, message).toBe('/problems/validation');
  expect.soft(errors.map(({ pointer }: FieldError) => pointer).sort(), message).toEqual(pointers.toSorted());
  for (const error of errors) {
    const text = expect.stringMatching(/\w/);
    expect.soft(error, message).toStrictEqual({ in: 'body', pointer: error.pointer, code: text, message: text });
  }
  return errors;
}

type Case = [fields: Record<string, unknown>, pointers: string[]];

/** Expects POST and PUT, with a title added, and PATCH to refuse each case, and nothing to be written. */
async function expectRefused(...cases: Case[]): Promise<void> {
  const user = await signUp();
  const { read, whole, patch } = await prepareTask(user);
  const before = await read();
  for (const [fields, pointers] of cases) {
    for (const [method, path] of whole) {
      const body = { title: TITLE, ...fields };
      await expectErrors(await send(method, path, { token: user.token, body }), pointers, fields);
    }
    await expectErrors(await send(...patch, { token: user.token, body: fields }), pointers, fields);
  }
  expect(await read()).toStrictEqual(before);
  const page = await (await send('GET', user.tasks, { token: user.token })).json();
  expect(page.data).toStrictEqual([before]);
}

test('a JSON body that is not an object returns 422 with an empty pointer', async () => {
  const user = await signUp();
  const { read, whole, patch, complete } = await prepareTask(user);
  const before = await read();
  for (const body of ['[]', '[{"title":"x"}]', '"title"', '""', '0', '42', 'true', 'null']) {
    for (const [method, path] of [...whole, patch, complete]) {
      await expectErrors(await send(method, path, { token: user.token, body }), [''], body);
    }
  }
  expect(await read()).toStrictEqual(before);
});

const readOnly = {
  id: randomUUID(),
  user_id: 'somebody',
  completed: true,
  position: '5000000001',
  completed_at: '2026-03-01T09:30:00.000Z',
  created_at: '2026-03-01T09:30:00.000Z',
  updated_at: '2026-03-01T09:30:00.000Z',
  version: 1,
};

test.each([...Object.entries(readOnly), ['nope', 1], ['Title', 'x'], ['userId', 'x'], ['deleted_at', null]])(
  'the read-only or unknown field %s returns 422 instead of being ignored',
  async (field, value) => {
    await expectRefused([{ [field]: value }, [`/${field}`]]);
  },
);

test('sending back the response of GET unchanged returns 422 with each read-only field', async () => {
  const user = await signUp();
  const { read, whole } = await prepareTask(user);
  const body = await read();
  for (const [method, path] of whole) {
    const response = await send(method, path, { token: user.token, body });
    await expectErrors(
      response,
      Object.keys(readOnly).map((field) => `/${field}`),
    );
  }
});

test('a 422 lists all read-only and unknown fields together with the other errors', async () => {
  const fields = { ...readOnly, nope: 1, 'also nope': 2, title: '', priority: 'urgent', tags: ['a', ''] };
  const pointers = [...Object.keys({ ...readOnly, nope: 1 }).map((field) => `/${field}`), '/also nope'];
  await expectRefused([fields, [...pointers, '/title', '/priority', '/tags/1']]);
});

test('an error pointer escapes ~ and / as RFC 6901 specifies, and nothing else', async () => {
  const fields = { 'a/b~c': 1, '~1': 2, '': 3, 'é "x\\y" %20': 4, '0': 5, 'a\0b': 6 };
  await expectRefused([fields, ['/a~1b~0c', '/~01', '/', '/é "x\\y" %20', '/0', '/a\0b']]);
});

test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'then', 'toJSON'])(
  'a field called %s returns 422 and pollutes no prototype',
  async (field) => {
    const user = await signUp();
    const { read, whole, patch, complete } = await prepareTask(user);
    const before = await read();
    const bad = `"${field}":{"polluted":true,"prototype":{"polluted":true}}`;
    for (const [method, path] of [...whole, patch]) {
      const response = await send(method, path, { token: user.token, body: `{"title":"Bread",${bad}}` });
      await expectErrors(response, [`/${field}`]);
    }
    await expectErrors(await send(...complete, { token: user.token, body: `{"completed":true,${bad}}` }), [
      `/${field}`,
    ]);
    await expectErrors(await send(...patch, { token: user.token, body: `{"title":{${bad}}}` }), ['/title']);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(await read()).toStrictEqual(before);
  },
);

test('POST and PUT require a title', async () => {
  const user = await signUp();
  const { whole } = await prepareTask(user);
  for (const [method, path] of whole) {
    for (const body of [{}, { description: 'x' }, '{"__proto__":{"title":"x"}}']) {
      const pointers = typeof body === 'string' ? ['/title', '/__proto__'] : ['/title'];
      await expectErrors(await send(method, path, { token: user.token, body }), pointers, body);
    }
  }
});

test.each<[string, unknown[]]>([
  ['title', [null, 1, true, ['x'], { en: 'x' }, '', ' \t\n\u00a0\u3000 ']],
  ['description', [1, false, ['x'], {}]],
  ['tags', [null, 'home', { 0: 'home' }, 1]],
])('a %s of another type, or empty where it must not be, returns 422', async (field, values) => {
  await expectRefused(...values.map((value): Case => [{ [field]: value }, [`/${field}`]]));
});

test('PATCH refuses null in each field that cannot be null', async () => {
  const fields = { title: null, status: null, priority: null, tags: null };
  const pointers = Object.keys(fields).map((name) => `/${name}`);
  await expectRefused([{ ...fields, description: null, due_date: null }, pointers]);
});

test('a 422 points to each invalid tag by its index', async () => {
  const tags = ['fine', '', ' ', 'x'.repeat(51), null, 7, ['a'], { a: 1 }, 'also fine', 'a\u0000b'];
  await expectRefused([{ tags }, [1, 2, 3, 4, 5, 6, 7, 9].map((place) => `/tags/${place}`)]);
});

test.each([
  ['title', 'a', 256],
  ['title', '👩', 256],
  ['description', 'a', 10_001],
  ['description', '👩', 10_001],
])('a %s of %j repeated %i times returns 422 as too long', async (field, character, count) => {
  const user = await signUp();
  const { whole, patch } = await prepareTask(user);
  for (const [method, path] of [...whole, patch]) {
    const response = await send(method, path, {
      token: user.token,
      body: { title: TITLE, [field]: character.repeat(count) },
    });
    expect(await expectErrors(response, [`/${field}`])).toMatchObject([{ code: 'too_long' }]);
  }
});

test('a tag of 51 characters returns 422, counted in code points', async () => {
  await expectRefused([{ tags: ['👩'.repeat(51), 'a'.repeat(51), '👩'.repeat(50)] }, ['/tags/0', '/tags/1']]);
});

test.each([
  ['21 tags', Array.from({ length: 21 }, (_, i) => `tag ${i}`)],
  ['21 tags of which two are one', Array.from({ length: 21 }, (_, i) => `tag ${i % 20}`)],
  ['a thousand tags', Array.from({ length: 1000 }, (_, i) => `tag ${i}`)],
])('%s return 422, counted before duplicates are removed', async (_, tags) => {
  await expectRefused([{ tags }, ['/tags']]);
});

const controls = ['\0', '\u0001', '\t', '\n', '\r', '\u001b', '\u007f', '\u0080', '\u0085', '\u009f'];

test('control characters in title and tags return 422', async () => {
  const cases = controls.map(
    (character): Case => [{ title: `a${character}b`, tags: ['fine', `a${character}b`] }, ['/title', '/tags/1']],
  );
  await expectRefused(...cases);
});

test('NUL in a description returns 422', async () => {
  await expectRefused([{ description: 'a\0b' }, ['/description']]);
});

test('lone surrogates in title, description and tags return 422', async () => {
  const texts = ['\ud800', 'a\udfffb', '\udc69\ud83d', '👩\ud83d'];
  const pointers = ['/title', '/description', '/tags/0'];
  await expectRefused(...texts.map((text): Case => [{ title: text, description: text, tags: [text] }, pointers]));
});

test('PATCH /complete accepts only true or false', async () => {
  const user = await signUp();
  const { read, complete } = await prepareTask(user);
  const before = await read();
  const values = [null, 'true', 'false', '', 0, 1, [true], {}];
  for (const body of [{}, ...values.map((completed) => ({ completed }))]) {
    await expectErrors(await send(...complete, { token: user.token, body }), ['/completed'], body);
  }
  expect(await read()).toStrictEqual(before);
});

test('PATCH /complete refuses fields other than completed', async () => {
  const user = await signUp();
  const { complete } = await prepareTask(user);
  const body = { completed: true, title: TITLE, status: 'done' };
  await expectErrors(await send(...complete, { token: user.token, body }), ['/title', '/status']);
});
