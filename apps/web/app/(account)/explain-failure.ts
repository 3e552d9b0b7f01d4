import { NAME, PASSWORD } from '@taskward/api-core/accounts/limits';
import type { Failure } from './auth';

/** What is wrong, in plain words, and the names of the fields that it may concern. */
export interface Explanation {
  readonly fields?: readonly string[];
  readonly text: string;
}

export const LINK_EXPIRED = 'This link has expired or was already used.';

const FULL_EMAIL = 'Enter a full email address, like name@example.com.';
const HAS_ACCOUNT = { fields: ['email'], text: 'This email already has an account. Sign in instead.' };
const NEW_PASSWORD = ['newPassword', 'password'];

/** By the codes of Better Auth and of the account rules. */
const BY_CODE: Readonly<Record<string, Explanation>> = {
  INVALID_EMAIL_OR_PASSWORD: { fields: ['password'], text: 'Wrong email or password.' },
  INVALID_PASSWORD: { fields: ['password'], text: 'Wrong password.' },
  INVALID_EMAIL: { fields: ['email'], text: FULL_EMAIL },
  USER_ALREADY_EXISTS: HAS_ACCOUNT,
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: HAS_ACCOUNT,
  PASSWORD_REQUIRED: { fields: NEW_PASSWORD, text: 'Enter your password.' },
  PASSWORD_TOO_SHORT: { fields: NEW_PASSWORD, text: `Use at least ${PASSWORD.min} characters.` },
  PASSWORD_TOO_LONG: { fields: NEW_PASSWORD, text: `Use at most ${PASSWORD.max} characters.` },
  PASSWORD_TOO_COMMON: {
    fields: NEW_PASSWORD,
    text: 'This password is too common. Try three or four unrelated words.',
  },
  INVALID_TOKEN: { text: LINK_EXPIRED },
};

/** By the messages of the contract, whose errors share one code. */
const BY_MESSAGE: readonly (readonly [RegExp, Explanation])[] = [
  [/e-?mail/i, { fields: ['email'], text: FULL_EMAIL }],
  [/\bname\b/i, { fields: ['name'], text: `Enter a name of up to ${NAME.max} visible characters.` }],
  [/password/i, { fields: NEW_PASSWORD, text: 'This password has characters that cannot be used.' }],
];

const BY_STATUS: Readonly<Record<number, string>> = {
  0: "Couldn't reach the server. Check your connection, then try again.",
  401: 'You are signed out. Reload the page to sign in again.',
  429: 'Too many attempts. Wait a few minutes, then try again.',
  500: 'Something went wrong on the server. Try again.',
  503: 'The server is busy. Try again in a moment.',
};

/** Explains an error of Better Auth's client to a user. */
export function explainFailure({ code = '', message = '', status }: NonNullable<Failure>): Explanation {
  const byCode = Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
  if (byCode) return byCode;
  const byMessage = code === 'VALIDATION_ERROR' && BY_MESSAGE.find(([pattern]) => pattern.test(message));
  if (byMessage) return byMessage[1];
  return { text: BY_STATUS[status] ?? (message || `Something went wrong (status ${status}). Try again.`) };
}
