import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { isIP, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Who stands in front of the app and can be believed: so many proxies that append to `X-Forwarded-For`, or Vercel. */
export type TrustedProxies = number | 'vercel';

/** Carries the address of the connection from Node's server to the routes, which see no connection. */
export const CLIENT_ADDRESS = 'x-client-address';

/** Sets the field on every request from now on, over whatever its sender wrote there. */
export function recordRemoteAddresses(): void {
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { request: IncomingMessage };
    request.headers[CLIENT_ADDRESS] = request.socket.remoteAddress ?? '';
  });
}

/**
 * The address of the client, as far as it can be believed, in its canonical form (RFC 5952). What the client wrote into
 * forwarding headers itself counts for nothing; where a proxy wrote no address, that of the connection is returned.
 */
export function clientAddress(headers: Headers, trusted: TrustedProxies): string {
  if (trusted === 'vercel') return parseAddress(headers.get('x-real-ip')) ?? '';
  const forwarded = trusted > 0 ? (headers.get('x-forwarded-for')?.split(',') ?? []) : [];
  const connection = headers.get(CLIENT_ADDRESS);
  const hops = [...forwarded, connection];
  return parseAddress(hops.at(-1 - trusted) ?? hops[0]) ?? parseAddress(connection) ?? '';
}

/** `[address]:port` or `IPv4:port`, which some proxies append; RFC 7239 (6) has the same form in quotes. */
const WITH_PORT = /^"?(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)"?$/;
const MAX_LENGTH = 100;

function parseAddress(text: string | null | undefined): string | undefined {
  const hop = text?.trim() ?? '';
  if (hop.length > MAX_LENGTH) return undefined;
  const [, bracketed, ipv4] = WITH_PORT.exec(hop) ?? [];
  // A zone means something to the machine that wrote it only.
  const [address = ''] = (bracketed ?? ipv4 ?? hop).split('%');
  // `ipaddr.js` also takes `1` or `0x7f.1` for addresses.
  return isIP(address) ? ipaddr.process(address).toString() : undefined;
}

/** What one subscriber has: an IPv4 address, or an IPv6 network (/64). */
export function rateLimitSubnet(address: string): string {
  return isIPv6(address) ? `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/64`)}/64` : address;
}
