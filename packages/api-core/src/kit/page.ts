/** A page ends with the resource that passes this many bytes of JSON, or at its limit, whichever comes first. */
export const MAX_PAGE_BYTES = 2 ** 20;

export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/**
 * The part of the resources that one page has.
 *
 * @param maxBytes bounds the JSON of one resource from above without writing it.
 */
export function takePage<R>(resources: readonly R[], limit: number, maxBytes: (resource: R) => number): R[] {
  const page = resources.slice(0, limit);
  if (page.reduce((sum, resource) => sum + maxBytes(resource), 0) <= MAX_PAGE_BYTES) return page;
  let bytes = 0;
  const last = page.findIndex((resource) => {
    bytes += jsonBytes(resource);
    return bytes > MAX_PAGE_BYTES;
  });
  return last < 0 ? page : page.slice(0, last + 1);
}
