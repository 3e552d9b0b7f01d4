import { randomUUID } from 'node:crypto';
import { type Operation, operations } from '@taskward/api-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { getApp } from '../../server/app';
import { type Call, requestFor, storedRows } from '../attacker';
import { isDeployed, type Send, send, signUp, type TestUser, useApp } from '../harness';
import { createTask } from '../task-requests';

useApp();

let ada: TestUser;
let bob: TestUser;
let bobsTask: string;
let bobsList: string;

const listOf = async ({ tasks, token }: TestUser) => (await send('GET', `${tasks}?limit=100`, { token })).text();
const newTask = async (user: TestUser): Promise<string> => (await createTask(user, { title: 'Mine', tags: ['a'] })).id;

beforeAll(async () => {
  [ada, bob] = [await signUp(), await signUp()];
  bobsTask = await newTask(bob);
  for (const title of ['One', 'Two']) await send('POST', bob.tasks, { token: bob.token, body: { title } });
  bobsList = await listOf(bob);
});

const sendCall = ({ method, path, body }: Call, more: Send = {}) => send(method, path, { body, ...more });
const asAda = (call: Call, more: Send = {}) => sendCall(call, { token: ada.token, ...more });

/** Everything in a response by which a client could distinguish it, with these names replaced. */
async function bytesOf(response: Response, ...names: string[]) {
  const own = /^(x-request-id|ratelimit.*)$/;
  const text = names.reduce((all, name) => all.replaceAll(name, '…'), await response.text());
  const { request_id: _, ...document } = JSON.parse(text);
  return {
    status: response.status,
    headers: [...response.headers].filter(([name]) => !own.test(name)),
    document: JSON.stringify(document),
  };
}

const hasTask = (operation: Operation) => operation.path.includes('{task_id}');
/** Whether the client may create a task under this id. */
const createsTask = (operation: Operation) => hasTask(operation) && operation.success[201] !== undefined;

