import { ApiError } from '@taskward/api-core';
import type { BetterAuthPlugin } from 'better-auth';
import { createAuthMiddleware } from 'better-auth/api';
import { hashPassword, verifyPassword } from 'better-auth/crypto';
import pLimit from 'p-limit';

/** Requests that hash a password, in this process: at work, or waiting for it. */
const MAX_REQUESTS = 8;
/** While one of them hashes, another may use the database. */
const requests = pLimit(2);
/** Each hash takes 32 MiB and about 0.1 s of one core; one at a time leaves threads and cores to everything else. */
export const hashes = pLimit(1);

/** @throws {ApiError} 503 with `Retry-After`, where as many requests as may be are waiting. */
export function assertPasswordSlot(): void {
  if (requests.activeCount + requests.pendingCount < MAX_REQUESTS) return;
  const headers = { 'Retry-After': '2' };
  throw new ApiError('unavailable', 'Too many passwords are being checked just now.', { headers });
}

/**
 * Runs a request that hashes a password, in its turn.
 *
 * @throws as `assertPasswordSlot` does, at once.
 */
export async function inPasswordSlot<T>(work: () => Promise<T>): Promise<T> {
  assertPasswordSlot();
  return requests(work);
}

/** Better Auth's own hashing (scrypt), one at a time. */
export const passwordHashing = {
  hash: (password: string) => hashes(() => hashPassword(password)),
  verify: (given: { hash: string; password: string }) => hashes(() => verifyPassword(given)),
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
