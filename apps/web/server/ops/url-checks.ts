/** Whether this is an http or https origin, without a path. */
export function isOrigin(url: string): boolean {
  return /^https?:/.test(url) && URL.canParse(url) && new URL(url).href === `${new URL(url).origin}/`;
}

/** Whether this is `postgres://…` or `pglite:<folder>`. */
export function isDatabaseUrl(url: string): boolean {
  return /^pglite:./.test(url) || (/^postgres(ql)?:/.test(url) && URL.canParse(url));
}

export function isSmtpUrl(url: string): boolean {
  return /^smtps?:\/\/./.test(url) && URL.canParse(url) && new URL(url).hostname !== '';
}

/** Whether requests to this origin travel over a network without TLS. */
export function isPlainHttp(origin: string): boolean {
  return origin.startsWith('http:') && !isLoopback(new URL(origin).hostname);
}

/** Whether a connection to this PostgreSQL stays on the machine or requires TLS. */
export function isEncrypted({ hostname, searchParams }: URL): boolean {
  const isSocket = hostname === '' || /^%2f/i.test(hostname) || searchParams.get('host')?.startsWith('/');
  if (isSocket || isLoopback(hostname) || hostname.endsWith('.neon.tech')) return true;
  const mode = searchParams.get('sslmode');
  if (mode !== null) return ['require', 'verify-ca', 'verify-full'].includes(mode);
  return ['1', 'true'].includes(searchParams.get('ssl') ?? '');
}

/** Whether this names the machine itself (RFC 6761, 6.3; RFC 1122, 3.2.1.3; RFC 4291, 2.5.3). */
export function isLoopback(hostname: string): boolean {
  return /^((.+\.)?localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(hostname);
}
