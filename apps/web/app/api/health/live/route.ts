import { handle, methodNotAllowed } from '@/server/app';
import { json } from '@/server/http/message';

/** Liveness: the process responds. */
export const GET = handle(() => json({ status: 'ok' }));
export const { POST, PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed({ method: 'GET' });
