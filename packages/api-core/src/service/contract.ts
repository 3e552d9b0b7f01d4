import * as z from 'zod';
import { accountEndpoints } from '../accounts/contract';
import { type Endpoint, noInput } from '../kit/operation';

/** What is served besides the operations on tasks: Better Auth's endpoints that a client needs, and the service's own. */

const Health = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Health', examples: [{ status: 'ok' }] });
const service = { tag: 'Service', access: 'public', method: 'GET', params: noInput, query: noInput } as const;

const getLiveness = {
  ...service,
  id: 'isLive',
  path: '/api/health/live',
  summary: 'Whether the process runs',
  description: 'Never asks the database.',
  success: { 200: Health },
  errors: ['internal'],
} as const satisfies Endpoint;

const getReadiness = {
  ...service,
  id: 'isReady',
  path: '/api/health/ready',
  summary: 'Whether it can serve',
  description:
    'The database answers within 3 seconds, its schema is current, row-level security is in force, and tokens can be signed. Where not, `detail` says which.',
  success: { 200: Health },
  errors: ['internal', 'unavailable'],
} as const satisfies Endpoint;

const getOpenApi = {
  ...service,
  id: 'getDocument',
  path: '/api/openapi.json',
  summary: 'This document',
  description: 'OpenAPI 3.1, made from the schemas that validate.',
  success: {
    200: z
      .record(z.string().regex(/^\w+$/).max(50), z.unknown())
      .meta({ id: 'OpenApi', description: 'https://spec.openapis.org/oas/v3.1.1', additionalProperties: undefined }),
  },
  errors: ['internal'],
} as const satisfies Endpoint;

export const endpoints: readonly Endpoint[] = [...accountEndpoints, getLiveness, getReadiness, getOpenApi];
