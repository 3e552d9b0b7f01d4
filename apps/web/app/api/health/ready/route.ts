import { assertReady } from '@/server/readiness';
import { otherMethods, respond } from '@/server/respond';

/** The database answers, its schema is current, row-level security is in force, and tokens can be signed. */
export const GET = (request: Request) =>
  respond(request, async ({ app }) => {
    await assertReady(app);
    return Response.json({ status: 'ok' }, { headers: { 'Cache-Control': 'private, no-cache' } });
  });
export const { POST, PUT, PATCH, DELETE, OPTIONS } = otherMethods({ method: 'GET' });
