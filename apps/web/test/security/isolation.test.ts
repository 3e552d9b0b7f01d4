import { randomUUID } from 'node:crypto';
import { operations } from '@taskward/api-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { getApp } from '../../server/app';
import { storedRows } from '../attacker';
import { isDeployed, type Send, send, signUp, type TestUser, useApp } from '../harness';
import { type Call, createResources, fillPath, idParamOf, type PathParams, requestFor, unusedId } from '../requests';

useApp();

let ada: TestUser;
let bob: TestUser;
/** The ids of resources of Bob's, and Bob's own. */
let bobs: PathParams;
let bobsLists: string[];

const lists = operations.filter((operation) => operation.method === 'GET' && !idParamOf(operation));
/** Each list of the user, as text. */
const listsOf = ({ id, token }: TestUser): Promise<string[]> =>
  Promise.all(lists.map(async ({ path }) => (await send('GET', fillPath(path, { user_id: id }), { token })).text()));

beforeAll(async () => {
  [ada, bob] = [await signUp(), await signUp()];
  bobs = await createResources(bob);
  for (let more = 0; more < 2; more++) await createResources(bob);
  bobsLists = await listsOf(bob);
});

const sendCall = ({ method, path, body }: Call, more: Send = {}) => send(method, path, { body, ...more });
const asAda = (call: Call, more: Send = {}) => sendCall(call, { token: ada.token, ...more });

/** Everything in a response by which a client could distinguish it, with these names replaced. */
async function bytesOf(response: Response, ...names: string[]) {
  const own = /^(x-request-id|ratelimit.*)$/;
  // As a whole: an id can be a number, which may also be a part of another one.
  const isWhole = (name: string) => new RegExp(`(?<![\\w-])${name}(?![\\w-])`, 'g');
  const text = names.reduce((all, name) => all.replaceAll(isWhole(name), '…'), await response.text());
  const { request_id: _, ...document } = JSON.parse(text);
  return {
    status: response.status,
    headers: [...response.headers].filter(([name]) => !own.test(name)),
    document: JSON.stringify(document),
  };
}

