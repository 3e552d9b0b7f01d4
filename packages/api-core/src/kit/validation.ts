import type * as z from 'zod';
import type { FieldError } from './errors';

/** Validates one part of a request. Returns its value, or its errors. */
export function validate<S extends z.ZodType>(
  schema: S,
  value: unknown,
  part: FieldError['in'],
): { value: z.output<S>; errors?: undefined } | { value?: undefined; errors: FieldError[] } {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return { value: result.data };
  return { errors: result.error.issues.flatMap((issue) => toFieldErrors(issue, part)) };
}

function toFieldErrors(issue: z.core.$ZodIssue, part: FieldError['in']): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    const message = part === 'query' ? 'Unknown parameter.' : 'Unknown or read-only member.';
    return issue.keys.map((key) => ({ in: part, pointer: pointer([...issue.path, key]), code: 'unknown', message }));
  }
  return [{ in: part, pointer: pointer(issue.path), code: toErrorCode(issue), message: `${issue.message}.` }];
}

const issueCodes: Partial<Record<z.core.$ZodIssue['code'], string>> = {
  invalid_type: 'invalid_type',
  invalid_value: 'not_allowed',
  invalid_format: 'invalid_format',
};

function toErrorCode(issue: z.core.$ZodIssue): string {
  if (issue.code === 'custom') return String(issue.params?.code ?? 'invalid');
  if (issue.code === 'too_big') return issue.origin === 'array' ? 'too_many' : 'too_big';
  if (issue.code === 'too_small') return issue.origin === 'array' ? 'too_few' : 'too_small';
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'required';
  return issueCodes[issue.code] ?? 'invalid';
}

/** RFC 6901. */
function pointer(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
