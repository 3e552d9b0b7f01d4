import { handleRequest, methodNotAllowed } from '@/server/app';
import { toAuthResponse } from '@/server/auth/auth-response';

const handle = (request: Request) =>
  handleRequest(request, async (ctx) => toAuthResponse(await ctx.services.auth.handler(request, ctx.id), ctx));

export const GET = handle;
export const HEAD = (request: Request) => handle(new Request(request, { method: 'GET' }));
export const POST = handle;
export const { PUT, PATCH, DELETE, OPTIONS } = methodNotAllowed({ method: 'GET' }, { method: 'POST' });
