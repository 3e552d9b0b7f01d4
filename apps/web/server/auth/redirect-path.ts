/**
 * The path, query and fragment of a redirect target on one of these origins, or undefined where it leads anywhere else.
 * Callers follow what is returned, never what was given, so that both are the same to every parser.
 *
 * @param origins the first is the base of relative targets.
 * @see https://url.spec.whatwg.org/#concept-basic-url-parser for what browsers make of `\`, tabs and dot segments
 */
export function redirectPath(target: string, origins: readonly string[]): string | undefined {
  if (!URL.canParse(target, origins[0])) return undefined;
  const { origin, pathname, search, hash } = new URL(target, origins[0]);
  // A path that begins with two slashes names another host, and that of a blob: URL is a URL itself.
  const isPath = pathname.startsWith('/') && !pathname.startsWith('//');
  return isPath && origins.includes(origin) ? pathname + search + hash : undefined;
}
