import { handle, methodNotAllowed } from '@/server/app';
import { json } from '@/server/http/message';
import { assertReady } from '@/server/ops/readiness';

/** Readiness: the database is available, its schema current, row-level security in force, and tokens can be signed. */
export const GET = handle(async ({ services }) => {
  await assertReady(services);
  return json({ status: 'ok' });
});
export const { POST, PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed({ method: 'GET' });
