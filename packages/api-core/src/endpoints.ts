import * as z from 'zod';
import { type Endpoint, none } from './operation';

/** What is served besides the operations on tasks: Better Auth's endpoints that a client needs, and the service's own. */

const line = (max: number, description: string) => z.string().meta({ maxLength: max, pattern: '\\S', description });
const email = z.email().meta({ maxLength: 254, pattern: undefined });
const password = z.string().meta({ minLength: 12, maxLength: 128, format: 'password' });
const moment = z.iso.datetime({ precision: 3 });

const User = z
  .strictObject({
    id: line(255, 'The `user_id` of the paths of tasks.'),
    name: line(255, 'What to call the person.'),
    email,
    emailVerified: z.boolean(),
    image: z.string().meta({ maxLength: 2048, format: 'uri' }).nullable(),
    createdAt: moment,
    updatedAt: moment,
  })
  .describe('The account, as Better Auth shows it.');

const Signed = z
  .strictObject({
    token: line(255, 'Of the session, which the cookie carries too. It is no access token.').nullable(),
    user: User,
    redirect: z.boolean().optional().describe('Always false.'),
    url: z.string().meta({ maxLength: 2048, format: 'uri' }).nullable().optional(),
  })
  .meta({ id: 'Signed', description: 'Who signed up or in. The session is in the cookie of the answer.' });

const json = ['application/json'];
const accounts = { tag: 'Accounts', params: none, query: none } as const;
const failures = ['rate_limited', 'internal', 'unavailable'] as const;
const refusals = ['malformed_body', 'payload_too_large', 'unsupported_media_type', ...failures] as const;

const signUp = {
  ...accounts,
  id: 'signUp',
  method: 'POST',
  path: '/api/auth/sign-up/email',
  summary: 'Make an account',
  description: 'And sign in to it: the answer sets the cookie of a session.',
  access: 'public',
  body: {
    schema: z.strictObject({ name: line(255, 'What to call you.'), email, password }).meta({
      id: 'SignUp',
      examples: [{ name: 'Ada', email: 'ada@example.com', password: 'correct horse battery' }],
    }),
    mediaTypes: json,
  },
  success: { 200: Signed },
  errors: [...refusals, 'forbidden', 'validation'],
} as const satisfies Endpoint;

const signIn = {
  ...accounts,
  id: 'signIn',
  method: 'POST',
  path: '/api/auth/sign-in/email',
  summary: 'Sign in',
  description:
    'The answer sets the cookie of a session. A wrong password and an unknown address are answered the same.',
  access: 'public',
  body: {
    schema: z.strictObject({ email, password }).meta({
      id: 'SignIn',
      examples: [{ email: 'ada@example.com', password: 'correct horse battery' }],
    }),
    mediaTypes: json,
  },
  success: { 200: Signed },
  errors: [...refusals, 'unauthorized', 'forbidden'],
} as const satisfies Endpoint;

const signOut = {
  ...accounts,
  id: 'signOut',
  method: 'POST',
  path: '/api/auth/sign-out',
  summary: 'Sign out',
  description: 'Ends the session. Access tokens that came from it are good until they expire, 15 minutes at most.',
  access: 'session',
  success: { 200: z.strictObject({ success: z.boolean() }).meta({ id: 'SignedOut', examples: [{ success: true }] }) },
  errors: [...refusals, 'unauthorized', 'forbidden'],
} as const satisfies Endpoint;

const getToken = {
  ...accounts,
  id: 'getToken',
  method: 'GET',
  path: '/api/auth/token',
  summary: 'An access token',
  description: 'A JWT for the session, good for 15 minutes. Its `sub` is the `user_id` of your paths.',
  access: 'session',
  success: {
    200: z
      .strictObject({ token: z.string().meta({ maxLength: 4096, pattern: '^[\\w-]+\\.[\\w-]+\\.[\\w-]+$' }) })
      .meta({ id: 'AccessToken' }),
  },
  errors: ['unauthorized', ...failures],
} as const satisfies Endpoint;

const base64url = (max: number, description: string) =>
  z.string().meta({ maxLength: max, pattern: '^[\\w-]+$', description });

const getKeys = {
  ...accounts,
  id: 'getKeys',
  method: 'GET',
  path: '/api/auth/jwks',
  summary: 'The public keys of access tokens',
  description: 'A JSON Web Key Set (RFC 7517), for other services that verify our tokens.',
  access: 'public',
  success: {
    200: z
      .strictObject({
        keys: z
          .array(
            z.strictObject({
              kid: line(255, 'As in the header of a token.'),
              alg: z.literal('EdDSA'),
              kty: z.literal('OKP'),
              crv: z.literal('Ed25519'),
              x: base64url(43, 'The public key.'),
            }),
          )
          .meta({ maxItems: 100 }),
      })
      .meta({ id: 'KeySet' }),
  },
  errors: failures,
} as const satisfies Endpoint;

const Health = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Health', examples: [{ status: 'ok' }] });
const service = { tag: 'Service', access: 'public', method: 'GET', params: none, query: none } as const;

const isLive = {
  ...service,
  id: 'isLive',
  path: '/api/health/live',
  summary: 'Whether the process runs',
  description: 'Never asks the database.',
  success: { 200: Health },
  errors: ['internal'],
} as const satisfies Endpoint;

const isReady = {
  ...service,
  id: 'isReady',
  path: '/api/health/ready',
  summary: 'Whether it can serve',
  description:
    'The database answers within 3 seconds, its schema is current, row-level security is in force, and tokens can be signed. Where not, `detail` says which.',
  success: { 200: Health },
  errors: ['internal', 'unavailable'],
} as const satisfies Endpoint;

const getDocument = {
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

export const endpoints: readonly Endpoint[] = [
  signUp,
  signIn,
  signOut,
  getToken,
  getKeys,
  isLive,
  isReady,
  getDocument,
];
