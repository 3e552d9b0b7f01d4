import { randomUUID } from 'node:crypto';
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

/** The path with these parameters, and a new UUID for each that is left out. */
export const fillPath = (path: string, params: PathParams): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? randomUUID());

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
  const name = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).at(-1);
  if (!name || name === 'user_id') return undefined;
  if (!creators.has(name)) throw new Error(`No POST creates the resource of ${id}, whose id is {${name}}.`);
  return name;
}

/** The path parameter for the id of the resource that the operation returns with a 201. */
export const createdParamOf = (operation: Operation): string | undefined =>
  idParamOf(operation) ?? [...creators].find(([, creator]) => creator === operation)?.[0];

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

/** Creates one of each resource as the user. Returns their ids, and that of the user, by path parameter. */
export async function createResources(user: TestUser, text?: string): Promise<Record<string, string>> {
  const params: Record<string, string> = { user_id: user.id };
  for (const [name, creator] of creators) {
    const body = text === undefined ? bodyFor(creator) : bodyWithText(creator, text);
    const response = await send('POST', fillPath(creator.path, params), { token: user.token, body });
    expect(response.status, creator.id).toBe(201);
    params[name] = z.object({ id: z.string() }).parse(await response.json()).id;
  }
  return params;
}

/** The status of a success where the resource exists. */
export const successOf = ({ success }: Operation): number => Math.min(...Object.keys(success).map(Number));
