import { randomUUID } from 'node:crypto';
import { operations } from '@taskward/api-core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { callOf, stored } from './forge';
import { send, signUp, type TestUser, useApp } from './harness';

/** Many requests that try, in one way or another, to reach what is somebody else's. */

useApp();

const newTask = async ({ tasks, token }: TestUser, title: string): Promise<string> =>
  (await (await send('POST', tasks, { token, body: { title, tags: [title] } })).json()).id;

describe('two users who use each other’s ids, cursors and paths', () => {
  interface Person {
    user: TestUser;
    /** A word that is in each of the person's tasks and nowhere else. */
    word: string;
    ids: string[];
    cursor: string;
  }

  const SEED = 20_260_301;
  const STEPS = 500;

  /** Mulberry32: small, and the same everywhere. */
  function randomFrom(seed: number) {
    let state = seed;
    const next = () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
    return <T>(choices: readonly T[]) => choices[Math.floor(next() * choices.length)] as T;
  }

  async function person(word: string): Promise<Person> {
    const user = await signUp();
    const ids = [];
    for (let i = 0; i < 5; i++) ids.push(await newTask(user, word));
    const page = await send('GET', `${user.tasks}?limit=2`, { token: user.token });
    return { user, word, ids, cursor: (await page.json()).next_cursor };
  }

  const same = (text: string) => text;
  const spellings = [...Array(8).fill(same), (id: string) => id.toUpperCase(), encodeAll, (id: string) => `${id}%00`];
  const taskSpellings = [
    ...spellings,
    (id: string) => `{${id}}`,
    (id: string) => id.replaceAll('-', ''),
    (id: string) => `urn:uuid:${id}`,
  ];

  /** Ways to a path that another reader of URLs might take for the plain one. */
  const detours = (path: string, me: string, other: string) => [
    ...Array(16).fill(path),
    path.replace('/api/', '/api//'),
    path.replace('/tasks', '//tasks'),
    `${path}/`,
    `/api/${me}/tasks/../..${path.slice('/api'.length)}`,
    `/api/${me}/%2e%2e${path.slice('/api'.length)}`,
    `/api/${me}%2f..%2f${other}/tasks`,
    `/api/${me}/..%2f${other}/tasks`,
    `/api/${me};/${other}/tasks`,
    `${path}?user_id=${other}`,
  ];
  const headersFor = (other: TestUser): Record<string, string>[] => [
    {},
    {},
    {},
    { 'X-User-Id': other.id, 'X-Forwarded-User': other.id },
    { 'X-HTTP-Method-Override': 'DELETE', 'X-Original-URL': other.tasks, 'X-Rewrite-URL': other.tasks },
    { 'X-Middleware-Subrequest': 'middleware:middleware:middleware:middleware:middleware' },
    { Cookie: other.cookie },
  ];

  test(`neither sees nor loses anything, in ${STEPS} requests (seed ${SEED})`, async () => {
    const pick = randomFrom(SEED);
    const [ada, bob] = [await person('adasword'), await person('bobsword')];
    const answers: Record<number, number> = {};
    for (let step = 0; step < STEPS; step++) {
      const [actor, other] = step % 2 ? [ada, bob] : [bob, ada];
      const operation = pick(operations);
      const user = pick([actor, actor, other]).user.id;
      const task = pick([actor.ids, actor.ids, other.ids, [randomUUID()]]);
      const call = callOf(operation, {
        user_id: pick(spellings)(user),
        task_id: pick(taskSpellings)(pick(task) ?? ''),
      });
      const query =
        operation.method === 'GET' ? pick(['', '', `?cursor=${actor.cursor}`, `?cursor=${other.cursor}`]) : '';
      const path = pick(detours(call.path, actor.user.id, other.user.id));
      const body = call.body && 'title' in call.body ? { title: actor.word } : call.body;
      const before = await stored(other.user.id);

      const request = `${step}: ${call.method} ${path}${path.includes('?') ? '' : query}`;
      const answer = await send(call.method, request.slice(request.indexOf('/')), {
        token: actor.user.token,
        headers: pick(headersFor(other.user)),
        body,
      });
      const text = await answer.text();
      expect(answer.status, request).toBeLessThan(500);
      expect(text, request).not.toContain(other.word);
      if (answer.ok) expect(text, request).not.toContain(other.user.id);
      expect(await stored(other.user.id), request).toBe(before);
      answers[answer.status] = (answers[answer.status] ?? 0) + 1;
      if (answer.status === 201) actor.ids.push(JSON.parse(text).id);
    }
    // The loop would prove nothing if it only ever met one answer.
    for (const status of [200, 201, 204, 403, 404, 422]) expect(answers[status], `${status}`).toBeGreaterThan(3);
  });

  function encodeAll(text: string): string {
    return [...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join('');
  }
});

const injections = [
  "'; drop table tasks; --",
  "' or '1'='1",
  "' union select password from account --",
  "'||(select private_key from jwks)||'",
  "\\'; reset role; --",
  '"; $$; delete from task_tags; --',
  '$1',
  '%',
];

for (const operation of operations) {
  describe(`text that would be SQL, sent to ${operation.id}`, () => {
    let eve: TestUser;
    let task: string;
    let bystander: TestUser;
    let before: string;

    beforeAll(async () => {
      bystander = await signUp();
      await newTask(bystander, 'bobsword');
      before = await stored(bystander.id);
      eve = await signUp();
      task = await newTask(eve, 'mine');
    });

    afterEach(async () => {
      expect(await stored(bystander.id), 'nobody else has noticed').toBe(before);
    });

    /** Sends it, and expects an answer of this status, without a trace of SQL or of anybody else. */
    async function attempt(
      change: Partial<ReturnType<typeof callOf>> & { headers?: HeadersInit },
      expected: number[],
      params: object = {},
    ) {
      if (operation.method === 'DELETE') task = await newTask(eve, 'mine');
      const call = callOf(operation, { user_id: eve.id, task_id: task, ...params });
      const { method, path, body, headers } = { headers: {}, ...call, ...change };
      const answer = await send(method, path, { token: eve.token, headers, body });
      const text = await answer.text();
      expect(expected, text).toContain(answer.status);
      expect(text).not.toMatch(/bobsword|syntax error|drizzle|\bpg_/);
      return { answer, text };
    }
    const successes = Object.keys(operation.success).map(Number);

    test.each(operation.body ? injections : [])('in the body is data or refused: %s', async (text) => {
      const schema = operation.body?.schema as z.ZodObject;
      for (const member of Object.keys(schema.shape)) {
        for (const value of [text, [text]]) {
          const body = { ...callOf(operation, {}).body, [member]: value };
          const parsed = schema.safeParse(body);
          const answer = await attempt({ body }, parsed.success ? successes : [422]);
          if (parsed.success) expect(JSON.parse(answer.text)).toMatchObject({ [member]: parsed.data[member] });
        }
      }
    });

    test.each(injections)('in the query is data or refused: %s', async (text) => {
      for (const name of [...Object.keys(operation.query.shape), 'unknown', text]) {
        const { path } = callOf(operation, { user_id: eve.id, task_id: task });
        const query = new URLSearchParams({ [name]: text });
        await attempt(
          { path: `${path}?${query}` },
          name in operation.query.shape && name !== 'cursor' ? [200, 422] : [422],
        );
      }
    });

    test.each(injections)('in the path is refused: %s', async (text) => {
      await attempt({}, [403], { user_id: encodeURIComponent(text) });
      await attempt({}, [403], { user_id: encodeURIComponent(eve.id + text) });
      if (!operation.path.includes('{task_id}')) return;
      await attempt({}, [404], { task_id: encodeURIComponent(text) });
      await attempt({}, [404], { task_id: encodeURIComponent(task + text) });
    });

    test.each(injections)('in a header is passed over or refused: %s', async (text) => {
      for (const name of ['X-Request-Id', 'Idempotency-Key', 'If-Match', 'If-None-Match']) {
        const { answer } = await attempt({ headers: { [name]: text } }, [...successes, 304, 400, 412, 422]);
        if (name === 'X-Request-Id') expect(answer.headers.get(name)).not.toBe(text);
      }
      if (operation.body) await attempt({ headers: { 'Content-Type': text } }, [415]);
    });
  });
}
