import * as z from 'zod';
import type { ProblemCode } from './errors';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A section of the OpenAPI document. */
export interface Tag {
  readonly name: string;
  readonly description: string;
}

/** An endpoint as data, as the OpenAPI document describes it. */
export interface Endpoint {
  readonly id: string;
  /** The section of the document that it belongs to. */
  readonly tag: Tag;
  readonly method: Method;
  /** With its parameters in braces, as in OpenAPI: `/api/{user_id}/notes`. */
  readonly path: `/api/${string}`;
  readonly summary: string;
  readonly description: string;
  /** How it authenticates: by the access token, the session cookie, or not at all. */
  readonly access: 'token' | 'session' | 'public';
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body?: {
    readonly schema: z.ZodType;
    readonly mediaTypes: readonly string[];
    readonly optional?: true;
    /** 64 KiB by default. */
    readonly maxBytes?: number;
  };
  /** The schema of the response by status; null for a response without a body. */
  readonly success: Readonly<Partial<Record<200 | 201 | 204 | 304, z.ZodType | null>>>;
  readonly errors: readonly ProblemCode[];
}

/** An operation on a resource: routes validate by it, and the document and the client are generated from it. */
export interface Operation extends Endpoint {
  readonly access: 'token';
  /** The entity tag of its body (RFC 9110, 8.8.3); or, of a list, the weak one that the handler returns. */
  readonly etag?: ((body: never) => string) | 'weak';
  /** Whether it honours `Idempotency-Key`. */
  readonly idempotent?: true;
  /** The path of a resource that it has created. */
  readonly location?: (created: never) => string;
  /** Whether it can be a part of a batch. */
  readonly batch?: true;
  /** As how many requests it counts; 1 by default. */
  readonly cost?: (body: never) => number;
  /** Of an event stream: the name of its events, each of which has a body of the success as its data. */
  readonly event?: string;
  /** The cursor of the page after this one, for the `Link` header (RFC 8288). */
  readonly next?: (page: never) => string | null;
}

/** The validated input of a handler. */
export interface Input<O extends Operation> {
  readonly params: z.output<O['params']>;
  readonly query: z.output<O['query']>;
  readonly body: O['body'] extends { readonly schema: infer S extends z.ZodType }
    ? z.output<S> | (O['body'] extends { readonly optional: true } ? undefined : never)
    : undefined;
}

type BodyOf<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** What is sent in an event stream: page after page, without end. */
export interface Feed<Page = FeedPage> {
  /** Where it begins, after the first page. */
  readonly token: string;
  readonly first?: Page | undefined;
  /** The page after a token; one that has the same token is not sent. */
  next(token: string): Promise<Page>;
}

export interface FeedPage {
  /** Begins with the position of the journal, a decimal number. */
  readonly token: string;
  readonly has_more: boolean;
}

/** What a handler of the operation returns: the status of a success and its body. A handler of lists also returns 304s. */
export type Output<O extends Operation> = {
  [Status in ReturnedStatus<O>]: {
    readonly status: Status;
    readonly body: O['event'] extends string ? Feed<BodyOf<O['success'][Status]>> : BodyOf<O['success'][Status]>;
    /** Whether it is the stored response of an earlier request with the same `Idempotency-Key`. */
    readonly replayed?: boolean;
    /** The entity tag of a list. */
    readonly etag?: string | undefined;
    /** The revision that the write made, for the `Revision` header. */
    readonly revision?: number | undefined;
  };
}[ReturnedStatus<O>];
type ReturnedStatus<O extends Operation> = Extract<
  O['etag'] extends 'weak' ? keyof O['success'] : Exclude<keyof O['success'], 304>,
  number
>;

/** For an operation that has no parameters of this kind. */
export const noInput = z.strictObject({});

/** The path parameters of an operation on the list of a resource. */
export const UserPathParams = z.strictObject({
  user_id: z
    .string()
    .meta({ maxLength: 255, pattern: '^\\S+$', description: 'Your own id, which is the `sub` of your token.' }),
});

/** What any operation can fail with. */
export const commonErrors = [
  'unauthorized',
  'forbidden',
  'validation',
  'rate_limited',
  'internal',
  'unavailable',
] as const;

/** What an operation with a body can fail with besides. */
export const bodyErrors = ['malformed_body', 'payload_too_large', 'unsupported_media_type'] as const;
