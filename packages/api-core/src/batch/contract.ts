import * as z from 'zod';
import { bodyErrors, commonErrors, noInput, type Operation, UserPathParams } from '../kit/operation';
import * as lists from '../lists/contract';
import * as tasks from '../tasks/contract';

const MAX_OPERATIONS = 100;
const MAX_BYTES = 256 * 1024;

/** The operations that can be parts of a batch. */
type Batched = Extract<
  (typeof tasks)[keyof typeof tasks] | (typeof lists)[keyof typeof lists],
  { readonly batch: true }
>;

function isBatched(value: unknown): value is Batched {
  return typeof value === 'object' && value !== null && 'batch' in value;
}
const batched: readonly Operation[] = [...Object.values<unknown>(tasks), ...Object.values<unknown>(lists)].filter(
  isBatched,
);

/** A version, or any. */
const condition = z.union([z.int32().min(1), z.literal('*')]);

type Side = 'input' | 'output';
type ValueOf<Schema extends z.ZodType, S extends Side> = S extends 'input' ? z.input<Schema> : z.output<Schema>;
type BodyOf<O extends Batched, S extends Side> = O extends { body: { schema: infer Schema extends z.ZodType } }
  ? ValueOf<Schema, S>
  : ValueOf<O['query'], S>;

/** An operation of a batch: its id, the resource, preconditions, and its body or, where it has none, its query. */
type Entry<S extends Side> = {
  [O in Batched as O['id']]: {
    readonly op: O['id'];
    readonly if_match?: number | '*' | undefined;
    readonly if_none_match?: number | '*' | undefined;
  } & (O['params']['shape'] extends { task_id: unknown }
    ? { readonly task_id: string }
    : { readonly list_id: string }) &
    (O extends { body: { schema: z.ZodType; optional?: never } }
      ? { readonly body: BodyOf<O, S> }
      : { readonly body?: BodyOf<O, S> | undefined });
}[Batched['id']];
export type BatchOperation = Entry<'output'>;

function toEntry({ body, id, params, query, summary }: Operation) {
  const { user_id: _, ...ids } = params.shape;
  const hasQuery = Object.keys(query.shape).length > 0;
  return z
    .strictObject({
      op: z.literal(id),
      ...ids,
      if_match: condition.optional(),
      if_none_match: condition.optional(),
      ...(body && { body: body.optional ? body.schema.optional() : body.schema }),
      ...(!body && hasQuery && { body: query.optional() }),
    })
    .describe(summary);
}

const [first, ...rest] = batched.map(toEntry);
if (!first) throw new Error('No operation can be a part of a batch.');

export const Batch = z
  .strictObject({
    // TypeScript cannot follow a union that is made of a list.
    operations: (
      z.discriminatedUnion('op', [first, ...rest], {
        error: 'Not an operation of batches',
      }) as unknown as z.ZodType<BatchOperation, Entry<'input'>>
    )
      .array()
      .min(1, 'At least 1 operation is needed')
      .max(MAX_OPERATIONS, `At most ${MAX_OPERATIONS} operations are allowed`),
  })
  .meta({
    id: 'Batch',
    examples: [
      {
        operations: [
          {
            op: 'replaceTask',
            task_id: '019a5f3e-7a3c-7c61-9d0e-3b1f6a2c4d58',
            body: { title: 'Plan the trip' },
          },
          {
            op: 'replaceTask',
            task_id: '019a5f3e-7a3c-7c61-9d0e-3b1f6a2c4d59',
            body: { title: 'Buy tickets', parent_id: '019a5f3e-7a3c-7c61-9d0e-3b1f6a2c4d58' },
          },
        ],
      },
    ],
  });
export type Batch = z.output<typeof Batch>;

export const BatchResult = z
  .strictObject({
    revision: z.int().min(1).nullable().describe('The one that holds all changes; null where nothing was changed.'),
    results: z
      .array(
        z.strictObject({
          id: z.uuid(),
          version: z.int32().min(1).nullable().describe('After the operation; null where it was deleted.'),
        }),
      )
      .meta({ maxItems: MAX_OPERATIONS, description: 'Of the operations, in their order.' }),
  })
  .meta({
    id: 'BatchResult',
    examples: [{ revision: 1042, results: [{ id: '019a5f3e-7a3c-7c61-9d0e-3b1f6a2c4d58', version: 1 }] }],
  });
export type BatchResult = z.output<typeof BatchResult>;

export const runBatch = {
  tag: { name: 'Batch', description: 'Several writes at once.' },
  access: 'token',
  id: 'runBatch',
  method: 'POST',
  path: '/api/{user_id}/batch',
  summary: 'Run several operations at once',
  description: `In their order, each sees those before it. All of them or nothing: they are one transaction and one revision,
    which can be undone as a whole. Each is an operation of this document, named by its \`operationId\`, with the body that it
    takes by itself; \`if_match\` and \`if_none_match\` are versions. Create with \`replaceTask\` and \`replaceList\` under ids of
    your own, so that later operations can name them. Where one fails, the response is the one that it would get by itself, with
    a pointer to it in \`errors\`, and nothing is changed. Counts as many requests as it has operations. With an
    \`Idempotency-Key\`, a retry returns the first response, for 24 hours.`,
  params: UserPathParams,
  query: noInput,
  body: { schema: Batch, mediaTypes: ['application/json'], maxBytes: MAX_BYTES },
  success: { 200: BatchResult },
  idempotent: true,
  cost: ({ operations }: Batch) => operations.length,
  errors: [...commonErrors, ...bodyErrors, 'malformed_header', 'not_found', 'conflict', 'precondition_failed'],
} as const satisfies Operation;
