import { operations } from '@taskward/api-core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { requestFor, storedRows } from '../attacker';
import { send, signUp, type TestUser, useApp } from '../harness';
import { createTask } from '../task-requests';

/** Text that would be SQL if it became part of a statement. */

useApp();

const newTask = async (user: TestUser, title: string): Promise<string> =>
  (await createTask(user, { title, tags: [title] })).id;

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
  describe(`SQL injection into ${operation.id}`, () => {
    let eve: TestUser;
    let task: string;
    let bystander: TestUser;
    let before: string;

    beforeAll(async () => {
      bystander = await signUp();
      await newTask(bystander, 'bobsword');
      before = await storedRows(bystander.id);
      eve = await signUp();
      task = await newTask(eve, 'mine');
    });

    afterEach(async () => {
      expect(await storedRows(bystander.id), 'nobody else has noticed').toBe(before);
    });

    /** Sends the request, and expects one of these statuses, without a trace of SQL or of another user. */
    async function attempt(
      change: Partial<ReturnType<typeof requestFor>> & { headers?: HeadersInit },
      expected: number[],
      params: object = {},
    ) {
      if (operation.method === 'DELETE') task = await newTask(eve, 'mine');
      const call = requestFor(operation, { user_id: eve.id, task_id: task, ...params });
      const { method, path, body, headers } = { headers: {}, ...call, ...change };
      const response = await send(method, path, { token: eve.token, headers, body });
      const text = await response.text();
      expect(expected, text).toContain(response.status);
      expect(text).not.toMatch(/bobsword|syntax error|drizzle|\bpg_/);
      return { response, text };
    }
    const successes = Object.keys(operation.success).map(Number);

    test.each(operation.body ? injections : [])(
      `SQL in the body of ${operation.id} is stored as text or refused: %s`,
      async (text) => {
        const schema = operation.body?.schema as z.ZodObject;
        for (const field of Object.keys(schema.shape)) {
          for (const value of [text, [text]]) {
            const body = { ...requestFor(operation, {}).body, [field]: value };
            const parsed = schema.safeParse(body);
            const response = await attempt({ body }, parsed.success ? successes : [422]);
            if (parsed.success) expect(JSON.parse(response.text)).toMatchObject({ [field]: parsed.data[field] });
          }
        }
      },
    );

    test.each(injections)(`SQL in the query of ${operation.id} is used as text or refused: %s`, async (text) => {
      for (const name of [...Object.keys(operation.query.shape), 'unknown', text]) {
        const { path } = requestFor(operation, { user_id: eve.id, task_id: task });
        const query = new URLSearchParams({ [name]: text });
        await attempt(
          { path: `${path}?${query}` },
          name in operation.query.shape && name !== 'cursor' ? [200, 422] : [422],
        );
      }
    });

    test.each(injections)(`SQL in the path of ${operation.id} is refused: %s`, async (text) => {
      await attempt({}, [403], { user_id: encodeURIComponent(text) });
      await attempt({}, [403], { user_id: encodeURIComponent(eve.id + text) });
      if (!operation.path.includes('{task_id}')) return;
      await attempt({}, [404], { task_id: encodeURIComponent(text) });
      await attempt({}, [404], { task_id: encodeURIComponent(task + text) });
    });

    test.each(injections)(`SQL in a header of ${operation.id} is ignored or refused: %s`, async (text) => {
      for (const name of ['X-Request-Id', 'Idempotency-Key', 'If-Match', 'If-None-Match']) {
        const { response } = await attempt({ headers: { [name]: text } }, [...successes, 304, 400, 412, 422]);
        if (name === 'X-Request-Id') expect(response.headers.get(name)).not.toBe(text);
      }
      if (operation.body) await attempt({ headers: { 'Content-Type': text } }, [415]);
    });
  });
}
