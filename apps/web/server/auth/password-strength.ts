import { commonPasswords } from './common-passwords';

/** The rows of keyboards, the alphabet and the digits. */
const rows = [
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'azertyuiop',
  'abcdefghijklmnopqrstuvwxyz',
  '1234567890',
];
const keyboardRuns = [...rows, 'qwertyuiopasdfghjklzxcvbnm', '01234567890'].flatMap((row) => {
  const twice = row + row;
  return [twice, [...twice].reverse().join('')];
});

/** Whether a password-guessing program would try this password among its first, whatever its length. */
export function isGuessable(password: string): boolean {
  const text = password.toLowerCase();
  return commonPasswords.has(text) || isRepetition(text) || keyboardRuns.some((run) => run.includes(text));
}

/** Whether the text repeats a shorter one at least twice, where the last repetition may be incomplete. */
function isRepetition(text: string): boolean {
  for (let length = 1; length <= text.length / 2; length++) {
    if (text.slice(length) === text.slice(0, -length)) return true;
  }
  return false;
}