for (const operation of operations) {
  describe(operation.id, () => {
    test(`${operation.id} returns 403 for another user's path, the same response as for a path of no user`, async () => {
      const nobody = bob.id.split('').reverse().join('');
      const [theirs, nobodys] = (await Promise.all(
        [bob.id, nobody].map((user_id) => asAda(requestFor(operation, { user_id, task_id: bobsTask }))),
      )) as [Response, Response];
      expect(theirs.status).toBe(403);
      expect(theirs.headers.get('Cache-Control')).toBe('no-store');
      expect(await bytesOf(theirs, bob.id)).toEqual(await bytesOf(nobodys, nobody));
    });

    test.skipIf(isDeployed)(`${operation.id} refuses another user's path before any query`, async () => {
      const { db } = await getApp();
      const asUser = vi.spyOn(db, 'asUser');
      await asAda(requestFor(operation, { user_id: bob.id, task_id: bobsTask }));
      expect(asUser).not.toHaveBeenCalled();
      await asAda(requestFor(operation, { user_id: ada.id }));
      expect(asUser).toHaveBeenCalled();
      asUser.mockRestore();
    });

    test.each([
      ['in other case', () => ada.id.replace(/[a-z]/gi, (c) => (c < 'a' ? c.toLowerCase() : c.toUpperCase()))],
      ['with a space after it', () => `${ada.id}%20`],
      ['with NUL after it', () => `${ada.id}%00`],
      ['with a slash after it', () => `${ada.id}%2F`],
      ['cut short', () => ada.id.slice(0, -1)],
      ['twice', () => `${ada.id},${ada.id}`],
    ])(`${operation.id} returns 403 for the user's own id when it is written %s`, async (_, user_id) => {
      expect((await asAda(requestFor(operation, { user_id: user_id(), task_id: bobsTask }))).status).toBe(403);
    });

    if (hasTask(operation) && !createsTask(operation)) {
      test(`${operation.id} returns 404 for another user's task, the same response as for a missing task`, async () => {
        const [theirs, nobodys] = [await newTask(bob), randomUUID()];
        const before = await storedRows();
        const foreign = await asAda(requestFor(operation, { user_id: ada.id, task_id: theirs }));
        const missing = await asAda(requestFor(operation, { user_id: ada.id, task_id: nobodys }));
        expect(foreign.status).toBe(404);
        expect(await bytesOf(foreign, theirs)).toEqual(await bytesOf(missing, nobodys));
        expect(await storedRows()).toBe(before);
        await send('DELETE', `${bob.tasks}/${theirs}`, { token: bob.token });
      });
    }

    if (createsTask(operation)) {
      test(`${operation.id} creates the user's own task under an id that another user has, and does not change the other task`, async () => {
        const before = await storedRows(bob.id);
        const response = await asAda(requestFor(operation, { user_id: ada.id, task_id: bobsTask }));
        const text = await response.text();
        expect(response.status).toBe(201);
        expect(JSON.parse(text)).toMatchObject({ id: bobsTask, user_id: ada.id, version: 1 });
        expect(await storedRows(bob.id)).toBe(before);
        expect(await (await send('GET', `${ada.tasks}/${bobsTask}`, { token: ada.token })).text()).toBe(text);
        expect(await listOf(bob)).toBe(bobsList);
        await send('DELETE', `${ada.tasks}/${bobsTask}`, { token: ada.token });
        expect(await storedRows(bob.id)).toBe(before);
      });
    }

    test.each(operation.body ? ['user_id', 'id', 'userId', '__proto__', 'constructor'] : [])(
      `${operation.id} refuses a body with the field %s`,
      async (field) => {
        const call = requestFor(operation, { user_id: ada.id, task_id: await newTask(ada) });
        const before = await storedRows();
        const value = JSON.stringify(field === 'id' ? bobsTask : bob.id);
        const body = JSON.stringify(call.body).replace('{', `{"${field}":${value},`);
        const response = await asAda({ ...call, body });
        expect(response.status).toBe(422);
        expect((await response.json()).errors).toMatchObject([{ in: 'body', pointer: `/${field}` }]);
        expect(await storedRows()).toBe(before);
      },
    );

    if ('cursor' in operation.query.shape) {
      test(`${operation.id} refuses another user's cursor`, async () => {
        const page = await send('GET', `${bob.tasks}?limit=1`, { token: bob.token });
        const { next_cursor } = await page.json();
        const [theirs, mine] = [bob, ada].map(({ id, token }) => {
          const { method, path } = requestFor(operation, { user_id: id });
          return send(method, `${path}?limit=1&cursor=${next_cursor}`, { token });
        });
        expect((await theirs)?.status).toBe(200);
        expect((await mine)?.status).toBe(422);
      });
    }

    const invalidBodies: Record<string, Send> = {
      'a body that is no JSON': { body: '{' },
      'a body against the schema': { body: { user_id: 1 } },
      'a body of another media type': { headers: { 'Content-Type': 'text/html' } },
      'a body that is too large': { body: 'x'.repeat(70_000) },
    };
    const invalidRequests: Record<string, Send & { query?: string; task_id?: string }> = {
      ...(operation.body && invalidBodies),
      'a parameter nobody knows': { query: '?unknown=1' },
      'an id that is no UUID': { task_id: 'x' },
      'an id that is nobody’s': { task_id: randomUUID() },
      'a malformed Idempotency-Key': { headers: { 'Idempotency-Key': '"' } },
      'a malformed If-Match': { headers: { 'If-Match': 'x' } },
    };
    const sendInvalid = (name: string, user_id: string, token?: string) => {
      const { query = '', task_id = bobsTask, ...invalid } = invalidRequests[name] ?? {};
      const call = requestFor(operation, { user_id, task_id });
      return send(call.method, call.path + query, { body: call.body, ...invalid, token });
    };

    test.each(Object.keys(invalidRequests))(
      `${operation.id} returns 401 without a token before it validates %s`,
      async (name) => {
        expect((await sendInvalid(name, ada.id)).status).toBe(401);
      },
    );

    test.each(Object.keys(invalidRequests))(
      `${operation.id} returns 403 for another user's path before it validates %s`,
      async (name) => {
        expect((await sendInvalid(name, bob.id, ada.token)).status).toBe(403);
      },
    );
  });
}

describe('a deleted user whose token is still valid', () => {
  let deletedUser: TestUser;
  let task: string;

  beforeAll(async () => {
    deletedUser = await signUp();
    task = await newTask(deletedUser);
    const { db } = await getApp();
    await db.ownerDb.execute(`delete from "user" where id = '${deletedUser.id}'`);
  });

  test.each(operations.map((operation) => [operation.id, operation] as const))(
    'a deleted user whose token is still valid reads and writes nothing by %s',
    async (_, operation) => {
      const response = await sendCall(requestFor(operation, { user_id: deletedUser.id, task_id: task }), {
        token: deletedUser.token,
      });
      if (operation.success[201]) {
        expect(response.status).toBe(401);
        expect(response.headers.get('WWW-Authenticate')).toContain('error="invalid_token"');
      } else if (hasTask(operation)) {
        expect(operation.method === 'GET' ? [404] : [401, 404]).toContain(response.status);
      } else {
        expect(response.status).toBe(200);
        expect(await response.json()).toMatchObject({ data: [] });
      }
      expect(await storedRows(deletedUser.id)).toBe('');
    },
  );
});

test('requests of one user leave the tasks of another user unchanged to the byte', async () => {
  expect(await listOf(bob)).toBe(bobsList);
});
