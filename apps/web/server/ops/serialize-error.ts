import { SQLSTATE } from '@taskward/db';

const MAX_MESSAGE_LENGTH = 300;

/** An error for the log: never the message of Drizzle or PostgreSQL, which holds SQL, its parameters, or a value. */
export function serializeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { kind: typeof error };
  const cause = error.cause instanceof Error ? error.cause : error;
  const stack = cause.stack
    ?.replace(cause.message, '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8);
  const code = (cause as { code?: unknown }).code;
  const isOurs = cause === error && !SQLSTATE.test(String(code));
  return { kind: cause.name, code, ...(isOurs && { message: error.message.slice(0, MAX_MESSAGE_LENGTH) }), stack };
}
