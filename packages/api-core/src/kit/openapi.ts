import * as z from 'zod';
import { toSpec } from './client';
import { Problem, type ProblemCode, problemTypes } from './errors';
import type { Endpoint, Operation } from './operation';

type Json = { readonly [member: string]: unknown };
type AnyEndpoint = Endpoint & Partial<Omit<Operation, keyof Endpoint>>;

/** What an API is, besides its endpoints. */
export interface ApiDescription {
  readonly info: Json;
  readonly securitySchemes: Json;
  readonly endpoints: readonly AnyEndpoint[];
}

const text = (maxLength: number, pattern: string) => ({ type: 'string', maxLength, pattern });
const seconds = { type: 'integer', format: 'int32', minimum: 0, maximum: 86_400 };
const entityTag = text(12, '^"[1-9]\\d*"$');

/** Response headers, by name. */
const headers: Record<string, Json> = {
  'X-Request-Id': {
    required: true,
    description: 'The id of the request in the log.',
    schema: text(128, '^[\\w.=-]+$'),
  },
  'Cache-Control': {
    required: true,
    description: 'Nothing may be cached without revalidation.',
    schema: { enum: ['private, no-cache', 'no-store', 'no-store, no-transform'] },
  },
  'Access-Control-Allow-Origin': {
    description: 'For a page of another origin that the deployment allows.',
    schema: text(2048, '^https?://\\S+$'),
  },
  'RateLimit-Policy': {
    description: 'How many requests (`q`) in how many seconds (`w`). On every response to a valid token.',
    schema: text(100, '^"user";q=\\d+;w=\\d+$'),
    example: '"user";q=600;w=60',
  },
  RateLimit: {
    description: 'How many requests remain (`r`), and in how many seconds (`t`) the limit is reset.',
    schema: text(100, '^"user";r=\\d+;t=\\d+$'),
    example: '"user";r=598;t=41',
  },
  'Retry-After': { required: true, description: 'In seconds.', schema: seconds },
  'WWW-Authenticate': {
    description: 'How to authenticate (RFC 6750). Present when an access token was missing or invalid.',
    schema: text(1000, '^Bearer '),
  },
  ETag: { required: true, description: 'The version of the resource.', schema: entityTag },
  // The ETag of a 412. It is a component of its own because, unlike that of a success, it can be missing.
  'Current-ETag': { description: 'The current version of the resource, where it exists.', schema: entityTag },
  // The ETag of a list.
  'Journal-ETag': {
    required: true,
    description: 'Stays the same as long as nothing of the user changes.',
    schema: text(110, '^W/"[A-Za-z0-9.~-]+"$'),
  },
  Location: {
    required: true,
    description: 'The path of the resource.',
    schema: { type: 'string', format: 'uri-reference', maxLength: 2048 },
  },
  Link: {
    description: 'The next page, with `rel="next"` (RFC 8288), where there is one.',
    schema: text(20_000, '^<[^>]+>; rel="next"$'),
  },
  'Idempotency-Replayed': {
    description: 'Whether this is the stored response of an earlier request with the same `Idempotency-Key`.',
    schema: { const: 'true' },
  },
  Revision: {
    description: 'The revision that the request made: where it changed something.',
    schema: { type: 'string', minLength: 1, maxLength: 19, pattern: '^[1-9]\\d*$' },
    example: '42',
  },
  'X-Accel-Buffering': { description: 'Tells a proxy to pass events on as they come.', schema: { const: 'no' } },
  'Accept-Patch': { description: 'With 415: the media types that are supported (RFC 5789).', schema: text(200, '\\S') },
  'Accept-Post': { description: 'With 415: the media types that are supported.', schema: text(200, '\\S') },
  'Accept-Encoding': { description: 'With 415: compressed bodies are not supported.', schema: { const: 'identity' } },
};

/** Request headers, by name. */
const requestHeaders = {
  'If-Match': {
    description: 'Entity tags such as `"3"`, or `*`: the resource must have one of these versions.',
    schema: text(16_384, '\\S'),
  },
  'If-None-Match': {
    description: 'Entity tags such as `"3"` or `W/"1042.hd3k9x2f7q"`, or `*`: the resource must have none of these.',
    schema: text(16_384, '\\S'),
  },
  'Idempotency-Key': {
    description: 'The same for each attempt at one write: 1 to 255 visible ASCII characters, quoted or bare.',
    schema: text(512, '^[\\x21-\\x7e ]+$'),
  },
  'Last-Event-ID': {
    description: 'The id of the last event that was received. It takes precedence over `since`.',
    schema: text(512, '\\S'),
  },
  'X-Request-Id': {
    description: 'An id of your own for the request.',
    schema: text(128, '^[\\w.=-]+$'),
  },
};

