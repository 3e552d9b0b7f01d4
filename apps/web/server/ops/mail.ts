import { createTransport } from 'nodemailer';
import type { Logger } from 'pino';
import { mailboxKey } from '../auth/attempt-limits';
import { type Config, isLoopback } from '../config';
import { waitUntil } from './background';
import { createRateLimit, type SharedStore } from './rate-limit';

const SMTP_TIMEOUT_MS = 10_000;

/** Mail to one mailbox, of any kind and whoever caused it. */
const MAILBOX_POLICY = { name: 'mailbox', requests: 5, seconds: 60 * 60 };

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  /**
   * Sends without waiting, so that no answer takes longer for it. What cannot be sent is a warning in the log, and so is
   * mail beyond five an hour to one address.
   */
  send(mail: Mail): void;
}

/**
 * Sends mail by SMTP (RFC 5321), over TLS (RFC 3207, RFC 8314) but for a server on this machine. Options of nodemailer's
 * may follow the URL as its query, such as `?requireTLS=false`.
 */
export function createMailer({ url, from }: NonNullable<Config['mail']>, log: Logger, shared?: SharedStore): Mailer {
  const limit = createRateLimit(MAILBOX_POLICY, shared);
  const transport = createTransport({
    url,
    requireTLS: !isLoopback(new URL(url).hostname),
    connectionTimeout: SMTP_TIMEOUT_MS,
    greetingTimeout: SMTP_TIMEOUT_MS,
    socketTimeout: SMTP_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });

  async function deliver(mail: Mail): Promise<void> {
    try {
      const { isExceeded } = await limit.consume(mailboxKey(mail.to));
      if (isExceeded) return log.warn({ event: 'mail_withheld', subject: mail.subject }, 'mail not sent');
      await transport.sendMail({ from, ...mail });
    } catch (error) {
      // Without its message, in which servers repeat the address.
      const { code, command, responseCode } = error as Record<string, unknown>;
      log.warn(
        { event: 'mail_not_sent', subject: mail.subject, code, command, response: responseCode },
        'mail not sent',
      );
    }
  }

  return { send: (mail) => waitUntil(deliver(mail)) };
}
