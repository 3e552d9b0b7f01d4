import { once } from 'node:events';
import { type Agent, type IncomingMessage, request } from 'node:http';
import { gunzipSync } from 'node:zlib';

export interface Sent {
  readonly method: string;
  /** As it is sent, of which Node.js takes any characters up to U+00FF, one byte each. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent piece by piece: with `Content-Length` if that is among the headers, otherwise chunked. */
  readonly body?: readonly (string | Buffer)[];
}

export interface Received {
  readonly status: number;
  readonly reason: string;
  /** Names and values as they came, in their order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Decompressed. */
  readonly body: string;
}

/** Sends a request, and reads the whole response; of an event stream, up to the end of its first event. */
export async function exchange(port: number, agent: Agent, { method, target, headers, body }: Sent): Promise<Received> {
  const outgoing = request({ port, host: '127.0.0.1', agent, method, path: target, headers: { ...headers } });
  const responded = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  for (const piece of body ?? []) outgoing.write(piece);
  outgoing.end();
  const [response] = await responded;
  const isStream = method !== 'HEAD' && response.headers['content-type'] === 'text/event-stream';
  const content = isStream ? await readFirstEvent(response) : Buffer.concat(await response.toArray());
  const isCompressed = response.headers['content-encoding'] === 'gzip' && content.length > 0;
  return {
    status: response.statusCode ?? 0,
    reason: response.statusMessage ?? '',
    fields: pairs(response.rawHeaders),
    body: (isCompressed ? gunzipSync(content) : content).toString(),
  };
}

async function readFirstEvent(response: IncomingMessage): Promise<Buffer> {
  let content = Buffer.alloc(0);
  // Leaving the loop closes the connection.
  for await (const chunk of response) {
    content = Buffer.concat([content, chunk]);
    if (/^data:.*\n\n/m.test(content.toString())) break;
  }
  return content;
}

function pairs(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? ''] as [string, string]] : []));
}
