import common from './common-passwords.json';

/** Likely here, but not in the list: the app's own words, examples and defaults, and "password" in other languages. */
const additions = [
  ...['taskward', 'todolist', 'correcthorsebatterystaple', 'correct-horse-battery-staple'],
  ...['mysecretpassword', 'postgres', 'root', 'sysadmin', 'thisisapassword', 'thisismypassword', 'topsecret'],
  ...['contraseña', 'contrasena', 'haslo', 'heslo', 'lozinka', 'motdepasse', 'senha', 'wachtwoord'],
];
const commonPasswords = new Set([...common.passwords.split(' '), ...additions]);

/** The rows and columns of keyboards, the alphabet and the digits. */
const rows = [
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'azertyuiop',
  '1q2w3e4r5t6y7u8i9o0p',
  'q1w2e3r4t5y6u7i8o9p0',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm',
  'qazwsxedcrfvtgbyhnujm',
  'abcdefghijklmnopqrstuvwxyz',
  '1234567890',
];
const keyboardRuns = [...rows, 'qwertyuiopasdfghjklzxcvbnm', '01234567890'].flatMap((row) => {
  const twice = row + row;
  return [twice, [...twice].reverse().join('')];
});

/** Longer texts are not taken apart, which takes time that grows with the cube of their length. */
const MAX_LENGTH = 40;
const MAX_SYMBOLS = 2;
const MAX_DIGITS = 4;

/**
 * Whether a password-guessing program would try this password among its first 10⁸ or so. These are common passwords and
 * patterns, each also with two symbols and four digits, or likely digits, around it; and two of them with likely digits.
 */
export function isGuessable(password: string): boolean {
  const text = password.toLowerCase();
  if (commonPasswords.has(text) || isPattern(text)) return true;
  if (text.length > MAX_LENGTH) return false;
  for (let start = 0; start < text.length && !isLetter(text[start - 1]); start++) {
    for (let end = text.length; end > start && !isLetter(text[end]); end--) {
      const core = text.slice(start, end);
      const around = text.slice(0, start) + text.slice(end);
      const digits = around.replace(/\D/g, '');
      const isLikely = digits === '' || isPattern(digits) || YEAR.test(digits);
      if (around.length - digits.length > MAX_SYMBOLS || !(isLikely || digits.length <= MAX_DIGITS)) continue;
      if (isWord(core) || (isLikely && isTwoWords(core))) return true;
    }
  }
  return false;
}

const YEAR = /^(19|20)\d\d$/;
const isLetter = (character = '') => /\p{L}/u.test(character);

function isTwoWords(text: string): boolean {
  for (let i = 1; i < text.length; i++) {
    if (isWord(text.slice(0, i)) && isWord(text.slice(i))) return true;
  }
  return false;
}

const LETTER_BY_SUBSTITUTE: Record<string, string> = { '@': 'a', $: 's', '0': 'o', '1': 'i', '3': 'e', '4': 'a' };

function isWord(text: string): boolean {
  const letters = text.replace(/[@$0134]/g, (character) => LETTER_BY_SUBSTITUTE[character] ?? '');
  return commonPasswords.has(text) || commonPasswords.has(letters) || isPattern(text);
}

function isPattern(text: string): boolean {
  return isRepetition(text) || keyboardRuns.some((run) => run.includes(text));
}

/** Whether the text repeats a shorter one at least twice, where the last repetition may be incomplete. */
function isRepetition(text: string): boolean {
  for (let length = 1; length <= text.length / 2; length++) {
    if (text.slice(length) === text.slice(0, -length)) return true;
  }
  return false;
}
