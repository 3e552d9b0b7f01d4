import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip, gzip as gzipCallback } from 'node:zlib';
import { ClientDisconnected, type HttpRequest, type HttpResponse, type RequestBody, type StreamBody } from './message';
import { apiSecurityHeaders, securityHeaders, strictTransport } from './security-headers';

/** The target of a request: a path, normalized as in a `URL`, and the query with its question mark. */
export interface Target {
  readonly path: string;
  readonly search: string;
}

export const ROOT: Target = { path: '/', search: '' };

/** A path that a `URL` leaves as it is. */
const NORMALIZED = /^(?:\/(?!\.|%2e)[\w\-.~!$&'()*+,;=:@%[\]|]*)+$/i;

/**
 * Parses a target (RFC 9112, 3.2). Scheme and host of an absolute one are ignored. The path of one that is neither absolute
 * nor a path does not begin with a slash.
 */
export function parseTarget(target: string): Target {
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  const search = query < 0 ? '' : target.slice(query);
  if (NORMALIZED.test(path)) return { path, search };
  const url = /^https?:\/\//i.test(path) ? path : path.startsWith('/') ? `http://localhost${path}` : undefined;
  return { path: url && URL.canParse(url) ? new URL(url).pathname : path, search };
}

/** The request of a Node.js server. */
export function fromNodeRequest(request: IncomingMessage, response: ServerResponse, target: Target): HttpRequest {
  return {
    method: request.method ?? '',
    path: target.path,
    search: target.search,
    headers: new NodeHeaders(request.headers),
    body: hasBody(request) ? new NodeBody(request) : undefined,
    get isDisconnected() {
      return response.destroyed;
    },
    onClosed: (listener) => onClosed(response, listener),
  };
}

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

class NodeHeaders {
  constructor(private readonly fields: IncomingHttpHeaders) {}

  get(name: string): string | null {
    return this.fields[name]?.toString() ?? null;
  }

  entries(): [string, string][] {
    return Object.entries(this.fields).map(([name, value]) => [name, String(value)]);
  }
}

export class NodeBody implements RequestBody {
  bytesRead = 0;

  constructor(private readonly request: IncomingMessage) {}

  get isRead(): boolean {
    return this.request.readableEnded;
  }

  read(visit: (chunk: Uint8Array) => boolean): Promise<void> {
    const { request } = this;
    return new Promise((resolve, reject) => {
      if (request.readableEnded) return resolve();
      if (request.destroyed) return reject(new ClientDisconnected());
      const stop = () => {
        request.off('data', onData).off('end', onEnd).off('close', onClose);
        request.pause();
      };
      const onData = (chunk: Buffer) => {
        this.bytesRead += chunk.length;
        try {
          if (visit(chunk)) return;
          resolve();
        } catch (error) {
          reject(error);
        }
        stop();
      };
      const onEnd = () => {
        stop();
        resolve();
      };
      const onClose = () => {
        stop();
        reject(new ClientDisconnected());
      };
      // Resumed explicitly: a listener for `data` does not undo the `pause` of an earlier call.
      request.on('data', onData).on('end', onEnd).on('close', onClose).resume();
    });
  }
}

/** When a connection with pipelined requests is closed, Node.js emits `close` on the first response only. */
function onClosed(response: ServerResponse, listener: () => void): void {
  const { socket } = response.req;
  const close = () => {
    response.off('close', close);
    socket.off('close', close);
    listener();
  };
  response.on('close', close);
  socket.setMaxListeners(0).on('close', close);
}

const gzip = promisify(gzipCallback);
/** A shorter body is not compressed. */
const MIN_GZIP_BYTES = 1024;
/** In characters; a longer body is sent in chunks of this length. */
export const CHUNK_LENGTH = 16 * 1024;

/** The header fields that Next.js sends with a response of the API, as a flat list of names and values. */
const commonFields = Object.entries({ ...securityHeaders, ...strictTransport, ...apiSecurityHeaders }).flat();

/**
 * Sends a response of the API, compressed if the client accepts that. Closes the connection afterwards if the body of the
 * request has not arrived completely: the next request would wait behind the rest of it (RFC 9112, 9.6).
 */
export async function sendResponse(request: IncomingMessage, response: ServerResponse, source: HttpResponse) {
  const { body, headers, status, stream } = source;
  if (!request.complete) response.shouldKeepAlive = false;
  const fields: (string | string[])[] = [...commonFields];
  for (const name in headers) if (name !== 'vary') fields.push(name, headers[name] as string);
  fields.push('vary', headers.vary ? `Accept-Encoding, ${headers.vary}` : 'Accept-Encoding');
  if (stream) return sendStream(response.writeHead(status, fields), stream);
  if (body === undefined || request.method === 'HEAD') {
    response.writeHead(status, fields).end();
    return;
  }
  const isGzipAccepted = acceptsGzip(request.headers['accept-encoding']);
  if (body.length >= CHUNK_LENGTH) {
    if (isGzipAccepted) fields.push('content-encoding', 'gzip');
    await sendInChunks(response.writeHead(status, fields), body, isGzipAccepted);
    return;
  }
  const length = Buffer.byteLength(body);
  const compressed = isGzipAccepted && length >= MIN_GZIP_BYTES ? await gzip(body) : undefined;
  if (compressed) fields.push('content-encoding', 'gzip');
  fields.push('content-length', String(compressed?.length ?? length));
  response.writeHead(status, fields).end(compressed ?? body);
}

/** Not compressed: an event would wait in the compressor for more. */
function sendStream(response: ServerResponse, stream: StreamBody): void {
  const { onClosed: close, onWritable } = stream({
    get isWritable() {
      return !response.writableNeedDrain && !response.destroyed;
    },
    write: (text) => void response.write(text),
    end: () => void response.end(),
    destroy: () => void response.destroy(),
  });
  response.on('drain', onWritable);
  // The client may have left before.
  if (response.destroyed) close();
  else onClosed(response, close);
}

/** Other requests are served between the chunks, and a client that has stopped reading has no more of them encoded. */
async function sendInChunks(response: ServerResponse, body: string, isCompressed: boolean): Promise<void> {
  const chunks = Readable.from(toChunks(body), { objectMode: false });
  const sent = isCompressed ? pipeline(chunks, createGzip(), response) : pipeline(chunks, response);
  await sent.catch((error) => {
    const isDisconnected = error.code === 'ERR_STREAM_PREMATURE_CLOSE';
    if (!isDisconnected) throw error;
  });
}

function* toChunks(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const end = start + CHUNK_LENGTH;
    // Both halves of a surrogate pair belong to one chunk.
    const next = isHighSurrogate(text.charCodeAt(end - 1)) ? end + 1 : end;
    yield text.slice(start, next);
    start = next;
  }
}

const isHighSurrogate = (code: number) => code >= 0xd800 && code <= 0xdbff;

/**
 * Whether the client accepts gzip, and does not prefer an uncompressed body. `*` stands for each coding that is not listed
 * (RFC 9110, 12.5.3).
 */
function acceptsGzip(field: string | string[] | undefined): boolean {
  const weights = new Map(field?.toString().split(',').map(parseCoding));
  const weight = weights.get('gzip') ?? weights.get('*') ?? 0;
  return weight > 0 && weight >= (weights.get('identity') ?? 0);
}

function parseCoding(text: string): [name: string, weight: number] {
  const [name = '', ...parameters] = text.toLowerCase().split(';');
  const weight = parameters.find((parameter) => parameter.trim().startsWith('q='));
  return [name.trim(), weight === undefined ? 1 : Number(weight.trim().slice(2))];
}
