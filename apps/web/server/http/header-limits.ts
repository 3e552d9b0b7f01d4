import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';

/** Longer values are truncated, except those of the following header fields. */
const MAX_FIELD_LENGTH = 512;
const LONG_FIELDS = new Set([
  ...['authorization', 'cookie', 'if-match', 'if-none-match', 'idempotency-key'],
  ...['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'via'],
  ...['traceparent', 'tracestate', 'baggage'],
  // Sent by links between pages. Next.js could not parse a truncated one.
  ...['next-router-state-tree', 'next-router-segment-prefetch', 'next-url'],
]);

/**
 * Truncates the header fields of every request from now on, before anything matches a pattern against them: the pattern
 * by which Next.js finds bots in `User-Agent` takes quadratic time.
 */
export function limitHeaders(): void {
  subscribe('http.server.request.start', (message) => {
    const { headers, rawHeaders } = (message as { request: IncomingMessage }).request;
    if (!rawHeaders.some((text) => text.length > MAX_FIELD_LENGTH)) return;
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value === 'string' && !LONG_FIELDS.has(name)) headers[name] = value.slice(0, MAX_FIELD_LENGTH);
    }
  });
}
