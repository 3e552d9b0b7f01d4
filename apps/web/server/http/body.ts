import { MIMEType } from 'node:util';
import { ApiError } from '@taskward/api-core';
import type { HttpRequest, RequestBody } from './message';

const DEFAULT_MAX_BYTES = 64 * 1024;
const MAX_DEPTH = 32;
/** The part of a refused body that is read and discarded, so that its connection can be reused. */
const MAX_DISCARDED_BYTES = 1024 * 1024;
/** How long discarding may take. */
const DISCARD_TIMEOUT_MS = 5_000;

type BodyRequest = Pick<HttpRequest, 'method' | 'headers' | 'body'>;

/**
 * The JSON body of a request (RFC 8259), or undefined if it is empty.
 *
 * @param maxBytes 64 KiB by default.
 * @throws {ApiError} 415 for another media type; 413 above `maxBytes`, counted while the body arrives; 400 for a body that is
 * not UTF-8, not JSON, nested deeper than 32 levels, or has a duplicate key.
 */
export async function readJson(
  request: BodyRequest,
  mediaTypes: readonly string[],
  maxBytes = DEFAULT_MAX_BYTES,
): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  await request.body?.read((chunk) => {
    if (length === 0 && chunk.length > 0) assertMediaType(request, mediaTypes);
    length += chunk.length;
    if (length > maxBytes) throw new ApiError('payload_too_large', `At most ${maxBytes} bytes are read.`);
    chunks.push(chunk);
    return true;
  });
  if (length === 0) return undefined;
  const text = decode(Buffer.concat(chunks, length));
  const value = parse(text);
  assertDepthAndUniqueKeys(text, value);
  return value;
}

/**
 * Reads and discards the rest of a body: up to 1 MiB, for up to 5 s. Otherwise the next request on the connection would
 * wait behind it.
 */
export async function discardBody(body: RequestBody): Promise<void> {
  let isTimedOut = false;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      isTimedOut = true;
      resolve();
    }, DISCARD_TIMEOUT_MS);
  });
  let length = 0;
  const discarded = body.read((chunk) => {
    length += chunk.length;
    return length <= MAX_DISCARDED_BYTES && !isTimedOut;
  });
  // A client that has disconnected sends no next request.
  await Promise.race([discarded.catch(() => {}), timeout]);
  clearTimeout(timer);
}

function assertMediaType({ method, headers }: BodyRequest, allowed: readonly string[]): void {
  const field = headers.get('content-type') ?? '';
  if (allowed.includes(field) && headers.get('content-encoding') === null) return;
  const type = parseMediaType(field);
  const coding = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (type && allowed.includes(type.essence) && isUtf8(type.params.get('charset')) && coding === 'identity') return;
  const accept = method === 'PATCH' ? 'Accept-Patch' : 'Accept-Post';
  throw new ApiError('unsupported_media_type', `Send the body as ${allowed.join(' or ')}, in UTF-8, not compressed.`, {
    headers: { [accept]: allowed.join(', '), 'Accept-Encoding': 'identity' },
  });
}

function parseMediaType(text: string): MIMEType | undefined {
  try {
    return new MIMEType(text);
  } catch {
    return undefined;
  }
}

/** Takes any label of UTF-8 (https://encoding.spec.whatwg.org/#names-and-labels). JSON without a charset is UTF-8. */
function isUtf8(charset: string | null): boolean {
  try {
    return new TextDecoder(charset ?? 'utf-8').encoding === 'utf-8';
  } catch {
    return false;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new ApiError('malformed_body', 'The body is not UTF-8.');
  }
  // RFC 8259, 8.1, forbids one.
  if (text.startsWith('\uFEFF')) {
    throw new ApiError('malformed_body', 'The body begins with a byte order mark (U+FEFF): send UTF-8 without it.');
  }
  return text;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError('malformed_body', 'The body is not JSON.');
  }
}

const STRING_OR_PUNCTUATION = /"[^"\\]*(?:\\.[^"\\]*)*"|[:[\]{}]/g;

/**
 * `JSON.parse` returns the last of two members with the same key, and other parsers the first (RFC 8259, 4). Valid JSON
 * has one colon outside of strings for each member, so a duplicate key leaves more colons than members.
 *
 * @throws {ApiError} 400
 */
function assertDepthAndUniqueKeys(text: string, value: unknown): void {
  let colons = 0;
  let depth = 0;
  for (const [token] of text.matchAll(STRING_OR_PUNCTUATION)) {
    if (token === ':') colons++;
    else if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    if (depth > MAX_DEPTH) throw new ApiError('malformed_body', `The body is nested deeper than ${MAX_DEPTH} levels.`);
  }
  if (colons !== countMembers(value)) throw new ApiError('malformed_body', 'The body contains a duplicate key.');
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const nested = Object.values(value).reduce<number>((sum, child) => sum + countMembers(child), 0);
  return Array.isArray(value) ? nested : nested + Object.keys(value).length;
}
