import { setTimeout } from 'node:timers/promises';
import { isAPIError } from 'better-auth/api';
import { CLIENT_ADDRESS, clientAddress, type TrustedProxies } from '../http/client-address';
import type { AuthLimits } from './attempt-limits';
import { type AuthDependencies, BASE_PATH, createBetterAuth } from './better-auth';
import { surfaceDatabaseErrors } from './database-errors';
import { assertPasswordSlot, inPasswordSlot } from './password-hashing';
import { type AuthRequest, type AuthSource, readAuthRequest } from './request';

/** The endpoints of Better Auth that are in use. Its others, such as those for social sign-in, are 404. */
const ALLOWED_PATHS = new Set([
  '/change-password',
  '/delete-user',
  '/get-session',
  '/jwks',
  '/list-sessions',
  '/ok',
  '/request-password-reset',
  '/reset-password',
  '/revoke-other-sessions',
  '/revoke-session',
  '/revoke-sessions',
  '/send-verification-email',
  '/sign-in/email',
  '/sign-out',
  '/sign-up/email',
  '/token',
  '/update-user',
  '/verify-email',
]);

/** The paths that hash a password. */
const HASHING_PATHS = new Set([
  '/change-password',
  '/delete-user',
  '/reset-password',
  '/sign-in/email',
  '/sign-up/email',
]);

/** Paths whose response time could reveal whether an address has an account, and their minimum response time. */
const UNIFORM_TIMING_PATHS = new Set(['/request-password-reset', '/sign-up/email']);
const MIN_RESPONSE_MS = 500;

interface HandlerDependencies extends AuthDependencies {
  trustedProxies: TrustedProxies;
  limits: AuthLimits;
}

export type Auth = ReturnType<typeof createAuth>;

/** Creates Better Auth with a handler that checks, limits and queues requests before Better Auth does. */
export function createAuth(dependencies: HandlerDependencies) {
  const { limits, mailer, trustedOrigins, trustedProxies } = dependencies;
  const auth = createBetterAuth(dependencies);

  async function handler(request: AuthSource, requestId: string): Promise<Response> {
    const path = request.path.slice(BASE_PATH.length);
    if (!ALLOWED_PATHS.has(path)) return new Response(null, { status: 404 });
    // Before any other work, which a refused request would waste.
    if (HASHING_PATHS.has(path)) assertPasswordSlot();
    const minimumTime = mailer && UNIFORM_TIMING_PATHS.has(path) ? setTimeout(MIN_RESPONSE_MS) : undefined;
    const headers = new Headers([...request.headers.entries()]);
    headers.set('X-Request-Id', requestId);
    headers.set(CLIENT_ADDRESS, clientAddress(headers, trustedProxies));
    // `fetch` of Node.js sends only the mode, which Better Auth would take for a browser that hides its origin.
    if (!headers.has('Sec-Fetch-Site')) headers.delete('Sec-Fetch-Mode');
    return surfaceDatabaseErrors(async () => {
      const checked = await readAuthRequest(request, withOwnCookies(headers), trustedOrigins);
      const respond = () => auth.handler(checked.request);
      const respondInSlot = HASHING_PATHS.has(path) ? () => inPasswordSlot(respond) : respond;
      return limits({ path, headers, findEmail: () => findEmail(path, checked) }, respondInSlot);
    })
      .catch(toAuthErrorResponse)
      .finally(() => minimumTime);
  }

  /** The e-mail address of the account that a request concerns, if it can be found before the response. */
  async function findEmail(path: string, { request, body, query }: AuthRequest): Promise<string | undefined> {
    if (path === '/sign-in/email' || path === '/sign-up/email') {
      return typeof body.email === 'string' ? body.email : undefined;
    }
    if (path === '/reset-password') {
      const { internalAdapter } = await auth.$context;
      const link = await internalAdapter.findVerificationValue(`reset-password:${body.token ?? query.get('token')}`);
      return (link && (await internalAdapter.findUserById(link.value)))?.email;
    }
    const session = await auth.api.getSession({ headers: request.headers, query: { disableRefresh: true } });
    return session?.user.email;
  }

  return { ...auth, handler };
}

/**
 * The headers without cookies that are not Better Auth's. With any cookie, Better Auth requires an `Origin`, which a client
 * that is not a browser does not send, although it may have a device cookie.
 */
function withOwnCookies(headers: Headers): Headers {
  const own = new Headers(headers);
  const pairs = headers.get('cookie')?.split(';') ?? [];
  const cookie = pairs.filter((pair) => OWN_COOKIE.test(pair)).join(';');
  if (cookie) own.set('Cookie', cookie);
  else own.delete('Cookie');
  return own;
}

const OWN_COOKIE = /^ ?(__Secure-)?better-auth\./;

/** The response to a request that was refused before it reached Better Auth, in Better Auth's format. */
function toAuthErrorResponse(error: unknown): Response {
  if (!isAPIError(error)) throw error;
  return Response.json(error.body, { status: error.statusCode });
}
