import type { PathParams } from './message';

export interface Route<F> {
  /** Its path as an operation has it, such as `/api/{user_id}/notes`. */
  readonly template: string;
  readonly file: F;
  readonly params: PathParams;
}

/**
 * Finds the route file of a path, as Next.js does: a literal segment takes precedence over a parameter, and a parameter
 * over a catch-all.
 *
 * @param files by their paths, which have the form `…/app/api/[user_id]/notes/route.ts`.
 * @returns a function that throws a `URIError` for a path that cannot be decoded.
 * @see https://nextjs.org/docs/app/api-reference/file-conventions/dynamic-routes
 */
export function createRouter<F>(files: Readonly<Record<string, F>>): (path: string) => Route<F> | undefined {
  const routes = Object.entries(files)
    .map(([name, file]) => ({ file, template: toTemplate(name), ...compile(toPath(name)) }))
    .sort((a, b) => (a.precedence < b.precedence ? -1 : 1));
  return (path) => {
    for (const { catchAll, file, pattern, template } of routes) {
      const match = pattern.exec(path);
      if (match) return { file, params: toParams(match.groups, catchAll), template };
    }
    return undefined;
  };
}

/** The path of a route file as an operation has it: with parameters in braces. Those of catch-all routes stay in brackets. */
export const toTemplate = (name: string) => toPath(name).replace(/\[(\w+)\]/g, '{$1}');

const toPath = (name: string) => name.replace(/^.*?\/app(?=\/)|\/route\.ts$/g, '');

/** The forms of a segment by precedence, each with the pattern that it matches together with the slash in front of it. */
const FORMS: readonly [form: RegExp, toPattern: (text: string) => string][] = [
  [/^([\w.-]+)$/, (literal) => `/${literal.replaceAll('.', '\\.')}`],
  [/^\[(\w+)\]$/, (name) => `/(?<${name}>[^/]+)`],
  [/^\[\.{3}(\w+)\]$/, (name) => `/(?<${name}>.+)`],
  [/^\[\[\.{3}(\w+)\]\]$/, (name) => `(?:/(?<${name}>.*))?`],
];

function compile(path: string) {
  const segments = path.split('/').slice(1).map(compileSegment);
  return {
    pattern: new RegExp(`^${segments.map(({ pattern }) => pattern).join('')}$`),
    /** A text that sorts by precedence, with one digit for each segment. */
    precedence: segments.map(({ rank }) => rank).join(''),
    /** The name of the parameter that has several segments. */
    catchAll: /\.{3}(\w+)/.exec(path)?.[1],
  };
}

function compileSegment(segment: string) {
  for (const [rank, [form, toPattern]] of FORMS.entries()) {
    const text = form.exec(segment)?.[1];
    if (text !== undefined) return { rank, pattern: toPattern(text) };
  }
  throw new Error(`The router does not support the segment ${segment} in the path of a route file.`);
}

function toParams(groups: Readonly<Record<string, string | undefined>> = {}, catchAll?: string): PathParams {
  const params: Record<string, string | string[] | undefined> = {};
  for (const name in groups) {
    const value = groups[name];
    const decoded = value?.split('/').map(decode);
    params[name] = name === catchAll ? decoded : decoded?.[0];
  }
  return params;
}

/** What cannot be decoded stays as it is, and is no id of anything. */
function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
