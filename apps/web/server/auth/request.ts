import { APIError } from 'better-auth/api';
import { readJson } from '../http/body';
import { redirectPath } from './redirect-path';

/** In characters, of any text in a body or query. */
const MAX_TEXT = 2048;

/** The members and parameters that hold a redirect target, and the code of Better Auth's that refuses them. */
const REDIRECTS = new Map([
  ['callbackURL', 'INVALID_CALLBACK_URL'],
  ['errorCallbackURL', 'INVALID_ERROR_CALLBACK_URL'],
  ['newUserCallbackURL', 'INVALID_NEW_USER_CALLBACK_URL'],
  ['redirectTo', 'INVALID_REDIRECT_URL'],
]);

/** A request as Better Auth is given it. */
export interface AuthRequest {
  readonly request: Request;
  readonly query: URLSearchParams;
  /** The JSON body; empty where there is none, or it is no object. */
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Copies a request for Better Auth, once what must hold before Better Auth looks at it does: no other site sent it, its
 * texts are bounded, and each redirect target is the path that was checked.
 *
 * @param headers to copy it with.
 * @param origins of this site; the first is the one that people use.
 * @throws {APIError} 403 for a POST from another site or a redirect elsewhere; 400 for text over 2,048 characters or
 * with a NUL.
 * @throws {ApiError} for a body that cannot be read; see `readJson`.
 */
export async function readAuthRequest(
  request: Request,
  headers: Headers,
  origins: readonly string[],
): Promise<AuthRequest> {
  const { method } = request;
  if (method === 'POST') assertSameOrigin(headers, origins);
  const check = (name: string, value: unknown) => checkValue(name, value, origins);

  const url = new URL(request.url);
  const query = new URLSearchParams([...url.searchParams].map(([name, value]) => [name, String(check(name, value))]));
  url.search = query.toString();

  const json = await readJson(request, ['application/json']);
  // Serialized with the values that were checked; a replacer sees them at any depth.
  const text = JSON.stringify(json, check);
  headers.delete('Content-Length');
  const body = typeof json === 'object' && json !== null ? { ...json } : {};
  return { request: new Request(url, { method, headers, ...(json !== undefined && { body: text }) }), query, body };
}

/**
 * Programs other than browsers send neither field, and carry nobody's cookies.
 *
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
function assertSameOrigin(headers: Headers, origins: readonly string[]): void {
  const origin = headers.get('origin');
  const site = headers.get('sec-fetch-site');
  const isOurs = origin === null || origins.includes(origin);
  if (isOurs && (site === null || site === 'same-origin' || site === 'none')) return;
  throw new APIError('FORBIDDEN', { code: 'INVALID_ORIGIN', message: `Invalid origin. Use ${origins[0]} instead.` });
}

function checkValue(name: string, value: unknown, origins: readonly string[]): unknown {
  if (typeof value !== 'string') return value;
  if (value.length > MAX_TEXT) {
    const message = `Text has at most ${MAX_TEXT} characters.`;
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
