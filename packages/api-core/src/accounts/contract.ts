import { hasVisible, INVISIBLE } from '@taskward/db/text';
import * as z from 'zod';
import { type Endpoint, noInput } from '../kit/operation';
import { EMAIL, NAME, PASSWORD } from './limits';

/** Accounts: what a name, an e-mail address and a password is, and the endpoints of Better Auth that a client needs. */

const MAX_URL = 2048;
const MAX_TOKEN = 255;

/** PostgreSQL stores none (https://www.postgresql.org/docs/current/datatype-character.html). */
const NO_NUL = [/^[^\0]*$/, 'Text has no NUL character.'] as const;

const codePoints = (text: string) => [...text].length;

/** One line of text that shows, trimmed and in NFC. */
const Name = z
  .string('A name is text.')
  .trim()
  .normalize('NFC')
  .refine((name) => codePoints(name) <= NAME.max, {
    error: `A name has at most ${NAME.max} characters.`,
    abort: true,
  })
  .refine((name) => hasVisible(name), 'A name has at least one character that can be seen.')
  .refine(
    (name) => name.isWellFormed() && !/\p{Cc}/u.test(name),
    'A name has no control characters and no lone surrogates.',
  )
  .meta({ minLength: NAME.min, maxLength: NAME.max, pattern: `^(?=.*[^${INVISIBLE}])\\P{Cc}*$` });

/** As Better Auth takes it: by the same pattern, and in lower case. */
const Email = z
  .string('An e-mail address is text.')
  .max(EMAIL.max, { error: `An e-mail address has at most ${EMAIL.max} characters.`, abort: true })
  .regex(z.regexes.email, 'This is not an e-mail address.')
  .toLowerCase()
  .meta({ format: 'email' });

/** An existing password. It is only compared, so its rules are weaker than those of a new one. */
const Password = z
  .string('A password is text.')
  .refine((password) => password !== '', {
    error: 'The password is missing.',
    params: { code: 'PASSWORD_REQUIRED' },
    abort: true,
  })
  .refine((password) => codePoints(password) <= PASSWORD.max, {
    error: `A password has at most ${PASSWORD.max} characters.`,
    params: { code: 'PASSWORD_TOO_LONG' },
  })
  .regex(...NO_NUL)
  .meta({ minLength: 1, maxLength: PASSWORD.max, format: 'password' });

/** Well-formed and long enough (NIST SP 800-63B-4, 3.1.1.2), counted in code points; the server refuses common ones besides. */
const NewPassword = Password.refine((password) => password.isWellFormed(), 'A password has no lone surrogates.')
  .refine((password) => codePoints(password) >= PASSWORD.min, {
    error: `A password has at least ${PASSWORD.min} characters.`,
    params: { code: 'PASSWORD_TOO_SHORT' },
  })
  .meta({ minLength: PASSWORD.min, maxLength: PASSWORD.max, format: 'password' });

/** A URI, so ASCII alone (RFC 3986). */
const Image = z
  .string('An image is an https address.')
  .max(MAX_URL, { error: `The address of an image has at most ${MAX_URL} characters.`, abort: true })
  .regex(/^https:\/\/[!-~]+$/, { error: 'An image is an https address.', abort: true })
  .refine((url) => URL.canParse(url), 'An image is an https address.')
  .meta({ format: 'uri' });

const Token = (description: string) =>
  z
    .string('A token is text.')
    .min(1, 'A token has at least one character.')
    .max(MAX_TOKEN, { error: 'No token is that long.', abort: true })
    .regex(...NO_NUL)
    .meta({ description });

/** Where Better Auth sends the browser next. Whether it may is the server's to say. */
const Destination = z
  .string('An address is text.')
  .max(MAX_URL, { error: `An address has at most ${MAX_URL} characters.`, abort: true })
  .regex(...NO_NUL)
  .optional();

const singleLine = (max: number, description: string) =>
  z.string().meta({ maxLength: max, pattern: '\\S', description });
const timestamp = z.iso.datetime({ precision: 3 });

