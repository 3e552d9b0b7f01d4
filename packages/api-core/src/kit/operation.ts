import * as z from 'zod';
import type { FieldError, ProblemCode } from './errors';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What the document tells of any endpoint, as data. */
export interface Endpoint {
  readonly id: string;
  readonly tag: 'Tasks' | 'Accounts' | 'Service';
  readonly method: Method;
  /** With its parameters in braces, as in OpenAPI: `/api/{user_id}/tasks`. */
  readonly path: `/api/${string}`;
  readonly summary: string;
  readonly description: string;
  /** What shows who calls: the access token, the session cookie, or nothing. */
  readonly access: 'token' | 'session' | 'public';
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body?: { readonly schema: z.ZodType; readonly mediaTypes: readonly string[]; readonly optional?: true };
  /** The schema of the answer by status; null for an answer without a body. */
  readonly success: Readonly<Partial<Record<200 | 201 | 204 | 304, z.ZodType | null>>>;
  readonly errors: readonly ProblemCode[];
}

/** What one operation on tasks promises: the route validates by it, the document and the client are made from it. */
export interface Operation extends Endpoint {
  readonly access: 'token';
  /** The entity tag of what it answers with (RFC 9110, 8.8.3). */
  readonly etag?: (answer: never) => string;
  /** Whether `Idempotency-Key` is honoured. */
  readonly idempotent?: true;
  /** Of what it answers with 201: the path where it is found from now on. */
  readonly location?: (created: never) => string;
  /** Of a page: the cursor of the one after it, for the `Link` to it (RFC 8288). */
  readonly next?: (page: never) => string | null;
}

/** What a handler of the operation receives, each part validated. */
export interface Input<O extends Operation> {
  readonly params: z.output<O['params']>;
  readonly query: z.output<O['query']>;
  readonly body: O['body'] extends { readonly schema: infer S extends z.ZodType }
    ? z.output<S> | (O['body'] extends { readonly optional: true } ? undefined : never)
    : undefined;
}

type BodyOf<S> = S extends z.ZodType ? z.output<S> : undefined;
type ResponseAt<O extends Operation, K> = K extends keyof O['success'] ? O['success'][K] : never;

/** What a handler of the operation returns. */
export type Output<O extends Operation> = FreshOutput<O> | Replayed<FreshOutput<O>>;
type FreshOutput<O extends Operation> =
  | BodyOf<ResponseAt<O, 200>>
  | BodyOf<ResponseAt<O, 204>>
  | Created<BodyOf<ResponseAt<O, 201>>>;

/** Marks a handler's result as newly created: answered with 201 and `Location`. */
export class Created<T> {
  constructor(readonly value: T) {}
}

/** Marks a handler's result as one that was given before, for the same `Idempotency-Key`. */
export class Replayed<T> {
  constructor(readonly value: T) {}
}

/** Checks one part of a request. Answers its value, or what is wrong with it. */
export function validate<S extends z.ZodType>(
  schema: S,
  value: unknown,
  part: FieldError['in'],
): { value: z.output<S>; faults?: undefined } | { value?: undefined; faults: FieldError[] } {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return { value: result.data };
  return { faults: result.error.issues.flatMap((issue) => toFieldErrors(issue, part)) };
}

function toFieldErrors(issue: z.core.$ZodIssue, part: FieldError['in']): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    const message = part === 'query' ? 'Unknown parameter.' : 'Unknown or read-only member.';
    return issue.keys.map((key) => ({ in: part, pointer: pointer([...issue.path, key]), code: 'unknown', message }));
  }
  return [{ in: part, pointer: pointer(issue.path), code: toErrorCode(issue), message: `${issue.message}.` }];
}

const issueCodes: Partial<Record<z.core.$ZodIssue['code'], string>> = {
  invalid_type: 'invalid_type',
  invalid_value: 'not_allowed',
  invalid_format: 'invalid_format',
};

function toErrorCode(issue: z.core.$ZodIssue): string {
  if (issue.code === 'custom') return String(issue.params?.code ?? 'invalid');
  if (issue.code === 'too_big') return issue.origin === 'array' ? 'too_many' : 'too_big';
  if (issue.code === 'too_small') return issue.origin === 'array' ? 'too_few' : 'too_small';
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'required';
  return issueCodes[issue.code] ?? 'invalid';
}

/** RFC 6901. */
function pointer(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

export const noInput = z.strictObject({});
