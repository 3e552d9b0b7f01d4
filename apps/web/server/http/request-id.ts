/** The client's `X-Request-Id` if it has 1 to 128 characters that are safe in a log, otherwise a new UUID. */
export function readRequestId(headers: Pick<Headers, 'get'>): string {
  const id = headers.get('x-request-id');
  return id && /^[\w.=-]{1,128}$/.test(id) ? id : crypto.randomUUID();
}
