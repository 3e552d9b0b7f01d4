import type { z } from 'zod';
import type { Operation } from '../operation';

/** What `If-Match` or `If-None-Match` names: a resource as it was read, its version, an entity tag, or `*` for any version. */
export type Version = { readonly version: number } | number | string;

/**
 * Operations as functions, one for each, under its id. For an operation `updateNote`, for example:
 *
 * ```ts
 * updateNote(request: {
 *   params: { user_id: string; note_id: string };
 *   body: { text?: string };
 *   ifMatch?: Version;
 *   idempotencyKey?: string;
 *   signal?: AbortSignal;
 * }): Promise<{ status: 200; body: Note; etag: string | undefined; replayed: boolean; revision: number | undefined }>
 * ```
 */
export type ClientOf<Operations extends Record<string, Operation>> = {
  readonly [Id in keyof Operations]: ClientMethod<Operations[Id]>;
};

/** The operations that a module exports, by id. */
export type OperationsOf<Module> = {
  [O in Extract<Module[keyof Module], Operation> as O['id']]: O;
};

/** A request without `ifNoneMatch` never has the response 304. */
type ClientMethod<O extends Operation> = (304 extends keyof O['success']
  ? (request: RequestOptions<O> & { readonly ifNoneMatch: Version | undefined }) => Promise<Result<O>>
  : unknown) &
  ((request: RequestOptions<O>) => Promise<Exclude<Result<O>, { status: 304 }>>);

/** The input of an operation. Parts that the operation does not have are left out. */
export type RequestOptions<O extends Operation> = {
  readonly params: z.input<O['params']>;
  readonly query?: QueryParams<O['query']>;
  readonly signal?: AbortSignal | undefined;
} & BodyOption<O['body']> &
  If<O['idempotent'], { readonly idempotencyKey?: string | undefined }> &
  If<Includes<O['errors'], 'precondition_failed'>, { readonly ifMatch?: Version | undefined }> &
  If<Equals<O['method'], 'PUT'>, { readonly ifNoneMatch?: '*' | undefined }>;

type BodyOption<Body> = Body extends { readonly schema: infer S; readonly optional: true }
  ? { readonly body?: z.input<S> }
  : Body extends { readonly schema: infer S }
    ? { readonly body: z.input<S> }
    : unknown;

type BodyOf<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;
type If<Condition, Then> = Condition extends true ? Then : unknown;
type Includes<List extends readonly unknown[], Item> = Item extends List[number] ? true : false;
type Equals<A, B> = A extends B ? true : false;

/** In a URL all values are text; here they are numbers, booleans and names, as the server parses them. */
type QueryParams<S extends z.ZodObject> = {
  readonly [K in keyof z.input<S>]: QueryParam<z.output<S>[K & keyof z.output<S>], z.input<S>[K]>;
};
type QueryParam<Parsed, Wire> = Parsed extends readonly (infer E)[]
  ? string extends E
    ? Wire
    : E | readonly E[]
  : Parsed;

/** A response that is a success; its status determines the type of its body. That of an event stream is its events. */
export type Result<O extends Operation> = {
  [Status in keyof O['success']]: {
    readonly status: Status;
    readonly body: O['event'] extends string
      ? AsyncGenerator<BodyOf<O['success'][Status]>, void>
      : BodyOf<O['success'][Status]>;
    /** As in the header, with its quotes. */
    readonly etag: string | undefined;
    /** Whether the response is the stored one of an earlier request with the same `Idempotency-Key`. */
    readonly replayed: boolean;
    /** The revision that a write made, where it changed something. */
    readonly revision: number | undefined;
  };
}[keyof O['success']];
