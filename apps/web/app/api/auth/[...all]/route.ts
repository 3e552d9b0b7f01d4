import { authErrorToProblem } from '@/server/http/problem';
import { handleRequest, methodNotAllowed } from '@/server/http/request';

const handle = (request: Request) =>
  handleRequest(request, async (call) => {
    const response = await call.app.auth.handler(request, call.id);
    if (response.status >= 400) return authErrorToProblem(response, call);
    response.headers.set('Cache-Control', 'no-store');
    return response;
  });

export const GET = handle;
export const HEAD = (request: Request) => handle(new Request(request, { method: 'GET' }));
export const POST = handle;
export const { PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed({ method: 'GET' }, { method: 'POST' });
