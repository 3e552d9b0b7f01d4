import { handleRequest, methodNotAllowed } from '@/server/app';
import { assertReady } from '@/server/ops/readiness';

/** Readiness: the database is available, its schema current, row-level security in force, and tokens can be signed. */
export const GET = (request: Request) =>
  handleRequest(request, async ({ services }) => {
    await assertReady(services);
    return Response.json({ status: 'ok' });
  });
export const { POST, PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed({ method: 'GET' });
