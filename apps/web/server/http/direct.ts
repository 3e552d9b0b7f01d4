import type { HttpRequest, HttpResponse, Respond } from './message';
import { createRouter } from './router';
import type { RouteHandler } from './web';

/** The exports of a route file: its handlers by method, and options for Next.js. */
export type RouteFile = Readonly<Record<string, unknown>>;

/** Paths for which Next.js sends a redirect: with an empty segment, or a slash at the end. */
const REDIRECTED = /\/(?:\/|$)/;

/** Responds to a request within its span. `route` is the path template. */
export type Trace = (
  request: HttpRequest,
  route: string,
  respond: () => Promise<HttpResponse>,
) => Promise<HttpResponse>;

/**
 * Serves the route files without Next.js, which takes one to two milliseconds of CPU for each request.
 *
 * @param files by their paths.
 * @param trace undefined if nothing collects traces.
 * @returns a function that finds the handler of a request; undefined for one that is left to Next.js.
 */
export function createDirectRoutes(files: Readonly<Record<string, RouteFile>>, trace?: Trace) {
  const findRoute = createRouter(files);
  return (method: string, path: string): Respond | undefined => {
    if (REDIRECTED.test(path)) return undefined;
    const route = findRoute(path);
    // Like Next.js, this derives HEAD from GET.
    const handler = route?.file[method] ?? (method === 'HEAD' ? route?.file.GET : undefined);
    const respond = (handler as Partial<RouteHandler> | undefined)?.respond;
    if (!route || !respond) return undefined;
    const { params, template } = route;
    if (!trace) return (request) => respond(request, params);
    return (request) => trace(request, template, () => respond(request, params));
  };
}
