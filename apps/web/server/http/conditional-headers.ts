import { hash } from 'node:crypto';
import {
  ApiError,
  type IdempotencyKey,
  type Preconditions,
  parseEntityTags,
  parseOpaqueTags,
} from '@taskward/api-core';
import type { HttpRequest } from './message';

/** `If-Match` and `If-None-Match`. The latter compares weakly, since it is for cached responses (RFC 9110, 13.1.2). */
export function readPreconditions(headers: HttpRequest['headers']): Preconditions {
  const read = (name: string, comparison: 'strong' | 'weak') => {
    const field = headers.get(name);
    return field === null ? undefined : parseEntityTags(field, comparison);
  };
  const ifNoneMatch = headers.get('if-none-match');
  return {
    ifMatch: read('if-match', 'strong'),
    ifNoneMatch: read('if-none-match', 'weak'),
    ifNoneMatchTags: ifNoneMatch === null ? undefined : parseOpaqueTags(ifNoneMatch, 'weak'),
  };
}

/**
 * `Idempotency-Key`, of 1 to 255 visible ASCII characters, or undefined if there is none.
 *
 * @throws {ApiError} 400 for any other value.
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function readIdempotencyKey({ headers, method, path }: HttpRequest, body: unknown): IdempotencyKey | undefined {
  const field = headers.get('idempotency-key');
  if (field === null) return undefined;
  const key = field.startsWith('"') ? parseString(field) : field;
  if (!key || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new ApiError('malformed_header', 'Idempotency-Key takes 1 to 255 visible ASCII characters.');
  }
  return { key, fingerprint: hash('sha256', JSON.stringify([method, path, body]), 'base64url') };
}

/** The value of a structured string (RFC 9651, 3.3.3), or undefined if it is malformed. */
function parseString(field: string): string | undefined {
  return /^"((?:[^"\\]|\\["\\])*)"$/.exec(field)?.[1]?.replace(/\\(.)/g, '$1');
}
