import {
  ApiError,
  Created,
  check,
  type Fault,
  type Input,
  invalid,
  type Operation,
  type Output,
  type Preconditions,
  parseEntityTags,
  type tasks,
  toEntityTag,
} from '@taskward/api-core';
import { readJson } from './body';
import { respond } from './respond';

type Handle<O extends Operation> = (input: Input<O> & { ctx: tasks.Context }) => Promise<Output<O>>;
type RouteHandler = (request: Request, route: { params: Promise<Record<string, string>> }) => Promise<Response>;

/** The way of every request to an operation: who calls, whose path, what is asked, the handler, the answer. */
export function route<const O extends Operation>(operation: O, handle: Handle<O>): RouteHandler {
  return (request, { params }) =>
    respond(request, async (call) => {
      const { authenticate, cursorKey, db } = call.app;
      call.operation = operation.id;
      const userId = await authenticate(request.headers.get('authorization'));
      call.userId = userId;
      const path = await params;
      if (path.user_id !== userId) throw new ApiError('forbidden', 'This path belongs to another user.');
      const input = await readInput(operation, request, path);
      const result = await handle({ ...input, ctx: { db, userId, cursorKey } });
      return toResponse(operation, result, input.preconditions);
    });
}

async function readInput<O extends Operation>(
  operation: O,
  request: Request,
  path: Record<string, string>,
): Promise<Input<O>> {
  const query = check(operation.query, toObject(new URL(request.url).searchParams), 'query');
  const body = operation.body ? await readBody(operation.body, request) : {};
  const faults: Fault[] = [...(query.faults ?? []), ...(body.faults ?? [])];
  if (faults.length > 0) throw invalid(faults);
  const params = check(operation.params, path, 'path');
  if (params.faults) throw new ApiError('not_found', 'You have no task with this id.');
  const preconditions = readPreconditions(request);
  return { query: query.value, body: body.value, params: params.value, preconditions } as Input<O>;
}

async function readBody(
  body: NonNullable<Operation['body']>,
  request: Request,
): Promise<{ value?: unknown; faults?: Fault[] | undefined }> {
  const json = await readJson(request, body.mediaTypes);
  if (json !== undefined) return check(body.schema, json, 'body');
  if (body.optional) return {};
  throw new ApiError('malformed_body', 'A JSON body is needed.');
}

/** A parameter that is repeated becomes an array. */
function toObject(parameters: URLSearchParams): Record<string, string | string[]> {
  const names = [...new Set(parameters.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = parameters.getAll(name);
      return [name, values.length > 1 ? values : (values[0] ?? '')];
    }),
  );
}

/** A read may be answered by what the client has already, which a weak tag will do for (RFC 9110, 13.1.2). */
function readPreconditions({ method, headers }: Request): Preconditions {
  const read = (name: string, comparison: 'strong' | 'weak') => {
    const field = headers.get(name);
    return field === null ? undefined : parseEntityTags(field, comparison);
  };
  return { ifMatch: read('if-match', 'strong'), ifNoneMatch: read('if-none-match', 'weak') };
}

function toResponse(operation: Operation, result: unknown, { ifNoneMatch }: Preconditions): Response {
  const headers = new Headers({ 'Cache-Control': 'private, no-cache' });
  if (result === undefined) return new Response(null, { status: 204, headers });
  const answer = result instanceof Created ? result.value : result;
  const etag = operation.etag?.(answer as never);
  if (etag) headers.set('ETag', etag);
  if (result instanceof Created) {
    if (operation.location) headers.set('Location', operation.location(answer as never));
    return Response.json(answer, { status: 201, headers });
  }
  const isKnown = ifNoneMatch === 'any' || ifNoneMatch?.some((version) => toEntityTag(version) === etag);
  if (operation.method === 'GET' && etag && isKnown) return new Response(null, { status: 304, headers });
  return Response.json(answer, { headers });
}
