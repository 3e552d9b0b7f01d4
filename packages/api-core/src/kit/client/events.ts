/**
 * The data of each event of a stream, parsed as JSON, until it ends. Leaving the iteration closes the connection.
 *
 * @throws what the connection fails with, or the reason of the signal.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function* readEvents(
  stream: ReadableStream<Uint8Array> | null,
  signal: AbortSignal | null,
): AsyncGenerator<unknown, void> {
  let data: string[] = [];
  for await (const line of readLines(stream, signal)) {
    if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
    if (line !== '' || data.length === 0) continue;
    yield JSON.parse(data.join('\n'));
    data = [];
  }
}

/** In milliseconds; the server sends a comment every 20 s. A connection that is silent for longer counts as lost. */
const MAX_SILENCE = 60_000;

/** Ends with the last complete line: what follows it was cut off. */
async function* readLines(
  stream: ReadableStream<Uint8Array> | null,
  signal: AbortSignal | null,
): AsyncGenerator<string, void> {
  if (!stream) return;
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  const stop = () => void reader.cancel().catch(() => {});
  signal?.addEventListener('abort', stop);
  // The parts of a long line are joined once, at its end.
  let parts: string[] = [];
  try {
    for (;;) {
      const timer = setTimeout(stop, MAX_SILENCE);
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      signal?.throwIfAborted();
      if (done) return;
      const lines = decoder.decode(value, { stream: true }).split('\n');
      for (const [i, text] of lines.entries()) {
        parts.push(text);
        if (i === lines.length - 1) break;
        yield parts.join('').replace(/\r$/, '');
        parts = [];
      }
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    await reader.cancel().catch(() => {});
  }
}
