import * as z from 'zod';
import { commonErrors, type Operation, UserPathParams } from '../kit/operation';
import { MAX_TOKEN, TOKEN } from '../kit/sync-token';
import { Task } from '../tasks/contract';

const MAX_LIMIT = 500;

/** A resource that was changed, as it is now. */
const Change = z.strictObject({
  type: z.literal('task'),
  id: z.uuid(),
  task: Task.nullable().describe('As it is now; null where it does not exist any more.'),
});
export type Change = z.output<typeof Change>;

const token = z
  .string()
  .meta({ maxLength: MAX_TOKEN, pattern: '^[A-Za-z0-9.~-]+$', description: 'For `since`, the next time.' });

export const ChangePage = z
  .strictObject({
    changes: z.array(Change).meta({ maxItems: MAX_LIMIT, description: 'To be applied in this order.' }),
    token,
    has_more: z.boolean().describe('Whether more follows, with `since=token`.'),
    reset: z
      .boolean()
      .describe('Whether this is the first page of everything: once `has_more` is false, drop what was not in a page.'),
  })
  .meta({
    id: 'ChangePage',
    examples: [
      {
        changes: [{ type: 'task', id: '019a5f3e-7a3c-7c61-9d0e-3b1f6a2c4d58', task: null }],
        token: '1042.hd3k9x2f7q',
        has_more: false,
        reset: false,
      },
    ],
  });
export type ChangePage = z.output<typeof ChangePage>;

const singleValue = z.string({ error: 'One value is expected' });

export const ChangesQuery = z.strictObject({
  since: singleValue.regex(TOKEN, 'Invalid token').optional().meta({ description: 'The `token` of the page before.' }),
  limit: singleValue
    .refine((text) => /^(500|[1-4]\d\d|[1-9]\d?)$/.test(text), `A whole number from 1 to ${MAX_LIMIT} is expected`)
    .transform(Number)
    .default(100)
    .meta({ type: 'integer', format: 'int32', minimum: 1, maximum: MAX_LIMIT, default: 100, description: 'How many.' }),
});
export type ChangesQuery = z.output<typeof ChangesQuery>;

export const listChanges = {
  tag: { name: 'Changes', description: 'What was changed, for clients that keep a copy.' },
  access: 'token',
  id: 'listChanges',
  method: 'GET',
  path: '/api/{user_id}/changes',
  summary: 'List changes',
  description: `Everything, in pages; with \`since\`, what was changed after that token. One loop serves the first
    synchronization and each later one: get, apply, keep \`token\`, and continue while \`has_more\`. After a page without
    \`has_more\`, the client has what the server had at one moment. A page also ends with the change that passes 1 MiB.
    A token is valid for 30 days after it ceased to be the newest one; one that is not is a 410: start without \`since\`.`,
  params: UserPathParams,
  query: ChangesQuery,
  success: { 200: ChangePage },
  errors: [...commonErrors, 'gone'],
} as const satisfies Operation;
