import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** In seconds: 400 days, the longest time for which browsers store a cookie. */
const MAX_AGE = 400 * 24 * 60 * 60;

/**
 * Creates device cookies, which distinguish a browser that has signed in to an account from all others. They grant nothing
 * else: a browser with one has its own limit of password attempts on the account, which is no higher.
 *
 * @param isSecure whether the site uses https.
 * @see https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
 */
export function createDeviceCookies(secret: string, isSecure: boolean) {
  const name = `${isSecure ? '__Secure-' : ''}taskward.device`;
  const attributes = `Path=/api/auth; Max-Age=${MAX_AGE}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  const key = createHmac('sha256', secret).update('device cookie').digest();
  const sign = (device: string, account: string) =>
    createHmac('sha256', key).update(`${device} ${account}`).digest('base64url');

  return {
    /** The value of a `Set-Cookie` header that makes a browser a device of the account. */
    issue(account: string): string {
      const device = randomBytes(16).toString('base64url');
      return `${name}=${device}.${sign(device, account)}; ${attributes}`;
    },
    /** The id of the device, if the headers contain a cookie that was issued for this account. */
    find(headers: Headers, account: string): string | undefined {
      const pairs = headers
        .get('cookie')
        ?.split(';')
        .map((pair) => pair.trim());
      const pair = pairs?.find((text) => text.startsWith(`${name}=`));
      const [device = '', signature = ''] = pair?.slice(name.length + 1).split('.') ?? [];
      const [received, expected] = [Buffer.from(signature), Buffer.from(sign(device, account))];
      return received.length === expected.length && timingSafeEqual(received, expected) ? device : undefined;
    },
  };
}
