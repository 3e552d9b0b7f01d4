import { describe, expect, test } from 'vitest';
import { isGuessable } from '../../server/auth/password-strength';

describe('a guessable password', () => {
  test.each([
    ['a common password', 'unbelievable'],
    ['a common password in other case', 'UnBelievable'],
    ['a common password and digits in order', 'baseball12345'],
    ['a common password and a year', 'Password2027!'],
    ['a common password and any four digits', 'sunshine7391'],
    ['digits before a common password', '123456qwerty'],
    ['a common password that ends with a digit, and more digits', 'trustno12024'],
    ['a common password with substituted characters', 'pa$$w0rd1234'],
    ['two common passwords', 'letmeinplease'],
    ['two common passwords, digits and a symbol', 'hellomonkey123!'],
    ['a word of the app', 'Taskward2027'],
    ['a pattern and digits', 'asdfghjkl123456'],
    ['a repetition', 'elephantelephant'],
    ['columns of the keyboard', '1qaz2wsx3edc4rfv'],
  ])('is %s', (_, password) => expect(isGuessable(password)).toBe(true));
});

describe('a password that is not guessable', () => {
  test.each([
    ['four words', 'correct horse battery lantern'],
    ['three common passwords', 'monkeydragonsunshine'],
    ['two common passwords and digits in no order', 'monkeydragon7391'],
    ['a common password and five digits in no order', 'sunshine73915'],
    ['a common password and other letters', 'sunshinevkqjx'],
    ['digits in no order', '604913758264'],
    ['random characters', 'kV9x-qLm2-77aQ'],
  ])('is %s', (_, password) => expect(isGuessable(password)).toBe(false));

  test('is recognised quickly, however long it is', () => {
    const started = performance.now();
    for (const part of ['1', '8!', '5830174', 'a1b2k']) isGuessable(`${part.repeat(60)}~xk`.slice(-128));
    expect(isGuessable(`${'8'.repeat(18)}xkq~${'8'.repeat(18)}`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
