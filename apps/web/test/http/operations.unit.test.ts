import { randomUUID } from 'node:crypto';
import { type Operation, operations, type ProblemCode, problemTypes } from '@taskward/api-core';
import { describe, expect, test, vi } from 'vitest';
import { getApp } from '../../server/app';
import { routeFiles, type Send, send, signUp, type TestUser, useApp } from '../harness';
import { bodyFor, createResources, fillPath, idParamOf, requestFor } from '../requests';

useApp();

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
/** Route files of no operation: accounts, health, the OpenAPI document, and unknown paths. */
const OTHERS = ['/api/auth/[...all]', '/api/health/live', '/api/health/ready', '/api/openapi.json', '/api/[[...path]]'];

const operationPaths = [...new Set(operations.map(({ path }) => path as string))];
const at = (path: string) => operations.filter((operation) => operation.path === path);

test('the operations on tasks are declared', () => {
  const onTasks = operations.filter(({ tag }) => tag.name === 'Tasks');
  expect(onTasks.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
    'DELETE /api/{user_id}/tasks/{task_id}',
    'GET /api/{user_id}/tags',
    'GET /api/{user_id}/tasks',
    'GET /api/{user_id}/tasks/{task_id}',
    'PATCH /api/{user_id}/tasks/{task_id}',
    'PATCH /api/{user_id}/tasks/{task_id}/complete',
    'PATCH /api/{user_id}/tasks/{task_id}/move',
    'POST /api/{user_id}/tasks',
    'PUT /api/{user_id}/tasks/{task_id}',
  ]);
});

test('every operation has a unique id, and a path and method of its own', () => {
  expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
  expect(new Set(operations.map(({ method, path }) => `${method} ${path}`)).size).toBe(operations.length);
});

test('every operation has a route file, and every route file an operation', () => {
  const files = routeFiles.map(({ path }) => path).filter((path) => !OTHERS.includes(path));
  expect(files.sort()).toEqual(operationPaths.toSorted());
});

describe.each(routeFiles.filter(({ path }) => !OTHERS.includes(path)))('$path', ({ path, load }) => {
  const own = at(path).map(({ method }) => method as string);
  const served = own.includes('GET') ? ['HEAD', ...own] : own;

  test(`the route file of ${path} exports a handler for every method, and is never static`, async () => {
    const { dynamic, maxDuration: _, ...file }: Record<string, unknown> = await load();
    expect(dynamic).toBe('force-dynamic');
    // Next.js derives HEAD from GET where it is omitted.
    const expected = METHODS.filter((method) => !(method === 'HEAD' && own.includes('GET')));
    expect(
      Object.keys(file)
        .filter((name) => name !== 'HEAD' || !own.includes('GET'))
        .sort(),
    ).toEqual(expected.sort());
    for (const handler of Object.values(file)) expect(handler).toBeTypeOf('function');
  });

  test(`${path} serves the methods of its operations and OPTIONS, and returns 405 for others`, async () => {
    const statuses = new Map<string, number>();
    for (const method of METHODS) {
      const response = await send(method, fillPath(path, { user_id: 'somebody' }));
      statuses.set(method, response.status);
    }
    // Without a token an operation returns 401; any other method does not require one.
    const expected = METHODS.map((method) => [
      method,
      method === 'OPTIONS' ? 204 : served.includes(method) ? 401 : 405,
    ]);
    expect([...statuses]).toEqual(expected);
  });

  test.each(at(path))(`$method ${path} is logged as operation $id`, async (operation) => {
    const { log } = await getApp();
    const info = vi.spyOn(log, 'info');
    const user = await signUp();
    const { method, path, body } = requestFor(operation, { user_id: user.id });
    const response = await send(method, path, { token: user.token, body });
    const line = info.mock.calls.map(([line]) => line).findLast((line) => Object(line).operation);
    expect(line).toMatchObject({ operation: operation.id, user_id: user.id, status: response.status });
    expect([200, 201, 204, 404]).toContain(response.status);
  });
});

const fill = ({ path }: Operation, user: TestUser) => fillPath(path, { user_id: user.id });

/** The request that causes each error; undefined where the operation cannot return it. */
const provocations: Partial<Record<ProblemCode, (operation: Operation, user: TestUser) => [string, Send] | undefined>> =
  {
    unauthorized: (operation, user) => [fill(operation, user), {}],
    forbidden: (operation, user) => [fill(operation, { ...user, id: 'somebody' }), { token: user.token }],
    not_found(operation, user) {
      const name = idParamOf(operation);
      if (operation.id === 'runBatch') {
        const body = { operations: [{ op: 'deleteTask', task_id: randomUUID() }] };
        return [fill(operation, user), { token: user.token, body }];
      }
      if (!name) return undefined;
      return [
        fillPath(operation.path, { user_id: user.id, [name]: 'x' }),
        { token: user.token, body: bodyFor(operation) },
      ];
    },
    validation: (operation, user) => [
      `${fill(operation, user)}?nope=1`,
      { token: user.token, body: bodyFor(operation) },
    ],
    malformed_body: (operation, user) => operation.body && [fill(operation, user), { token: user.token, body: '{' }],
    payload_too_large: (operation, user) =>
      operation.body && [
        fill(operation, user),
        { token: user.token, body: ' '.repeat((operation.body.maxBytes ?? 65_536) + 1) },
      ],
    unsupported_media_type: (operation, user) =>
      operation.body && [
        fill(operation, user),
        { token: user.token, body: '{}', headers: { 'Content-Type': 'text/plain' } },
      ],
  };

test.each(operations.map((operation) => [operation.id, operation] as const))(
  '%s declares exactly the client errors that a request can cause, each once',
  async (_, operation) => {
    const user = await signUp();
    const provoked: string[] = [];
    for (const [code, provoke] of Object.entries(provocations)) {
      const request = provoke(operation, user);
      if (!request) continue;
      const response = await send(operation.method, ...request);
      expect.soft(response.status, code).toBe(problemTypes[code as ProblemCode].status);
      expect.soft((await response.json()).type).toBe(`/problems/${code}`);
      provoked.push(code);
    }
    const declared = operation.errors.filter((code) => provocations[code]);
    expect(declared.toSorted()).toEqual(provoked.sort());
    // A client cannot cause a bug or an outage of the database.
    expect(operation.errors).toEqual(expect.arrayContaining(['internal', 'unavailable']));
  },
);

test.each(operations.map((operation) => [operation.id, operation] as const))(
  '%s returns only statuses and bodies that it declares',
  async (_, operation) => {
    const { method, success } = operation;
    const user = await signUp();
    const existing = await createResources(user);
    // A PUT creates what does not exist.
    const targets = method === 'PUT' ? [existing, { user_id: user.id }] : [existing];
    const statuses: number[] = [];
    for (const target of targets) {
      const { path, body } = requestFor(operation, target);
      const response = await send(method, path, { token: user.token, body });
      const schema = success[response.status as 200];
      expect(schema).toBeDefined();
      if (schema) expect(schema.safeParse(await response.json()).error).toBeUndefined();
      else expect(await response.text()).toBe('');
      statuses.push(response.status);
    }
    // 304 requires a conditional request.
    expect(statuses.sort()).toEqual(
      Object.keys(success)
        .map(Number)
        .filter((status) => status < 300),
    );
  },
);
