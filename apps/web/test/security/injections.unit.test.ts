import { operations } from '@taskward/api-core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { storedRows } from '../attacker';
import { send, signUp, type TestUser, useApp } from '../harness';
import {
  bodyFor,
  type Call,
  createResources,
  fillPath,
  idParamOf,
  isOnce,
  type PathParams,
  requestFor,
} from '../requests';

/** Text that would be SQL if it became part of a statement. */

useApp();

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
    let eves: PathParams;
    let bystander: TestUser;
    let before: string;

    beforeAll(async () => {
      bystander = await signUp();
      await createResources(bystander, 'bobsword');
      before = await storedRows(bystander.id);
      eve = await signUp();
      eves = await createResources(eve, 'mine');
    });

    afterEach(async () => {
      expect(await storedRows(bystander.id), 'nobody else has noticed').toBe(before);
    });

    /** Sends the request, and expects one of these statuses, without a trace of SQL or of another user. */
    async function attempt(
      change: Partial<Call> & { headers?: HeadersInit },
      expected: number[],
      params: PathParams = {},
    ) {
      if (isOnce(operation)) eves = await createResources(eve, 'mine');
      const call = requestFor(operation, { ...eves, ...params });
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
            const body = { ...bodyFor(operation), [field]: value };
            const parsed = schema.safeParse(body);
            const response = await attempt({ body }, parsed.success ? successes : [422]);
            if (parsed.success) expect(JSON.parse(response.text)).toMatchObject({ [field]: parsed.data[field] });
          }
        }
      },
    );

    test.each(injections)(`SQL in the query of ${operation.id} is used as text or refused: %s`, async (text) => {
      for (const name of [...Object.keys(operation.query.shape), 'unknown', text]) {
        const path = fillPath(operation.path, eves);
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
      const name = idParamOf(operation);
      if (!name) return;
      await attempt({}, [404], { [name]: encodeURIComponent(text) });
      await attempt({}, [404], { [name]: encodeURIComponent(eves[name] + text) });
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
