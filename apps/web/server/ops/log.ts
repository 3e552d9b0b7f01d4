import { format } from 'node:util';
import { SQLSTATE } from '@taskward/db';
import pino, { type Logger } from 'pino';

/** In characters. */
const MAX_MESSAGE_LENGTH = 300;
const MAX_STACK_LINES = 8;

/**
 * Creates the log: one line of JSON for each event, or readable lines in development.
 *
 * @param options.isFunction whether the process may be frozen after each response, so that every line is written
 * synchronously.
 */
export async function createLog(level: string, { isFunction }: { isFunction: boolean }): Promise<Logger> {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  // biome-ignore lint/style/noProcessEnv: a build replaces it by a constant, and so leaves pino-pretty out.
  if (process.env.NODE_ENV !== 'development') return pino(options, pino.destination({ sync: isFunction }));
  const { default: pretty } = await import('pino-pretty');
  return pino(options, pretty({ sync: true, singleLine: true, translateTime: 'HH:MM:ss.l' }));
}

/** From now on, the warnings and errors that libraries print are lines of the log, of bounded length. */
export function redirectConsole(log: Logger): void {
  for (const level of ['warn', 'error'] as const) {
    console[level] = (...printed: unknown[]) => {
      const error = printed.find((item) => item instanceof Error);
      const message = format(...printed.filter((item) => !(item instanceof Error))).slice(0, MAX_MESSAGE_LENGTH);
      log[level]({ from: 'console', ...(error && { error: serializeError(error) }) }, message);
    };
  }
}

/** An error for the log, without the message of Drizzle or PostgreSQL, which contains SQL, parameters or values. */
export function serializeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { kind: typeof error };
  const cause = error.cause instanceof Error ? error.cause : error;
  const stack = cause.stack
    ?.replace(cause.message, '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, MAX_STACK_LINES);
  const code = (cause as { code?: unknown }).code;
  const isSafe = cause === error && !SQLSTATE.test(String(code));
  return { kind: cause.name, code, ...(isSafe && { message: error.message.slice(0, MAX_MESSAGE_LENGTH) }), stack };
}
