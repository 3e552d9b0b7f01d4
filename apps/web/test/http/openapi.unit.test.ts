import { accountEndpoints, type Operation, operations, type Problem, problemTypes } from '@taskward/api-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { routeFiles, send, useApp } from '../harness';
import {
  document,
  expectDocumentedRequest,
  expectDocumentedResponse,
  expectMatchesSchema,
  matchesSchema,
} from '../openapi';

/** The OpenAPI document matches the server; `send` validates the responses of every test against it. */

useApp();

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly explode?: boolean;
  readonly schema: {
    readonly type: string;
    readonly enum?: string[];
    readonly items?: { readonly enum?: string[] };
    readonly minimum: number;
    readonly maximum: number;
    readonly maxLength?: number;
    readonly pattern?: string;
    readonly maxItems?: number;
  };
}
interface Failure {
  readonly content: Record<string, { readonly examples: Record<string, { readonly value: Problem }> }>;
}

const parametersOf = ({ method, path }: Operation): Parameter[] =>
  document.paths[path][method.toLowerCase()].parameters;

test('GET /api/openapi.json returns the OpenAPI document of this deployment', async () => {
  const response = await send('GET', '/api/openapi.json');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual(document);
  expect(document).toMatchObject({
    openapi: expect.stringMatching(/^3\.1\./),
    servers: [{ url: 'http://localhost:3000' }],
  });
});

test('the OpenAPI document has every operation, and no path without a route file', async () => {
  const ids = Object.values<Record<string, { operationId: string }>>(document.paths).flatMap((path) =>
    Object.values(path).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual(expect.arrayContaining(operations.map(({ id }) => id)));
  const files = routeFiles.map(({ path }) => path);
  for (const path of Object.keys(document.paths)) {
    if (!path.startsWith('/api/auth/')) expect(files).toContain(path);
  }
});

test('every example in the OpenAPI document matches its schema', () => {
  const seen: string[] = [];
  for (const [id, { examples = [] }] of Object.entries<{ examples?: unknown[] }>(document.components.schemas)) {
    for (const example of examples) expectMatchesSchema(`#/components/schemas/${id}`, example);
    seen.push(...examples.map(() => id));
  }
  expect(seen).toEqual(expect.arrayContaining(['Task', 'TaskInput', 'TaskPage', 'TaskPatch', 'Completion']));
  for (const { content } of Object.values<Failure>(document.components.responses)) {
    for (const { value } of Object.values(content['application/problem+json']?.examples ?? {})) {
      expectMatchesSchema('#/components/schemas/Problem', value);
      const code = value.type.replace('/problems/', '') as keyof typeof problemTypes;
      expect(value.status).toBe(problemTypes[code].status);
    }
  }
});

describe.each(operations.filter(({ body }) => body))('the body of $id', (operation) => {
  test(`the body schema of ${operation.id} accepts its examples`, () => {
    const { examples } = operation.body?.schema.meta() ?? {};
    expect(examples).not.toHaveLength(0);
    for (const example of examples as unknown[]) expect(operation.body?.schema.safeParse(example).success).toBe(true);
  });
});

const accountBodies = accountEndpoints.flatMap(({ id, path, body }) =>
  body ? [{ id, path, schema: body.schema }] : [],
);

/** Text at and beyond every limit, in every script, of the formats of the fields, and values of other types. */
const fieldValue = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 140, size: 'max' }),
  fc.string({
    unit: fc.constantFrom(' ', '\u200b', 'x', '\n', '\u00e9', '\u0301', '\0', '.', '@', '🐎'),
    maxLength: 30,
  }),
  fc.nat(260).map((length) => 'x'.repeat(length)),
  fc.emailAddress(),
  fc.nat(260).map((length) => `${'x'.repeat(length)}@example.com`),
  fc.webUrl(),
  fc.constantFrom('ADA@Example.COM', 'https://example.com/ada.png', 'HTTPS://example.com', '/tasks', ''),
  fc.constantFrom(null, true, 1, [], {}),
);

