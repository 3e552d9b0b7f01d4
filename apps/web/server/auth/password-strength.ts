import { commonPasswords } from './common-passwords';

/** Rows of a keyboard and what else is typed from one end to the other. */
const rows = [
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'azertyuiop',
  'abcdefghijklmnopqrstuvwxyz',
  '1234567890',
];
const isKeyboardRun = [...rows, 'qwertyuiopasdfghjklzxcvbnm', '01234567890'].flatMap((row) => {
  const twice = row + row;
  return [twice, [...twice].reverse().join('')];
});

/** Whether a program that knows what people choose would have it among its first tries, however long it is. */
export function isGuessable(password: string): boolean {
  const text = password.toLowerCase();
  return commonPasswords.has(text) || isRepetition(text) || isKeyboardRun.some((walk) => walk.includes(text));
}

/** Twice the same or more, the last time perhaps cut short. */
function isRepetition(text: string): boolean {
  for (let length = 1; length <= text.length / 2; length++) {
    if (text.slice(length) === text.slice(0, -length)) return true;
  }
  return false;
}