/** Components that endpoints share, collected while the endpoints are described. */
interface Components {
  /** Adds a schema, and returns a reference to it. */
  readonly ref: (schema: z.ZodType) => Json;
  readonly responses: Record<string, Json>;
}

/** The OpenAPI 3.1 document of an API, for a deployment at this origin. */
export function toOpenApi(origin: string, { info, securitySchemes, endpoints }: ApiDescription): Json {
  const schemas = new Map<string, z.ZodType>();
  const responses: Components['responses'] = {};
  const ref = (schema: z.ZodType) => {
    const id = schema.meta()?.id;
    if (!id) throw new Error('A schema of the document needs an id.');
    schemas.set(id, schema);
    return { $ref: refTo(id) };
  };
  ref(Problem);
  const paths: Record<string, Record<string, Json>> = {};
  for (const endpoint of endpoints) {
    paths[endpoint.path] = {
      ...paths[endpoint.path],
      [endpoint.method.toLowerCase()]: toOperation(endpoint, { ref, responses }),
    };
  }
  return {
    openapi: '3.1.1',
    info,
    servers: [{ url: origin, description: 'This deployment, production or not', 'x-internal': false }],
    tags: [...new Map(endpoints.map(({ tag }) => [tag.name, tag])).values()],
    paths,
    components: { schemas: toSchemas(schemas), responses, headers, securitySchemes },
  };
}

const refTo = (id: string) => `#/components/schemas/${id}`;
const collapseWhitespace = (prose: string) => prose.replace(/\s+/g, ' ');

function toOperation(endpoint: AnyEndpoint, components: Components): Json {
  const { access, body, description, id, summary, success, tag } = endpoint;
  const { ref } = components;
  const successes = Object.entries(success).map(([status, schema]) => [
    status,
    toSuccess(endpoint, Number(status), schema, ref),
  ]);
  return {
    operationId: id,
    tags: [tag.name],
    summary,
    description: collapseWhitespace(description),
    security: access === 'public' ? [] : [{ [access]: [] }],
    parameters: toParameters(endpoint),
    ...(body && {
      requestBody: {
        required: !body.optional,
        content: Object.fromEntries(body.mediaTypes.map((type) => [type, { schema: ref(body.schema) }])),
      },
    }),
    responses: { ...Object.fromEntries(successes), ...toFailures(endpoint, components) },
  };
}

function toParameters(endpoint: AnyEndpoint): Json[] {
  const inPath = Object.entries(endpoint.params.shape).map(([name, schema]) => {
    return { name, in: 'path', required: true, ...toParameter(schema as z.ZodType) };
  });
  const { repeated } = toSpec(endpoint);
  const inQuery = Object.entries(endpoint.query.shape).map(([name, schema]) => {
    const { schema: shape, ...rest } = toParameter(schema as z.ZodType);
    // A list is one value with commas, unless the parameter can be repeated.
    const explode = repeated.includes(name);
    return { name, in: 'query', ...rest, ...(shape.type === 'array' && { style: 'form', explode }), schema: shape };
  });
  const ifMatch = endpoint.errors.includes('precondition_failed') ? ['If-Match'] : [];
  // To skip the body that the client has cached, and to create a resource only if there is none.
  const ifNoneMatch =
    (endpoint.etag && endpoint.method === 'GET') || endpoint.method === 'PUT' ? ['If-None-Match'] : [];
  const names = [...ifMatch, ...ifNoneMatch, ...(endpoint.idempotent ? ['Idempotency-Key'] : [])];
  const inHeader = [...names, ...(endpoint.event ? ['Last-Event-ID'] : []), 'X-Request-Id'].map((name) => {
    return { name, in: 'header', ...requestHeaders[name as keyof typeof requestHeaders] };
  });
  return [...inPath, ...inQuery, ...inHeader];
}

function toParameter(parameter: z.ZodType): { description?: unknown; schema: Record<string, unknown> } {
  const { $schema: _, description, ...schema } = z.toJSONSchema(parameter, { io: 'input', override: normalizeSchema });
  return { description, schema };
}

/** A response for each status that the endpoint can fail with; equal ones are described once. */
function toFailures(endpoint: AnyEndpoint, { responses }: Components): Json {
  const statuses = [...new Set(endpoint.errors.map((code) => problemTypes[code].status))];
  const named = statuses.map((status) => {
    const codes = endpoint.errors.filter((code) => problemTypes[code].status === status).toSorted();
    const name = codes.join('_or_');
    responses[name] ??= toFailure(status, codes);
    return [status, { $ref: `#/components/responses/${name}` }];
  });
  return Object.fromEntries(named);
}

