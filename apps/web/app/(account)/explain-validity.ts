const MISSING: Readonly<Record<string, string>> = {
  email: 'Enter your email address.',
  name: 'Enter your name.',
  newPassword: 'Enter a new password.',
  password: 'Enter your password.',
};

type CheckedInput = Pick<HTMLInputElement, 'minLength' | 'name' | 'validationMessage' | 'validity'>;

/** Why the browser finds the value of an input invalid, in plain words. */
export function explainValidity({ minLength, name, validationMessage, validity }: CheckedInput): string {
  if (validity.valueMissing) return MISSING[name] ?? 'Fill in this field.';
  if (validity.typeMismatch && name === 'email') return 'Enter a full email address, like name@example.com.';
  if (validity.tooShort) return `Use at least ${minLength} characters.`;
  return validationMessage;
}
