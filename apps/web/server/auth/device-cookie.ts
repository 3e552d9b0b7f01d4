import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** As long as browsers keep any cookie, 400 days, in seconds. */
const MAX_AGE = 400 * 24 * 60 * 60;

/**
 * Cookies that tell a browser which has signed in to an account before from all others. They prove nothing else: whoever
 * has one may guess the account's password apart from strangers, and not more often.
 *
 * @param isSecure whether the site is under https.
 * @see https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
 */
export function createDeviceCookies(secret: string, isSecure: boolean) {
  const name = `${isSecure ? '__Secure-' : ''}taskward.device`;
  const attributes = `Path=/api/auth; Max-Age=${MAX_AGE}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  const key = createHmac('sha256', secret).update('device cookie').digest();
  const sign = (device: string, account: string) =>
    createHmac('sha256', key).update(`${device} ${account}`).digest('base64url');

  return {
    /** The value of a `Set-Cookie` field that makes a browser a device of the account. */
    issue(account: string): string {
      const device = randomBytes(16).toString('base64url');
      return `${name}=${device}.${sign(device, account)}; ${attributes}`;
    },
    /** The id of the device, where the headers hold a cookie that was issued to it for this account. */
    find(headers: Headers, account: string): string | undefined {
      const pairs = headers
        .get('cookie')
        ?.split(';')
        .map((pair) => pair.trim());
      const pair = pairs?.find((one) => one.startsWith(`${name}=`));
      const [device = '', signature = ''] = pair?.slice(name.length + 1).split('.') ?? [];
      const [given, expected] = [Buffer.from(signature), Buffer.from(sign(device, account))];
      return given.length === expected.length && timingSafeEqual(given, expected) ? device : undefined;
    },
  };
}
