import { handleRequest, methodNotAllowed } from '@/server/http/request';
import { assertReady } from '@/server/ops/readiness';

/** The database answers, its schema is current, row-level security is in force, and tokens can be signed. */
export const GET = (request: Request) =>
  handleRequest(request, async ({ app }) => {
    await assertReady(app);
    return Response.json({ status: 'ok' }, { headers: { 'Cache-Control': 'private, no-cache' } });
  });
export const { POST, PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed({ method: 'GET' });