function toFailure(status: number, codes: readonly ProblemCode[]): Json {
  const examples = codes.map((code) => [code, { value: toExample(code) }]);
  return {
    description: codes.map((code) => problemTypes[code].title).join(', or: '),
    headers: toHeaders(FAILURE_HEADERS[status as keyof typeof FAILURE_HEADERS] ?? []),
    content: {
      'application/problem+json': { schema: { $ref: refTo('Problem') }, examples: Object.fromEntries(examples) },
    },
  };
}

const FAILURE_HEADERS = {
  401: ['WWW-Authenticate'],
  412: ['Current-ETag'],
  415: ['Accept-Patch', 'Accept-Post', 'Accept-Encoding'],
  429: ['Retry-After'],
  503: ['Retry-After'],
};

function toExample(code: ProblemCode): Problem {
  const { status, title, explanation } = problemTypes[code];
  const error = {
    in: 'body',
    pointer: '/title',
    code: 'too_long',
    message: 'At most 255 characters are allowed.',
  } as const;
  return {
    type: `/problems/${code}`,
    title,
    status,
    detail: collapseWhitespace(explanation),
    instance: '/api/Zk3vT9qLr2WcXy7HbN4mDs8PfGa1JuKe/notes',
    request_id: '3f2c1d9e-6f0b-4a53-9c56-0f5f8b1f2a77',
    ...(code === 'validation' && { errors: [error] }),
  };
}

/** Headers that a response has by its status, and those that every response has. */
function toHeaders(names: readonly string[]): Json {
  const all = [
    'X-Request-Id',
    'Cache-Control',
    'Access-Control-Allow-Origin',
    'RateLimit',
    'RateLimit-Policy',
    ...names,
  ];
  return Object.fromEntries(
    // Several components describe the header ETag.
    all.map((name) => [name.replace(/^.*-ETag$/, 'ETag'), { $ref: `#/components/headers/${name}` }]),
  );
}

function toSuccess(endpoint: AnyEndpoint, status: number, schema: z.ZodType | null, ref: Components['ref']): Json {
  const names = [
    endpoint.etag && (endpoint.etag === 'weak' ? 'Journal-ETag' : 'ETag'),
    endpoint.location && status === 201 && 'Location',
    endpoint.next && 'Link',
    endpoint.idempotent && 'Idempotency-Replayed',
    endpoint.access === 'token' && endpoint.method !== 'GET' && 'Revision',
    endpoint.event && 'X-Accel-Buffering',
  ];
  return {
    description: SUCCESS_DESCRIPTIONS[status as keyof typeof SUCCESS_DESCRIPTIONS],
    headers: toHeaders(names.filter((name) => typeof name === 'string')),
    ...(schema && { content: toContent(endpoint, ref(schema)) }),
  };
}

/** OpenAPI describes an event stream as text; the data of its events is JSON in that text. */
function toContent({ event }: AnyEndpoint, schema: Json): Json {
  if (!event) return { 'application/json': { schema } };
  const description = `Server-sent events named \`${event}\`.`;
  // It has no end; the rules for documents of APIs want one.
  const stream = { ...text(2 ** 31 - 1, '^retry: '), description };
  return {
    'text/event-stream': { schema: { ...stream, contentMediaType: 'application/json', contentSchema: schema } },
  };
}

const SUCCESS_DESCRIPTIONS = { 200: 'OK', 201: 'Created', 204: 'Deleted', 304: 'Not modified' };

function toSchemas(named: ReadonlyMap<string, z.ZodType>): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of named) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: refTo, override: normalizeSchema });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _1, $id: _2, ...schema }]) => {
      // Zod leaves them out where a field is transformed.
      const examples = named.get(id)?.meta()?.examples;
      return [id, examples ? { ...schema, examples } : schema];
    }),
  );
}

const MAX_LENGTH_BY_FORMAT = { uuid: 36, date: 10, 'date-time': 24 };

/** Replaces zod's patterns by formats with a maximum length, and gives integers their size. */
function normalizeSchema({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  const longest = MAX_LENGTH_BY_FORMAT[jsonSchema.format as keyof typeof MAX_LENGTH_BY_FORMAT];
  if (longest) {
    delete jsonSchema.pattern;
    jsonSchema.maxLength = longest;
  }
  if (jsonSchema.type === 'integer') jsonSchema.format = (jsonSchema.maximum ?? 0) < 2 ** 31 ? 'int32' : 'int64';
  // An explicit type takes precedence over zod's union.
  if (jsonSchema.type) delete jsonSchema.anyOf;
}
