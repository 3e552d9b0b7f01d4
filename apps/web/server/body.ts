import { ApiError } from '@taskward/api-core';

const MAX_BYTES = 64 * 1024;
const MAX_DEPTH = 32;

/**
 * The JSON body of a request (RFC 8259), or undefined where there is none.
 *
 * @throws {ApiError} 415 for another media type, 413 above 64 KiB (counted as it comes in), 400 for what is not UTF-8,
 * not JSON, nested deeper than 32 levels, or names a member twice.
 */
export async function readJson(request: Request, mediaTypes: readonly string[]): Promise<unknown> {
  const bytes = await readBytes(request, () => assertMediaType(request, mediaTypes));
  if (bytes.length === 0) return undefined;
  const text = decode(bytes);
  const value = parse(text);
  assertPlain(text, value);
  return value;
}

/**
 * The body, once `check` has had a look at the headers of one that is not empty.
 *
 * @throws {ApiError} 413 above 64 KiB, counted as it comes in.
 */
export async function readBytes(request: Request, check?: () => void): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    if (length === 0 && chunk.length > 0) check?.();
    length += chunk.length;
    if (length > MAX_BYTES) throw new ApiError('payload_too_large', `At most ${MAX_BYTES} bytes are read.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function assertMediaType(request: Request, allowed: readonly string[]): void {
  const [type = '', ...parameters] = (request.headers.get('content-type') ?? '').toLowerCase().split(';');
  const isUtf8 = parameters.every((one) => !/^\s*charset\s*=/.test(one) || /^\s*charset\s*=\s*"?utf-8"?\s*$/.test(one));
  if (allowed.includes(type.trim()) && isUtf8 && !request.headers.has('content-encoding')) return;
  const accept = request.method === 'PATCH' ? 'Accept-Patch' : 'Accept-Post';
  throw new ApiError('unsupported_media_type', `Send the body as ${allowed.join(' or ')}, in UTF-8, not compressed.`, {
    headers: { [accept]: allowed.join(', '), 'Accept-Encoding': 'identity' },
  });
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ApiError('malformed_body', 'The body is not UTF-8.');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError('malformed_body', 'The body is not JSON.');
  }
}

const STRING_OR_MARK = /"[^"\\]*(?:\\.[^"\\]*)*"|[:[\]{}]/g;

/**
 * `JSON.parse` keeps the last of two members with one name, and readers differ in which they take (RFC 8259, 4). The
 * text, known to be JSON, has as many colons outside of strings as members were written.
 */
function assertPlain(text: string, value: unknown): void {
  let written = 0;
  let depth = 0;
  for (const [mark] of text.matchAll(STRING_OR_MARK)) {
    if (mark === ':') written++;
    else if (mark === '{' || mark === '[') depth++;
    else if (mark === '}' || mark === ']') depth--;
    if (depth > MAX_DEPTH) throw new ApiError('malformed_body', `The body is nested deeper than ${MAX_DEPTH} levels.`);
  }
  if (written !== countMembers(value)) throw new ApiError('malformed_body', 'The body names a member twice.');
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner = Object.values(value).reduce<number>((sum, one) => sum + countMembers(one), 0);
  return Array.isArray(value) ? inner : inner + Object.keys(value).length;
}
