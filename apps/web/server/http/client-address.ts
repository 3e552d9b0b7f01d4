import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { isIP, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The trusted proxies in front of the app: the number of those that append to `X-Forwarded-For`, or Vercel. */
export type TrustedProxies = number | 'vercel';

/** A header that passes the remote address from Node's server to the routes, which have no access to the connection. */
export const CLIENT_ADDRESS = 'x-client-address';

/** Sets that header on every request from now on; a value of the client's is overwritten. */
export function recordRemoteAddresses(): void {
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { request: IncomingMessage };
    request.headers[CLIENT_ADDRESS] = request.socket.remoteAddress ?? '';
  });
}

/**
 * The client's address in canonical form (RFC 5952), according to the trusted proxies. Forwarding headers that the client
 * itself may have written are ignored. If a proxy wrote no address, this is the address of the connection.
 */
export function clientAddress(headers: Headers, trusted: TrustedProxies): string {
  if (trusted === 'vercel') return parseAddress(headers.get('x-real-ip')) ?? '';
  const forwarded = trusted > 0 ? (headers.get('x-forwarded-for')?.split(',') ?? []) : [];
  const connection = headers.get(CLIENT_ADDRESS);
  const hops = [...forwarded, connection];
  return parseAddress(hops.at(-1 - trusted) ?? hops[0]) ?? parseAddress(connection) ?? '';
}

/** `[address]:port` or `IPv4:port`, which some proxies append. RFC 7239 (6) has the same form in quotes. */
const WITH_PORT = /^"?(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)"?$/;
const MAX_LENGTH = 100;

function parseAddress(text: string | null | undefined): string | undefined {
  const hop = text?.trim() ?? '';
  if (hop.length > MAX_LENGTH) return undefined;
  const [, bracketed, ipv4] = WITH_PORT.exec(hop) ?? [];
  // A zone (RFC 4007) has a meaning only on the machine that wrote it.
  const [address = ''] = (bracketed ?? ipv4 ?? hop).split('%');
  // `ipaddr.js` also accepts `1` and `0x7f.1`.
  return isIP(address) ? ipaddr.process(address).toString() : undefined;
}

/** The network that one subscriber usually has: a single IPv4 address, or an IPv6 /64 (RFC 6177). */
export function rateLimitSubnet(address: string): string {
  return isIPv6(address) ? `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/64`)}/64` : address;
}
