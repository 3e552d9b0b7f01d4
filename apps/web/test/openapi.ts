import { toOpenApi } from '@taskward/api-core';
import { Ajv2020 } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';

/**
 * Validates requests and responses against the document that clients read, so that it and the server cannot disagree.
 */

interface ResponseObject {
  readonly headers: Record<string, { $ref: string }>;
  readonly content?: Record<string, { schema: { $ref: string; contentSchema?: { $ref: string } } }>;
}
interface Operation {
  readonly requestBody?: { readonly content: Record<string, { schema: { $ref: string } }> };
  readonly responses: Record<string, ResponseObject | { $ref: string }>;
}
type Operations = Record<string, Operation>;

export const document = JSON.parse(JSON.stringify(toOpenApi('http://localhost:3000')));
const paths: Record<string, Operations> = document.paths;

function validator(options: { coerceTypes: boolean }): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, allErrors: true, ...options });
  addFormats.default(ajv);
  return ajv.addSchema(document, 'document');
}
const bodyAjv = validator({ coerceTypes: false });
/** Header values are text, whatever their type. */
const headerAjv = validator({ coerceTypes: true });

/** Headers of HTTP or the platform, which the document of an API need not declare. */
const PLATFORM_HEADERS = [
  'access-control-expose-headers',
  'allow',
  'content-length',
  'content-type',
  'server-timing',
  'set-cookie',
  'vary',
];

/** @param path as the document writes it, with its parameters in braces. */
export async function expectDocumentedResponse(method: string, path: string, response: Response): Promise<void> {
  const operation = paths[path]?.[method === 'HEAD' ? 'get' : method.toLowerCase()];
  const text = await response.clone().text();
  // The response to a HEAD arrives without its body.
  if (method === 'HEAD' && text === '' && !operation) return;
  // A request that matches no operation returns a problem document as well.
  if (!operation)
    return response.status < 400 ? undefined : expectMatchesSchema('#/components/schemas/Problem', JSON.parse(text));

  const given = operation.responses[response.status];
  expect(given, `${method} ${path} declares ${response.status}`).toBeDefined();
  const documentedResponse = (given && '$ref' in given ? resolveRef(given.$ref) : given) as ResponseObject;
  expectHeaders(documentedResponse, response.headers);
  const [type, content] = Object.entries(documentedResponse.content ?? {})[0] ?? [];
  if (text === '')
    expect(method === 'HEAD' ? '' : (type ?? ''), `${method} ${path} ${response.status} has a body`).toBe('');
  if (text === '' || !type || !content) return expect(text).toBe('');
  expect(response.headers.get('Content-Type')).toBe(type);
  const { $ref, contentSchema } = content.schema;
  if (!contentSchema) return expectMatchesSchema($ref, JSON.parse(text));
  for (const [, data = ''] of text.matchAll(/^data: (.*)$/gm))
    expectMatchesSchema(contentSchema.$ref, JSON.parse(data));
}

/**
 * Validates the body of a successful request to Better Auth against the document. Bodies of tasks are trimmed before
 * their lengths are checked, which JSON Schema cannot say.
 */
export function expectDocumentedRequest(method: string, path: string, body: string, response: Response): void {
  const schema = paths[path]?.[method.toLowerCase()]?.requestBody?.content['application/json']?.schema;
  if (!schema || !response.ok || !path.startsWith('/api/auth/')) return;
  expectMatchesSchema(schema.$ref, JSON.parse(body));
}

function expectHeaders({ headers }: ResponseObject, given: Headers): void {
  for (const [name, { $ref }] of Object.entries(headers)) {
    const value = given.get(name);
    if (resolveRef($ref).required) expect(value, `the header ${name}`).not.toBeNull();
    if (value !== null) expectMatchesSchema(`${$ref}/schema`, value, headerAjv);
  }
  const documented = [...PLATFORM_HEADERS, ...Object.keys(headers).map((name) => name.toLowerCase())];
  expect([...given.keys()].filter((name) => !documented.includes(name))).toEqual([]);
}

export function expectMatchesSchema(ref: string, value: unknown, ajv = bodyAjv): void {
  const validate = ajv.getSchema(`document${ref}`);
  if (!validate) throw new Error(`The document has nothing at ${ref}`);
  validate(value);
  expect(validate.errors ?? [], ref).toEqual([]);
}

export const matchesSchema = (ref: string, value: unknown): boolean =>
  bodyAjv.getSchema(`document${ref}`)?.(value) === true;

function resolveRef(ref: string): Record<string, unknown> {
  return ref
    .slice(2)
    .split('/')
    .reduce((found, name) => found[name], document);
}
