import { ApiError } from '@taskward/api-core';
import { otherMethods, respond } from '@/server/respond';

/** The database answers, its schema is current, and row-level security is in force. */
export const GET = (request: Request) =>
  respond(request, async ({ app: { db, log } }) => {
    await db.assertReady().catch((error) => {
      log.error({ error: error.message }, 'not ready');
      throw new ApiError('unavailable', 'The database is not ready; the log says why.', {
        headers: { 'Retry-After': '5' },
      });
    });
    return Response.json({ status: 'ok' }, { headers: { 'Cache-Control': 'private, no-cache' } });
  });
export const { POST, PUT, PATCH, DELETE, OPTIONS } = otherMethods({ method: 'GET' });
