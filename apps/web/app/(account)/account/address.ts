const LOOPBACK_OR_NONE = /^(127\.|0\.0\.0\.0$)/;
const IPV4_MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * The address of a session for people: an IPv4 address, or an IPv6 address in its short form (RFC 5952). Better Auth stores
 * only the /64 network of an IPv6 address, with its four other groups as zeros.
 *
 * @returns undefined for an address that says nothing about a place: loopback, link-local or none.
 */
export function formatAddress(address: string | null | undefined): string | undefined {
  const ip = IPV4_MAPPED.exec(address ?? '')?.[1] ?? address;
  if (!ip || LOOPBACK_OR_NONE.test(ip)) return undefined;
  if (!ip.includes(':')) return ip;
  const short = shortenIPv6(ip);
  if (!short || /^(::1?$|fe80:)/.test(short)) return undefined;
  return isNetwork(short) ? `${short}/64` : short;
}

function shortenIPv6(address: string): string | undefined {
  const url = `http://[${address}]`;
  // `URL` writes IPv6 addresses in their short form, in brackets.
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : undefined;
}

/** Whether an IPv6 address in its short form ends with at least four groups of zeros. */
function isNetwork(short: string): boolean {
  return short.endsWith('::') && short.slice(0, -2).split(':').length <= 4;
}
