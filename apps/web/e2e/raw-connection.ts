import { connect, type Socket } from 'node:net';

export interface RawResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** Whether it announces that the server closes the connection. */
  readonly closes: boolean;
}

/**
 * A client that sends any bytes over one connection, and accepts only well-formed HTTP/1.1 responses
 * (RFC 9112), which it reads in the order in which they come.
 */
export class RawConnection {
  private readonly socket: Socket;
  private received: Buffer = Buffer.alloc(0);
  private state: 'open' | 'ended' | 'reset' = 'open';
  private wake = () => {};

  constructor(
    port: number,
    /** Milliseconds without a byte from the server, after which a response is late. */
    private readonly timeout: number,
  ) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.wake();
    });
    const onEnd = (state: typeof this.state) => () => {
      if (this.state === 'open') this.state = state;
      this.wake();
    };
    this.socket.on('end', onEnd('ended')).on('error', onEnd('reset')).on('close', onEnd('ended'));
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes, 'latin1');
  }

  /** Sends no more, but still reads. */
  halfClose(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /**
   * The next final response; undefined where the server has closed the connection instead.
   *
   * @param method of the request, which decides whether the response has a body.
   * @throws {Error} for bytes that are no HTTP/1.1 response, for one that is cut short, and after the timeout.
   */
  async next(method: string): Promise<RawResponse | undefined> {
    for (;;) {
      const parsed = parseResponse(this.received, method);
      if (parsed) {
        this.received = parsed.rest;
        const isInterim = parsed.response.status < 200;
        if (!isInterim) return parsed.response;
      } else if (this.state === 'open') await this.change();
      else if (this.state === 'reset' || this.received.length === 0) return undefined;
      else throw new Error(`The connection was closed within a response: ${this.unread}`);
    }
  }

  /** @throws {Error} unless the server closes the connection in time and sends no more. */
  async expectClosed(): Promise<void> {
    while (this.state === 'open') await this.change();
    this.expectNothing();
  }

  /** @throws {Error} if there are bytes that belong to no request. */
  expectNothing(): void {
    if (this.received.length > 0) throw new Error(`Bytes came that belong to no request: ${this.unread}`);
  }

  private get unread(): string {
    return JSON.stringify(this.received.toString('latin1', 0, 500));
  }

  private async change(): Promise<void> {
    const isLate = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(resolve, this.timeout, true);
      this.wake = () => {
        clearTimeout(timer);
        resolve(false);
      };
    });
    if (isLate) throw new Error(`Nothing came for ${this.timeout} ms; before that: ${this.unread}`);
  }
}

const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d) [\t\x20-\x7e]*$/;
const FIELD_LINE = /^([\w!#$%&'*+.^`|~-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;

/** The first response in the bytes and what comes after it; undefined where more bytes are needed. */
function parseResponse(bytes: Buffer, method: string): { response: RawResponse; rest: Buffer } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = Number(STATUS_LINE.exec(first)?.[1] ?? malformed(first));
  const headers = new Headers(
    lines.map((line) => (FIELD_LINE.exec(line)?.slice(1) ?? malformed(line)) as [string, string]),
  );
  const rest = bytes.subarray(end + 4);
  const body = parseBody(rest, status, method, headers);
  const closes = headers.get('connection') === 'close';
  return body && { response: { status, headers, body: body.text, closes }, rest: body.rest };
}

/** As RFC 9112, 6.3 has it, but for a body that ends with the connection: the server needs none. */
function parseBody(bytes: Buffer, status: number, method: string, headers: Headers) {
  const length = headers.get('content-length');
  const coding = headers.get('transfer-encoding');
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return { text: '', rest: bytes };
  if (length !== null && coding !== null) malformed('both Content-Length and Transfer-Encoding');
  if (coding === 'chunked') return parseChunks(bytes);
  // A status line alone, for bytes that are not a request.
  if (length === null && coding === null && headers.get('connection') === 'close') return { text: '', rest: bytes };
  if (!/^\d+$/.test(length ?? '')) malformed(`Content-Length: ${length}, Transfer-Encoding: ${coding}`);
  if (bytes.length < Number(length)) return undefined;
  return { text: bytes.toString('utf8', 0, Number(length)), rest: bytes.subarray(Number(length)) };
}

function parseChunks(bytes: Buffer): { text: string; rest: Buffer } | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const line = bytes.toString('latin1', at, end);
    const size = /^[\da-f]{1,8}$/i.test(line) ? Number.parseInt(line, 16) : malformed(line);
    const next = end + 2 + size;
    if (bytes.length < next + 2) return undefined;
    if (bytes.toString('latin1', next, next + 2) !== '\r\n') malformed(`a chunk of ${line}`);
    if (size === 0) return { text: Buffer.concat(chunks).toString(), rest: bytes.subarray(next + 2) };
    chunks.push(bytes.subarray(end + 2, next));
    at = next + 2;
  }
}

function malformed(what: string): never {
  throw new Error(`This is no part of an HTTP/1.1 response: ${JSON.stringify(what.slice(0, 500))}`);
}