describe.each(accountBodies)('the body of $id', ({ id: operationId, path, schema }) => {
  const { id } = schema.meta() as { id: string };
  const names = Object.keys(document.components.schemas[id].properties);

  test(`the body schema of ${operationId} accepts its examples`, () => {
    for (const example of document.components.schemas[id].examples)
      expect(schema.safeParse(example).success).toBe(true);
  });

  test(`the body schema of ${operationId} accepts and refuses the same values as the OpenAPI document`, () => {
    const [example] = document.components.schemas[id].examples;
    let permitted = 0;
    fc.assert(
      fc.property(fc.constantFrom(...names), fieldValue, (name, value) => {
        const body = { ...example, [name]: value };
        const isPermitted = matchesSchema(`#/components/schemas/${id}`, body);
        permitted += isPermitted ? 1 : 0;
        // Their lengths are those of the trimmed text in NFC, which JSON Schema cannot say.
        if (name === 'name' && typeof value === 'string' && value.trim().normalize() !== value) return;
        expect(schema.safeParse(body).success).toBe(isPermitted);
      }),
      { numRuns: 1_000 },
    );
    expect(permitted).toBeGreaterThan(50);
  });

  test(`the body schema of ${operationId} accepts unknown fields, as Better Auth does`, () => {
    const [example] = document.components.schemas[id].examples;
    const body = { ...example, unknown: [1] };
    expect([schema.safeParse(body).success, matchesSchema(`#/components/schemas/${id}`, body)]).toEqual([true, true]);
  });

  test(`the harness fails a test in which ${operationId} accepts a body that the OpenAPI document forbids`, () => {
    const [name] = names;
    const body = JSON.stringify({ [name as string]: 1 });
    expect(() => expectDocumentedRequest('POST', path, body, new Response())).toThrow();
    expect(() => expectDocumentedRequest('POST', path, body, new Response(null, { status: 400 }))).not.toThrow();
  });
});

describe.each(operations)('the parameters of $id', (operation) => {
  const parameters = parametersOf(operation);
  const inQuery = parameters.filter((parameter) => parameter.in === 'query');

  test(`the OpenAPI document lists the validated parameters of ${operation.id}`, () => {
    expect(inQuery.map(({ name }) => name)).toEqual(Object.keys(operation.query.shape));
    const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
    expect(inPath).toEqual([...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
  });

  test.each(inQuery)(
    `${operation.id} accepts $name exactly as the OpenAPI document declares it`,
    ({ name, schema, explode }) => {
      // Sorting by position needs a list.
      const others = 'list' in operation.query.shape ? { list: 'inbox' } : {};
      const takes = (value: unknown) => operation.query.safeParse({ ...others, [name]: value }).success;
      const { enum: choices = schema.items?.enum ?? [], minimum, maximum, maxLength, maxItems } = schema;
      for (const choice of choices) expect(takes(choice), choice).toBe(true);
      if (choices.length > 0) expect(takes('nonsense')).toBe(false);
      if (schema.type === 'array' && !explode) expect(takes(choices.join())).toBe(true);
      if (maxItems) {
        const value = choices[0] ?? 'x';
        const many = (n: number) => Array.from({ length: n }, (_, i) => (explode ? `${value}${i}` : value));
        const given = (n: number) => (explode ? many(n) : many(n).join());
        expect([takes(given(maxItems)), takes(given(maxItems + 1))]).toEqual([true, false]);
      }
      if (schema.type === 'integer') {
        expect([minimum, maximum].map((limit) => takes(String(limit)))).toEqual([true, true]);
        expect([minimum - 1, maximum + 1].map((limit) => takes(String(limit)))).toEqual([false, false]);
      }
      if (schema.type === 'boolean') expect(['true', 'false', '1'].map(takes)).toEqual([true, true, false]);
      const uuid = '0198c0de-0000-7000-8000-00000000000a';
      if (maxLength === 10) expect(['2026-02-28', '2026-02-30'].map(takes)).toEqual([true, false]);
      else if (maxLength === 36) expect([uuid, uuid.slice(1)].map(takes)).toEqual([true, false]);
      else if (maxLength) {
        const longest = 'x'.repeat(maxLength);
        const isDeclared = new RegExp(schema.pattern ?? '', 'u').test(longest);
        expect([takes(longest), takes(`${longest}x`)]).toEqual([isDeclared, false]);
      }
    },
  );
});

describe('undocumented responses fail the test that received them', () => {
  const path = '/api/health/live';
  const headers = { 'Cache-Control': 'private, no-cache', 'X-Request-Id': 'x' };
  const good = () => Response.json({ status: 'ok' }, { headers });

  test.each([
    ['its status', () => Response.json({ status: 'ok' }, { status: 201, headers })],
    ['an additional field', () => Response.json({ status: 'ok', more: 1 }, { headers })],
    ['an additional header', () => Response.json({ status: 'ok' }, { headers: { ...headers, 'X-More': '1' } })],
    ['a missing header', () => Response.json({ status: 'ok' })],
    ['a missing body', () => new Response(null, { headers })],
    ['its media type', () => new Response('{"status":"ok"}', { headers })],
    ['the type of a field', () => Response.json({ status: ['ok'] }, { headers })],
  ])('the harness fails a test whose response is undocumented in %s', async (_, response) => {
    await expectDocumentedResponse('GET', path, good());
    await expect(expectDocumentedResponse('GET', path, response())).rejects.toThrow();
  });
});