const User = z
  .strictObject({
    id: singleLine(255, 'The `user_id` of the paths of tasks.'),
    name: singleLine(NAME.max, 'What to call the person.'),
    email: z.email().meta({ maxLength: EMAIL.max, pattern: undefined }),
    emailVerified: z.boolean(),
    image: z.string().meta({ maxLength: MAX_URL, format: 'uri' }).nullable(),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .describe('The account, as Better Auth shows it.');

const session = singleLine(MAX_TOKEN, 'Of the session, which the cookie carries too. It is no access token.');

const AuthSession = z
  .strictObject({
    token: session.nullable(),
    user: User,
    redirect: z.boolean().optional().describe('Whether the request named a `callbackURL`.'),
    url: z.string().meta({ maxLength: MAX_URL, format: 'uri' }).nullable().optional(),
  })
  .meta({ id: 'Signed', description: 'Who signed up or in. The session is in the cookie of the response.' });

const Status = z.strictObject({ status: z.literal(true) }).meta({ id: 'Status', examples: [{ status: true }] });

const NO_OBJECT = 'The body is a JSON object.';
/** Better Auth ignores members that it does not know. */
const body = <S extends z.ZodRawShape>(shape: S, meta: { id: string; examples: object[]; minProperties?: number }) => ({
  schema: z.object(shape, NO_OBJECT).meta(meta),
  mediaTypes: ['application/json'],
});

const tag = { name: 'Accounts', description: 'Sign up, sign in, get a token: Better Auth.' };
const accounts = { tag, method: 'POST', params: noInput, query: noInput } as const;
const failures = ['rate_limited', 'internal', 'unavailable'] as const;
const refusals = ['malformed_body', 'payload_too_large', 'unsupported_media_type', 'forbidden', ...failures] as const;

const EMAIL_EXAMPLE = 'ada@example.com';
const PASSWORD_EXAMPLE = 'correct horse battery';

const signUp = {
  ...accounts,
  id: 'signUp',
  path: '/api/auth/sign-up/email',
  summary: 'Create an account',
  description: 'And sign in to it: the response sets the cookie of a session.',
  access: 'public',
  body: body(
    {
      name: Name.describe('What to call you.'),
      email: Email,
      password: NewPassword,
      image: Image.optional(),
      callbackURL: Destination,
      rememberMe: z.boolean('`rememberMe` is a boolean.').optional(),
    },
    { id: 'SignUp', examples: [{ name: 'Ada', email: EMAIL_EXAMPLE, password: PASSWORD_EXAMPLE }] },
  ),
  success: { 200: AuthSession },
  errors: [...refusals, 'validation'],
} as const satisfies Endpoint;

const signIn = {
  ...accounts,
  id: 'signIn',
  path: '/api/auth/sign-in/email',
  summary: 'Sign in',
  description:
    'The response sets the cookie of a session. A wrong password and an unknown address have the same response.',
  access: 'public',
  body: body(
    {
      email: Email,
      password: Password,
      callbackURL: Destination,
      rememberMe: z.boolean('`rememberMe` is a boolean.').optional(),
    },
    { id: 'SignIn', examples: [{ email: EMAIL_EXAMPLE, password: PASSWORD_EXAMPLE }] },
  ),
  success: { 200: AuthSession },
  errors: [...refusals, 'unauthorized'],
} as const satisfies Endpoint;

const signOut = {
  ...accounts,
  id: 'signOut',
  path: '/api/auth/sign-out',
  summary: 'Sign out',
  description: 'Ends the session. Access tokens that came from it are good until they expire, 15 minutes at most.',
  access: 'session',
  success: { 200: z.strictObject({ success: z.boolean() }).meta({ id: 'SignedOut', examples: [{ success: true }] }) },
  errors: [...refusals, 'unauthorized'],
} as const satisfies Endpoint;

const updateUser = {
  ...accounts,
  id: 'updateUser',
  path: '/api/auth/update-user',
  summary: 'Change the name or the image',
  description: 'At least one of them.',
  access: 'session',
  body: body(
    { name: Name.optional(), image: Image.nullable().optional() },
    { id: 'UserUpdate', minProperties: 1, examples: [{ name: 'Ada' }] },
  ),
  success: { 200: Status },
  errors: [...refusals, 'unauthorized'],
} as const satisfies Endpoint;

const changePassword = {
  ...accounts,
  id: 'changePassword',
  path: '/api/auth/change-password',
  summary: 'Change the password',
  description: 'Ends every other session. The response sets the cookie of a new one for this client.',
  access: 'session',
  body: body(
    { currentPassword: Password, newPassword: NewPassword },
    {
      id: 'PasswordChange',
      examples: [{ currentPassword: PASSWORD_EXAMPLE, newPassword: 'a few other words' }],
    },
  ),
  success: { 200: z.strictObject({ token: session.nullable(), user: User }).meta({ id: 'PasswordChanged' }) },
  errors: [...refusals, 'unauthorized'],
} as const satisfies Endpoint;

const deleteUser = {
  ...accounts,
  id: 'deleteUser',
  path: '/api/auth/delete-user',
  summary: 'Delete the account',
  description: 'And all of its tasks, at once and for good.',
  access: 'session',
  body: body({ password: Password }, { id: 'UserDeletion', examples: [{ password: PASSWORD_EXAMPLE }] }),
  success: {
    200: z
      .strictObject({ success: z.literal(true), message: singleLine(100, 'In words.') })
      .meta({ id: 'UserDeleted', examples: [{ success: true, message: 'User deleted' }] }),
  },
  errors: [...refusals, 'unauthorized'],
} as const satisfies Endpoint;

const requestPasswordReset = {
  ...accounts,
  id: 'requestPasswordReset',
  path: '/api/auth/request-password-reset',
  summary: 'Ask for a link to choose a new password',
  description: 'Sent to the address, where it has an account; the response is the same where it has none.',
  access: 'public',
  body: body(
    { email: Email, redirectTo: Destination },
    { id: 'PasswordResetRequest', examples: [{ email: EMAIL_EXAMPLE }] },
  ),
  success: {
    200: z
      .strictObject({ status: z.literal(true), message: singleLine(200, 'In words.') })
      .meta({ id: 'PasswordResetRequested' }),
  },
  errors: refusals,
} as const satisfies Endpoint;

const resetPassword = {
  ...accounts,
  id: 'resetPassword',
  path: '/api/auth/reset-password',
  summary: 'Choose a new password',
  description: 'With the token from the link, which is good once. Ends every session.',
  access: 'public',
  body: body(
    { newPassword: NewPassword, token: Token('The token of the link.') },
    { id: 'PasswordReset', examples: [{ newPassword: PASSWORD_EXAMPLE, token: 'Zk3vT9qLr2WcXy7HbN4mDs8P' }] },
  ),
  success: { 200: Status },
  errors: refusals,
} as const satisfies Endpoint;

const sendVerificationEmail = {
  ...accounts,
  id: 'sendVerificationEmail',
  path: '/api/auth/send-verification-email',
  summary: 'Ask for another link to confirm the address',
  description: 'Sent to the address, where it has an account that is not confirmed yet.',
  access: 'public',
  body: body(
    { email: Email, callbackURL: Destination },
    { id: 'VerificationRequest', examples: [{ email: EMAIL_EXAMPLE }] },
  ),
  success: { 200: Status },
  errors: refusals,
} as const satisfies Endpoint;

const revokeSession = {
  ...accounts,
  id: 'revokeSession',
  path: '/api/auth/revoke-session',
  summary: 'End one session',
  description: 'By its token, as `/api/auth/list-sessions` has it. Has no effect where it is not yours.',
  access: 'session',
  body: body(
    { token: Token('The token of the session.') },
    { id: 'SessionRevocation', examples: [{ token: 'Zk3vT9qLr2WcXy7HbN4mDs8PfGa1JuKe' }] },
  ),
  success: { 200: Status },
  errors: [...refusals, 'unauthorized'],
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
              kid: singleLine(255, 'As in the header of a token.'),
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

/** What Better Auth serves to a client; what it serves besides is for the pages of this app. */
export const accountEndpoints: readonly Endpoint[] = [
  signUp,
  signIn,
  signOut,
  getToken,
  getKeys,
  updateUser,
  changePassword,
  deleteUser,
  requestPasswordReset,
  resetPassword,
  sendVerificationEmail,
  revokeSession,
];
