import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { isIPv6, SocketAddress } from 'node:net';

/** Who stands in front of the app and can be believed: so many proxies that append to `X-Forwarded-For`, or Vercel. */
export type TrustedProxies = number | 'vercel';

/** Carries the address of the connection from Node's server to the routes, which see no connection. */
export const CLIENT_ADDRESS = 'x-client-address';

/** Sets the field on every request from now on, over whatever its sender wrote there. */
export function noteClientAddresses(): void {
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { request: IncomingMessage };
    request.headers[CLIENT_ADDRESS] = request.socket.remoteAddress ?? '';
  });
}

/** The address of the client, as far as it can be believed. What it wrote into forwarding headers itself counts for nothing. */
export function clientAddress(headers: Headers, trusted: TrustedProxies): string {
  if (trusted === 'vercel') return headers.get('x-real-ip') ?? '';
  const forwarded = trusted > 0 ? (headers.get('x-forwarded-for')?.split(',') ?? []) : [];
  const hops = [...forwarded, headers.get(CLIENT_ADDRESS) ?? ''].map((hop) => hop.trim());
  const address = hops.at(-1 - trusted) ?? hops[0] ?? '';
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}

/** What one subscriber has: an IPv4 address, or an IPv6 network (/64). */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = new SocketAddress({ address, family: 'ipv6' }).address.split('::');
  const groups = head.split(':').filter(Boolean);
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').filter(Boolean).length;
  const all = [...groups, ...Array<string>(missing).fill('0'), ...(tail ?? '').split(':')];
  return `${all.slice(0, 4).join(':')}::/64`;
}
