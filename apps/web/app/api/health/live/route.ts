import { otherMethods, respond } from '@/server/respond';

/** The process runs. */
export const GET = (request: Request) =>
  respond(request, () => Response.json({ status: 'ok' }, { headers: { 'Cache-Control': 'private, no-cache' } }));
export const { POST, PUT, PATCH, DELETE, OPTIONS } = otherMethods({ method: 'GET' });
