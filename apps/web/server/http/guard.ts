import { guardConnections } from './connections';
import { guardRequests, limitHeaders } from './incoming';
import { trackNodeRequests } from './node-requests';
import { handleRequest } from './request';

/**
 * Protects the HTTP server of this process from what clients send, before the framework sees it.
 *
 * @param ownsConnections false for `next dev`, which upgrades connections itself, and for a host that has limits of its own.
 */
export function guardServer({ ownsConnections }: { ownsConnections: boolean }): void {
  limitHeaders();
  trackNodeRequests();
  if (ownsConnections) guardConnections((server) => guardRequests(server, handleRequest));
}
