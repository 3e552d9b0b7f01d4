import * as z from 'zod';
import { accountEndpoints } from '../accounts/contract';
import { type Endpoint, noInput } from '../kit/operation';

/** Endpoints besides the operations on resources: those of Better Auth that a client needs, and health checks. */

const Health = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Health', examples: [{ status: 'ok' }] });
const tag = { name: 'Service', description: 'Health checks, and this document.' };
const service = { tag, access: 'public', method: 'GET', params: noInput, query: noInput } as const;

const getLiveness = {
  ...service,
  id: 'getLiveness',
  path: '/api/health/live',
  summary: 'Liveness check',
  description: 'The process runs. Does not query the database.',
  success: { 200: Health },
  errors: ['internal'],
} as const satisfies Endpoint;

const getReadiness = {
  ...service,
  id: 'getReadiness',
  path: '/api/health/ready',
  summary: 'Readiness check',
  description:
    'The database responds within 3 seconds, its schema is up to date, row-level security is in force, and tokens can be signed. Otherwise, `detail` names the check that failed.',
  success: { 200: Health },
  errors: ['internal', 'unavailable'],
} as const satisfies Endpoint;

const getDocument = {
  ...service,
  id: 'getDocument',
  path: '/api/openapi.json',
  summary: 'This document',
  description: 'OpenAPI 3.1, generated from the schemas that validate.',
  success: {
    200: z
      .record(z.string().regex(/^\w+$/).max(50), z.unknown())
      .meta({ id: 'OpenApi', description: 'https://spec.openapis.org/oas/v3.1.1', additionalProperties: undefined }),
  },
  errors: ['internal'],
} as const satisfies Endpoint;

export const endpoints: readonly Endpoint[] = [...accountEndpoints, getLiveness, getReadiness, getDocument];
