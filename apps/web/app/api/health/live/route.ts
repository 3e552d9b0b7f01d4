import { handleRequest, methodNotAllowed } from '@/server/http/request';

/** The process runs. */
export const GET = (request: Request) =>
  handleRequest(request, () => Response.json({ status: 'ok' }, { headers: { 'Cache-Control': 'private, no-cache' } }));
export const { POST, PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed({ method: 'GET' });
