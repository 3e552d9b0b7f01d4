import { APIError } from 'better-auth/api';
import { readJson } from '../http/body';
import type { HttpRequest } from '../http/message';
import { redirectPath } from './redirect-path';

/** In characters, for every text in a body or query. */
const MAX_TEXT_LENGTH = 2048;

/** The fields and parameters with a redirect target, and the code with which Better Auth refuses each. */
const REDIRECTS = new Map([
  ['callbackURL', 'INVALID_CALLBACK_URL'],
  ['errorCallbackURL', 'INVALID_ERROR_CALLBACK_URL'],
  ['newUserCallbackURL', 'INVALID_NEW_USER_CALLBACK_URL'],
  ['redirectTo', 'INVALID_REDIRECT_URL'],
]);

/** The parts of a request that are passed on to Better Auth. */
export type AuthSource = Pick<HttpRequest, 'body' | 'headers' | 'method' | 'path' | 'search'>;

/** A request for Better Auth, after its checks. */
export interface AuthRequest {
  readonly request: Request;
  readonly query: URLSearchParams;
  /** The JSON body; empty if there is none or it is not an object. */
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Checks a request before Better Auth reads it, and copies it with the checked values: a POST comes from this site, texts
 * have a bounded length, and redirect targets are paths of this site.
 *
 * @param headers of the copy.
 * @param origins of this site; the first is its public one.
 * @throws {APIError} 403 for a POST from another site or a redirect to one; 400 for text of more than 2,048 characters or
 * with a NUL.
 * @throws {ApiError} for an invalid body; see `readJson`.
 */
export async function readAuthRequest(
  request: AuthSource,
  headers: Headers,
  origins: readonly string[],
): Promise<AuthRequest> {
  // Better Auth has no HEAD.
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (method === 'POST') assertSameOrigin(headers, origins);
  const check = (name: string, value: unknown) => checkValue(name, value, origins);

  const url = new URL(request.path, origins[0]);
  const query = new URLSearchParams(
    [...new URLSearchParams(request.search)].map(([name, value]) => [name, String(check(name, value))]),
  );
  url.search = query.toString();

  const json = await readJson(request, ['application/json']);
  // The replacer checks values at any depth, and serializes the checked ones.
  const text = JSON.stringify(json, check);
  headers.delete('Content-Length');
  const body = typeof json === 'object' && json !== null ? { ...json } : {};
  return { request: new Request(url, { method, headers, ...(json !== undefined && { body: text }) }), query, body };
}

/**
 * Clients other than browsers send neither header, and no cookies of a user.
 *
 * @throws {APIError} 403
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
function assertSameOrigin(headers: Headers, origins: readonly string[]): void {
  const origin = headers.get('origin');
  const site = headers.get('sec-fetch-site');
  const isOwnOrigin = origin === null || origins.includes(origin);
  if (isOwnOrigin && (site === null || site === 'same-origin' || site === 'none')) return;
  throw new APIError('FORBIDDEN', { code: 'INVALID_ORIGIN', message: `Invalid origin. Use ${origins[0]} instead.` });
}

function checkValue(name: string, value: unknown, origins: readonly string[]): unknown {
  if (typeof value !== 'string') return value;
  if (value.length > MAX_TEXT_LENGTH) {
    const message = `Text has at most ${MAX_TEXT_LENGTH} characters.`;
    throw new APIError('BAD_REQUEST', { code: 'TEXT_TOO_LONG', message });
  }
  // PostgreSQL stores no NUL (https://www.postgresql.org/docs/current/datatype-character.html).
  if (value.includes('\0')) {
    throw new APIError('BAD_REQUEST', { code: 'INVALID_TEXT', message: 'Text has no NUL character.' });
  }
  const code = REDIRECTS.get(name);
  if (!code || value === '') return value;
  const path = redirectPath(value, origins);
  if (path === undefined)
    throw new APIError('FORBIDDEN', { code, message: `Invalid ${name}: use a path of this site.` });
  return path;
}
