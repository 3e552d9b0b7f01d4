import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { validationError } from './errors';

/** The end of a page: the sort key of its last resource, as the database writes it, and its id. */
const Position = z.tuple([z.string(), z.uuid()]);
export type Position = z.output<typeof Position>;

const SIGNATURE_BYTES = 16;

/** A cursor is its position and a signature over it and what it belongs to: the user, the sort and the filters. */
export function encodeCursor(key: KeyObject, scope: string, position: Position): string {
  const payload = Buffer.from(JSON.stringify(position));
  return Buffer.concat([sign(key, scope, payload), payload]).toString('base64url');
}

/** @throws {ApiError} 422 for a cursor that is damaged, or belongs to another user, sort or filter. */
export function decodeCursor(key: KeyObject, scope: string, cursor: string): Position {
  const bytes = Buffer.from(cursor, 'base64url');
  const payload = bytes.subarray(SIGNATURE_BYTES);
  const signature = bytes.subarray(0, SIGNATURE_BYTES);
  // Decoding skips characters that are not base64url, so the cursor must also equal its own encoding.
  const isOurs =
    bytes.toString('base64url') === cursor &&
    signature.length === SIGNATURE_BYTES &&
    timingSafeEqual(signature, sign(key, scope, payload));
  if (!isOurs) {
    const message = 'The cursor is damaged, or belongs to another list.';
    throw validationError([{ in: 'query', pointer: '/cursor', code: 'invalid_cursor', message }]);
  }
  return Position.parse(JSON.parse(payload.toString()));
}

function sign(key: KeyObject, scope: string, payload: Uint8Array): Buffer {
  const hmac = createHmac('sha256', key).update(scope).update('\0').update(payload);
  return hmac.digest().subarray(0, SIGNATURE_BYTES);
}
