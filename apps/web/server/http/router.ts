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
 * @see https://nextjs.org/docs/app/api-reference/file-conventions/dynamic-routes
 */
export function createRouter<F>(files: Readonly<Record<string, F>>): (path: string) => Route<F> | undefined {
  const routes = Object.entries(files)
    .map(([name, file]) => ({ file, template: toTemplate(name), pattern: toPattern(toPath(name)), path: toPath(name) }))
    .sort((a, b) => (precedence(a.path) < precedence(b.path) ? -1 : 1));
  return (requested) => {
    for (const { file, pattern, template } of routes) {
      const match = pattern.exec(requested);
      if (match) return { file, params: toParams(match.groups), template };
    }
    return undefined;
  };
}

/** The path of a route file as an operation has it: with parameters in braces. Those of catch-all routes stay in brackets. */
export const toTemplate = (name: string) => toPath(name).replace(/\[(\w+)\]/g, '{$1}');

const toPath = (name: string) => name.replace(/^.*?\/app(?=\/)|\/route\.ts$/g, '');

function toPattern(path: string): RegExp {
  const pattern = path
    .replace(/[.]/g, '\\.')
    .replace(/\/\[\[\\.\\.\\.(\w+)\]\]/g, '(?:/(?<$1>.*))?')
    .replace(/\[\\.\\.\\.(\w+)\]/g, '(?<$1>.+)')
    .replace(/\[(\w+)\]/g, '(?<$1>[^/]+)');
  return new RegExp(`^${pattern}$`);
}

/** A text that sorts by precedence: braces come after all characters of a segment. */
const precedence = (path: string) =>
  path
    .replace(/\[\[\.\.\./g, '~')
    .replace(/\[\.\.\./g, '}')
    .replace(/\[/g, '{');

/** Catch-all parameters are not used, so they stay as they are. */
function toParams(groups: Readonly<Record<string, string>> = {}): PathParams {
  const params: Record<string, string> = {};
  for (const name in groups) params[name] = decode(groups[name] ?? '');
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
