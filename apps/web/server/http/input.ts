import { ApiError, type Input, notFound, type Operation, validate, validationError } from '@taskward/api-core';
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
  const json = operation.body && (await readJson(request, operation.body.mediaTypes, operation.body.maxBytes));
  if (operation.body && json === undefined && !operation.body.optional) {
    throw new ApiError('malformed_body', 'A JSON body is required.');
  }
  const body = operation.body && json !== undefined ? validate(operation.body.schema, json, 'body') : undefined;
  const parameters = toParameterValues(request.search);
  const lastEventId = operation.event ? request.headers.get('last-event-id') : null;
  const query = validate(operation.query, lastEventId ? { ...parameters, since: lastEventId } : parameters, 'query');
  const errors = [...(query.errors ?? []), ...(body?.errors ?? [])];
  if (errors.length > 0) throw validationError(errors);
  const params = validate(operation.params, path, 'path');
  if (params.errors) throw notFound();
  return { query: query.value, body: body?.value, params: params.value } as Input<O>;
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
