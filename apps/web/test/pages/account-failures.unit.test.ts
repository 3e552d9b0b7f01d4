import { describe, expect, test } from 'vitest';
import { explainFailure } from '../../app/(account)/explain-failure';

describe('explainFailure', () => {
  test('names the field of an error by its code', () => {
    expect(explainFailure({ code: 'PASSWORD_TOO_SHORT', message: 'Password too short', status: 400 })).toEqual({
      fields: ['newPassword', 'password'],
      text: 'Use at least 12 characters.',
    });
    expect(explainFailure({ code: 'INVALID_EMAIL_OR_PASSWORD', status: 401 })).toMatchObject({ fields: ['password'] });
  });

  test.each([
    ['[body.email] Invalid email address', 'email'],
    ['This is not an e-mail address.', 'email'],
    ['A name has at least one character that can be seen.', 'name'],
  ])('names the field of the validation error "%s"', (message, field) => {
    const { fields, text } = explainFailure({ code: 'VALIDATION_ERROR', message, status: 400 });
    expect(fields).toEqual([field]);
    expect(text).not.toContain('[body');
  });

  test('explains errors without a code by their status', () => {
    expect(explainFailure({ status: 0 }).text).toContain("Couldn't reach the server");
    expect(explainFailure({ status: 429 }).text).toContain('Too many attempts');
    expect(explainFailure({ status: 418 }).text).toBe('Something went wrong (status 418). Try again.');
  });

  test('shows the message of an unknown code, even one that every object has', () => {
    expect(explainFailure({ code: 'NEW', message: 'New.', status: 400 })).toEqual({ text: 'New.' });
    expect(explainFailure({ code: 'constructor', message: 'New.', status: 400 })).toEqual({ text: 'New.' });
  });
});
