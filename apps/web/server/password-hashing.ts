import { ApiError } from '@taskward/api-core';
import type { BetterAuthPlugin } from 'better-auth';
import { createAuthMiddleware } from 'better-auth/api';
import { hashPassword, verifyPassword } from 'better-auth/crypto';

/** Hashes that are worked out or wait for it, in this process; each takes 32 MiB and about 0.1 s of one core. */
const MAX_PENDING = 8;
/** As many at a time leave threads of libuv's four, and a core, to everything else. */
const MAX_RUNNING = 1;

let pending = 0;
const waiting: (() => void)[] = [];

/** @throws {ApiError} 503 with `Retry-After`, where as many hashes are pending as may be. */
export function assertHashSlot(): void {
  if (pending < MAX_PENDING) return;
  const headers = { 'Retry-After': '2' };
  throw new ApiError('unavailable', 'Too many passwords are being checked just now.', { headers });
}

/**
 * Runs the work in its turn.
 *
 * @throws as `assertHashSlot` does, at once.
 */
export async function inHashSlot<T>(work: () => Promise<T>): Promise<T> {
  assertHashSlot();
  pending++;
  if (pending > MAX_RUNNING) await new Promise<void>((start) => waiting.push(start));
  try {
    return await work();
  } finally {
    pending--;
    waiting.shift()?.();
  }
}

/** Better Auth's own hashing (scrypt), a bounded number at a time. */
export const passwordHashing = {
  hash: (password: string) => inHashSlot(() => hashPassword(password)),
  verify: (given: { hash: string; password: string }) => inHashSlot(() => verifyPassword(given)),
};

/**
 * Hashes a new password, once the rules of accounts have accepted it, before the endpoint begins. Better Auth would do it in the transaction of a sign-up, which holds
 * a connection meanwhile, and after a link for a reset has been used up, which a 503 would then waste.
 */
export function hashFirst(): BetterAuthPlugin {
  const hashing = (path: string, member: string) => ({
    matcher: (context: { path?: string | undefined }) => context.path === path,
    handler: createAuthMiddleware(async ({ body, context }) => {
      const password: unknown = body?.[member];
      if (typeof password !== 'string') return;
      const hash = await context.password.hash(password);
      return { context: { context: { password: { hash: async () => hash } } } };
    }),
  });
  return {
    id: 'hash-first',
    hooks: { before: [hashing('/sign-up/email', 'password'), hashing('/reset-password', 'newPassword')] },
  };
}
