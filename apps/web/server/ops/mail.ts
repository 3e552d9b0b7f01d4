import { hash } from 'node:crypto';
import type { ConnectionPool } from '@taskward/db';
import { createTransport } from 'nodemailer';
import type { Logger } from 'pino';
import { waitUntil } from './background';
import { createRateLimit } from './rate-limit';
import { isLoopback } from './url-checks';

const SMTP_TIMEOUT_MS = 10_000;

/** Limits the mail to one mailbox, regardless of its kind and of the user who causes it. */
const MAILBOX_POLICY = { name: 'mailbox', requests: 5, seconds: 60 * 60 };

export interface MailConfig {
  /** `smtp://` or `smtps://`; its query may contain options of nodemailer, such as `?requireTLS=false`. */
  readonly url: string;
  readonly from: string;
}

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  /**
   * Sends a mail without waiting, so that no response is delayed. A failure is a warning in the log, as is any mail to an
   * address after the fifth in an hour.
   */
  send(mail: Mail): void;
}

/** Identifies a mailbox or an account in rate limits: a key of fixed length that does not reveal the address. */
export const mailboxKey = (email: string): string => hash('sha256', email.toLowerCase(), 'base64url');

/** Creates a mailer for SMTP (RFC 5321), over TLS (RFC 3207, RFC 8314) unless the server is on this machine. */
export function createMailer({ url, from }: MailConfig, log: Logger, pool?: ConnectionPool): Mailer {
  const limit = createRateLimit(MAILBOX_POLICY, pool);
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
    const { subject } = mail;
    try {
      const { isExceeded } = await limit.consume(mailboxKey(mail.to));
      if (isExceeded) return log.warn({ event: 'mail_withheld', subject }, 'mail not sent');
      await transport.sendMail({ from, ...mail });
    } catch (error) {
      // Without the message, in which servers repeat the address.
      const { code, command, responseCode } = error as Record<string, unknown>;
      log.warn({ event: 'mail_not_sent', subject, code, command, response: responseCode }, 'mail not sent');
    }
  }

  return { send: (mail) => waitUntil(deliver(mail)) };
}
