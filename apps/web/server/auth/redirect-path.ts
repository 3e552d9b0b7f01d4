/**
 * The path, query and fragment of a redirect target on one of these origins, or undefined if it leads elsewhere. Callers
 * redirect to the returned path, never to `target`, which another parser may read differently.
 *
 * @param origins the first is the base of relative targets.
 * @see https://url.spec.whatwg.org/#concept-basic-url-parser for how browsers parse `\`, tabs and dot segments
 */
export function redirectPath(target: string, origins: readonly string[]): string | undefined {
  if (!URL.canParse(target, origins[0])) return undefined;
  const { origin, pathname, search, hash } = new URL(target, origins[0]);
  // A path that begins with two slashes names another host, and the path of a blob: URL is itself a URL.
  const isPath = pathname.startsWith('/') && !pathname.startsWith('//');
  return isPath && origins.includes(origin) ? pathname + search + hash : undefined;
}
