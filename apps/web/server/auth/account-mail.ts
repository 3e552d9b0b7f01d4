import type { Mail } from '../ops/mail';

/** Mail to users. It contains no name or other text that someone else may have entered for them. */
type MailTemplate = (origin: string, link: string) => Omit<Mail, 'to'>;

const template =
  (subject: string, ...paragraphs: readonly string[]): MailTemplate =>
  (origin, link) => ({
    subject,
    text: `${paragraphs.join('\n\n')}\n`.replaceAll('{origin}', origin).replaceAll('{link}', link),
  });

const IGNORE = 'If that was not you, do nothing.';

export const confirmAddress = template(
  'Confirm your e-mail address',
  'Someone, probably you, has created an account at {origin} with this address. To confirm it, open this link within an hour:',
  '{link}',
  IGNORE,
);

export const resetPassword = template(
  'Choose a new password',
  'Someone, probably you, has asked for a new password at {origin}. To choose one, open this link within an hour:',
  '{link}',
  `It works once. ${IGNORE}`,
);

export const accountExists = template(
  'You have an account already',
  'Someone, probably you, has tried to sign up at {origin} with this address, which has an account. Sign in there with its password, or ask for a new one.',
  IGNORE,
);
