/** Requests and responses as the lifecycle sees them: as plain values, whether Node.js or a web `Request` is behind them. */

/** Header fields by their names in lower case. */
export type HeaderFields = Record<string, string | readonly string[]>;

export interface HttpRequest {
  readonly method: string;
  /** The path as sent, normalized like that of a `URL`. */
  readonly path: string;
  /** The query with its question mark; empty if there is none. */
  readonly search: string;
  readonly headers: { get(name: string): string | null; entries(): Iterable<[name: string, value: string]> };
  /** Undefined if the request has no body. */
  readonly body: RequestBody | undefined;
  /** Whether the client has closed the connection. */
  readonly isDisconnected: boolean;
  /** Calls the listener once the response has been sent or the connection is closed; undefined if the host hides both. */
  readonly onClosed: ((listener: () => void) => void) | undefined;
}

export interface RequestBody {
  /** Whether it has been read to its end. */
  readonly isRead: boolean;
  /** So far. */
  readonly bytesRead: number;
  /**
   * Passes each chunk on as it arrives, to the end or until `visit` returns false. Another call continues from there.
   *
   * @throws {ClientDisconnected}
   * @throws whatever `visit` throws.
   */
  read(visit: (chunk: Uint8Array) => boolean): Promise<void>;
}

/** The client closed the connection before it had sent the whole request. */
export class ClientDisconnected extends Error {
  constructor(options?: ErrorOptions) {
    super('The request body was not sent completely.', options);
  }
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: HeaderFields;
  readonly body?: string;
  /** The body, where it is sent bit by bit. */
  readonly stream?: StreamBody;
}

/** Starts to send a body, and returns what the connection calls from then on. */
export type StreamBody = (connection: StreamConnection) => StreamListener;

/** What carries a streamed body to the client. */
export interface StreamConnection {
  /** False while the client has not taken what was written. */
  readonly isWritable: boolean;
  write(text: string): void;
  /** Ends the body. */
  end(): void;
  /** Closes the connection at once, without what was not taken. */
  destroy(): void;
}

export interface StreamListener {
  /** The client has taken what was written. */
  onWritable(): void;
  /** The body has ended, or the client is gone. */
  onClosed(): void;
}

/** Path parameters by name, decoded; those of a catch-all route are arrays. */
export type PathParams = Readonly<Record<string, string | string[] | undefined>>;

/** Responds to a request. It rejects for a bug of the server's only. */
export type Respond = (request: HttpRequest, params: PathParams) => Promise<HttpResponse>;

/** A response with a JSON body. */
export function json(value: unknown, status = 200): HttpResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}
