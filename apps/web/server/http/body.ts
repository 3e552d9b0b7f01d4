import { MIMEType } from 'node:util';
import { ApiError } from '@taskward/api-core';

const MAX_BYTES = 64 * 1024;
const MAX_DEPTH = 32;
/** How much of a body that is refused is read and dropped, so that its connection can be used again. */
export const MAX_DISCARDED_BYTES = 1024 * 1024;
/** How long that may take. */
export const DISCARD_TIMEOUT_MS = 5_000;

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
async function readBytes(request: Request, check?: () => void): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(request.body)) {
    if (length === 0 && chunk.length > 0) check?.();
    length += chunk.length;
    if (length > MAX_BYTES) throw new ApiError('payload_too_large', `At most ${MAX_BYTES} bytes are read.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The client has gone before it sent the whole request. */
export class ClientDisconnected extends Error {}

/**
 * Reads what is left of a body, if anything is, and drops it: up to 1 MiB, for up to five seconds. Otherwise the next
 * request on its connection would wait behind it.
 */
export async function discardBody({ body }: Pick<Request, 'body'>): Promise<void> {
  if (!body) return;
  const timeout = AbortSignal.timeout(DISCARD_TIMEOUT_MS);
  const isOver = new Promise<void>((resolve) => {
    timeout.onabort = () => resolve();
  });
  const drop = async () => {
    let length = 0;
    for await (const chunk of chunksOf(body)) {
      length += chunk.length;
      if (length > MAX_DISCARDED_BYTES || timeout.aborted) return;
    }
  };
  // A client that is gone sends no next request.
  await Promise.race([drop().catch(() => {}), isOver]);
}

/** The rest of a body. Unlike its own iterator, it does not cancel the stream when the loop ends early. */
async function* chunksOf(body: Request['body']): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause) => {
        throw new ClientDisconnected('The request was not sent to its end.', { cause });
      });
      if (done) return;
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}

function assertMediaType({ method, headers }: Request, allowed: readonly string[]): void {
  const type = parseMediaType(headers.get('content-type') ?? '');
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

/** Under any of its labels (https://encoding.spec.whatwg.org/#names-and-labels); JSON is UTF-8 where none is given. */
function isUtf8(charset: string | null): boolean {
  try {
    return new TextDecoder(charset ?? 'utf-8').encoding === 'utf-8';
  } catch {
    return false;
  }
}

function decode(bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ApiError('malformed_body', 'The body is not UTF-8.');
  }
  // JSON texts are sent without one (RFC 8259, 8.1).
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
 * `JSON.parse` keeps the last of two members with one name, and readers differ in which they take (RFC 8259, 4). The
 * text, known to be JSON, has as many colons outside of strings as members were written.
 */
function assertPlain(text: string, value: unknown): void {
  let written = 0;
  let depth = 0;
  for (const [mark] of text.matchAll(STRING_OR_PUNCTUATION)) {
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
