import { handleRequest, methodNotAllowed } from '@/server/app';

/** Liveness: the process responds. */
export const GET = (request: Request) => handleRequest(request, () => Response.json({ status: 'ok' }));
export const { POST, PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed({ method: 'GET' });
