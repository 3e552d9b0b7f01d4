import { randomInt, randomUUID } from 'node:crypto';
import { type Operation, operations } from '@taskward/api-core';
import { expect } from 'vitest';
import { z } from 'zod';
import { send, type TestUser } from './harness';

/** Requests for any operation of any resource, derived from what the operations declare. */

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: Record<string, unknown>;
}

/** The parameters of a path, by name. */
export type PathParams = Readonly<Record<string, string>>;

/** The path with these parameters, and an id of nothing for each that is left out. */
export const fillPath = (path: string, params: PathParams): string =>
  path.replace(PARAMETER, (_, list: string, name: string) => `${list}/${params[toKey(list, name)] ?? unusedId(name)}`);

/** An id that no resource has: a number for revisions, which each user counts on their own. */
export const unusedId = (name: string): string =>
  name === 'revision' ? String(randomInt(10 ** 9, 10 ** 14)) : randomUUID();

/** A parameter of a path, after the list that it is in. */
const PARAMETER = /(\w+)\/\{(\w+)\}/g;

/** What is in the trash has the ids of other resources than what is not. */
const toKey = (list: string, name: string) => (list === 'trash' ? `trashed_${name}` : name);

/** The operation that creates each resource, by the path parameter that has its id. */
const creators = new Map(
  operations
    .filter(({ method, location }) => method === 'POST' && location)
    .flatMap((creator) => {
      const [, name] = operations.map(({ path }) => itemOf(creator.path).exec(path)).find((found) => found) ?? [];
      return name ? [[name, creator] as const] : [];
    }),
);

function itemOf(list: string): RegExp {
  return new RegExp(`^${list.replace(/[{}]/g, '\\$&')}/\\{(\\w+)\\}$`);
}

/** The path parameter that has the id of the resource that the operation is on; undefined for a list. */
export function idParamOf({ id, path }: Operation): string | undefined {
  const [list = '', name = ''] =
    [...path.matchAll(PARAMETER)].map(([, list = '', name = '']) => [list, name]).at(-1) ?? [];
  if (name === 'user_id') return undefined;
  if (name !== 'revision' && !creators.has(name)) {
    throw new Error(`No POST creates the resource of ${id}, whose id is {${name}}.`);
  }
  return toKey(list, name);
}

/** The path parameter for the id of the resource that the operation returns with a 201. */
export const createdParamOf = (operation: Operation): string | undefined =>
  idParamOf(operation) ?? [...creators].find(([, creator]) => creator === operation)?.[0];

/** Whether the operation succeeds only once on a resource, which it deletes, restores or undoes. */
export const isOnce = (operation: Operation): boolean =>
  operation.method === 'DELETE' || (operation.method === 'POST' && idParamOf(operation) !== undefined);

/** A valid body for the operation: the example of its schema. */
export function bodyFor({ id, body }: Operation): Record<string, unknown> | undefined {
  if (!body) return undefined;
  const [example] = z.array(z.record(z.string(), z.unknown())).parse(body.schema.meta()?.examples);
  if (!body.schema.safeParse(example).success) throw new Error(`The body of ${id} needs a valid example.`);
  return example;
}

/** The same, with this text in each field that accepts it. */
export function bodyWithText(operation: Operation, text: string): Record<string, unknown> | undefined {
  const schema = operation.body?.schema;
  if (!(schema instanceof z.ZodObject)) return bodyFor(operation);
  const body = { ...bodyFor(operation) };
  for (const field of Object.keys(schema.shape)) {
    for (const value of [text, [text]]) {
      if (schema.safeParse({ ...body, [field]: value }).success) body[field] = value;
    }
  }
  return body;
}

/** A valid request for the operation, which can only fail because of its sender. */
export function requestFor(operation: Operation, params: PathParams): Call {
  const body = bodyFor(operation);
  return { method: operation.method, path: fillPath(operation.path, params), ...(body && { body }) };
}

/**
 * Creates one of each resource as the user, one that is in the trash, and a revision that can be undone. Returns their ids,
 * and that of the user, by path parameter.
 */
export async function createResources(user: TestUser, text?: string): Promise<Record<string, string>> {
  const params: Record<string, string> = { user_id: user.id };
  for (const [name, creator] of creators) {
    const create = async () => {
      const body = text === undefined ? bodyFor(creator) : bodyWithText(creator, text);
      const response = await send('POST', fillPath(creator.path, params), { token: user.token, body });
      expect(response.status, creator.id).toBe(201);
      const { id } = z.object({ id: z.string() }).parse(await response.json());
      return { id, path: `${fillPath(creator.path, params)}/${id}`, revision: response.headers.get('Revision') ?? '' };
    };
    const trashed = await create();
    expect((await send('DELETE', trashed.path, { token: user.token })).status).toBe(204);
    params[`trashed_${name}`] = trashed.id;
    params.revision = (await create()).revision;
    params[name] = (await create()).id;
  }
  return params;
}

/** The status of a success where the resource exists. */
export const successOf = ({ success }: Operation): number => Math.min(...Object.keys(success).map(Number));