for (const operation of operations) {
  const idParam = idParamOf(operation);
  /** Whether the client may create a resource under this id. */
  const createsResource = idParam && operation.method === 'PUT';

  describe(operation.id, () => {
    test(`${operation.id} returns 403 for another user's path, the same response as for a path of no user`, async () => {
      const nobody = bob.id.split('').reverse().join('');
      const [theirs, nobodys] = (await Promise.all(
        [bob.id, nobody].map((user_id) => asAda(requestFor(operation, { ...bobs, user_id }))),
      )) as [Response, Response];
      expect(theirs.status).toBe(403);
      expect(theirs.headers.get('Cache-Control')).toBe('no-store');
      expect(await bytesOf(theirs, bob.id)).toEqual(await bytesOf(nobodys, nobody));
    });

    test.skipIf(isDeployed)(`${operation.id} refuses another user's path before any query`, async () => {
      const { db } = await getApp();
      const asUser = vi.spyOn(db, 'asUser');
      await asAda(requestFor(operation, bobs));
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
      expect((await asAda(requestFor(operation, { ...bobs, user_id: user_id() }))).status).toBe(403);
    });

    if (idParam && !createsResource) {
      test(`${operation.id} returns 404 for an id of another user's, the same response as for an id that does not exist`, async () => {
        // Each user counts revisions on their own, and a new one has none.
        const { id: user_id, token } = await signUp();
        const [theirs = '', nobodys] = [bobs[idParam], unusedId(idParam)];
        const before = await storedRows();
        const foreign = await sendCall(requestFor(operation, { ...bobs, user_id }), { token });
        const missing = await sendCall(requestFor(operation, { ...bobs, user_id, [idParam]: nobodys }), { token });
        expect(foreign.status).toBe(404);
        expect(await bytesOf(foreign, theirs)).toEqual(await bytesOf(missing, nobodys));
        expect(await storedRows()).toBe(before);
      });
    }

    if (createsResource) {
      test(`${operation.id} creates the user's own resource under an id that another user has, and does not change the other's`, async () => {
        const before = await storedRows(bob.id);
        const { path, ...call } = requestFor(operation, { ...bobs, user_id: ada.id });
        const response = await asAda({ path, ...call });
        const text = await response.text();
        expect(response.status).toBe(201);
        expect(JSON.parse(text)).toMatchObject({ id: bobs[idParam], user_id: ada.id });
        expect(await storedRows(bob.id)).toBe(before);
        expect(await (await asAda({ method: 'GET', path })).text()).toBe(text);
        expect(await listsOf(bob)).toEqual(bobsLists);
        await asAda({ method: 'DELETE', path });
        expect(await storedRows(bob.id)).toBe(before);
      });
    }

    test.each(operation.body ? ['user_id', 'id', 'userId', '__proto__', 'constructor'] : [])(
      `${operation.id} refuses a body with the field %s`,
      async (field) => {
        const call = requestFor(operation, await createResources(ada));
        const before = await storedRows();
        const value = JSON.stringify(field === 'id' ? randomUUID() : bob.id);
        const body = JSON.stringify(call.body).replace('{', `{"${field}":${value},`);
        const response = await asAda(call, { body });
        expect(response.status).toBe(422);
        expect((await response.json()).errors).toMatchObject([{ in: 'body', pointer: `/${field}` }]);
        expect(await storedRows()).toBe(before);
      },
    );

    if ('cursor' in operation.query.shape) {
      test(`${operation.id} refuses another user's cursor`, async () => {
        const { path } = requestFor(operation, bobs);
        const page = await send('GET', `${path}?limit=1`, { token: bob.token });
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
    const invalidRequests: Record<string, Send & { query?: string; resource?: string }> = {
      ...(operation.body && invalidBodies),
      'a parameter nobody knows': { query: '?unknown=1' },
      'an id that is no UUID': { resource: 'x' },
      'an id that is nobody’s': { resource: unusedId(idParam ?? '') },
      'a malformed Idempotency-Key': { headers: { 'Idempotency-Key': '"' } },
      'a malformed If-Match': { headers: { 'If-Match': 'x' } },
    };
    const sendInvalid = (name: string, user_id: string, token?: string) => {
      const { query = '', resource, ...invalid } = invalidRequests[name] ?? {};
      const call = requestFor(operation, { ...bobs, user_id, ...(idParam && resource && { [idParam]: resource }) });
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
  let params: PathParams;

  beforeAll(async () => {
    deletedUser = await signUp();
    params = await createResources(deletedUser);
    const { db } = await getApp();
    await db.ownerDb.execute(`delete from "user" where id = '${deletedUser.id}'`);
  });

  test.each(operations.map((operation) => [operation.id, operation] as const))(
    'a deleted user whose token is still valid reads and writes nothing by %s',
    async (_, operation) => {
      const response = await sendCall(requestFor(operation, params), {
        token: deletedUser.token,
      });
      const createsResource = operation.method === 'PUT' || (operation.method === 'POST' && !idParamOf(operation));
      if (createsResource) {
        expect(response.status).toBe(401);
        expect(response.headers.get('WWW-Authenticate')).toContain('error="invalid_token"');
      } else if (idParamOf(operation)) {
        expect(response.status).toBe(404);
      } else if (operation.method === 'DELETE') {
        expect(response.status).toBe(204);
      } else {
        expect(response.status).toBe(200);
        expect(Object.values(await response.json()).filter(Array.isArray)).toEqual([[]]);
      }
      expect(await storedRows(deletedUser.id)).toBe('');
    },
  );
});

test('requests of one user leave the lists of another user unchanged to the byte', async () => {
  expect(await listsOf(bob)).toEqual(bobsLists);
});
