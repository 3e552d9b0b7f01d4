import { fromAuthFailure } from '@/server/problem';
import { otherMethods, respond } from '@/server/respond';

const handle = (request: Request) =>
  respond(request, async (call) => {
    const response = await call.app.auth.handler(request, call.id);
    if (response.status >= 400) return fromAuthFailure(response, call);
    response.headers.set('Cache-Control', 'no-store');
    return response;
  });

export const GET = handle;
export const HEAD = (request: Request) => handle(new Request(request, { method: 'GET' }));
export const POST = handle;
export const { PUT, PATCH, DELETE, OPTIONS } = otherMethods({ method: 'GET' }, { method: 'POST' });
