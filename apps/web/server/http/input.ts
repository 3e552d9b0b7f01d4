import {
  ApiError,
  type FieldError,
  type Input,
  notFound,
  type Operation,
  validate,
  validationError,
} from '@taskward/api-core';
import { readJson } from './body';
import type { HttpRequest, PathParams } from './message';

/**
 * Reads and validates the path, query and body of a request.
 *
 * @throws {ApiError} 422 with every error of query and body, 404 for an invalid path, or an error of `readJson`.
 */
export async function readInput<O extends Operation>(
  operation: O,
  request: HttpRequest,
  path: PathParams,
): Promise<Input<O>> {
  const body = operation.body ? await readBody(operation.body, request) : {};
  const query = validate(operation.query, toParameterValues(request.search), 'query');
  const errors = [...(query.errors ?? []), ...(body.errors ?? [])];
  if (errors.length > 0) throw validationError(errors);
  const params = validate(operation.params, path, 'path');
  if (params.errors) throw notFound();
  return { query: query.value, body: body.value, params: params.value } as Input<O>;
}

interface Validated {
  readonly value?: unknown;
  readonly errors?: readonly FieldError[] | undefined;
}

async function readBody(body: NonNullable<Operation['body']>, request: HttpRequest): Promise<Validated> {
  const json = await readJson(request, body.mediaTypes);
  if (json !== undefined) return validate(body.schema, json, 'body');
  if (body.optional) return {};
  throw new ApiError('malformed_body', 'A JSON body is required.');
}

/** A repeated parameter becomes an array. */
function toParameterValues(search: string): Record<string, string | string[]> {
  if (search === '') return {};
  const parameters = new URLSearchParams(search);
  const names = [...new Set(parameters.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = parameters.getAll(name);
      return [name, values.length > 1 ? values : (values[0] ?? '')];
    }),
  );
}
