import { and, desc, eq, inArray } from 'drizzle-orm';
import type { Driver } from './driver';
import { session } from './schema/auth';

/** Deletes a user's sessions but for the newest. */
export async function endOldestSessions(ownerDb: Driver['ownerDb'], userId: string, keep: number): Promise<void> {
  const isTheirs = eq(session.userId, userId);
  const oldest = ownerDb.select({ id: session.id }).from(session).where(isTheirs);
  const surplus = oldest.orderBy(desc(session.createdAt), desc(session.id)).offset(keep);
  await ownerDb.delete(session).where(and(isTheirs, inArray(session.id, surplus)));
}
