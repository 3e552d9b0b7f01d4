import { guardConnections } from './connections';
import { limitHeaders } from './header-limits';
import { type GuardOptions, guardRequests } from './incoming';
import { trackNodeRequests } from './node-requests';

/**
 * Protects the HTTP server of this process from malformed and hostile requests, before they reach the framework.
 *
 * @param ownsConnections false for `next dev`, which upgrades connections itself, and for a host with limits of its own.
 */
export function guardServer({ ownsConnections, ...options }: GuardOptions & { ownsConnections: boolean }): void {
  limitHeaders();
  if (!ownsConnections) return;
  // Not on Vercel, whose router adds parameters of its own to the target of a Node.js request.
  if (!options.findHandler) trackNodeRequests();
  guardConnections((server) => guardRequests(server, options));
}
