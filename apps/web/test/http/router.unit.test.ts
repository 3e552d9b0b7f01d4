import { describe, expect, test } from 'vitest';
import { createRouter, toTemplate } from '../../server/http/router';

/** A router whose files are named after their paths. The order of the files says nothing. */
function routerOf(...paths: string[]) {
  const names = paths.map((path) => `../app${path}/route.ts`);
  const orders = [names, names.toReversed()];
  const routers = orders.map((order) =>
    createRouter(Object.fromEntries(order.map((name) => [name, toTemplate(name)]))),
  );
  return (path: string) => {
    const [route, other] = routers.map((find) => find(path));
    expect(other, 'with the files in reverse order').toEqual(route);
    return route;
  };
}

describe('precedence', () => {
  const find = routerOf(
    '/api/notes',
    '/api/[id]',
    '/api/[...all]',
    '/api/[id]/notes',
    '/api/notes/[id]',
    '/x/[[...rest]]',
  );

  test.each([
    ['/api/notes', '/api/notes'],
    ['/api/other', '/api/{id}'],
    ['/api/note', '/api/{id}'],
    ['/api/notess', '/api/{id}'],
    ['/api/notes/1', '/api/notes/{id}'],
    ['/api/notes/notes', '/api/notes/{id}'],
    ['/api/other/notes', '/api/{id}/notes'],
    ['/api/other/1', '/api/[...all]'],
    ['/api/notes/1/2', '/api/[...all]'],
    ['/x', '/x/[[...rest]]'],
    ['/x/1/2', '/x/[[...rest]]'],
  ])('%s is served by %s', (path, template) => {
    expect(find(path)).toMatchObject({ file: template, template });
  });

  test.each(['/api', '/', '', '/other', '/API/notes', '/xy', '/y/x', '/prefix/api/notes'])(
    '%j is served by no file',
    (path) => {
      expect(find(path)).toBeUndefined();
    },
  );
});

test('an optional catch-all comes last, wherever its path leads', () => {
  const find = routerOf('/api/[[...path]]', '/api/[a]/b', '/api/auth/[...all]', '/api/health/live');
  expect(find('/api/health/live')?.template).toBe('/api/health/live');
  expect(find('/api/auth/b')?.template).toBe('/api/auth/[...all]');
  expect(find('/api/health/b')?.template).toBe('/api/{a}/b');
  expect(find('/api/health/other')?.template).toBe('/api/[[...path]]');
  expect(find('/api/auth')?.template).toBe('/api/[[...path]]');
  expect(find('/api')?.template).toBe('/api/[[...path]]');
});

test('a path that fits the first segments of one file alone is served by another file that fits all of it', () => {
  const find = routerOf('/api/a/[x]/c', '/api/[y]/b/d', '/api/[y]/[z]/e');
  expect(find('/api/a/b/c')).toMatchObject({ template: '/api/a/{x}/c', params: { x: 'b' } });
  expect(find('/api/a/b/d')).toMatchObject({ template: '/api/{y}/b/d', params: { y: 'a' } });
  expect(find('/api/a/b/e')).toMatchObject({ template: '/api/{y}/{z}/e', params: { y: 'a', z: 'b' } });
  expect(find('/api/a/b/f')).toBeUndefined();
});

describe('parameters', () => {
  const find = routerOf('/api/[user_id]/tasks/[task_id]', '/api/all/[...rest]', '/api/any/[[...rest]]');

  test.each([
    ['/api/ada/tasks/1', { user_id: 'ada', task_id: '1' }],
    ['/api/a%20b/tasks/%C3%A4', { user_id: 'a b', task_id: 'ä' }],
    ['/api/a%2Fb/tasks/%252F', { user_id: 'a/b', task_id: '%2F' }],
    ['/api/__proto__/tasks/a.b~c', { user_id: '__proto__', task_id: 'a.b~c' }],
    ['/api/all/a', { rest: ['a'] }],
    ['/api/all/a%2Fb/c%20d', { rest: ['a/b', 'c d'] }],
    ['/api/any', { rest: undefined }],
    ['/api/any/a/b', { rest: ['a', 'b'] }],
  ])('of %s are decoded', (path, params) => {
    expect(find(path)?.params).toEqual(params);
  });

  test('a parameter stands for one segment that is not empty', () => {
    expect(find('/api/ada/x/tasks/1')).toBeUndefined();
    expect(find('/api//tasks/1')).toBeUndefined();
    expect(find('/api/ada/tasks/')).toBeUndefined();
  });

  test.each([
    ['/api/%/tasks/1', { user_id: '%', task_id: '1' }],
    ['/api/ada/tasks/%ff', { user_id: 'ada', task_id: '%ff' }],
    ['/api/all/a/%zz', { rest: ['a', '%zz'] }],
  ])('of %s stay as they are where they cannot be decoded', (path, params) => {
    expect(find(path)?.params).toEqual(params);
  });
});

test('a dot in the name of a folder stands for itself', () => {
  const find = routerOf('/api/openapi.json');
  expect(find('/api/openapi.json')).toBeDefined();
  expect(find('/api/openapi-json')).toBeUndefined();
});

test.each(['/api/(group)/x', '/api/@slot/x', '/api/[a-b]', '/api/(.)x'])(
  'a folder of Next.js that the router does not know is an error: %s',
  (path) => {
    expect(() => routerOf(path)).toThrow('does not support the segment');
  },
);
