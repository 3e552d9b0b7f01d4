import type { Mail } from './mail';

/** What is written to people. Never a name or other text that somebody else may have typed in for them. */
type Letter = (origin: string, link: string) => Omit<Mail, 'to'>;

const letter =
  (subject: string, ...paragraphs: readonly string[]): Letter =>
  (origin, link) => ({
    subject,
    text: `${paragraphs.join('\n\n')}\n`.replaceAll('{origin}', origin).replaceAll('{link}', link),
  });

const IGNORE = 'If that was not you, do nothing.';

export const confirmAddress = letter(
  'Confirm your e-mail address',
  'Someone, probably you, has made an account at {origin} with this address. To confirm it, open this link within an hour:',
  '{link}',
  IGNORE,
);

export const resetPassword = letter(
  'Choose a new password',
  'Someone, probably you, has asked for a new password at {origin}. To choose one, open this link within an hour:',
  '{link}',
  `It works once. ${IGNORE}`,
);

export const accountExists = letter(
  'You have an account already',
  'Someone, probably you, has tried to sign up at {origin} with this address, which has an account. Sign in there with its password, or ask for a new one.',
  IGNORE,
);
