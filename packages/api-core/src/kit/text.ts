import { hasVisible, isStreamSafe, MAX_MARKS, normalizeText } from '@taskward/db/text';
import * as z from 'zod';

interface Limits {
  readonly min: number;
  readonly max: number;
  readonly line: boolean;
  readonly name?: boolean;
}

const control = /\p{Cc}/u;

/**
 * Text in NFC, of so many Unicode characters (code points, as PostgreSQL counts them), that a JSON text and a database can
 * both hold: no NUL and no lone surrogate. A line of text has no control character at all, and a name something to see.
 */
export function text(limits: Limits, schema = z.string()) {
  return schema
    .overwrite(normalizeText)
    .superRefine((value, ctx) => {
      const issue = (code: string, message: string) => ctx.addIssue({ code: 'custom', params: { code }, message });
      const length = [...value].length;
      if (length < limits.min) issue('too_short', `At least ${limits.min} character is needed`);
      if (length > limits.max) issue('too_long', `At most ${limits.max} characters are allowed`);
      if (limits.name && length > 0 && !hasVisible(value))
        issue('invisible', 'At least one visible character is needed');
      if (!isStreamSafe(value)) issue('too_many_marks', `At most ${MAX_MARKS} combining marks may follow each other`);
      if (!value.isWellFormed()) issue('malformed', 'Must be well-formed Unicode');
      if (limits.line ? control.test(value) : value.includes('\0')) {
        issue('control_character', limits.line ? 'Control characters are not allowed' : 'NUL is not allowed');
      }
    })
    .meta(lengths(limits));
}

/** The same for the document, where JSON Schema counts code points too. */
export function lengths({ min, max, line }: Limits) {
  return { minLength: min, maxLength: max, pattern: line ? '^\\P{Cc}*$' : '^[^\\u0000]*$' };
}
