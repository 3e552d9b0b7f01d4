import { setTimeout } from 'node:timers/promises';
import { ApiError } from '@taskward/api-core';
import type { BetterAuthPlugin } from 'better-auth';
import { createAuthMiddleware } from 'better-auth/api';
import { hashPassword, verifyPassword } from 'better-auth/crypto';
import pLimit from 'p-limit';

/** Requests of this process that hash a password, running or in the queue. */
const MAX_REQUESTS = 8;
/** Two at a time: while one hashes, the other may use the database. */
const requests = pLimit(2);
/** A hash takes 32 MiB and about 0.1 s of one core; one at a time leaves threads and cores for everything else. */
export const hashes = pLimit(1);

/** @throws {ApiError} 503 with `Retry-After` if the queue is full. */
export function assertPasswordSlot(): void {
  if (requests.activeCount + requests.pendingCount < MAX_REQUESTS) return;
  const headers = { 'Retry-After': '2' };
  throw new ApiError('unavailable', 'Too many passwords are being checked just now.', { headers });
}

/**
 * Runs a request that hashes a password as soon as a slot is free.
 *
 * @throws {ApiError} 503 with `Retry-After`, at once, if the queue is full.
 */
export async function inPasswordSlot<T>(work: () => Promise<T>): Promise<T> {
  assertPasswordSlot();
  return requests(work);
}

/** Better Auth's password hashing (scrypt, RFC 7914), one at a time. */
export const passwordHashing = {
  hash: (password: string) => inTurn(() => hashPassword(password)),
  verify: (input: { hash: string; password: string }) => inTurn(() => verifyPassword(input)),
};

/** While others wait, hashing pauses for as long as a hash takes, so that it never occupies a core. */
function inTurn<T>(hash: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    hashes(async () => {
      const startedAt = performance.now();
      await hash().then(resolve, reject);
      if (hashes.pendingCount > 0) await setTimeout(performance.now() - startedAt);
    });
  });
}

/**
 * Hashes a new password before the endpoint runs, after the account rules have accepted it. Better Auth would hash it
 * within the transaction of a sign-up, which holds a connection, and after it has consumed the link of a password reset,
 * which a 503 would then waste.
 */
export function hashFirst(): BetterAuthPlugin {
  const hashing = (path: string, field: string) => ({
    matcher: (context: { path?: string | undefined }) => context.path === path,
    handler: createAuthMiddleware(async ({ body, context }) => {
      const password: unknown = body?.[field];
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
